"""The learning rate as a pure function of progress."""

from dataclasses import dataclass

import numpy as np

from spacy_w2v._arrays import Alphas


@dataclass(frozen=True)
class LearningRateSchedule:
    """A learning rate that falls linearly from `alpha` to `min_alpha` over all tokens of all epochs.

    As in word2vec.c and gensim, but by the position of a token in the planned order rather than by what some
    thread has done so far: the same token has the same learning rate in every run.
    """

    alpha: float
    min_alpha: float
    n_tokens: int
    """Tokens of the whole run: of the corpus, times epochs."""

    def alpha_at(self, token: int) -> float:
        """Return the learning rate once `token` tokens are done; `min_alpha` from the last one on."""
        progress = min(1.0, token / self.n_tokens)
        return self.alpha - (self.alpha - self.min_alpha) * progress

    def alphas_between(self, first: int, last: int) -> Alphas:
        """Return the learning rates at both ends of a chunk."""
        return Alphas(first=np.float32(self.alpha_at(first)), last=np.float32(self.alpha_at(last)))
