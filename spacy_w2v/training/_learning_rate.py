"""The schedule of the learning rate."""

from dataclasses import dataclass

import numpy as np

from spacy_w2v._arrays import Alphas


@dataclass(frozen=True)
class LearningRateSchedule:
    """A learning rate that decreases linearly from `alpha` to `min_alpha` over all tokens of all epochs.

    The schedule is that of word2vec.c and gensim, but it depends on the position of a token in the planned order, not
    on the progress of threads. So a token has the same learning rate in every run.
    """

    alpha: float
    """0 for a loss that is not trained in steps."""
    min_alpha: float
    n_tokens: int
    """Number of tokens in the whole run: tokens of the corpus × epochs."""

    def learning_rate_at(self, token: int) -> float:
        """Return the learning rate after this number of tokens; `min_alpha` after the last token."""
        progress = min(1.0, token / self.n_tokens)
        return self.alpha - (self.alpha - self.min_alpha) * progress

    def alphas_between(self, first: int, last: int) -> Alphas:
        """Return the learning rates at the start and the end of a chunk.

        Args:
            first: Number of tokens before the chunk.
            last: Number of tokens including the chunk.
        """
        return Alphas(first=np.float32(self.learning_rate_at(first)), last=np.float32(self.learning_rate_at(last)))
