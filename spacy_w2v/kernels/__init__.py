"""The compiled loops, and the table that chooses the one to train with. NumPy and numba code only."""

from collections.abc import Callable
from importlib import import_module
from typing import NamedTuple

TrainChunk = Callable[..., tuple[float, int, int]]
"""(chunk, subsampling, input layer, output layer, weights, settings, alphas, random_state)
→ (loss, n_predicted, n_kept).

n_predicted: pairs of skip-gram, or centres of CBOW; the loss is summed over them."""


class TrainingKernel(NamedTuple):
    """A row of the table."""

    module: str
    """Within this package; its `train_chunk` trains on one chunk of the corpus."""
    block: int = 64
    n_noise: int = 0
    """See KernelSettings; benchmarks/README.md has how they were chosen."""

    def load(self) -> TrainChunk:
        """Import and return the function."""
        train_chunk: TrainChunk = import_module(f"{__name__}.{self.module}").train_chunk
        return train_chunk


_SKIPGRAM, _CBOW = (TrainingKernel(f"sequential._{name}") for name in ("skipgram", "cbow"))

TRAINING_KERNELS: dict[tuple[str, str, str], TrainingKernel] = {
    ("skip-gram", "negative-sampling", "blocked"): TrainingKernel("blocked._skipgram_negative", block=64, n_noise=48),
    ("skip-gram", "negative-sampling", "sequential"): _SKIPGRAM,
    ("skip-gram", "hierarchical-softmax", "blocked"): TrainingKernel("blocked._skipgram_hierarchical", block=256),
    ("skip-gram", "hierarchical-softmax", "sequential"): _SKIPGRAM,
    ("skip-gram", "softmax", "blocked"): TrainingKernel("blocked._skipgram_softmax"),
    ("skip-gram", "softmax", "sequential"): _SKIPGRAM,
    ("cbow", "negative-sampling", "blocked"): TrainingKernel("blocked._cbow_negative", block=64, n_noise=32),
    ("cbow", "negative-sampling", "sequential"): _CBOW,
    ("cbow", "hierarchical-softmax", "blocked"): TrainingKernel("blocked._cbow_hierarchical", block=256),
    ("cbow", "hierarchical-softmax", "sequential"): _CBOW,
    ("cbow", "softmax", "blocked"): TrainingKernel("blocked._cbow_softmax"),
    ("cbow", "softmax", "sequential"): _CBOW,
}
"""(architecture, loss, kernel) → what trains it."""
