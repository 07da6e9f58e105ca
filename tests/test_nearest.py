"""The nearest words of many words at once are those of `most_similar`, one by one."""

import numpy as np
import pytest

from spacy_w2v.model import _nearest
from spacy_w2v.model._nearest import nearest_words
from spacy_w2v.model._word_vectors import WordVectors

N_WORDS, SIZE = 3000, 8


def make_vectors(n_words=N_WORDS, rows=None, n_rows=None):
    matrix = np.random.default_rng(0).normal(size=(n_rows or n_words, SIZE)).astype(np.float32)
    words = [f"w{i}" for i in range(n_words)]
    return WordVectors("test", words, np.arange(n_words) if rows is None else rows, matrix)


def reference(vectors, place, topn):
    """In float64, with one row at a time."""
    matrix = vectors.matrix.astype(np.float64)
    query = matrix[vectors.rows[place]]
    similarities = matrix @ query / np.linalg.norm(matrix, axis=1) / np.linalg.norm(query)
    candidates = [row for row in set(vectors.rows.tolist()) if row != vectors.rows[place]]
    best = sorted(candidates, key=lambda row: -similarities[row])[:topn]
    return best, similarities[best]


@pytest.mark.parametrize("topn", [1, 10, 40])
def test_neighbours_are_those_of_the_whole_table(topn, monkeypatch):
    """With several blocks of the table and of queries, and with more groups than neighbours."""
    monkeypatch.setattr("spacy_w2v.model._row_slices.FLOATS_PER_BLOCK", 1100 * SIZE)
    monkeypatch.setattr(_nearest, "QUERIES_AT_A_TIME", 16)
    monkeypatch.setattr(_nearest, "COLUMNS_OF_A_GROUP", 16)
    vectors = make_vectors()
    places = np.arange(0, N_WORDS, 61)
    found = nearest_words(vectors, places, topn=topn)
    assert found.places.shape == (len(places), topn)
    for place, near, similarities in zip(places, found.places, found.similarities, strict=True):
        rows, expected = reference(vectors, place, topn)
        assert near.tolist() == rows
        np.testing.assert_allclose(similarities, expected, atol=1e-6)


def test_words_that_share_a_row_and_rows_without_a_word():
    vectors = make_vectors(6, rows=np.array([0, 1, 1, 2, 4, 4]), n_rows=6)
    found = nearest_words(vectors, np.array([0, 1]), topn=10)
    for place, near in zip((0, 1), found.places, strict=True):
        expected = [vectors.words[vectors.word_of_row[row]] for row in reference(vectors, place, 10)[0]]
        assert [vectors.words[other] for other in near] == expected
        assert expected == [word for word, _ in vectors.most_similar(vectors.words[place], topn=10)]
    assert found.places.shape == (2, 3)


def test_a_single_word_has_no_neighbours():
    assert nearest_words(make_vectors(1), np.array([0]), topn=5).places.shape == (1, 0)


def test_rows_of_zeros_have_similarity_0():
    vectors = make_vectors(40)
    vectors.matrix[7] = 0
    found = nearest_words(vectors, np.arange(40), topn=39)
    assert (found.similarities[7] == 0).all()
    assert found.similarities[3][found.places[3] == 7] == 0


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_vectors_that_are_not_finite_are_nobodys_neighbours(value):
    vectors = make_vectors(60)
    vectors.matrix[[7, 8], 2] = value
    found = nearest_words(vectors, np.arange(60), topn=60)
    assert found.places.shape == (60, 57)
    assert not np.isin(found.places, [7, 8]).any()
    assert np.isfinite(found.similarities).all()
    assert (found.similarities[7] == 0).all()
