"""Senses of words: the keys that sense2vec finds for them in the same table."""

import dataclasses
import random

import numpy as np
import pytest
import sense2vec
from helpers_formats import LEMMAS, keyed_model
from helpers_model import make_model

from spacy_w2v.errors import ConfigError, UnknownWordError
from spacy_w2v.keys._sense_names import sense_key, split_sense
from spacy_w2v.model._word_vectors import WordVectors

WORDS = ["duck", "Duck", "DUCK", "new york", "New York", "new_york", "naïve", "straße", "a|b", "|", "I", "the", "x y z"]
SENSES = ["NOUN", "VERB", "PROPN", "GPE", "X"]


def table(seed, *, with_counts=True):
    """Vectors with random keys, and sense2vec's own table of them."""
    chooser = random.Random(seed)
    keys = sorted({sense_key(chooser.choice(WORDS), chooser.choice(SENSES)) for _ in range(30)})
    chooser.shuffle(keys)
    counts = [chooser.randint(1, 5) for _ in keys]  # so that some are equal
    matrix = np.eye(len(keys), dtype=np.float32)
    theirs = sense2vec.Sense2Vec(shape=matrix.shape, senses=sorted({key.rpartition("|")[2] for key in keys}))
    for key, vector, count in zip(keys, matrix, counts, strict=True):
        theirs.add(key, vector, count if with_counts else None)
    ours = WordVectors(
        "made", keys, np.arange(len(keys)), matrix, counts=np.array(counts, np.int64) if with_counts else None
    )
    return ours, theirs


@pytest.mark.parametrize("with_counts", [True, False])
@pytest.mark.parametrize("ignore_case", [True, False])
@pytest.mark.parametrize("seed", range(5))
def test_senses_are_those_of_sense2vec(seed, ignore_case, with_counts):
    ours, theirs = table(seed, with_counts=with_counts)
    assert ours.all_senses == sorted(theirs.senses)
    for word in [*WORDS, "york", "DUCKS", ""]:
        for senses in (None, ["VERB", "GPE"], ["LAW"]):
            expected = theirs.get_best_sense(word, senses or (), ignore_case=ignore_case)
            found = ours.best_sense(word, senses, ignore_case=ignore_case)
            assert found == expected if with_counts else (found is None) == (expected is None)
    for key in [*ours.words, "york|GPE", "duck|LAW"]:
        expected = theirs.get_other_senses(key, ignore_case=ignore_case)
        assert sorted(ours.other_senses(key, ignore_case=ignore_case)) == sorted(set(expected))


@pytest.mark.parametrize("key", ["duck|NOUN", "New_York|GPE", "||PUNCT", "a|b|X", "_|X", "\u00a0|X"])
def test_keys_are_split_as_in_sense2vec(key):
    assert split_sense(key) == sense2vec.util.split_key(key)


@pytest.mark.parametrize("key", ["duck", "", "|", "duck|"])
def test_words_have_no_sense(key):
    assert split_sense(key) is None


@pytest.mark.parametrize("word", ["duck", "New York", "a\u00a0b\tc", "x|y"])
def test_keys_are_made_as_in_sense2vec(word):
    assert sense_key(word, "NOUN") == sense2vec.util.make_key(word, "NOUN")


KEYS = ["the|DET", "duck|NOUN", "Duck|PERSON", "duck|VERB", "new_york|GPE"]


@pytest.fixture
def vectors():
    return make_model([50, 30, 20, 20, 10], words=KEYS).word_vectors()


def test_senses_are_in_the_order_of_counts(vectors):
    assert vectors.senses("duck") == ["duck|NOUN", "duck|VERB", "Duck|PERSON"]
    assert vectors.senses("Duck", ignore_case=False) == ["Duck|PERSON"]
    assert vectors.senses("New York") == ["new_york|GPE"]
    assert vectors.senses("goose") == []
    assert vectors.other_senses("DUCK|NOUN") == ["duck|VERB", "Duck|PERSON"]


def test_without_counts_the_order_of_words_counts(vectors):
    uncounted = dataclasses.replace(vectors, model=None, counts=None)
    assert uncounted.senses("duck") == ["duck|NOUN", "Duck|PERSON", "duck|VERB"]
    assert uncounted.best_sense("duck") == "duck|NOUN"


def test_other_senses_need_a_sense(vectors):
    with pytest.raises(ConfigError, match=r"A key must be a word and its sense, such as \"duck\|NOUN\", was: 'duck'"):
        vectors.other_senses("duck")


def test_words_without_senses_have_none():
    plain = make_model([3, 2], words=["duck", "goose"]).word_vectors()
    assert plain.all_senses == []
    assert plain.senses("duck") == []
    assert plain.best_sense("duck") is None


def test_the_error_of_an_unknown_word_names_its_senses(vectors):
    with pytest.raises(UnknownWordError, match=r"was: 'duck'. Its senses are: duck\|NOUN, duck\|VERB, Duck\|PERSON."):
        vectors.row("duck")


def test_a_text_stands_for_its_commonest_sense_in_its_own_case_first(vectors):
    for text, key in (
        ("duck", "duck|NOUN"),
        ("Duck", "Duck|PERSON"),
        ("DUCK", "duck|NOUN"),
        ("New York", "new_york|GPE"),
        ("duck|VERB", "duck|VERB"),
        ("goose", None),
    ):
        assert vectors.key_of_text(text) == key
        assert vectors.rows_of([text]).tolist() == [-1 if key is None else KEYS.index(key)]


def test_texts_are_found_by_the_forms_of_a_corpus_first():
    vectors = keyed_model().word_vectors()
    for text, key in (("football", "football|NOUN"), ("FOOTBALL", "football|PROPN"), ("Football", "football|NOUN")):
        assert vectors.key_of_text(text) == key
    lemmas = keyed_model(LEMMAS, attr="LEMMA").word_vectors()
    assert [lemmas.key_of_text(text) for text in ("went", "Went", "go", "geese")] == ["go", "go", "go", None]
    with pytest.raises(UnknownWordError, match=r"was: 'went'. Its key is: 'go'."):
        lemmas.row("went")


def test_words_with_a_bar_are_not_keys_of_a_plain_vocabulary():
    plain = make_model([3, 2, 1], words=["tea", "a|b", "the"]).word_vectors()
    assert not plain.have_senses
    assert plain.rows_of(["a"]).tolist() == [-1]
    assert plain.key_of_text("tea") is None


def test_models_look_senses_up_as_their_vectors():
    model = keyed_model()
    assert model.senses("duck") == ["duck|NOUN", "duck|VERB", "Duck|PERSON"]
    assert model.best_sense("duck", ["VERB", "PERSON"]) == "duck|VERB"
    assert model.best_sense("Duck", ignore_case=False) == "Duck|PERSON"
    assert model.other_senses("duck|VERB") == ["duck|NOUN", "Duck|PERSON"]
