"""The table of phrases: how it joins words, and its file."""

import json
from pathlib import Path

import numpy as np
import pytest
from gensim.models.phrases import ENGLISH_CONNECTOR_WORDS as CONNECTOR_WORDS_OF_GENSIM
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from spacy_w2v._atomic import read_manifest, write_manifest
from spacy_w2v.config._phrases import ENGLISH_CONNECTOR_WORDS, PhraseSettings
from spacy_w2v.errors import StorageError
from spacy_w2v.phrases._table import PhraseTable


def make_table(*phrases: tuple[str, int], **settings) -> PhraseTable:
    """Return a table of phrases, each with the pass that finds it."""
    n_passes = max((number for _, number in phrases), default=1)
    return PhraseTable(
        PhraseSettings(scoring="default", passes=n_passes, **settings),
        [tuple(text.split()) for text, _ in phrases],
        np.linspace(100, 50, len(phrases)),
        np.arange(10, 10 + len(phrases)),
        np.array([number for _, number in phrases], np.uint8),
    )


def test_connector_words_are_those_of_gensim():
    assert ENGLISH_CONNECTOR_WORDS == CONNECTOR_WORDS_OF_GENSIM


def test_words_are_joined_from_left_to_right_without_overlap():
    table = make_table(("b c", 1), ("c d", 1))
    assert table.join(["a", "b", "c", "d", "c", "d", "c"]) == ["a", "b_c", "d", "c_d", "c"]


def test_connector_words_are_inside_only():
    table = make_table(("bank of america", 1), ("a b", 1), connector_words=("of", "the"))
    assert table.join(["of", "bank", "of", "america", "of"], " ") == ["of", "bank of america", "of"]
    apart = ["bank", "of", "the", "america", "a", "of", "b"]
    assert table.join(apart) == apart


def test_each_pass_joins_what_those_before_have_made():
    table = make_table(("new york", 1), ("new york times", 2), ("the new york times square", 3))
    assert table.join(["new", "york", "times"]) == ["new_york_times"]
    assert table.join(["new", "york", "new", "york", "times"]) == ["new_york", "new_york_times"]
    assert table.join(["york", "times"]) == ["york", "times"]
    assert make_table(("a b c", 2)).join(["a", "b", "c"]) == ["a", "b", "c"]  # no phrase is part of it


def test_an_empty_table_joins_nothing():
    table = make_table()
    assert len(table) == 0
    assert table.join(["a", "b"]) == ["a", "b"]


WORDS = st.lists(st.text(min_size=1, max_size=4), min_size=2, max_size=3).map(tuple)


@given(st.lists(WORDS, unique=True, max_size=8))
def test_a_file_has_all_of_a_table(tmp_path_factory, phrases):
    path = tmp_path_factory.mktemp("phrases") / "phrases.json"
    n = len(phrases)
    settings = PhraseSettings(scoring="npmi", threshold=(0.3, 0.2), passes=2, connector_words=("of",))
    table = PhraseTable(settings, phrases, np.linspace(0.1, 0.9, n), np.arange(n), np.full(n, 2, np.uint8))
    table.write(path)
    read = PhraseTable.read(path)
    assert (read.settings, read.words, read.digest()) == (settings, phrases, table.digest())
    for name in ("scores", "counts", "passes"):
        expected, actual = getattr(table, name), getattr(read, name)
        assert actual.dtype == expected.dtype
        assert np.array_equal(actual, expected)


def damaged(path: Path, **changes) -> None:
    values = read_manifest(path)
    write_manifest(path, values | changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format": "x"}, "another kind of file"),
        ({"format_version": 2}, "format version 1, was: 2"),
        ({"phrases": [["a", "b"]]}, "same length"),
        ({"phrases": [["a", "b"], ["a", "b"]]}, "different lists"),
        ({"phrases": [["a", "b"], ["a"]]}, "different lists"),
        ({"phrases": [["a", "b"], ["a", 1]]}, "different lists"),
        ({"phrases": [["a", "b"], "ab"]}, "different lists"),
        ({"scores": ["1", 2.0]}, "wrong type"),
        ({"scores": None}, "missing"),
        ({"counts": [1 << 80, 1]}, "damaged"),
        ({"counts": [True, 1]}, "wrong type"),
        ({"counts": [-1, 1]}, "out of bounds"),
        ({"passes": [1, 2]}, "out of bounds"),
        ({"settings": None}, "its settings are missing"),
        ({"settings": {"scoring": "x"}}, "scoring must be one of 'default' or 'npmi', was: 'x'"),
    ],
)
def test_damaged_files_are_refused(tmp_path, changes, message):
    path = tmp_path / "phrases.json"
    make_table(("a b", 1), ("b c", 1)).write(path)
    damaged(path, **changes)
    with pytest.raises(StorageError, match=message):
        PhraseTable.read(path)


def test_a_changed_file_is_refused(tmp_path):
    path = tmp_path / "phrases.json"
    make_table(("a b", 1)).write(path)
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace('"a"', '"x"'), encoding="utf-8")
    with pytest.raises(StorageError, match="checksum"):
        PhraseTable.read(path)
    values = json.loads(text)
    del values["checksum"]
    path.write_text(json.dumps(values), encoding="utf-8")
    with pytest.raises(StorageError, match="checksum"):
        PhraseTable.read(path)
    with pytest.raises(StorageError, match="readable"):
        PhraseTable.read(tmp_path / "missing.json")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"scoring": "npmi", "threshold": 1.5}, "between -1 and 1"),
        ({"scoring": "default", "threshold": 0.0}, "greater than 0"),
        ({"scoring": "default", "threshold": (5.0, 3.0)}, "one for each of passes = 1"),
        ({"scoring": "pmi"}, "'default' or 'npmi'"),
        ({"passes": 5}, "less than or equal to 4"),
        ({"threshold": "high"}, "must be a finite number, or a list with one for each pass, was: 'high'"),
        ({"threshold": (1.0, "2"), "passes": 2}, "must be a finite number, or a list"),
        ({"threshold": float("nan")}, "must be a finite number, or a list with one for each pass, was: nan"),
        ({"threshold": True}, "must be a finite number, or a list"),
        ({"connector_words": "german"}, "must be a list of words, or \"english\", was: 'german'"),
        ({"connector_words": [1]}, "must be a list of words"),
    ],
)
def test_settings_are_checked(settings, message):
    with pytest.raises(ValidationError, match=message):
        PhraseSettings(**settings)


def test_thresholds_have_defaults():
    assert PhraseSettings(scoring="default").thresholds == (10.0,)
    assert PhraseSettings(scoring="npmi", passes=2).thresholds == (0.5, 0.5)
    assert PhraseSettings(scoring="default", threshold=(9.0, 4.0), passes=2).thresholds == (9.0, 4.0)
    assert PhraseSettings(connector_words="english").connectors == ENGLISH_CONNECTOR_WORDS
    assert PhraseSettings(connector_words={"of", "a"}).connector_words == ("a", "of")
