"""Scores of pairs: how strongly two words belong together. The results equal those of gensim, to the last bit."""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spacy_w2v._arrays import Counts
from spacy_w2v.config._phrases import PhraseSettings, Scoring

Scores = NDArray[np.float64]


class PairCounts(NamedTuple):
    """The counts that scores are made from. n = pairs."""

    first: Counts
    """n; the count of the first word of each pair."""
    second: Counts
    """n; the count of the second word."""
    pair: Counts
    """n; the count of the pair, at most that of each of its words."""
    n_distinct: int
    """The number of different words and pairs. gensim takes both for the size of the vocabulary."""
    n_tokens: int
    """The number of tokens of the corpus, connector words included."""


def _default_scores(counts: PairCounts, min_count: int, lowest: float) -> Scores:
    """Return (pair - min_count) / (first · second) · n_distinct.

    This is equation 6 of Mikolov et al. 2013b (arXiv 1310.4546), times the size of the vocabulary, as in word2phrase.c
    and in gensim's `original_scorer`. word2phrase.c has the number of tokens in its place.
    """
    product = counts.first.astype(np.float64) * counts.second.astype(np.float64)
    scores: Scores = (counts.pair - min_count) / product * counts.n_distinct
    return scores


def _npmi_scores(counts: PairCounts, min_count: int, lowest: float) -> Scores:
    """Return ln(p_ab / (p_a p_b)) / -ln p_ab, the normalized pointwise mutual information, from -1 to 1.

    This is equation 7 of Bouma 2009 ("Normalized (Pointwise) Mutual Information in Collocation Extraction"), with
    shares of all tokens, as in gensim's `npmi_scorer`. Pairs below min_count have minus infinity.
    """
    n_tokens = float(counts.n_tokens)
    share = counts.pair / n_tokens
    ratio = share / ((counts.first / n_tokens) * (counts.second / n_tokens))
    scores = np.where(counts.pair >= min_count, np.log(ratio) / -np.log(share), -np.inf)
    # NumPy's logarithms may differ from those of the C library, which Python has, in the last bit.
    rows = np.flatnonzero(scores > lowest - 1e-6)
    pairs = zip(ratio[rows].tolist(), share[rows].tolist(), strict=True)
    scores[rows] = [math.log(r) / -math.log(p) for r, p in pairs]
    return scores


SCORERS: dict[Scoring, Callable[[PairCounts, int, float], Scores]] = {"default": _default_scores, "npmi": _npmi_scores}


def score_pairs(counts: PairCounts, settings: PhraseSettings, *, lowest: float = -np.inf) -> Scores:
    """Return the score of each pair. Scores below `lowest` may be less exact."""
    return SCORERS[settings.scoring or "default"](counts, settings.min_count, lowest)


def least_count(settings: PhraseSettings) -> int:
    """Return the least count of a pair that can become a phrase, at any threshold that the scoring allows."""
    return settings.min_count + (settings.scoring != "npmi")
