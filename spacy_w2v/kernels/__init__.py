"""The compiled loops, and the table that chooses the one to train with. NumPy and numba code only."""

from collections.abc import Callable
from importlib import import_module

TRAINING_KERNELS: dict[tuple[str, str, str], str] = {
    ("skip-gram", "negative-sampling", "blocked"): "spacy_w2v.kernels.skipgram_negative",
    ("skip-gram", "negative-sampling", "sequential"): "spacy_w2v.kernels.skipgram_sequential",
    ("cbow", "negative-sampling", "blocked"): "spacy_w2v.kernels.cbow_negative",
}
"""(architecture, loss, kernel) → module whose `train_chunk` does one chunk of the corpus."""

TrainingKernel = Callable[..., tuple[float, int, int]]
"""(chunk, subsampling, output layer, weights, settings, alphas, random_state) → (loss, n_pairs, n_kept)."""


def get_training_kernel(architecture: str, loss: str, kernel: str) -> TrainingKernel:
    """Import and return the training kernel for a combination of the table; KeyError for any other."""
    module = import_module(TRAINING_KERNELS[architecture, loss, kernel])
    train_chunk: TrainingKernel = module.train_chunk
    return train_chunk
