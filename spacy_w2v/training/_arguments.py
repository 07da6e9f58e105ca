"""The settings of kernels, derived from the settings of a model."""

import numpy as np
from numpy.typing import NDArray

from spacy_w2v._arrays import NO_WORDS, KernelSettings
from spacy_w2v.config._schema import ModelSettings
from spacy_w2v.kernels import Kernel


def kernel_settings(
    model: ModelSettings,
    kernel: Kernel,
    *,
    shared_noise: int | None = None,
    n_workers: int = 1,
    frozen: NDArray[np.bool_] = NO_WORDS,
) -> KernelSettings:
    """Return the settings for a kernel that trains a model.

    Args:
        model: The settings of the model.
        kernel: The kernel.
        shared_noise: Noise words per block; None for the kernel's own number.
        n_workers: Number of threads that train at the same time.
        frozen: bool[v]; words whose input vectors are not trained. Empty to train all.
    """
    return KernelSettings(
        window=model.window,
        shrink_windows=model.shrink_windows,
        negative=model.negative,
        cbow_mean=model.cbow_mean,
        block=kernel.block,
        n_noise=kernel.n_noise if shared_noise is None else shared_noise,
        workers=n_workers,
        frozen=frozen,
        vector_size=model.vector_size,
    )
