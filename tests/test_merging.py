"""Tables of the most frequent words only, and rare words that share the vector of the most similar one."""

import tracemalloc

import numpy as np
import pytest
import spacy
from helpers_cli import w2v_here
from helpers_model import cosine, make_model

import spacy_w2v
from spacy_w2v.config._schema import parse_settings
from spacy_w2v.errors import ConfigError
from spacy_w2v.formats.spacy import _merging as merging
from spacy_w2v.model import _row_slices
from spacy_w2v.model._postprocessed_matrix import PostprocessedMatrix
from spacy_w2v.model._postprocessing import Postprocessing

N_WORDS, N_KEPT, D = 60, 20, 5


def vectors_with_duplicates():
    """Small whole numbers, so that many words have the same direction, some the same vector, and two have none."""
    vectors = np.random.default_rng(0).integers(-2, 3, (N_WORDS, D)).astype(np.float32)
    vectors[7] = vectors[3]
    vectors[30] = vectors[3]
    vectors[31] = 3 * vectors[9]
    vectors[[5, 40]] = 0
    return vectors


@pytest.fixture
def model():
    output = np.random.default_rng(1).normal(size=(N_WORDS, D))
    return make_model(range(2 * N_WORDS, N_WORDS, -1), weights=(vectors_with_duplicates(), output), vector_size=D)


@pytest.mark.parametrize("block_floats", [1, 3 * N_KEPT, 10**6])
def test_the_nearest_kept_row_is_that_of_a_plain_loop(block_floats, monkeypatch):
    monkeypatch.setattr(merging, "BLOCK_FLOATS", block_floats)
    vectors = vectors_with_duplicates()
    actual = merging.nearest_kept(vectors, N_KEPT)
    for rare, row in enumerate(actual.tolist(), start=N_KEPT):
        cosines = [cosine(vectors[rare], vectors[kept]) for kept in range(N_KEPT)]
        if not vectors[rare].any():
            assert row == -1
            continue
        # Directions that are the same may differ by rounding, and are equally good.
        assert cosines[row] == pytest.approx(max(cosines), abs=1e-6)
    assert actual[30 - N_KEPT] in (3, 7)
    assert cosine(vectors[actual[31 - N_KEPT]], vectors[9]) == pytest.approx(1)


@pytest.mark.parametrize("kind", ["stored", "lazy", "in another order"])
def test_kept_vectors_are_in_memory_once(monkeypatch, kind):
    """Beside them, there are a few blocks, here of 400 kB each."""
    monkeypatch.setattr(merging, "BLOCK_FLOATS", 100_000)
    monkeypatch.setattr(_row_slices, "FLOATS_PER_BLOCK", 100_000)
    matrix = np.random.default_rng(0).normal(size=(12_000, 50)).astype(np.float32)
    if kind == "lazy":
        matrix = PostprocessedMatrix(matrix, Postprocessing("soft-whiten", 0.25))
        matrix[:2]  # the transformation is fitted, and the kernel is compiled
    order = np.random.default_rng(1).permutation(12_000) if kind == "in another order" else None
    tracemalloc.start()
    actual = merging.nearest_kept(matrix, 10_000, order=order)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 * 10_000 * 50 + 6 * 400_000
    whole = matrix[:] if order is None else matrix[order]
    whole = whole / np.linalg.norm(whole, axis=1, keepdims=True)
    best = (whole[10_000:] @ whole[:10_000].T).max(axis=1)
    # float32 sums of fifty products
    np.testing.assert_allclose((whole[10_000:] * whole[actual]).sum(axis=1), best, atol=1e-5)


def test_there_may_be_nothing_to_be_like():
    vectors = np.zeros((4, 3), np.float32)
    vectors[3] = 1
    assert merging.nearest_kept(vectors, 2).tolist() == [-1, -1]
    assert merging.nearest_kept(vectors, 4).tolist() == []


@pytest.mark.parametrize("merge_rare", [False, True])
def test_the_most_frequent_words_keep_their_own_vectors(model, merge_rare):
    """Where spaCy prunes, words with the same vector put others off their rows: here it has two pairs of them."""
    nlp = model.to_spacy(max_vectors=N_KEPT, merge_rare=merge_rare)
    assert nlp.vocab.vectors.shape == (N_KEPT, D)
    np.testing.assert_array_equal(nlp.vocab.vectors.data, model.input_vectors[:N_KEPT])
    for rank, word in enumerate(model.words[:N_KEPT]):
        np.testing.assert_array_equal(nlp.vocab[word].vector, model[word])
        assert nlp.vocab[word].rank == rank
    has_vector = [nlp.vocab[word].has_vector for word in model.words[N_KEPT:]]
    assert sum(has_vector) == (N_WORDS - N_KEPT - 1 if merge_rare else 0)  # one of them is zero


