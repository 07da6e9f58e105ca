"""Centring and soft whitening of vectors, against a reference in float64, and bit for bit however rows are read."""

import tracemalloc

import numpy as np
import pytest
import reference
from helpers_model import make_model, with_record
from test_word_vectors import pipeline

import spacy_w2v
from spacy_w2v.config._schema import ExportSettings
from spacy_w2v.errors import ConfigError
from spacy_w2v.model import _row_slices
from spacy_w2v.model._mean_matrix import MeanMatrix
from spacy_w2v.model._postprocessed_matrix import PostprocessedMatrix, stored_arrays
from spacy_w2v.model._postprocessing import Postprocessing, chosen_postprocessing
from spacy_w2v.model.kernels._linear import multiply_rows

CENTER = Postprocessing("center")
WHITEN = Postprocessing("soft-whiten", 0.25)


def stretched(n_rows, d, *, seed=0):
    """Vectors with a mean, and axes of very different spread that are not those of the coordinates."""
    generator = np.random.default_rng(seed)
    turn = np.linalg.qr(generator.normal(size=(d, d)))[0]
    spread = np.geomspace(3, 0.05, d)
    return (generator.normal(size=(n_rows, d)) * spread @ turn + generator.normal(size=d)).astype(np.float32)


def apply(matrix, postprocess, strength=None):
    return np.asarray(PostprocessedMatrix(matrix, Postprocessing(postprocess, strength)))


@pytest.mark.parametrize("shape", [(500, 12), (400, 33), (5, 20), (2, 4), (1, 3), (7, 1)])
@pytest.mark.parametrize(
    ("postprocess", "strength"), [("center", None), *(("soft-whiten", p) for p in (0, 0.25, 0.5, 1))]
)
def test_vectors_are_those_of_the_reference(shape, postprocess, strength):
    matrix = stretched(*shape)
    expected = reference.postprocessed(matrix, postprocess, strength=strength)
    actual = apply(matrix, postprocess, strength)
    assert actual.dtype == np.float32
    # float32 sums over d; whitening multiplies errors by up to the ratio of the axes, 60
    np.testing.assert_allclose(actual, expected, atol=2e-5 * np.abs(matrix).max())


@pytest.mark.parametrize("strength", [0.25, 1])
def test_directions_without_variance_stay_empty(strength):
    matrix = stretched(300, 8)
    matrix[:, 3] = 2.5  # a dimension that is the same in all
    matrix[:, 5] = matrix[:, 1]  # one that repeats another
    actual = apply(matrix, "soft-whiten", strength)
    assert not np.abs(actual[:, 3]).max() > 1e-6
    np.testing.assert_allclose(actual[:, 5], actual[:, 1], atol=1e-5)
    np.testing.assert_allclose(actual, reference.postprocessed(matrix, "soft-whiten", strength=strength), atol=1e-4)


@pytest.mark.parametrize("postprocess", ["center", "soft-whiten"])
def test_equal_vectors_become_zero(postprocess):
    matrix = np.full((20, 4), 0.1, np.float32)
    np.testing.assert_allclose(apply(matrix, postprocess, 0.5 if postprocess == "soft-whiten" else None), 0, atol=1e-8)


def test_what_whitening_keeps_and_what_it_evens_out():
    matrix = stretched(2000, 10)
    centred, whitened = apply(matrix, "center"), apply(matrix, "soft-whiten", 1)
    covariance = whitened.T @ whitened / len(whitened)
    np.testing.assert_allclose(covariance, np.eye(10) * np.trace(covariance) / 10, atol=1e-3)
    for each in (centred, whitened, apply(matrix, "soft-whiten", 0.25)):
        np.testing.assert_allclose(each.mean(axis=0), 0, atol=1e-5)
        assert (each**2).sum() == pytest.approx((centred**2).sum(), rel=1e-5)
    np.testing.assert_allclose(apply(matrix, "soft-whiten", 0), centred, atol=1e-5)


