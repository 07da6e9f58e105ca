"""`spacy_w2v.evaluate`: vectors from any program, sets in any form, and scores as objects and JSON."""

import json
from itertools import combinations

import numpy as np
import pytest
from helpers_cli import w2v_here
from helpers_model import cosine, make_model

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


def test_intervals_are_computed_if_asked_for(model, tmp_path):
    generator = np.random.default_rng(0)
    lines = [f"{a}\t{b}\t{generator.integers(90)}\n" for a, b in combinations(WORDS, 2)]
    (tmp_path / "pairs.tsv").write_text("".join(lines))
    sets = {"word_pairs": tmp_path / "pairs.tsv"}
    assert spacy_w2v.evaluate(model, **sets).word_pairs["pairs"].interval is None
    scores = spacy_w2v.evaluate(model, **sets, intervals=True)
    low, high = scores.word_pairs["pairs"].interval
    assert -1 <= low < scores.word_pairs["pairs"].spearman < high <= 1
    values = json.loads(json.dumps(scores.to_dict()))
    assert values["pairs"]["interval"] == [low, high]
    assert Scores.from_dict(values) == scores
    assert spacy_w2v.evaluate(model, **sets, intervals=True) == scores  # the seed is fixed


# several vectors


QUESTIONS = ": x\nking queen war river\n: y\nking queen war a\n"


@pytest.fixture
def others(model, tmp_path):
    """Files: the model, random vectors of fewer words, and sets with parts and sections."""
    generator = np.random.default_rng(1)
    model.save(tmp_path / "model")
    lines = [f"{word} {' '.join(f'{x:.3f}' for x in generator.normal(size=10))}\n" for word in WORDS[:5]]
    (tmp_path / "other.txt").write_text(f"5 10\n{''.join(lines)}")
    pairs = [(a, b, "near" if number % 2 else "far") for number, (a, b) in enumerate(combinations(WORDS, 2))]
    cosines = model.word_vectors()
    rows = [f"{a}\t{b}\t{part}\t{cosine(cosines[a], cosines[b]):.3f}\n" for a, b, part in pairs]
    (tmp_path / "pairs.tsv").write_text("word1\tword2\tpart\trating\n" + "".join(rows))
    (tmp_path / "questions.txt").write_text(QUESTIONS)
    return tmp_path


def test_all_vectors_are_scored_on_the_questions_that_all_know(others):
    paths = [others / "model", others / "other.txt"]
    comparison = spacy_w2v.compare(paths, word_pairs=others / "pairs.tsv", analogies=others / "questions.txt")
    model, other = map(str, paths)
    pairs, *parts = [each for each in comparison.measures if each.set == "pairs"]
    assert (pairs.n_questions, pairs.n_common, pairs.part) == (15, 10, None)
    assert {each.part for each in parts} == {"near", "far"}
    assert comparison.scores[model].word_pairs["pairs"].n_used == 15
    assert comparison.scores[other].word_pairs["pairs"].n_used == 10
    assert pairs.estimates[model].score == pytest.approx(1, abs=1e-3)
    expected = comparison.scores[other].word_pairs["pairs"].spearman
    assert pairs.estimates[other].score == pytest.approx(expected, abs=1e-12)
    assert pairs.best() == model
    assert pairs.verdict(model) == "best"
    (difference,) = pairs.differences
    assert difference.difference == pytest.approx(pairs.estimates[model].score - expected, abs=1e-12)
    assert 0 < difference.p_value == difference.p_adjusted <= 1
    assert [each.part for each in comparison.measures if each.set == "questions"] == [None, "x", "y"]
    assert json.loads(json.dumps(comparison.to_dict()))["measures"][0]["n_common"] == 10


def test_equal_vectors_have_no_clear_difference(model, others):
    comparison = spacy_w2v.compare({"one": model, "two": model}, word_pairs=others / "pairs.tsv")
    assert [each.verdict("two") for each in comparison.measures] == ["no clear difference (p = 1.000)"] * 3
    assert not comparison.measures[0].differences[0].is_clear


