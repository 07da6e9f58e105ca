"""Exposures, which are computed from counts, against what the kernels do on a corpus.

If a row is moved a little, training moves it back at a rate that is proportional to its curvature. So two runs of a
kernel, one with a moved row, measure the curvature that the exposures predict.
"""

import numba
import numpy as np
import pytest
from helpers_kernels import Case, frozen, make_settings, run_kernel

from spacy_w2v._arrays import Exposure, IdentityInput, Weights
from spacy_w2v.config._schema import ModelSettings
from spacy_w2v.errors import ConfigError
from spacy_w2v.merging._moments import MomentSum, curvature
from spacy_w2v.objectives._exposures import CURVATURE
from spacy_w2v.objectives._registry import objective_of
from spacy_w2v.objectives._subsampling import keep_probabilities, make_subsampling

V, N_TOKENS, SAMPLE = 60, 200_000, 0.01
MOVED = 0.01

with_jit = pytest.mark.skipif(numba.config.DISABLE_JIT, reason="hundreds of thousands of tokens need numba's JIT")
MODELS = [
    pytest.param(dict(architecture=architecture, loss=loss, **more), id=f"{architecture}-{loss}-{'-'.join(more)}")
    for loss in ("negative-sampling", "hierarchical-softmax", "softmax")
    for architecture, more in [
        ("skip-gram", {}),
        ("skip-gram", {"shrink_windows": False, "window": 3}),
        ("cbow", {}),
        ("cbow", {"cbow_mean": False, "window": 3}),
    ]
    if not (loss == "softmax" and "cbow_mean" in more)  # scores of all sums cannot be the logarithms of frequencies
]


class Measured:
    """A corpus of independent words, whose hidden vectors and outputs are numbers (d = 1)."""

    def __init__(self, **model):
        self.settings = ModelSettings(vector_size=1, **model)
        objective = objective_of(self.settings)
        p = 1 / np.arange(1, V + 1)
        tokens = np.random.default_rng(7).choice(V, N_TOKENS, p=p / p.sum())
        self.counts = np.bincount(tokens, minlength=V)
        tables = objective.tables(self.counts)
        self.exposures = objective.exposures(tables, self.counts, sample=SAMPLE)
        kept = self.counts * keep_probabilities(self.counts, SAMPLE)
        self.p = kept / kept.sum()
        self.is_softmax = self.settings.loss == "softmax"
        self.by_bound = 1.0 if self.is_softmax else 0.25 / CURVATURE  # scores are 0, where the curvature is highest
        self._case = Case(
            frozen(tokens, [0, N_TOKENS]),
            make_subsampling(np.arange(V, dtype=np.uint32), self.counts, sample=SAMPLE),
            IdentityInput(V),
            tables,
            Weights(np.zeros((V, 1)), np.zeros(objective.shapes(V)["output"])),  # float64, so that small steps add up
            np.random.SeedSequence(3).generate_state(4, np.uint64),
        )

    def ends(self, inputs, outputs, alpha):
        """Return the rows after training, and the number of predictions."""
        case = self._case.copy()
        case.weights.input[:, 0], case.weights.output[:, 0] = inputs, outputs
        key = self.settings.architecture, self.settings.loss, "sequential"
        settings = make_settings(
            key,
            window=self.settings.window,
            shrink_windows=self.settings.shrink_windows,
            cbow_mean=self.settings.cbow_mean,
        )
        _, n_predictions, _ = run_kernel(key, case, settings, alpha_first=alpha)
        return case.weights.input[:, 0], case.weights.output[:, 0], n_predictions

    def outputs(self):
        """Output rows at which the softmax predicts every word with its probability."""
        return np.log(self.p) if self.is_softmax else np.ones(len(self._case.weights.output))


def curvature_of(rows, exposure):
    moments = MomentSum(1)
    moments.add(rows[:, None].astype(np.float32), exposure.shares)
    return float(curvature(moments.total, exposure.coupling)[0, 0])