def test_turning_the_axes_turns_the_result():
    """Only the symmetric form has this property: each coordinate keeps its meaning."""
    matrix = stretched(300, 6)
    turn = np.linalg.qr(np.random.default_rng(1).normal(size=(6, 6)))[0]
    turned = apply((matrix @ turn).astype(np.float32), "soft-whiten", 0.5)
    np.testing.assert_allclose(turned, apply(matrix, "soft-whiten", 0.5) @ turn, atol=1e-4)


@pytest.mark.parametrize("scale", [1e-18, 1e15])
def test_very_small_and_very_large_vectors(scale):
    matrix = stretched(50, 5) * np.float32(scale)
    expected = reference.postprocessed(matrix, "soft-whiten", strength=0.5)
    np.testing.assert_allclose(apply(matrix, "soft-whiten", 0.5), expected, rtol=1e-3, atol=1e-4 * scale)


# Rows


@pytest.mark.parametrize("postprocessing", [CENTER, WHITEN], ids=["center", "soft-whiten"])
@pytest.mark.parametrize("d", [1, 10, 37])
def test_a_row_has_the_same_bits_however_it_is_read(monkeypatch, postprocessing, d):
    raw = stretched(101, d)
    matrix = PostprocessedMatrix(raw, postprocessing)
    whole = np.asarray(matrix)
    assert (matrix.shape, matrix.ndim, len(matrix), matrix.dtype) == (raw.shape, 2, 101, np.float32)
    np.testing.assert_array_equal(np.stack([matrix[row] for row in range(101)]), whole)
    np.testing.assert_array_equal(matrix[-1], whole[-1])
    np.testing.assert_array_equal(matrix[3:98:7], whole[3:98:7])
    chosen = np.random.default_rng(0).integers(0, 101, 40)
    np.testing.assert_array_equal(matrix[chosen], whole[chosen])
    assert matrix[np.zeros(0, np.int64)].shape == (0, d)
    read_only = raw.copy()
    read_only.flags.writeable = False
    np.testing.assert_array_equal(np.asarray(PostprocessedMatrix(read_only, postprocessing)), whole)
    assert np.asarray(matrix, np.float64).dtype == np.float64


@pytest.mark.parametrize("floats_per_block", [1, 30, 10**6])
@pytest.mark.parametrize("make", [lambda raw: PostprocessedMatrix(raw, WHITEN), lambda raw: MeanMatrix(raw, -raw / 3)])
def test_rows_are_the_same_in_blocks_of_any_size(monkeypatch, make, floats_per_block):
    matrix = make(stretched(50, 5))
    whole = np.stack([matrix[row] for row in range(50)])
    monkeypatch.setattr(_row_slices, "FLOATS_PER_BLOCK", floats_per_block)
    generator = np.random.default_rng(0)
    indices = [slice(a, b, c) for a in (None, 3, -9) for b in (None, 0, 48, -2) for c in (1, 7, -1, -4)]
    for rows in [*indices, generator.integers(-50, 50, 90), generator.random(50) < 0.5, [4, 0, 4], np.zeros(0, int)]:
        np.testing.assert_array_equal(matrix[rows], whole[rows])
    np.testing.assert_array_equal(np.asarray(matrix), whole)


@pytest.mark.parametrize(
    "rows",
    [slice(None), slice(None, None, -2), np.arange(10_000)[::-1]],
    ids=["slice", "backwards", "indices"],
)
@pytest.mark.parametrize("kind", ["soft-whiten", "center", "mean", "soft-whitened mean"])
def test_many_rows_are_in_memory_once(monkeypatch, kind, rows):
    """Beside the result, there are a few blocks, here of 40 kB each."""
    monkeypatch.setattr(_row_slices, "FLOATS_PER_BLOCK", 10_000)
    matrix = stretched(10_000, 50)
    if "mean" in kind:
        matrix = MeanMatrix(matrix, stretched(10_000, 50, seed=1))
    if kind != "mean":
        matrix = PostprocessedMatrix(matrix, CENTER if kind == "center" else WHITEN)
    matrix[:2]  # the transformation is fitted, and the kernel is compiled
    tracemalloc.start()
    n_bytes = matrix[rows].nbytes
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert n_bytes >= 1_000_000
    assert peak < n_bytes + 5 * 40_000


