"""The example of docs/explanation/counting.md: six lines, counted, decomposed and fitted by hand.

Its tables are read from the page, and the library must compute the same numbers. Those of its sentences are here, with
the derivation beside them, and must be on the page.
"""

import re

import numpy as np
import pytest
from helpers_cooccurrence import make_corpus, read_all
from helpers_pages import ROOT
from test_glove_kernel import Case, in_order_of_tiles, run_kernel

import spacy_w2v
from spacy_w2v._arrays import CellWeighting, GloveWeights, PmiTransform
from spacy_w2v.config._cooccurrence import CooccurrenceSettings
from spacy_w2v.cooccurrence._cache import counted
from spacy_w2v.objectives._parameters import aligned_zeros
from spacy_w2v.objectives._ppmi_svd import ppmi_matrix

PAGE = (ROOT / "docs/explanation/counting.md").read_text(encoding="utf-8")
WORDS = ["apple", "banana", "fruit", "dog", "cat", "animal"]
APPLE, BANANA, _, DOG, CAT, _ = range(6)
TOPICS = (WORDS[:3], WORDS[3:])
TEXTS = re.search(r"```text\n(apple .*?)\n```", PAGE, re.DOTALL)[1].splitlines()
TOTAL = 42.4  # of all harmonic counts
DIGITS = 5e-4  # half of the third digit

SKIP_GRAM = {"vector_size": 6, "negative": 1, "sample": 0, "epochs": 50, "alpha": 0.05, "vector_kind": "mean"}
GLOVE = {"loss": "glove", "vector_size": 2, "x_max": 10, "epochs": 100}
PPMI = {"loss": "ppmi-svd", "vector_size": 2, "ns_exponent": 1}


def train(seed=1, texts=TEXTS, **settings):
    return spacy_w2v.train(texts, window=5, min_count=1, workers=1, seed=seed, **settings)


def tables():
    """Return the rows of each table of words on the page, as numbers."""
    found = []
    for table in re.findall(r"(?:^\|.*\|\n)+", PAGE, re.MULTILINE):
        rows = [[cell.strip() for cell in row.strip("|").split("|")] for row in table.splitlines()[2:]]
        if [row[0] for row in rows] == WORDS:
            found.append(np.array([[float(cell) for cell in re.findall(r"[\d.]+", " ".join(row[1:]))] for row in rows]))
    return found


COUNTS, PPMI_CELLS, VECTORS = tables()


def page_has(*sentences):
    """Assert that the page has these words, wherever its lines break."""
    text = " ".join(PAGE.split())
    assert [sentence for sentence in sentences if sentence not in text] == []


def counts(directory, kind):
    """Return the matrix that the package counts."""
    sentences = [np.array([WORDS.index(word) for word in text.split()], np.uint32) for text in TEXTS]
    settings = CooccurrenceSettings(distance_weights=kind)
    corpus = make_corpus(directory / "corpus", sentences, 6)
    ids = np.arange(6, dtype=np.uint32)
    with counted(corpus, ids, 6, window=5, settings=settings, n_workers=1, cache_dir=directory / "cache") as matrix:
        words, contexts, values = read_all(matrix)
    dense = np.zeros((6, 6))
    dense[words.astype(int), contexts.astype(int)] = values
    return dense


def test_the_counts(tmp_path):
    actual = counts(tmp_path, "harmonic")
    np.testing.assert_allclose(actual, COUNTS[:, :6], atol=DIGITS)
    np.testing.assert_allclose(actual.sum(axis=1), COUNTS[:, 6], atol=DIGITS)
    assert actual.sum() == pytest.approx(TOTAL, abs=1e-5)
    assert actual[APPLE, BANANA] == 3.5  # 1 + 1 + 1/2 + 1
    assert actual[APPLE, DOG] == 0.5  # at distance 2
    page_has("1 + 1 + 1 + 0.5 = 3.5, and the linear one 3.8", "They count 0.5, or 0.8", "All cells sum to 42.4")


def test_the_linear_counts(tmp_path):
    actual = counts(tmp_path, "linear")
    assert actual[APPLE, BANANA] == pytest.approx(3.8)  # 1 + 1 + 4/5 + 1
    assert actual[APPLE, DOG] == pytest.approx(0.8)  # 4/5
    assert actual[APPLE].sum() == pytest.approx(9.8)


