"""Unusual outputs: the root directory, circular links, long names, devices, and parts of a model."""

import os
import sys
from pathlib import Path

import pytest
from helpers_cli import CONFIG, files_below, needs_links, w2v_here, write_texts
from helpers_model import make_model

import spacy_w2v
from spacy_w2v._atomic import check_output, staged_file
from spacy_w2v._atomic.directories import finish_interrupted
from spacy_w2v.config._export import ExportSettings
from spacy_w2v.errors import ConfigError, StorageError
from spacy_w2v.model._storage import read_export_settings
from spacy_w2v.training._results import check_free, checkpoint_of


@pytest.fixture
def loop(tmp_path):
    path = tmp_path / "loop"
    path.symlink_to(path)
    return path


@needs_links
def test_the_root_is_refused_as_an_output():
    with pytest.raises(StorageError, match="must be new or empty, but / exists"):
        check_output(Path("/"), overwrite=False, marker_file="x")
    with pytest.raises(StorageError, match="must be new or empty, but / exists"):
        check_free(Path("/"), overwrite=False)
    finish_interrupted(Path("/"))


@needs_links
@pytest.mark.parametrize("of_path", [lambda path: check_free(path, overwrite=False), checkpoint_of])
@pytest.mark.skipif(sys.version_info >= (3, 13), reason="paths of such links can be resolved")
def test_a_circular_link_is_refused(loop, of_path):
    with pytest.raises(StorageError, match=r"must be writable, but .*loop is not: "):
        of_path(loop)


@needs_links
def test_a_name_that_is_too_long_is_refused_before_training(tmp_path):
    write_texts(tmp_path / "texts.txt")
    (tmp_path / "config.cfg").write_text(CONFIG)
    result = w2v_here("train", "config.cfg", "--output", "n" * 300, cwd=tmp_path)
    assert (result.code, result.stderr) == (1, "")
    assert "The output must be writable" in result.said
    assert "Epoch" not in result.said