@pytest.mark.parametrize("postprocessing", [CENTER, WHITEN], ids=["center", "soft-whiten"])
def test_products_and_norms_are_those_of_the_rows(postprocessing):
    matrix = PostprocessedMatrix(stretched(101, 10), postprocessing)
    whole, query = np.asarray(matrix).astype(float), np.random.default_rng(1).normal(size=10).astype(np.float32)
    # float32 sums of ten products of numbers up to 10
    np.testing.assert_allclose(matrix.products_with(query), whole @ query, atol=1e-5)
    np.testing.assert_allclose(matrix.norms, np.linalg.norm(whole, axis=1), rtol=1e-6)


def test_the_kernel_multiplies_in_a_fixed_order():
    generator = np.random.default_rng(0)
    rows, matrix = (generator.normal(size=shape).astype(np.float32) for shape in ((5, 7), (7, 7)))
    actual, plain = np.empty_like(rows), np.empty_like(rows)
    multiply_rows(rows, matrix, actual)
    getattr(multiply_rows, "py_func", multiply_rows)(rows, matrix, plain)
    np.testing.assert_array_equal(actual, plain)
    np.testing.assert_allclose(actual, rows.astype(float) @ matrix, rtol=1e-5, atol=1e-6)


def test_blocks_do_not_change_what_is_fitted(monkeypatch):
    raw = stretched(101, 10)
    expected = np.asarray(PostprocessedMatrix(raw, WHITEN))
    monkeypatch.setattr(_row_slices, "FLOATS_PER_BLOCK", 30)
    # float64 sums in another order
    np.testing.assert_allclose(np.asarray(PostprocessedMatrix(raw, WHITEN)), expected, rtol=1e-5, atol=1e-6)


def test_numbers_of_half_precision_and_means_are_transformed_in_single_precision():
    half = stretched(60, 6).astype(np.float16)
    np.testing.assert_allclose(apply(half, "soft-whiten", 0.5), apply(half.astype(np.float32), "soft-whiten", 0.5))
    mean = MeanMatrix(stretched(60, 6), stretched(60, 6, seed=1))
    matrix = PostprocessedMatrix(mean, WHITEN)
    np.testing.assert_allclose(np.asarray(matrix), reference.postprocessed(np.asarray(mean), "soft-whiten"), atol=1e-4)
    assert [part is each for part, each in zip(stored_arrays(matrix), mean.parts, strict=True)] == [True, True]


@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("postprocessing", [CENTER, WHITEN], ids=["center", "soft-whiten"])
def test_vectors_that_are_not_finite_are_refused(number, postprocessing):
    raw = stretched(40, 5)
    raw[17, 2] = number
    with pytest.raises(ConfigError, match=r"^Vectors must be finite numbers to be post-processed, but vector 17 \("):
        PostprocessedMatrix(raw, postprocessing)[0]


def test_rows_count_once_if_they_have_words():
    rows = stretched(6, 4)
    keys = [("Paris", 0), ("paris", 0), ("PARIS", 0), ("London", 1), ("tree", 2), ("lake", 4), ("sea", 5)]  # 3 has none
    vectors = spacy_w2v.open_vectors(pipeline(rows, keys)).postprocessed("soft-whiten", whitening_strength=0.5)
    used = [0, 1, 2, 4, 5]
    expected = dict(zip(used, reference.postprocessed(rows[used], "soft-whiten", strength=0.5), strict=True))
    for word, row in keys:
        np.testing.assert_allclose(vectors[word], expected[row], atol=1e-5)