class Dense:
    """The harmonic counts, as `ppmi_matrix` takes them."""

    def __init__(self, matrix):
        words, contexts = np.nonzero(matrix)
        self.n_words, self.n_cells = 6, words.size
        self.cells = in_order_of_tiles(words, contexts, matrix[words, contexts])

    def batches(self):
        yield self.cells


def ppmi_of(directory, *, smoothing=1.0, shift=1.0):
    transform = PmiTransform(smoothing=smoothing, shift=shift, eigenvalue_exponent=0.5)
    return ppmi_matrix(Dense(counts(directory, "harmonic")), np.ones(6), transform).toarray()


def test_pmi(tmp_path):
    actual = ppmi_of(tmp_path)
    np.testing.assert_allclose(actual, PPMI_CELLS, atol=DIGITS)
    ratio = 3.5 * TOTAL / (8.3333 * 8.0833)
    assert ratio == pytest.approx(2.203, abs=DIGITS)
    assert actual[APPLE, BANANA] == pytest.approx(np.log(ratio), abs=1e-4)
    assert actual[APPLE, BANANA] == pytest.approx(0.790, abs=DIGITS)
    assert actual[DOG, CAT] == pytest.approx(1.103, abs=DIGITS)
    assert np.log(0.5 * TOTAL / (8.3333 * 6.0833)) == pytest.approx(-0.872, abs=DIGITS)
    page_has("log(3.5 · 42.4 / (8.333 · 8.083)) = log 2.203 = 0.790", 'For "dog" and "cat" it is 1.103.', "= −0.872")


def test_shift_and_smoothing(tmp_path):
    shifted = ppmi_of(tmp_path / "shifted", shift=2.0)
    assert shifted[APPLE, BANANA] == pytest.approx(0.097, abs=DIGITS)  # 0.790 − log 2
    smoothed = ppmi_of(tmp_path / "smoothed", smoothing=0.75)
    assert smoothed[DOG, CAT] == pytest.approx(1.051, abs=DIGITS)
    sums = COUNTS[:, 6]
    assert sums[CAT] / sums.sum() == pytest.approx(0.1364, abs=5e-5)
    assert sums[CAT] ** 0.75 / (sums**0.75).sum() == pytest.approx(0.1436, abs=5e-5)
    page_has("keep 0.790 − 0.693 = 0.097", "0.1436 of all instead of 0.1364", "from 1.103 to 1.051")


def test_the_decomposition(tmp_path):
    values = np.linalg.svd(ppmi_of(tmp_path), compute_uv=False)
    np.testing.assert_allclose(values, [2.019, 1.639, 1.108, 0.929, 0.911, 0.710], atol=DIGITS)
    model = train(**PPMI)
    for kind in ("input", "output"):
        vectors = np.array([model.word_vectors(kind)[word] for word in WORDS])
        np.testing.assert_allclose(vectors, VECTORS, atol=DIGITS)
        assert model["apple"] @ vectors[BANANA] == pytest.approx(0.538, abs=DIGITS)
        assert model["apple"] @ vectors[DOG] == pytest.approx(0, abs=1e-6)
    assert model.record.results[0].loss == pytest.approx(0.095, abs=DIGITS)
    assert (values[2:] ** 2).sum() / 36 == pytest.approx(0.095, abs=DIGITS)
    page_has("2.019, 1.639, 1.108, 0.929, 0.911 and 0.710", "is 0.538, for a cell of 0.790", "here 0.095")


def zero_case(*, count):
    """Return the only cell of "apple" and "banana", all parameters 0, and AdaGrad's sums 1."""
    matrices, biases = [aligned_zeros((6, 2)) for _ in range(4)], [aligned_zeros((6,)) for _ in range(4)]
    for sums in (*matrices[2:], *biases[2:]):
        sums[:] = 1
    cells = in_order_of_tiles(np.array([APPLE]), np.array([BANANA]), np.array([count]))
    weights = GloveWeights(*matrices[:2], *biases[:2], *matrices[2:], *biases[2:])
    return Case(
        cells, weights, CellWeighting(10.0, 0.75), np.full(6, 2**32 - 1, np.uint32), np.arange(1, 5, dtype=np.uint64)
    )


