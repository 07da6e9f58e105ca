"""What gensim saves is read without running anything of it."""

import os
import pickle

import numpy as np
import pytest
from gensim.models import FastText, KeyedVectors, Word2Vec
from gensim.test.utils import datapath
from helpers_cli import needs_links
from helpers_damage import cut_or_changed

import spacy_w2v
from spacy_w2v.errors import StorageError
from spacy_w2v.formats._opening import open_vectors
from spacy_w2v.formats.gensim._pickles import load_gensim

SENTENCES = [["the", "river", "and", "the", "Paris", "straße"]] * 10
SETTINGS = {"vector_size": 6, "min_count": 1, "epochs": 1, "workers": 1, "seed": 1}


def saved(kind):
    if kind == "FastText":
        return FastText(SENTENCES, bucket=20, **SETTINGS)
    if kind == "tree":
        return Word2Vec(SENTENCES, hs=1, negative=0, **SETTINGS)
    model = Word2Vec(SENTENCES, **SETTINGS)
    return model.wv if kind == "KeyedVectors" else model


@pytest.mark.parametrize("kind", ["KeyedVectors", "Word2Vec", "tree", "FastText"])
@pytest.mark.parametrize("name", ["saved", "saved.gz", "saved.bz2"])
@pytest.mark.parametrize("how", [{}, {"sep_limit": 0}, {"pickle_protocol": 2}, {"pickle_protocol": 5}], ids=str)
def test_all_that_gensim_saves_is_read(kind, name, how, tmp_path):
    expected = saved(kind)
    expected.save(str(tmp_path / name), **how)
    actual = load_gensim(tmp_path / name)
    assert type(actual) is type(expected)
    words, read_words = getattr(expected, "wv", expected), getattr(actual, "wv", actual)
    assert read_words.index_to_key == words.index_to_key
    assert read_words.key_to_index == words.key_to_index
    np.testing.assert_array_equal(read_words.vectors, words.vectors)
    for matrix in ("syn1", "syn1neg"):
        assert hasattr(actual, matrix) == hasattr(expected, matrix)
        if hasattr(actual, matrix):
            np.testing.assert_array_equal(getattr(actual, matrix), getattr(expected, matrix))
    assert open_vectors(tmp_path / name).words == sorted(words.key_to_index, key=words.key_to_index.get)
    if kind in ("Word2Vec", "tree"):
        model = spacy_w2v.from_gensim(tmp_path / name)
        np.testing.assert_array_equal(model["river"], words["river"])
        assert model.settings.loss == ("hierarchical-softmax" if kind == "tree" else "negative-sampling")


@pytest.mark.parametrize("name", ["old_keyedvectors_320.dat", "model-from-gensim-3.8.0.w2v", "word2vec_3.3"])
def test_what_gensim_3_saved_is_read_as_gensim_reads_it(name):
    expected = KeyedVectors.load(datapath(name))
    expected = getattr(expected, "wv", expected)
    actual = open_vectors(datapath(name))
    assert sorted(actual.words) == sorted(expected.index_to_key)
    for word, row in zip(actual.words, actual.rows, strict=True):
        np.testing.assert_array_equal(actual.matrix[row], expected[word])


class Runs:
    """Unpickled by Python's pickle, it makes a file."""

    def __init__(self, call, *arguments):
        self.call = call, arguments

    def __reduce__(self):
        return self.call


def hostile(path):
    """Objects that call something when they are loaded: as the whole, in a model, as a method, in an array, beside."""
    vectors = saved("KeyedVectors")
    vectors.lifecycle_events = Runs(os.system, f"touch {path}")
    model = saved("Word2Vec")
    model.make_cum_table = Runs(exec, f"open({str(path)!r}, 'w')")
    array = saved("KeyedVectors")
    array.expandos["count"] = np.array([Runs(os.mkdir, str(path))], object)
    return [Runs(os.system, f"touch {path}"), vectors, model, array, {"a": Runs(eval, f"open({str(path)!r}, 'w')")}]


@pytest.mark.parametrize("number", range(5))
@pytest.mark.parametrize("name", ["vectors.txt", "vectors.bin", "vectors.kv", "model"])
def test_code_in_a_pickle_is_never_run(number, name, tmp_path):
    made = tmp_path / "made"
    content = pickle.dumps(hostile(made)[number], protocol=4)
    path = tmp_path / name
    path.write_bytes(content)
    for read in (open_vectors, spacy_w2v.from_gensim):
        with pytest.raises(
            StorageError, match=r"must be a file saved by gensim, but cannot be loaded .*: it names \w+\.\w+"
        ):
            read(path)
    with pytest.raises(StorageError, match="must be a file saved by gensim"):
        spacy_w2v.train(["a b"] * 5, initial=path, min_count=1)
    assert not made.exists()
    pickle.loads(content)  # what it would have done
    assert made.exists()