# Choices


def test_choices():
    half = Postprocessing("soft-whiten", 0.5)
    for choice, strength, recorded, expected in [
        ("recorded", None, None, None),
        ("recorded", None, half, half),
        ("recorded", 0.1, half, Postprocessing("soft-whiten", 0.1)),
        (None, None, half, None),
        ("center", None, half, CENTER),
        ("soft-whiten", None, None, WHITEN),
        ("soft-whiten", None, CENTER, WHITEN),
        ("soft-whiten", None, half, half),
        ("soft-whiten", 1, half, Postprocessing("soft-whiten", 1.0)),
    ]:
        assert chosen_postprocessing(choice, strength, recorded=recorded) == expected
    assert Postprocessing.of(ExportSettings()) is None
    assert Postprocessing.of(ExportSettings(postprocess="center")) == CENTER
    assert Postprocessing.of(ExportSettings(postprocess="soft-whiten", whitening_strength=0.5)) == half


@pytest.mark.parametrize(
    ("choice", "strength", "message"),
    [
        ("none", None, r'^postprocess must be None or one of "recorded", "center", "soft-whiten", was: \'none\'$'),
        (True, None, r"^postprocess must be None or one of .*, was: True$"),
        ("soft-whiten", 1.5, r"^whitening_strength must be from 0 to 1, was: 1\.5$"),
        ("soft-whiten", float("nan"), r"^whitening_strength must be from 0 to 1, was: nan$"),
        ("soft-whiten", "0.5", r"^whitening_strength must be a number, was: '0\.5'$"),
        ("soft-whiten", True, r"^whitening_strength must be a number, was: True$"),
        ("center", 0.5, r'^whitening_strength is for postprocess = "soft-whiten", was: 0\.5 for center\. Leave it out'),
        (None, 0.5, r"was: 0\.5 for no post-processing\."),
        ("recorded", 0.5, r"was: 0\.5 for no post-processing\."),
    ],
)
def test_wrong_choices(choice, strength, message):
    model = make_model([3, 2, 1])
    for ask in (model.word_vectors, model.vectors, model.to_keyed_vectors, model.to_spacy):
        with pytest.raises(ConfigError, match=message):
            ask(postprocess=choice, whitening_strength=strength)
    with pytest.raises(ConfigError, match=message):
        model.word_vectors().postprocessed(choice, whitening_strength=strength)


def test_another_choice_replaces_the_one_before():
    model = with_record(make_model([5, 4, 3, 2, 1]), export={"postprocess": "soft-whiten", "whitening_strength": 0.5})
    vectors = model.word_vectors()
    assert vectors.postprocessing == Postprocessing("soft-whiten", 0.5)
    assert vectors.postprocessed("recorded") is vectors
    assert vectors.postprocessed("soft-whiten", whitening_strength=0.5) is vectors
    assert vectors.postprocessed(None).matrix is model.input_vectors
    np.testing.assert_array_equal(
        vectors.postprocessed("center").matrix, model.word_vectors(postprocess="center").matrix
    )
    output = vectors.of_kind("output")
    assert (output.vector_kind, output.postprocessing) == ("output", vectors.postprocessing)
    assert vectors.postprocessed(None).of_kind("output").matrix is model.output_vectors
    assert output.postprocessed("center").of_kind("input").postprocessing == CENTER
    foreign = spacy_w2v.open_vectors(model.to_keyed_vectors(postprocess=None))
    assert foreign.postprocessing is None
    whitened = foreign.postprocessed("soft-whiten", whitening_strength=0.5)
    np.testing.assert_array_equal(np.asarray(whitened.matrix), np.asarray(vectors.matrix))
    assert whitened.postprocessed("center").postprocessed(None).matrix is foreign.matrix
    assert whitened.of_kind("input") is whitened