@pytest.mark.parametrize("kind", ["input", "output"])
def test_rare_words_share_the_vector_of_the_most_similar_word(model, kind, tmp_path):
    model.to_spacy(max_vectors=N_KEPT, merge_rare=True, vector_kind=kind).to_disk(tmp_path / "nlp")
    nlp = spacy.load(tmp_path / "nlp")
    assert nlp.vocab.vectors.shape == (N_KEPT, D)
    kept = model.vectors(kind)[:N_KEPT]
    for word in model.words[N_KEPT:]:
        own = model.vectors(kind)[model.rank(word)]
        if own.any():
            best = max(cosine(own, vector) for vector in kept)
            assert cosine(own, nlp.vocab[word].vector) == pytest.approx(best, abs=1e-6)
            assert nlp(word)[0].has_vector
            np.testing.assert_array_equal(nlp.vocab[word.upper()].vector, nlp.vocab[word].vector)
    names = {row: nlp.vocab.strings[key] for key, row in nlp.vocab.vectors.key2row.items()}
    assert [names[row] for row in range(N_KEPT)] == model.words[:N_KEPT]  # as most_similar of spaCy calls them


def test_merging_needs_a_number():
    with pytest.raises(ConfigError, match="merge_rare needs max_vectors"):
        make_model([2, 1]).to_spacy(merge_rare=True)
    with pytest.raises(ConfigError, match="merge_rare needs max_vectors"):
        parse_settings({"export": {"merge_rare": True}})


def test_command_merges(model, tmp_path):
    model.save(tmp_path / "model")
    options = ("export", "model", "--max-vectors", N_KEPT, "--merge-rare")
    result = w2v_here(*options, "nlp", cwd=tmp_path)
    assert result.code == 0, result
    nlp = spacy.load(tmp_path / "nlp")
    assert nlp.vocab[model.words[-1]].has_vector
    assert nlp.vocab.vectors.shape == (N_KEPT, D)
    refused = w2v_here(*options, "x.kv", "--format", "gensim", cwd=tmp_path)
    assert refused.code == 1
    assert "merge_rare is for spacy" in refused.said
    assert spacy_w2v.load(tmp_path / "model").words == model.words


@pytest.mark.parametrize("number", [np.inf, -np.inf, np.nan])
@pytest.mark.parametrize("row", [3, N_KEPT + 5])
def test_merging_refuses_numbers_that_are_not_finite(number, row):
    """All words would share an infinite vector; without merging the rows stay as they are."""
    vectors = vectors_with_duplicates()
    vectors[row, 1] = number
    nlp = spacy.blank("en")
    words = [f"w{rank}" for rank in range(N_WORDS)]
    for word in words:
        nlp.vocab.strings.add(word)
    nlp.vocab.vectors = spacy.vectors.Vectors(data=vectors, keys=words, strings=nlp.vocab.strings)
    rule = rf"merge_rare needs vectors of finite numbers, but that of the word at rank {row} \(from 0\)"
    with pytest.raises(ConfigError, match=rule):
        spacy_w2v.prune_vectors(nlp, N_KEPT, merge_rare=True)
    assert len(nlp.vocab.vectors.data) == N_WORDS  # nothing was done
    spacy_w2v.prune_vectors(nlp, N_KEPT)
    np.testing.assert_array_equal(nlp.vocab.vectors.data, vectors[:N_KEPT])


@pytest.mark.parametrize("scale", [1e-30, 1e25])
@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_merging_does_not_depend_on_lengths(scale, dtype):
    """Squares of such numbers are 0 or infinite in float32."""
    vectors = np.random.default_rng(0).normal(size=(N_WORDS, D)).astype(dtype)
    expected = merging.nearest_kept(vectors, N_KEPT)
    scale = scale if dtype is np.float32 else 1000
    scaled = (vectors.astype(np.float64) * scale).astype(dtype)
    actual = merging.nearest_kept(scaled, N_KEPT)
    assert (actual == expected).mean() > 0.95  # the numbers of float16 are rounded again
