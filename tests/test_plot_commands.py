"""`spacy w2v plot …`, run as a process: files of all kinds, what the terminal shows, and errors."""

import json
import re

import pyarrow.parquet as pq
import pytest
from helpers_cli import CONFIG, w2v, w2v_here, write_texts


@pytest.fixture(scope="module")
def workplace(tmp_path_factory):
    """A directory with two models, first/ and second/, of the same words."""
    directory = tmp_path_factory.mktemp("plots")
    write_texts(directory / "texts.txt")
    (directory / "config.cfg").write_text(CONFIG)
    for name, seed in (("first", 1), ("second", 2)):
        w2v("train", "config.cfg", "--output", name, "--w2v.training.seed", seed, cwd=directory)
    return directory


def test_a_map_is_saved_in_all_forms(workplace):
    (workplace / "groups.tsv").write_text("king\troyals\nriver\tnature\nqueen\troyals\n", encoding="utf-8")
    outputs = [option for name in ("a.html", "a.png", "a.parquet") for option in ("--output", name)]
    result = w2v("plot", "map", "first", *outputs, "--groups", "groups.tsv", "--title", "Mine", cwd=workplace)
    for what in ("Saved the map to a.html", "Saved the map to a.png", "Saved the table of the map to a.parquet"):
        assert what in result.said
    assert "1 of 3 words of groups have no vector and are left out: queen" in result.said
    assert "<title>Mine</title>" in (workplace / "a.html").read_text(encoding="utf-8")
    table = pq.read_table(workplace / "a.parquet").to_pydict()
    groups = dict(zip(table["word"], table["group"], strict=True))
    assert {groups["king"], groups["river"], groups["war"]} == {"royals", "nature", "other words"}


def test_vectors_without_a_model_have_maps(workplace):
    w2v("plot", "map", "first/spacy", "--output", "b.json", "--theme", "dark", "--n-words", 5, cwd=workplace)
    spec = json.loads((workplace / "b.json").read_text(encoding="utf-8"))
    (rows,) = spec["datasets"].values()
    assert len(rows) == 5
    assert spec["config"]["background"] == "#12151b"


def test_models_are_compared(workplace):
    result = w2v("plot", "movement", "first", "second", "--topn", 2, "--output", "m.svg", cwd=workplace)
    header, *rows = [line for line in result.stdout.splitlines() if line and "Saved" not in line]
    assert header.split() == ["Word", "Cosine", "Peers", "Before", "After"]
    assert [bool(re.match(r"\S+ +-?\d\.\d\d +-?\d\.\d\d +\S+, \S+, \S+ +\S+, ", row)) for row in rows] == [True, True]
    result = w2v("plot", "spectrum", "first", "second", "--output", "s.svg", cwd=workplace)
    assert re.search(r"^first +8 +\d\.\d$", result.stdout, re.MULTILINE)
    w2v("plot", "training", "first", "second", "--output", "t.svg", cwd=workplace)
    w2v("plot", "similarity", "first", "king", "city", "river", "--output", "h.svg", cwd=workplace)
    assert all((workplace / f"{name}.svg").stat().st_size > 1000 for name in "msth")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["map", "first", "-o", "x.gif"], "must end in .html, .png, .svg, .pdf or .json, was: x.gif"),
        (["map", "first", "-o", "x.csv"], "was: x.csv. The table of a map ends in .parquet."),
        (["map", "nothing"], "Word vectors must be a model"),
        (["map", "first", "--groups", "none.tsv"], "A file of groups must be an existing file, was: none.tsv"),
        (["similarity", "first", "king", "qwerty"], "was: 'qwerty'"),
        (["training", "first/spacy"], "Curves need models, which have a record of their epochs, was: first/spacy"),
    ],
)
def test_errors_are_sentences(workplace, arguments, message):
    result = w2v_here("plot", *arguments, cwd=workplace)
    assert result.code == 1
    assert message in result.said
    assert not (workplace / "map.html").exists()