def test_vectors_of_one_name_get_numbers(model, others):
    vectors = model.to_keyed_vectors()
    comparison = spacy_w2v.compare([vectors, vectors], word_pairs=others / "pairs.tsv")
    assert list(comparison.scores) == ["gensim's KeyedVectors", "gensim's KeyedVectors (2)"]
    for nothing, message in (([], "compare needs at least one"), ("model", "vectors must be a list or a dict")):
        with pytest.raises(ConfigError, match=message):
            spacy_w2v.compare(nothing)


def test_the_command_compares_vectors(others):
    sets = ("--word-pairs", "pairs.tsv", "--analogies", "questions.txt", "--method", "both")
    said = w2v_here("evaluate", "model", "other.txt", *sets, "-o", "scores.md", cwd=others)
    assert said.code == 0
    assert "pairs, spearman, 10 of 15 questions\n  model " in said.stdout
    assert "questions (3CosMul), accuracy, " in said.said
    assert "No counts of words are known for other.txt: the first words of a file" in said.said
    markdown = (others / "scores.md").read_text()
    assert "| pairs: near | spearman | " in markdown
    assert "| questions: x | accuracy | " in markdown
    assert w2v_here("evaluate", "model", "other.txt", *sets, "-o", "scores.json", cwd=others).code == 0
    values = json.loads((others / "scores.json").read_text())
    assert list(values["vectors"]) == list(values["scores"]) == ["model", "other.txt"]
    assert w2v_here("evaluate", "model", *sets, "--sections", "-o", "single.json", cwd=others).code == 0
    assert list(json.loads((others / "single.json").read_text())) == ["pairs", "questions", "questions (3CosMul)"]


@pytest.mark.parametrize("command", ["evaluate", "inspect"])
def test_outputs_are_checked_before_the_work(tmp_path, command):
    """The vectors do not exist, so that any work would end with another error."""
    (tmp_path / "taken").mkdir()
    (tmp_path / "file").touch()
    for name, message in (
        ("taken", "The output must be a file, but taken is a directory"),
        ("file/scores.json", "The output must be in a directory, but file is a file"),
        ("scores.csv", "must end in .json"),
        ("scores.JSONL", "was: scores.JSONL"),
    ):
        result = w2v_here(command, "nowhere", "--output", name, cwd=tmp_path)
        assert (result.code, message in result.said) == (1, True), result.said
    assert not (tmp_path / "scores.csv").exists()


def test_a_file_without_a_suffix_has_json(model, pairs, tmp_path):
    model.save(tmp_path / "model")
    for name in ("scores", "SCORES.JSON", "scores.md", "scores.markdown"):
        assert w2v_here("evaluate", "model", "--word-pairs", pairs, "-o", name, cwd=tmp_path).code == 0
        text = (tmp_path / name).read_text()
        assert text.startswith("# Scores") if "m" in name else list(json.loads(text)) == ["pairs"]
    assert w2v_here("inspect", "model", "-o", "facts", cwd=tmp_path).code == 0
    assert json.loads((tmp_path / "facts").read_text())["vector_size"] == model.vector_size


def test_sets_of_one_name_are_both_kept(model, pairs, tmp_path):
    (tmp_path / "questions.txt").write_text(": family\nking queen war river\n")
    sets = {"word_pairs": {"animals": pairs}, "analogies": {"animals": tmp_path / "questions.txt"}}
    scores = spacy_w2v.evaluate(model, **sets)
    assert list(scores.by_name()) == list(scores.to_dict()) == ["animals", "animals (analogies)"]
    assert Scores.from_dict(scores.to_dict()) == scores


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
def test_scores_are_finite(number):
    values = json.loads(f'{{"a": {{"spearman": {number}, "n_used": 3}}}}')
    with pytest.raises(CorpusError, match=r"^a\.spearman must be a finite number, was: "):
        Scores.from_dict(values)


def test_notes_fit_into_the_terminal(others, monkeypatch):
    comparison = spacy_w2v.compare([others / "model", others / "other.txt"], word_pairs=others / "pairs.tsv")
    for columns, widest in ((60, 60), (300, 100)):
        monkeypatch.setenv("COLUMNS", str(columns))
        notes = comparison.to_text().partition("Scores are over")[2].splitlines()
        assert len(notes) > 1
        assert max(map(len, notes)) <= widest
