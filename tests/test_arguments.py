"""Arguments of the Python interface that are of another type, or empty, are refused by name before any work."""

import numpy as np
import pytest
import spacy

import spacy_w2v
from spacy_w2v.config._schema import parse_settings
from spacy_w2v.errors import ConfigError, StorageError, Word2VecError
from spacy_w2v.pipeline._callbacks import make_load_vectors_v1

TEXTS = ["the cat and the dog"] * 20
SMALL = {"vector_size": 4, "epochs": 1, "workers": 1}


class Untouched:
    """Texts that nobody may read."""

    def __iter__(self):
        raise AssertionError("the texts were read")


@pytest.fixture(scope="module")
def model():
    return spacy_w2v.train(TEXTS, **SMALL)


@pytest.mark.parametrize(
    ("nlp", "seen"),
    [
        ("en", "'en'. Give one, such as spacy.blank(\"en\")."),
        ("en_core_web_sm", "'en_core_web_sm'. Give one, such as spacy.load(\"en_core_web_sm\")."),
        ("", "''. Give one, such as spacy.blank(\"en\")."),
        (False, 'bool. Give one, such as spacy.blank("en").'),
        (spacy.blank("en").tokenizer, 'Tokenizer. Give one, such as spacy.blank("en").'),
        (type(spacy.blank("en")), "the class English. Give one, such as English()."),
    ],
)
@pytest.mark.parametrize("function", ["train", "prune_vectors", "to_spacy", "from_gensim"])
def test_a_pipeline_is_one(function, nlp, seen, model):
    calls = {
        "train": lambda: spacy_w2v.train(Untouched(), nlp, **SMALL),
        "prune_vectors": lambda: spacy_w2v.prune_vectors(nlp, 3, texts=Untouched()),
        "to_spacy": lambda: model.to_spacy(nlp),
        "from_gensim": lambda: spacy_w2v.from_gensim(model.to_gensim(), nlp),
    }
    with pytest.raises(ConfigError) as error:
        calls[function]()
    assert str(error.value) == f"nlp must be a spaCy pipeline, was: {seen}"


@pytest.mark.parametrize("value", ["", True, 3, b"x", ["a"]])
def test_paths_are_paths(value, model):
    calls = {
        "checkpoint": lambda: spacy_w2v.train(Untouched(), checkpoint=value, **SMALL),
        "cache_dir": lambda: spacy_w2v.train(Untouched(), cache_dir=value, **SMALL),
        "path": lambda: model.save(value),
    }
    for name, call in calls.items():
        with pytest.raises(ConfigError) as error:
            call()
        assert str(error.value) == f"{name} must be the path of a file or directory, was: {value!r}"
    with pytest.raises(ConfigError, match="path must be the path of a file or directory"):
        spacy_w2v.load(value)
    with pytest.raises(ConfigError, match="cache_dir must be the path"):
        spacy_w2v.prune_vectors(model.to_spacy(), 3, texts=Untouched(), cache_dir=value)


def test_the_working_directory_is_called_by_its_name(tmp_path, monkeypatch):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    with pytest.raises(StorageError, match="here must be a checkpoint, but it has no"):
        spacy_w2v.train(TEXTS, checkpoint=".", **SMALL)


@pytest.mark.parametrize("initial", ["", 3, True, b"x", np.zeros((3, 4))])
def test_vectors_to_start_from_are_named_or_given(initial):
    with pytest.raises(ConfigError, match="initial must be"):
        spacy_w2v.train(Untouched(), initial=initial, **SMALL)


def test_vectors_to_start_from_are_named_in_the_config():
    with pytest.raises(ConfigError, match=r"w2v\.initial\.vectors must not be empty, was: ''"):
        parse_settings({"initial": {"vectors": ""}})


@pytest.mark.parametrize("texts", [None, 3, "the cat"])
def test_texts_are_texts(texts):
    with pytest.raises(Word2VecError, match="texts"):
        spacy_w2v.train(texts, **SMALL)


@pytest.mark.parametrize(
    ("value", "rule"),
    [
        (True, "must be a whole number, was: True"),
        (1.5, "must be a whole number, was: 1.5"),
        ("3", "must be a whole number, was: '3'"),
        (0, "must be at least 1, was: 0"),
        (-1, "must be at least 1, was: -1"),
    ],
)
def test_numbers_of_vectors_are_whole_and_positive(value, rule, model):
    nlp = model.to_spacy()
    calls = [
        lambda: model.to_spacy(max_vectors=value),
        lambda: model.to_spacy(spacy.blank("en"), max_vectors=value),
        lambda: model.to_keyed_vectors(max_vectors=value),
        lambda: spacy_w2v.prune_vectors(nlp, value),
        lambda: make_load_vectors_v1("nowhere", max_vectors=value)(spacy.blank("en")),
    ]
    for call in calls:
        with pytest.raises(ConfigError) as error:
            call()
        assert str(error.value) == f"max_vectors {rule}"


def test_numbers_of_numpy_are_numbers(model):
    assert len(model.to_keyed_vectors(max_vectors=np.int64(2))) == 2
    with pytest.raises(ConfigError, match="max_vectors must be a whole number, was: None"):
        spacy_w2v.prune_vectors(model.to_spacy(), None)


@pytest.mark.parametrize("topn", ["3", None, 1.5, True, -1])
def test_numbers_of_words_are_whole(topn, model):
    rule = "must be at least 0" if topn == -1 else "must be a whole number"
    for call in (lambda: model.most_similar("the", topn=topn), lambda: model.predict_context(["the"], topn=topn)):
        with pytest.raises(ConfigError) as error:
            call()
        assert str(error.value) == f"topn {rule}, was: {topn!r}"


@pytest.mark.parametrize("text_field", [None, "", [], 3, ["a", ""], True])
def test_columns_have_names(text_field):
    with pytest.raises(ConfigError) as error:
        spacy_w2v.train(Untouched(), text_field=text_field, **SMALL)
    assert str(error.value) == f"text_field must be a name or a list of names, was: {text_field!r}"


def test_types_of_tables_are_those_that_can_be_written(model):
    for call in (model.to_spacy, model.to_keyed_vectors):
        with pytest.raises(ConfigError, match="dtype must be 'float32' or 'float16', was: 'float64'"):
            call(dtype="float64")
