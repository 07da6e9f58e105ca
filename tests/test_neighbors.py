"""`spacy w2v neighbors`: words, sums, several vectors, standard input and JSON."""

import json
import re

import pytest
from helpers_cli import w2v, w2v_here
from helpers_model import make_model

from spacy_w2v.cli._queries import Query, parse_arguments, parse_line
from spacy_w2v.errors import ConfigError

WORDS = ["king", "man", "woman", "queen", "New York", "c++", "+", "-", "river", "well-known", "-ing", "city"]


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A directory with a model, a pipeline of it in which words share rows, and a file of other vectors."""
    directory = tmp_path_factory.mktemp("vectors")
    model = make_model(range(100, 100 - len(WORDS), -1), words=WORDS, vector_size=6)
    model.save(directory / "model")
    model.to_spacy().to_disk(directory / "pipeline")
    other = make_model([3, 2, 1], words=["king", "lake", "city"], vector_size=4)
    other.to_keyed_vectors().save_word2vec_format(directory / "other.txt")
    (directory / "queen").mkdir()  # no vectors, so still a word
    return directory


@pytest.fixture(scope="module")
def model(place):
    import spacy_w2v

    return spacy_w2v.load(place / "model")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["king"], [(["king"], [])]),
        (["king", "queen"], [(["king"], []), (["queen"], [])]),
        (["king", "-", "man", "+", "woman"], [(["king", "woman"], ["man"])]),
        (["king - man + woman"], [(["king", "woman"], ["man"])]),
        (["king − man"], [(["king"], ["man"])]),
        (["king", "queen", "-", "man"], [(["king"], []), (["queen"], ["man"])]),
        (["king", "-", "man + woman"], [(["king"], ["man", "woman"])]),
        (["New York", "+", "c++"], [(["New York", "c++"], [])]),
        (["New York - c++"], [(["New York"], ["c++"])]),
        (["+"], [(["+"], [])]),
        (["king", "+", "+"], [(["king", "+"], [])]),
        (["-ing", "well-known"], [(["-ing"], []), (["well-known"], [])]),
        (["king-man"], [(["king-man"], [])]),
    ],
)
def test_queries(arguments, expected):
    found = parse_arguments(arguments, WORDS)
    assert [(query.positive, query.negative) for query in found] == expected


def test_a_word_that_looks_like_a_sum_is_a_word():
    assert parse_line("a - b", ["a - b"]) == Query([("+", "a - b")])


@pytest.mark.parametrize("text", ["king - man + woman", "king + woman - man", "king", "New York - c++"])
def test_headings_have_the_order_of_the_query(place, text):
    assert parse_line(text, WORDS).text == text
    result = w2v_here("neighbors", "model", *(["--"] if text[0] == "-" else []), text, cwd=place)
    assert f" {text} " in result.stdout.splitlines()[1]


def test_a_sum_does_not_end_with_a_sign():
    with pytest.raises(ConfigError, match=r"A word must follow \+, but nothing does"):
        parse_arguments(["king", "+"], WORDS)


def as_json(*arguments, place, **options):
    result = w2v_here("neighbors", *arguments, "--json", cwd=place, **options)
    assert result.code == 0, result.said
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_sums_are_those_of_python(place, model):
    (found,) = as_json("model", "king", "-", "man", "+", "woman", "-n", 3, place=place)
    expected = model.most_similar(positive=["king", "woman"], negative=["man"], topn=3)
    assert (found["positive"], found["negative"]) == (["king", "woman"], ["man"])
    assert found["results"] == [{"vectors": "model", "neighbors": [list(each) for each in expected]}]


def test_several_vectors_side_by_side(place):
    (found,) = as_json("model", "pipeline", "other.txt", "king", place=place)
    assert [each["vectors"] for each in found["results"]] == ["model", "pipeline", "other.txt"]
    assert len(found["results"][2]["neighbors"]) == 2
    said = w2v_here("neighbors", "model", "other.txt", "queen", "city", cwd=place)
    assert said.stdout.splitlines()[3].split() == ["model", "other.txt"]
    assert "(unknown)" in said.said  # other.txt lacks queen, which is a word, although a directory has its name
    assert said.stdout.count("other.txt") == 2


def test_words_that_share_a_row_are_shown_once(place):
    (found,) = as_json("pipeline", "king", "-n", 50, place=place)
    near = [word.lower() for word, _ in found["results"][0]["neighbors"]]
    assert len(near) == len(set(near)) == len(WORDS) - 1


@pytest.mark.parametrize("arguments", [(), ("-",)])
def test_words_from_standard_input(place, arguments):
    stdin = "king\n\n queen - man\nnowhere\n-\n"
    result = w2v("neighbors", "model", *arguments, "--json", cwd=place, stdin=stdin)
    found = [json.loads(line) for line in result.stdout.splitlines()]
    assert [each["positive"] for each in found] == [["king"], ["queen"], ["nowhere"], ["-"]]
    assert [each["results"][0]["neighbors"] is None for each in found] == [False, False, True, False]


def test_several_vectors_and_words_from_standard_input(place):
    result = w2v("neighbors", "model", "other.txt", "--json", cwd=place, stdin="king\n")
    assert [each["vectors"] for each in json.loads(result.stdout)["results"]] == ["model", "other.txt"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["kong"], "vocabulary of 12 words, was: 'kong'. Near spellings: king (100×)."),
        (["King"], "was: 'King'. Its lower case is: 'king'."),
        (["king+queen"], "To add or subtract words, put spaces around + and -."),
        (["king", "-"], "A word must follow -, but nothing does"),
    ],
)
def test_unknown_words_are_explained(place, words, message):
    result = w2v_here("neighbors", "model", *words, cwd=place)
    assert result.code == 1
    assert message in result.said
    assert "river" not in result.said


def test_other_words_are_shown_beside_an_unknown_one(place):
    result = w2v_here("neighbors", "model", "king", "kong", "queen - kong", "city", cwd=place)
    assert result.code == 1
    assert re.findall(r"={3,} (\S+) ={3,}", result.stdout) == ["king", "city"]
    assert result.said.count("was: 'kong'. Near spellings: king") == 2
    asked = w2v_here("neighbors", "model", "king", "kong", "--json", cwd=place)
    assert asked.code == 1
    found = [json.loads(line)["results"][0]["neighbors"] for line in asked.stdout.splitlines() if line[0] == "{"]
    assert [each is None for each in found] == [False, True]
    assert "was: 'kong'" in asked.said


@pytest.mark.parametrize("command", ["neighbors", "most-similar"])
def test_a_word_that_looks_like_an_option_is_explained(place, command):
    result = w2v_here(command, "model", "king", "-man", cwd=place)
    assert result.code == 2
    said = re.sub(r"[│\s]+", " ", result.said)
    assert "No such option" in said
    assert "put spaces around the sign: king - man" in said


def test_without_words(place):
    result = w2v("neighbors", "model", cwd=place, stdin="\n", code=1)
    assert "neighbors needs words, but got none" in result.said


def test_words_that_begin_with_a_hyphen(place):
    result = w2v_here("neighbors", "model", "--", "-ing", cwd=place)
    assert result.code == 0, result.said


def test_most_similar_is_the_same_command(place):
    arguments = ("model", "king", "--compare", "other.txt", "-n", 2)
    first, second = (w2v_here(name, *arguments, cwd=place) for name in ("neighbors", "most-similar"))
    assert first.stdout == second.stdout
    assert first.code == 0
    assert "other.txt" in first.stdout