@pytest.mark.parametrize(("count", "weight", "cost"), [(3.5, 0.455, 0.357), (0.5, 0.106, 0.025)])
def test_the_cost_of_a_cell(count, weight, cost):
    assert (count / 10) ** 0.75 == pytest.approx(weight, abs=DIGITS)
    actual, n_cells, _ = run_kernel("sequential", zero_case(count=count), d=2)
    assert n_cells == 1
    assert actual == pytest.approx(cost, abs=DIGITS)
    page_has(
        "(3.5 / 10)^0.75 = 0.455", "1.2528² / 2 = 0.357", "has the weight 0.106 and the cost".replace("has", "have")
    )


def test_a_step_of_glove():
    case = zero_case(count=3.5)
    run_kernel("sequential", case, d=2)
    assert 0.45504 * (0 - np.log(3.5)) == pytest.approx(-0.570, abs=DIGITS)
    for bias in (case.weights.input_bias[APPLE], case.weights.output_bias[BANANA]):
        assert bias == pytest.approx(0.495, abs=DIGITS)  # the rate of biases is 1
    assert 0.570 / np.sqrt(1 + 0.570**2) == pytest.approx(0.495, abs=DIGITS)
    page_has("0.455 · (0 − 1.2528) = −0.570", "b becomes 0.570 / √(1 + 0.570²) = 0.495")


def test_glove_fits_the_logarithms(tmp_path):
    model = train(**{**GLOVE, "vector_size": 6, "epochs": 2000})
    harmonic = counts(tmp_path, "harmonic")
    places = [model.rank(word) for word in WORDS]
    parameters = {name: array[places] for name, array in model.parameters.items()}
    fitted = parameters["input"] @ parameters["output"].T
    fitted += parameters["input_bias"][:, None] + parameters["output_bias"]
    seen = harmonic > 0
    np.testing.assert_allclose(fitted[seen], np.log(harmonic[seen]), atol=0.02)


def test_the_optimum_of_skip_gram(tmp_path):
    """Of the noise words, those that are the true word are left out: the odds of a pair count, not its share."""
    linear = counts(tmp_path, "linear")
    tokens = np.array([sum(text.split().count(word) for text in TEXTS) for word in WORDS])
    assert (tokens[BANANA], tokens.sum()) == (4, 21)
    noise = tokens**0.75 / (tokens**0.75).sum()
    assert noise[BANANA] == pytest.approx(0.1846, abs=5e-5)
    with np.errstate(divide="ignore"):
        sums = linear.sum(axis=1, keepdims=True)
        pmi = np.log(linear / sums / noise)
        optimum = np.log(linear / (sums - linear) / noise)
    assert pmi[APPLE, BANANA] == pytest.approx(0.742, abs=DIGITS)
    assert optimum[APPLE, BANANA] == pytest.approx(1.233, abs=DIGITS)
    assert pmi[APPLE, DOG] == pytest.approx(-0.600, abs=DIGITS)
    assert optimum[APPLE, DOG] == pytest.approx(-0.515, abs=DIGITS)
    page_has(
        "log(3.8 / 9.8 / 0.1846) = 0.742", "log(3.8 / (9.8 − 3.8) / 0.1846) = 1.233", "is −0.515 instead of −0.600"
    )

    model = train(vector_size=8, negative=1, sample=0, epochs=4000, alpha=0.05, min_alpha=0.0005, kernel="sequential")
    places = [model.rank(word) for word in WORDS]
    products = (model.input_vectors @ model.output_vectors.T)[np.ix_(places, places)]
    seen = linear > 0
    assert np.abs(products - optimum)[seen].max() < 0.2
    assert np.abs(products - pmi)[seen].max() > 0.5
    assert products[~seen].max() < -3  # the diagonal: no word is near itself


def least_margin(model):
    """Return by how much words are nearer to their own topic than to the other, at least."""
    unit = {word: model[word] / np.linalg.norm(model[word]) for word in model.words}
    return min(
        min(unit[word] @ unit[near] for near in own if near != word) - max(unit[word] @ unit[far] for far in other)
        for own, other in (TOPICS, TOPICS[::-1])
        for word in own
    )


@pytest.mark.parametrize("settings", [SKIP_GRAM, GLOVE, PPMI], ids=["skip-gram", "glove", "ppmi-svd"])
@pytest.mark.parametrize("seed", [1, 2, 3, 4, 5])
def test_words_of_a_topic_are_near_each_other(settings, seed):
    assert least_margin(train(seed, **settings)) > 0.5


def test_glove_cannot_tell_topics_apart_that_never_meet():
    apart = [*TEXTS[:5], "cat dog animal"]
    for seed in range(1, 6):
        assert least_margin(train(seed, apart, **GLOVE)) < 0
