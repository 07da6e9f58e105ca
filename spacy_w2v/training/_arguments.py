"""The settings that kernels take, which follow from those of the model."""

import numpy as np
from numpy.typing import NDArray

from spacy_w2v._arrays import NO_WORDS, KernelSettings
from spacy_w2v.config._schema import ModelSettings
from spacy_w2v.kernels import TrainingKernel


def kernel_settings(
    model: ModelSettings, kernel: TrainingKernel, *, n_workers: int = 1, frozen: NDArray[np.bool_] = NO_WORDS
) -> KernelSettings:
    """Return the settings of a model for one of the kernels that train it, of which n_workers run at a time.

    frozen: words whose input vectors stay as they are, see KernelSettings.
    """
    return KernelSettings(
        window=model.window,
        shrink_windows=model.shrink_windows,
        negative=model.negative,
        cbow_mean=model.cbow_mean,
        block=kernel.block,
        n_noise=kernel.n_noise,
        workers=n_workers,
        frozen=frozen,
    )
