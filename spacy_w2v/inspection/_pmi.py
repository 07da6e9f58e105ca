"""How far the products of input and output vectors follow the pointwise mutual information of the corpus.

Words that occur in the same contexts have similar meanings: this distributional hypothesis is what word vectors learn
from. Skip-gram with k noise words is best when x·y = PMI(x, y) - log k for all pairs of words (Levy and Goldberg 2014,
"Neural word embedding as implicit matrix factorization", NIPS). The constant log k has no effect on a correlation.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from spacy_w2v._arrays import TokenIds
from spacy_w2v.inspection._corpus import corpus_of, digest_of, sentences_of
from spacy_w2v.inspection._facts import PmiCorrelation
from spacy_w2v.inspection._rows import Floats, Rows
from spacy_w2v.model._trained import TrainedModel

FIRST_RANK, LAST_RANK = 50, 1000
"""The ranks of the words whose pairs are counted. More frequent words are function words, most of whose tokens
subsampling leaves out, so that the model is not trained on their counts."""
LEAST_COUNT = 5.0
"""The smallest weighted count of a pair. PMI is unreliable for rarer pairs."""
LEAST_PAIRS = 100


def pmi_correlation(model: TrainedModel | None, *, cache_dir: Path | None) -> PmiCorrelation | str:
    """Return the correlation of x·y with PMI, or why there is none.

    Args:
        model: The model; None for vectors without one.
        cache_dir: The directory of the cache of encoded corpora. If None, the user's cache directory.
    """
    if model is None:
        return "these vectors have no output vectors. It needs a model of spacy w2v train."
    if not model.objective.spec.outputs_of_words:
        return "the output vectors of hierarchical softmax belong to nodes of the tree, not to words."
    corpus = corpus_of(model.record, cache_dir=cache_dir)
    if corpus is None:
        return "the encoded corpus of the model is not in the cache."
    counts = PairCounts(len(model), window=model.settings.window)
    for tokens, sentences in sentences_of(corpus, model.words):
        counts.add(tokens, sentences)
    first, last = counts.first, counts.last
    pmi, is_frequent = counts.pmi()
    products = model.input_vectors[first:last].astype(np.float64) @ model.output_vectors[first:last].T
    pmi, products = pmi[is_frequent], products[is_frequent]
    if pmi.size < LEAST_PAIRS or not np.isfinite(products).all() or not np.ptp(products) or not np.ptp(pmi):
        return f"fewer than {LEAST_PAIRS} pairs of frequent words occur often enough and have finite vectors."
    return PmiCorrelation(
        correlation=float(np.corrcoef(pmi, products)[0, 1]),
        spread=float(products.std() / pmi.std()),
        n_pairs=int(pmi.size),
        n_words=last - first,
        n_tokens=counts.n_tokens,
        corpus=digest_of(model.record),
        target=_target_of(model),
        is_judged=model.objective.spec.has_steps and model.parameters.keys() == {"input", "output"},
    )


def _target_of(model: TrainedModel) -> str:
    settings = model.settings
    sample = model.record.training.sample
    return f"{settings.architecture}, {settings.loss}, window {settings.window}, sample {sample:g}"


@dataclass
class PairCounts:
    """The co-occurrence counts of some frequent words, weighted by distance as in the windows of word2vec.

    The radius of a window is drawn from 1 to `window`, so two words at distance r are in the same window with
    probability (window - r + 1) / window.
    """

    n_words: int
    """Size of the vocabulary."""
    window: int
    n_tokens: int = 0
    _of_words: Floats = field(init=False)
    _of_pairs: Floats = field(init=False)
    _total: float = 0.0

    def __post_init__(self) -> None:
        self.last = min(LAST_RANK, self.n_words)
        self.first = FIRST_RANK if self.last >= 4 * FIRST_RANK else 0
        self._of_words = np.zeros(self.n_words)
        self._of_pairs = np.zeros((self.last - self.first) ** 2)

    def add(self, tokens: TokenIds, sentences: Rows) -> None:
        """Count the tokens of a chunk.

        Args:
            tokens: uint32[t]; words by rank.
            sentences: int64[t]; the number of the sentence of each token. No window crosses a boundary.
        """
        self.n_tokens += tokens.size
        self._of_words += np.bincount(tokens, minlength=self.n_words)
        n, lengths = self.last - self.first, np.bincount(sentences)
        for distance in range(1, self.window + 1):
            self._total += 2 * self._weight(distance) * float(np.maximum(lengths - distance, 0).sum())
        places = np.flatnonzero((tokens >= self.first) & (tokens < self.last))
        words, sentences = tokens[places].astype(np.int64) - self.first, sentences[places]
        for skip in range(1, self.window + 1):
            distances = places[skip:] - places[:-skip]
            together = (distances <= self.window) & (sentences[skip:] == sentences[:-skip])
            pairs = words[:-skip][together] * n + words[skip:][together]
            self._of_pairs += np.bincount(pairs, self._weight(distances[together]), minlength=n * n)

    def _weight(self, distance: Any) -> Any:  # Any: an integer or an array of integers
        return (self.window - distance + 1) / self.window

    def pmi(self) -> tuple[Floats, np.ndarray[tuple[int, int], np.dtype[np.bool_]]]:
        """Return the PMI of each pair of words, and whether the pair is frequent enough, both n × n."""
        n = self.last - self.first
        counts = self._of_pairs.reshape(n, n)
        counts = counts + counts.T
        shares = self._of_words[self.first : self.last] / max(self._of_words.sum(), 1)
        with np.errstate(divide="ignore", invalid="ignore"):
            logarithms = np.log(shares)
            pmi = np.log(counts / max(self._total, 1)) - logarithms[:, None] - logarithms
        return pmi, counts >= LEAST_COUNT