def test_files_beside_are_arrays_of_numbers_only(tmp_path):
    made = tmp_path / "made"
    saved("KeyedVectors").save(str(tmp_path / "kv"), sep_limit=0)
    np.save(tmp_path / "kv.vectors.npy", np.array([Runs(os.mkdir, str(made))], object), allow_pickle=True)
    with pytest.raises(StorageError, match="must be a file saved by gensim"):
        open_vectors(tmp_path / "kv")
    assert not made.exists()


def test_names_of_files_beside_lead_nowhere_else(tmp_path):
    vectors = saved("KeyedVectors")
    vectors.save(str(tmp_path / "kv"))
    vectors.__dict__["__numpys"] = ["../../secret"]
    (tmp_path / "kv").write_bytes(pickle.dumps(vectors, protocol=4))
    with pytest.raises(StorageError, match=r"it has the invalid file name '\.\./\.\./secret'"):
        open_vectors(tmp_path / "kv")


@pytest.mark.parametrize("value", [{"a": [1, 2]}, [1, 2], "text", np.ones(3)], ids=["dict", "list", "text", "array"])
def test_pickles_of_others_are_refused(value, tmp_path):
    (tmp_path / "vectors").write_bytes(pickle.dumps(value))
    with pytest.raises(StorageError, match="must be a file saved by gensim"):
        open_vectors(tmp_path / "vectors")


@pytest.mark.parametrize(
    "break_it",
    [
        lambda vectors: vectors.key_to_index.update(the=99),
        lambda vectors: vectors.key_to_index.update(the="no row"),
        lambda vectors: setattr(vectors, "vectors", vectors.vectors[0]),
        lambda vectors: setattr(vectors, "vectors", "none"),
    ],
    ids=["row", "type", "shape", "text"],
)
def test_words_without_rows_are_refused(break_it, tmp_path):
    vectors = saved("KeyedVectors")
    break_it(vectors)
    (tmp_path / "kv").write_bytes(pickle.dumps(vectors, protocol=4))
    with pytest.raises(StorageError, match="must have a row of numbers for each word"):
        open_vectors(tmp_path / "kv")


@pytest.mark.parametrize(
    "break_it",
    [
        lambda model: setattr(model, "syn1", model.syn1[:2]),
        lambda model: model.wv.expandos["point"][0].__setitem__(0, 10**6),
        lambda model: model.wv.expandos.update(code=model.wv.expandos["code"][:-1]),
        lambda model: model.wv.expandos.update(count=model.wv.expandos["count"][:-1]),
        lambda model: delattr(model, "alpha"),
        lambda model: setattr(model, "vector_size", 99),
        lambda model: setattr(model.wv, "index_to_key", None),
    ],
    ids=["syn1", "point", "code", "count", "alpha", "size", "words"],
)
def test_models_that_do_not_hold_together_are_refused(break_it, tmp_path):
    model = saved("tree")
    break_it(model)
    (tmp_path / "model").write_bytes(pickle.dumps(model, protocol=4))
    with pytest.raises(spacy_w2v.errors.Word2VecError):
        open_vectors(tmp_path / "model")


@pytest.mark.parametrize("kind", ["KeyedVectors", "tree"])
def test_changed_files_end_in_no_foreign_error(kind, tmp_path):
    saved(kind).save(str(tmp_path / "whole"))
    for changed in cut_or_changed((tmp_path / "whole").read_bytes(), 200, seed=30):
        (tmp_path / "changed").write_bytes(changed)
        try:
            actual = open_vectors(tmp_path / "changed")
        except spacy_w2v.errors.Word2VecError:
            continue
        assert actual.matrix.ndim == 2
        assert actual.rows.max() < len(actual.matrix)


def test_vectors_that_are_not_finite_make_no_model():
    model = saved("Word2Vec")
    model.wv.vectors[1, 2] = np.nan
    with pytest.raises(spacy_w2v.errors.ConfigError, match=r"must be consistent, but .* numbers that are not finite"):
        spacy_w2v.from_gensim(model)


def test_rows_may_be_integers_of_numpy():
    vectors = saved("KeyedVectors")
    vectors.key_to_index = {word: np.int64(row) for word, row in vectors.key_to_index.items()}
    assert open_vectors(vectors).words == vectors.index_to_key


def test_words_must_be_unicode():
    vectors = KeyedVectors(2)
    vectors.add_vectors(["a", "b\ud800"], np.ones((2, 2), np.float32))
    with pytest.raises(StorageError, match=r"Words must be valid Unicode, but a word of .* has the character"):
        open_vectors(vectors)


@needs_links
def test_pipes_are_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(StorageError, match=r"must be in a regular file, but .* is not"):
        open_vectors(tmp_path / "pipe")
