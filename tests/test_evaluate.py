"""`spacy_w2v.evaluate`: vectors from any program, sets in any form, and scores as objects and JSON."""

import json

import pytest
from helpers_model import make_model

import spacy_w2v
from spacy_w2v.errors import ConfigError, CorpusError
from spacy_w2v.evaluation._scores import Scores

WORDS = ["king", "queen", "war", "river", "a", "b"]
PAIRS = "king\tqueen\t3\nwar\triver\t2\na\tb\t1\n"


@pytest.fixture
def model():
    return make_model(range(len(WORDS), 0, -1), words=WORDS)


@pytest.fixture
def pairs(tmp_path):
    (tmp_path / "pairs.tsv").write_text(PAIRS)
    return tmp_path / "pairs.tsv"


@pytest.mark.parametrize(
    ("given", "names"),
    [
        (lambda path: path, ["pairs"]),
        (str, ["pairs"]),
        (lambda path: [path, str(path.with_name("other.tsv"))], ["pairs", "other"]),
        (lambda path: {"mine": str(path)}, ["mine"]),
    ],
)
def test_sets_are_paths_or_have_names(model, pairs, given, names):
    pairs.with_name("other.tsv").write_text(PAIRS)
    scores = spacy_w2v.evaluate(model, word_pairs=given(pairs))
    assert list(scores.word_pairs) == names
    assert scores.analogies == {}
    assert {score.n_used for score in scores.word_pairs.values()} == {3}


def test_vectors_from_any_program_are_scored(model, pairs, tmp_path):
    model.save(tmp_path / "model")
    expected = spacy_w2v.evaluate(model, word_pairs=pairs).word_pairs["pairs"]
    assert -1 <= expected.spearman <= 1
    for vectors in (tmp_path / "model", spacy_w2v.open_vectors(tmp_path / "model"), model.to_keyed_vectors()):
        actual = spacy_w2v.evaluate(vectors, word_pairs=pairs).word_pairs["pairs"]
        assert (actual.spearman, actual.n_used) == (expected.spearman, expected.n_used)


def test_the_default_sets_are_those_of_gensim(model):
    scores = spacy_w2v.evaluate(model, restrict_vocab=5)
    assert list(scores.by_name()) == ["WordSim-353", "SimLex-999", "Google analogies"]
    google = scores.analogies["Google analogies"]
    assert (google.accuracy, google.n_used, google.n_unknown, google.restrict_vocab) == (None, 0, 19544, 5)


def test_scores_are_converted_to_json_and_back(model, pairs, tmp_path):
    (tmp_path / "questions.txt").write_text(": gram1\nking queen war river\n: family\nking queen river war\n")
    (tmp_path / "plain.txt").write_text("king queen war river\n")
    sets = {"word_pairs": pairs, "analogies": [tmp_path / "questions.txt", tmp_path / "plain.txt"]}
    scores = spacy_w2v.evaluate(model, **sets)
    values = json.loads(json.dumps(scores.to_dict()))
    assert list(values["pairs"]) == ["spearman", "pearson", "n_used", "n_unknown"]
    kinds = ["semantic", "n_used_semantic", "syntactic", "n_used_syntactic"]
    names = ["accuracy", *kinds, "n_used", "n_unknown", "restrict_vocab", "method"]
    assert list(values["questions"]) == [*names, "sections"]
    assert values["questions"]["sections"]["gram1"] == {"accuracy": 1.0, "n_used": 1, "n_unknown": 0}
    assert list(values["plain"]) == [name for name in names if name not in kinds]
    assert Scores.from_dict(values) == scores


def test_other_values_are_refused_as_scores():
    with pytest.raises(CorpusError, match=r"^a\.n_used must be a whole number, was: 'x'$"):
        Scores.from_dict({"a": {"n_used": "x"}})


def test_wrong_arguments_are_refused_by_name(model, pairs):
    for arguments, message in (
        ({"word_pairs": [3]}, "^word_pairs must be the path of a file or directory, was: 3"),
        ({"analogies": ""}, "^analogies must be the path of a file or directory, was: ''"),
        ({"restrict_vocab": 0}, "^restrict_vocab must be at least 1, was: 0"),
        (
            {"word_pairs": pairs, "vector_kind": "both"},
            "^vector_kind must be one of recorded, input, .*, was: both",
        ),
    ):
        with pytest.raises(ConfigError, match=message):
            spacy_w2v.evaluate(model, **arguments)
    with pytest.raises(ConfigError, match=r"^vectors must be a path"):
        spacy_w2v.evaluate(3, word_pairs=pairs)
