"""The compiled training loops, and the table that chooses among them. This package uses NumPy and numba only."""

from collections.abc import Callable
from importlib import import_module
from typing import NamedTuple, Protocol

TrainChunk = Callable[..., tuple[float, int, int]]
"""A function that trains on one chunk and updates the weights in place.

Args:
    chunk: The tokens and sentence boundaries.
    subsampling: The word id and the probability to be kept of each token.
    input_layer: How rows of `weights.input` form word vectors.
    output_layer: The tables of the loss.
    weights: Input and output vectors, float32, C-contiguous. Blocked kernels need rows padded to multiples of 16.
    settings: Hyper-parameters.
    alphas: Learning rates at the start and the end of the chunk.
    random_state: State of the random generator, which is advanced.

Returns:
    The loss (a natural logarithm) summed over all predictions, the number of predictions, and the number of tokens
    kept by subsampling. A prediction is a pair in skip-gram, and a centre with at least one context word in CBOW.
"""


class Kernel(Protocol):
    """What trains work items: a kernel of this package, or a function with the same arguments."""

    @property
    def block(self) -> int:
        """See KernelSettings."""

    @property
    def n_noise(self) -> int:
        """See KernelSettings."""

    def load(self) -> TrainChunk:
        """Return the function. It can be slow, as compiled code is loaded."""


class TrainingKernel(NamedTuple):
    """A training kernel and its sizes."""

    module: str
    """The module with its `train_chunk`, relative to this package."""
    block: int = 64
    """See KernelSettings. docs/benchmarks.md explains how the sizes were chosen."""
    n_noise: int = 0
    """See KernelSettings."""

    def load(self) -> TrainChunk:
        """Import the kernel's module and return its `train_chunk`."""
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
"""The kernel of each (architecture, loss, kind), where the kind is the setting `kernel`."""

CELL_KERNELS: dict[tuple[str, str], TrainingKernel] = {
    ("glove", "blocked"): TrainingKernel("cells._glove"),
    ("glove", "sequential"): TrainingKernel("cells._glove_sequential"),
}
"""The kernel of each (loss, kind) that learns from co-occurrence counts. Its first argument is a batch of cells."""
