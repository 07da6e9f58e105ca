"""`spacy w2v train` without a config, the version, and summaries of commands."""

import re

import pytest
from helpers_cli import files_below, spacy_command, w2v, w2v_here, write_texts

import spacy_w2v

SMALL = ("--w2v.model.vector_size", 8, "--w2v.training.epochs", 1, "--w2v.training.workers", 1)
EXPORT = ("--w2v.export.formats", "[]")


@pytest.mark.parametrize(
    "options",
    [(), ("--lang", "de", "--loss", "hierarchical-softmax"), ("--optimize", "efficiency", "--architecture", "cbow")],
    ids=["defaults", "german", "preset"],
)
def test_it_is_the_same_as_a_config_and_its_run(tmp_path, options):
    write_texts(tmp_path / "texts.txt")
    rest = ("--cache-dir", "cache", *SMALL, *EXPORT)
    w2v_here("init-config", "config.cfg", "--dataset", "texts.txt", *options, cwd=tmp_path)
    for given in (("config.cfg", "-o", "two"), ("--dataset", "texts.txt", *options, "-o", "one")):
        result = w2v_here("train", *given, *rest, cwd=tmp_path)
        assert result.code == 0, result.said
    one, two = files_below(tmp_path / "one"), files_below(tmp_path / "two")
    same = {name for name in one if name not in ("training.jsonl", "model/meta.json")}  # which have times
    assert {"config.cfg", "model/input_vectors.npy"} < same
    assert {name: one[name] for name in same} == {name: two[name] for name in same}
    assert ("Optimized for efficiency on a tiny corpus" in result.said) == ("--optimize" in options)


def test_texts_in_place_of_a_config_are_named(tmp_path):
    (tmp_path / "texts.txt").write_text("the french king saw the city\n" * 60)
    result = w2v_here("train", "texts.txt", "-o", "out", cwd=tmp_path)
    assert result.code == 1
    assert "name it by --dataset: --dataset texts.txt" in result.said
    assert "french" not in result.said


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-o", "out"], "Missing argument 'config_path': name a config, or train without one by --dataset and --lang"),
        (["config.cfg", "-o", "out", "--lang", "de"], "--lang makes a new config, but there is one: config.cfg"),
        (["config.cfg", "-o", "out", "-d", "texts.txt"], "--dataset makes a new config, but there is one: config.cfg"),
    ],
)
def test_a_config_or_its_options_are_given(tmp_path, arguments, message):
    assert message in w2v("train", *arguments, cwd=tmp_path, code=2).said
    assert not (tmp_path / "out").exists()


def test_overrides_may_stand_anywhere(tmp_path):
    write_texts(tmp_path / "texts.txt")
    w2v_here("init-config", "config.cfg", "--dataset", "texts.txt", cwd=tmp_path)
    settings = ("--w2v.model.vector_size=4", "--w2v.training.alpha", "0.5", "--w2v.initial.freeze", "-o", "out")
    result = w2v_here("train", *settings, "config.cfg", "--cache-dir", "cache", *EXPORT, cwd=tmp_path)
    assert result.code == 1
    assert "freeze" in result.said  # which is true without a value, and needs vectors to start from
    result = w2v_here("train", *settings[:3], "config.cfg", "-o", "out", *EXPORT, cwd=tmp_path)
    assert result.code == 0, result.said
    record = spacy_w2v.load(tmp_path / "out").record
    assert (record.model.vector_size, record.training.alpha) == (4, 0.5)


def test_the_version(tmp_path):
    assert w2v("--version", cwd=tmp_path).stdout == f"spacy-w2v {spacy_w2v.__version__}\n"


def test_summaries_of_commands_are_not_cut(tmp_path):
    """In a terminal of 80 columns."""
    for said in (
        w2v("--help", cwd=tmp_path, COLUMNS="80").stdout,
        spacy_command("--help", cwd=tmp_path, COLUMNS="80").stdout,
    ):
        commands = re.findall(r"^  ([a-z][\w-]+) {2,}(\S.*)$", said.partition("Commands:")[2], re.MULTILINE)
        ours = [text for name, text in commands if name == "w2v" or "init-config" in said]
        assert ours
        assert all(text.endswith(".") and not text.endswith("...") for text in ours), ours