@needs_links
def test_a_device_is_not_replaced(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    refused = r"must be a file, but .*pipe is a device or a pipe. Choose another path."
    with pytest.raises(StorageError, match=refused), staged_file(tmp_path / "pipe"):
        pytest.fail("nothing is written")
    make_model([9, 8, 7, 6, 5]).save(tmp_path / "model")
    result = w2v_here("export", "model", "pipe", "--format", "word2vec-text", "--overwrite", cwd=tmp_path)
    assert result.code == 1
    assert (tmp_path / "pipe").is_fifo()


@pytest.mark.parametrize("name", ["meta.json", "config.cfg", "input_vectors.npy"])
@pytest.mark.parametrize(
    "command",
    [
        ["export", "model", "--format", "word2vec-text", "--overwrite"],
        ["evaluate", "model", "-o"],
        ["init-config", "--force"],
    ],
    ids=lambda command: command[0],
)
def test_a_part_of_a_model_is_not_replaced(tmp_path, command, name):
    make_model([9, 8, 7, 6, 5]).save(tmp_path / "model")
    content = (tmp_path / "model" / name).read_bytes()
    position = {"export": 2, "evaluate": 3, "init-config": 1}[command[0]]
    result = w2v_here(*command[:position], f"model/{name}", *command[position:], cwd=tmp_path)
    assert (result.code, result.stderr) == (1, "")
    assert f"must not replace part of a model, but model/{name} is listed in model/meta.json" in result.said
    assert (tmp_path / "model" / name).read_bytes() == content


def test_other_files_beside_a_model_are_replaced(tmp_path):
    make_model([9, 8, 7, 6, 5]).save(tmp_path / "model")
    (tmp_path / "model" / "vectors.txt").write_text("mine")
    w2v_here("export", "model", "model/vectors.txt", "--format", "word2vec-text", "--overwrite", cwd=tmp_path)
    assert (tmp_path / "model" / "vectors.txt").read_text().startswith("5 10\n")


TOO_LONG = "n" * 300


@needs_links
@pytest.mark.parametrize(
    "arguments",
    [
        ["most-similar", TOO_LONG, "x"],
        ["evaluate", TOO_LONG],
        ["prune", TOO_LONG, "out", "--max-vectors", 3],
        ["export", "model", TOO_LONG],
        ["export", "model", f"{TOO_LONG}.txt", "--format", "word2vec-text"],
        ["train", "config.cfg", "--output", "out", "--init", TOO_LONG],
        ["train", "config.cfg", "--output", "out", "--code", TOO_LONG],
        ["train", "config.cfg", "--output", "out", "--cache-dir", TOO_LONG],
        ["init-config", TOO_LONG],
    ],
    ids=lambda arguments: f"{arguments[0]}-{arguments[-2]}",
)
def test_inaccessible_paths_are_errors_without_traceback(tmp_path, arguments):
    """This also holds for a directory without permission to enter, unless root runs the tests."""
    make_model([9, 8, 7, 6, 5]).save(tmp_path / "model")
    write_texts(tmp_path / "texts.txt")
    (tmp_path / "config.cfg").write_text(CONFIG)
    result = w2v_here(*arguments, cwd=tmp_path)
    assert (result.code, result.stderr) == (1, "")
    assert "File name too long" in result.said


@needs_links
def test_inaccessible_paths_are_named_in_python():
    for use in (spacy_w2v.load, lambda path: spacy_w2v.train(["a b"], initial=path), make_model([3, 2]).save):
        with pytest.raises(StorageError, match=r"n+ must be accessible, but is not: File name too long"):
            use(TOO_LONG)
    with pytest.raises(ConfigError, match=r"path must be the path of a file or directory, was: 'a.x00b'"):
        spacy_w2v.load("a\0b")


def test_resuming_finished_results_names_changed_settings(tmp_path):
    write_texts(tmp_path / "texts.txt")
    (tmp_path / "config.cfg").write_text(CONFIG)
    command = ["train", "config.cfg", "--output", "out"]
    assert w2v_here(*command, cwd=tmp_path).code == 0
    refused = w2v_here(*command, "--resume", "--w2v.training.epochs", 3, cwd=tmp_path)
    assert (refused.code, refused.stderr) == (1, "")
    assert (
        "can be resumed, but out has the complete results of a run with differences: w2v.training.epochs was 2"
        in refused.said
    )
    assert "replace the results: --overwrite without --resume" in refused.said
    both = w2v_here(*command, "--resume", "--overwrite", "--w2v.training.epochs", 3, cwd=tmp_path)
    assert (both.code, both.said) == (1, refused.said)
    done = w2v_here(*command, "--resume", cwd=tmp_path)
    assert "The run is already complete" in done.said
    again = w2v_here(*command, "--resume", "--overwrite", cwd=tmp_path)
    assert "Nothing was replaced" in again.said
    assert "To train again, leave out --resume." in again.said


@pytest.mark.parametrize(
    ("options", "changes"),
    [
        (["postprocess", "center"], 'w2v.export.postprocess was null, is now: "center"'),
        (["vector_kind", "mean"], 'w2v.export.vector_kind was "input", is now: "mean"'),
        (["max_vectors", "3"], "w2v.export.max_vectors was null, is now: 3"),
        (
            ["formats", '["word2vec-text", "gensim"]'],
            'w2v.export.formats was ["spacy", "word2vec-text"], is now: ["word2vec-text", "gensim"] '
            "there are no files of the format gensim",
        ),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_resuming_finished_results_names_changed_exports(tmp_path, options, changes):
    write_texts(tmp_path / "texts.txt")
    (tmp_path / "config.cfg").write_text(CONFIG.replace('["spacy"]', '["spacy", "word2vec-text"]'))
    command = ["train", "config.cfg", "--output", "out"]
    assert w2v_here(*command, cwd=tmp_path).code == 0
    before = files_below(tmp_path / "out")
    name, value = options
    changed = [*command, f"--w2v.export.{name}", value]
    refused = w2v_here(*changed, "--resume", cwd=tmp_path)
    assert (refused.code, refused.stderr) == (1, "")
    said = f"results in out were exported with other settings: {changes} Export the model again: spacy w2v export has"
    assert said in refused.said
    assert "use --overwrite without --resume." in refused.said
    both = w2v_here(*changed, "--resume", "--w2v.training.epochs", 3, cwd=tmp_path)
    assert f"a run with differences: w2v.training.epochs was 2, is now: 3 {changes} Name another output" in both.said
    fewer = w2v_here(*command, "--resume", "--w2v.export.formats", '["word2vec-text"]', cwd=tmp_path)
    assert "The run is already complete" in fewer.said
    assert files_below(tmp_path / "out") == before


def test_what_results_were_exported_with_is_read_from_configs_of_any_version(tmp_path):
    write_texts(tmp_path / "texts.txt")
    (tmp_path / "config.cfg").write_text(CONFIG)
    w2v_here("train", "config.cfg", "-o", "out", "--w2v.export.vector_kind", "mean", cwd=tmp_path)
    path = tmp_path / "out/model/config.cfg"
    text = path.read_text()
    assert read_export_settings(path.parent) == ExportSettings(formats=["spacy"], vector_kind="mean")
    path.write_text(text.replace("vector_kind", "vectors").replace("postprocess = null\n", "of_a_newer_version = 3\n"))
    assert read_export_settings(path.parent) == ExportSettings(formats=["spacy"], vector_kind="mean")
    path.write_text(text.replace('dtype = "float32"', 'dtype = "float64"'))
    with pytest.raises(StorageError, match=r"config\.cfg: w2v\.export\.dtype must be one of .*, was: 'float64'"):
        read_export_settings(path.parent)
    path.unlink()
    with pytest.raises(StorageError, match="A model must be a directory"):
        read_export_settings(path.parent)