@with_jit
@pytest.mark.parametrize("model", MODELS)
def test_input_rows_move_as_their_exposure_says(model):
    measured = Measured(**model)
    outputs, inputs, alpha = measured.outputs(), np.full(V, float(measured.is_softmax)), 1e-7
    exposure = measured.exposures["output"]
    matrix = curvature_of(outputs, exposure)
    before, _, n_predictions = measured.ends(inputs, outputs, alpha)
    own = measured.exposures["input"]
    for word in (0, 5, 40):
        moved = inputs.copy()
        moved[word] += MOVED
        after, _, _ = measured.ends(moved, outputs, alpha)
        actual = 1.0 - (after[word] - before[word]) / MOVED
        share = own.shares[word] + own.coupling * measured.p[word] ** 2  # it may be in the same context twice
        expected = alpha * n_predictions * share * matrix * measured.by_bound
        assert actual == pytest.approx(expected, rel=0.1)


@with_jit
@pytest.mark.parametrize("model", MODELS)
def test_output_rows_move_as_their_exposure_says(model):
    measured = Measured(**model)
    outputs, inputs, alpha = measured.outputs(), np.ones(V), 1e-7
    if not measured.is_softmax:
        outputs = np.zeros_like(outputs)
    exposure = measured.exposures["input"]
    matrix = curvature_of(inputs, exposure)
    _, before, n_predictions = measured.ends(inputs, outputs, alpha)
    shares = measured.exposures["output"].shares
    for row in (0, 5, 40):
        moved = outputs.copy()
        moved[row] += MOVED
        _, after, _ = measured.ends(inputs, moved, alpha)
        actual = 1.0 - (after[row] - before[row]) / MOVED
        expected = alpha * n_predictions * shares[row] * matrix * measured.by_bound
        if measured.is_softmax:
            expected *= 1.0 - measured.p[row]
        assert actual == pytest.approx(expected, rel=0.1)


@pytest.mark.parametrize("model", MODELS)
def test_shares_add_up_to_what_a_prediction_has(model):
    """A hidden vector has weights that sum to 1, unless it is a sum; a prediction scores 1 + negative words at most."""
    measured = Measured(**model)
    own, other = measured.exposures["input"], measured.exposures["output"]
    assert own.shares.shape == (V,)
    assert (own.shares > 0).all()
    assert (other.shares > 0).all()
    if measured.settings.cbow_mean:
        assert own.shares.sum() + own.coupling == pytest.approx(1.0)
    if measured.is_softmax:
        assert other.shares.sum() + other.coupling == pytest.approx(0.0, abs=1e-12)
    elif measured.settings.loss == "negative-sampling":
        assert 5.0 < other.shares.sum() / CURVATURE < 6.0
    else:
        assert other.shares.shape == (V - 1,)
        assert other.shares[-1] == pytest.approx(CURVATURE)  # every path begins at the root
    assert own.coupling == 0 or measured.settings.architecture == "cbow"


def test_words_that_do_not_occur_have_no_exposure():
    counts = np.array([9, 4, 1, 0])
    for loss in ("negative-sampling", "softmax"):
        objective = objective_of(ModelSettings(loss=loss, vector_size=8))
        exposures = objective.exposures(objective.tables(counts), counts, sample=1e-3)
        assert [exposure.shares[3] for exposure in exposures.values()] == [0.0, 0.0]
        assert isinstance(exposures["input"], Exposure)


@pytest.mark.parametrize("loss", ["glove", "ppmi-svd"])
def test_losses_that_count_have_no_exposures(loss):
    objective = objective_of(ModelSettings(loss=loss, vector_size=8))
    counts = np.array([9, 4, 1])
    with pytest.raises(ConfigError, match=r"needs a loss that learns from texts, was: .* Set engine = null, or"):
        objective.exposures(objective.tables(counts), counts, sample=0.0)
