"""The output directory of a run is a pipeline itself: one path for spaCy, for the commands and for Python."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import spacy
from confection import Config
from helpers_cli import CONFIG, files_below, w2v_here, write_texts
from helpers_model import make_model

import spacy_w2v
from spacy_w2v.formats.spacy import _linking

TAGGER = '\n[components]\n\n[components.tagger]\nfactory = "tagger"\n'


def train(workplace, config=CONFIG, *options):
    write_texts(workplace / "texts.txt")
    (workplace / "config.cfg").write_text(config)
    result = w2v_here("train", "config.cfg", "-o", "out", "--cache-dir", "cache", *options, cwd=workplace)
    assert result.code == 0, result.said
    return workplace / "out"


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    return train(tmp_path_factory.mktemp("trained"))


@pytest.fixture
def out(trained, tmp_path):
    """A copy of the output, in which files are linked as in the original."""
    shutil.copytree(trained, tmp_path / "out", copy_function=shutil.copy2)
    for path in (tmp_path / "out/spacy").rglob("*"):
        other = tmp_path / "out" / path.relative_to(tmp_path / "out/spacy")
        if path.is_file() and path.name != "config.cfg":
            other.unlink()
            os.link(path, other)
    return tmp_path / "out"


def assert_same_pipeline(one, other):
    first, second = spacy.load(one), spacy.load(other)
    assert first.meta == second.meta
    assert first.pipe_names == second.pipe_names == []
    text = "The French king can't go to the city"
    assert [token.text for token in first(text)] == [token.text for token in second(text)]
    np.testing.assert_array_equal(first.vocab.vectors.data, second.vocab.vectors.data)
    assert first.vocab.vectors.key2row == second.vocab.vectors.key2row
    np.testing.assert_array_equal(first("king")[0].vector, second("king")[0].vector)


def test_the_directory_loads_in_spacy_as_its_export_does(trained):
    assert_same_pipeline(trained, trained / "spacy")
    assert spacy.load(trained)("king")[0].has_vector


def test_no_matrix_is_on_the_disk_twice(trained):
    for path in (trained / "spacy").rglob("*"):
        if path.is_file() and path.name != "config.cfg":
            assert path.samefile(trained / path.relative_to(trained / "spacy")), path


def test_it_is_a_path_for_initialize(trained):
    nlp = spacy.blank("en", config={"initialize": {"vectors": str(trained)}})
    nlp.initialize()
    np.testing.assert_array_equal(nlp("king")[0].vector, spacy_w2v.load(trained)["king"])


def test_it_is_a_path_for_python_and_the_commands(trained, tmp_path):
    assert spacy_w2v.open_vectors(trained).model is not None  # the model, not the pipeline
    assert spacy_w2v.load(trained).words == spacy_w2v.load(trained / "model").words
    assert "river" in w2v_here("most-similar", trained, "king", cwd=tmp_path).said
    pruned = w2v_here("prune", trained, "small", "--max-vectors", 3, cwd=tmp_path)
    assert pruned.code == 0, pruned.said
    assert spacy.load(tmp_path / "small").vocab.vectors.shape == (3, 8)


def test_its_config_repeats_the_run(trained, tmp_path):
    shutil.copy(trained.parent / "texts.txt", tmp_path)
    shutil.copy(trained / "config.cfg", tmp_path)
    assert w2v_here("train", "config.cfg", "-o", "out", "--cache-dir", "cache", cwd=tmp_path).code == 0
    before, after = files_below(trained), files_below(tmp_path / "out")
    for place in ("model/input_vectors.npy", "vocab/vectors", "spacy/vocab/key2row", "tokenizer"):
        assert before[place] == after[place]
    first, second = (Config().from_str(files["config.cfg"].decode()) for files in (before, after))
    assert first == second


def test_each_place_is_complete_without_the_other(out, tmp_path):
    shutil.copytree(out / "spacy", tmp_path / "alone")
    shutil.move(out, tmp_path / "moved")
    assert_same_pipeline(tmp_path / "alone", tmp_path / "moved")
    shutil.rmtree(tmp_path / "moved/spacy")
    assert_same_pipeline(tmp_path / "alone", tmp_path / "moved")


def test_outputs_of_earlier_versions_are_read(out, tmp_path):
    """They have no pipeline at the top, and the config of the run as it was."""
    for name in ("meta.json", "tokenizer"):
        (out / name).unlink()
    shutil.rmtree(out / "vocab")
    shutil.copy(out / "model/config.cfg", out / "config.cfg")
    assert spacy_w2v.open_vectors(out).model is not None
    assert len(spacy_w2v.load(out)) == len(spacy_w2v.open_vectors(out / "model"))
    assert spacy.load(out / "spacy")("king")[0].has_vector
    refused = w2v_here("prune", out, "small", "--max-vectors", 3, cwd=tmp_path)
    assert refused.code == 1
    assert "is the output of spacy w2v train. Use: spacy w2v export" in refused.said


def test_a_later_run_replaces_the_pipeline_or_removes_it(tmp_path):
    out = train(tmp_path)
    train(tmp_path, CONFIG, "--overwrite", "--w2v.model.vector_size", "4")
    assert spacy.load(out).vocab.vectors.shape[1] == spacy.load(out / "spacy").vocab.vectors.shape[1] == 4
    train(tmp_path, CONFIG, "--overwrite", "--w2v.export.formats", "[]")
    assert {path.name for path in out.iterdir()} == {"model", "config.cfg", "training.jsonl"}
    assert len(spacy_w2v.load(out)) == len(spacy_w2v.open_vectors(out))


def test_a_pipeline_that_was_saved_there_is_kept(out, tmp_path):
    nlp = spacy.load(out)
    nlp.add_pipe("sentencizer")
    nlp.to_disk(out)
    shutil.copy(Path(__file__), tmp_path / "texts.txt")
    (tmp_path / "config.cfg").write_text(CONFIG)
    refused = w2v_here("train", "config.cfg", "-o", "out", "--overwrite", cwd=tmp_path)
    assert refused.code == 1
    assert "Only vectors can be overwritten, but out is a pipeline with components: sentencizer" in refused.said


@pytest.mark.parametrize("command", [("export", "out", "out"), ("prune", "out", "out", "--max-vectors", "3")])
def test_exports_do_not_replace_the_pipeline_of_a_run(out, tmp_path, command):
    before = files_below(out)
    refused = w2v_here(*command, "--overwrite", cwd=tmp_path)
    assert refused.code == 1
    assert "A pipeline must have a directory of its own, but out also has the model" in refused.said
    assert files_below(out) == before


def test_an_export_changes_both_pipelines_of_a_run(out, tmp_path):
    before = spacy.load(out).vocab.vectors.data
    result = w2v_here("export", "out", "out/spacy", "--postprocess", "center", "--overwrite", cwd=tmp_path)
    assert result.code == 0, result.said
    assert "out is a pipeline with the same vectors, so it has changed too" in result.said
    assert_same_pipeline(out, out / "spacy")
    assert (out / "vocab/vectors").samefile(out / "spacy/vocab/vectors")
    centred = spacy.load(out).vocab.vectors.data
    np.testing.assert_allclose(centred, before - before.mean(axis=0), atol=1e-5)
    assert "data_files" in (out / "config.cfg").read_text()  # it is still the config of the run


def test_vectors_of_another_run_change_one_pipeline_and_it_is_said(out, tmp_path):
    make_model([3, 2, 1], words=["a", "b", "c"]).save(tmp_path / "other")
    result = w2v_here("export", "other", "out/spacy", "--overwrite", cwd=tmp_path)
    assert result.code == 0, result.said
    assert "out is a pipeline too, and keeps the vectors of its own run" in result.said
    assert spacy.load(out)("king")[0].has_vector
    assert not spacy.load(out / "spacy")("king")[0].has_vector
    pruned = w2v_here("prune", "out", "out/spacy", "--max-vectors", 3, "--overwrite", cwd=tmp_path)
    assert "out is a pipeline too, and keeps all vectors" in pruned.said


def test_without_hard_links_files_are_copied(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError("no links here")

    monkeypatch.setattr(_linking.os, "link", refuse)
    out = train(tmp_path)
    assert_same_pipeline(out, out / "spacy")
    assert not (out / "vocab/vectors").samefile(out / "spacy/vocab/vectors")


def test_a_config_with_components_gives_a_pipeline_without(tmp_path):
    config = CONFIG.replace('lang = "en"', 'lang = "en"\npipeline = ["tagger"]') + TAGGER
    out = train(tmp_path, f"{config}\n[initialize]\n\n[initialize.components]\n\n[initialize.components.tagger]\n")
    assert_same_pipeline(out, out / "spacy")
    assert "tagger" in (out / "model/config.cfg").read_text()
    run = spacy_w2v.load(out).config
    assert _linking.joined_config(out / "spacy/config.cfg", run) == (out / "config.cfg").read_text()
