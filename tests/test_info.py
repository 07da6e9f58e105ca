"""spacy info shows the record of a pipeline's vectors as lines; its values stay as they are."""

import pytest
from helpers_cli import spacy_command
from helpers_model import make_model, with_record

from spacy_w2v.cli import _info as readable

INFO = readable.sys.modules["spacy.cli.info"]


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory):
    model = with_record(make_model([5, 4, 3]), corpus={"source": "a \x1b[31m red corpus"}, training={"epochs": 7})
    path = tmp_path_factory.mktemp("info") / "pipeline"
    model.to_spacy().to_disk(path)
    return path


def test_the_command_shows_the_record_as_lines(pipeline):
    shown = spacy_command("info", str(pipeline), cwd=pipeline).stdout.splitlines()
    start = next(number for number, line in enumerate(shown) if line.startswith("w2v "))
    assert shown[start + 1] == r"    - corpus: a \x1b[31m red corpus; 1 documents, 12 tokens"
    assert shown[start + 2].startswith(
        "    - words: 3 of 3 types (LOWER, min_count 5), which cover 100.0% of the tokens"
    )
    assert shown[start + 3] == "    - model: skip-gram, negative-sampling; 10 dimensions, window 5"
    assert shown[start + 4] == "    - vectors: input"


def test_markdown_has_a_list(pipeline):
    shown = spacy_command("info", str(pipeline), "--markdown", cwd=pipeline).stdout
    assert "- **w2v:** \n    - corpus: a" in shown


def test_programs_get_the_values_of_meta_json(pipeline):
    import json

    expected = json.loads((pipeline / "meta.json").read_text(encoding="utf-8"))["w2v"]
    actual = INFO.info(str(pipeline))["w2v"]
    assert actual == expected
    assert json.dumps(actual) == json.dumps(expected)


@pytest.mark.parametrize("record", [{}, {"schema_version": 99}, {"corpus": 5}])
def test_a_record_that_cannot_be_read_is_shown_as_it_is(record):
    assert str(readable.ReadableRecord(record)) == str(record)


def test_pipelines_without_a_record_are_shown_as_before():
    meta = {"lang": "en", "w2v": "another's entry"}
    assert readable.with_readable_record(lambda name: meta)("x") == meta


def test_the_record_says_what_vectors_started_from_and_how_training_went():
    import spacy_w2v

    texts = ["the king of the city", "the queen of the city"] * 5
    first = spacy_w2v.train(texts, vector_size=4, min_count=1, epochs=2, sample=0, workers=1)
    model = spacy_w2v.train(texts, initial=first, min_count=1, epochs=2, sample=0, workers=1, postprocess="center")
    lines = str(readable.ReadableRecord(model.to_spacy().meta["w2v"])).splitlines()
    assert "    - vectors: input, center" in lines
    assert any(line.startswith("    - started from: ") and line.endswith("has 5 of the words") for line in lines)
    assert any(line.startswith("    - training: 2 of 2 epochs in ") for line in lines)
