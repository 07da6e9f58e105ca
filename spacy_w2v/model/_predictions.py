"""What a model expects: the words that fit a context, and how likely a sentence is.

v = vocabulary, d = dimensions, n = hidden vectors. Products of vectors are taken in float32, as in training; logarithms
and their sums in float64. Memory is bounded by blocks, whatever the length of a sentence.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spacy_w2v._arrays import Tree, Vectors
from spacy_w2v.config._arguments import check_whole_number
from spacy_w2v.errors import ConfigError, UnknownWordError

if TYPE_CHECKING:
    from spacy_w2v.model._trained import TrainedModel

Ranks = NDArray[np.int64]
"""Words by rank, or places in an array."""

BLOCK_PAIRS = 1024
"""Pairs of hidden vector and word that a sentence is scored by at a time, or one centre's if these are more."""
BLOCK_FLOATS = 4_000_000
"""Numbers of float64 in one array of a block: 32 MB."""


class Expected(NamedTuple):
    """Words that a model is to predict."""

    hidden: Vectors
    """n × d; what it predicts from."""
    rows: Ranks
    """For each pair its hidden vector, ..."""
    words: Ranks
    """... and the word predicted from it."""


def predict_context(model: "TrainedModel", words: Sequence[str], *, topn: int) -> list[tuple[str, float]]:
    """Do what `TrainedModel.predict_context` says."""
    check_whole_number(topn, name="topn", at_least=0)
    words = _as_words(words, model.attr)
    ranks = [model.vocabulary.index[word] for word in words if word in model]
    if not ranks:
        hint = model.near_spellings(words[0]) if len(words) else "Give it one."
        raise UnknownWordError(
            f"A context must have a word of the vocabulary of {len(model)} words, was: {list(words[:10])}. {hint}"
        )
    hidden = model.input_vectors[ranks].sum(axis=0, keepdims=True)
    if model.settings.architecture == "skip-gram" or model.settings.cbow_mean:
        hidden /= len(ranks)
    probabilities = np.exp(log_probabilities(hidden, model.output_vectors, tree=model.tree)[0])
    likeliest = np.argsort(-probabilities, kind="stable")[:topn]
    return [(model.words[rank], float(probabilities[rank])) for rank in likeliest]


def vector_of_numbers(numbers: ArrayLike, size: int) -> Vectors:
    """Return numbers as a vector of float32. Raises ConfigError if they are not `size` numbers."""
    try:
        vector = np.asarray(numbers, np.float32)
    except (TypeError, ValueError):
        vector = np.zeros(0, np.float32)
    if vector.shape != (size,):
        raise ConfigError(
            f"most_similar takes a word, a list of words, or a vector of {size} numbers, was: {str(numbers)[:60]}"
        )
    return vector


def _as_words(words: Iterable[Any], attr: str) -> list[str]:  # Any: strings, or tokens of spaCy
    """Return a list of words, those of tokens by the attribute that the model has words by."""
    if isinstance(words, str):
        raise ConfigError(f"Words must be given as a list, were one text: {words!r}. Tokenize it first.")
    texts = [word if isinstance(word, str) else getattr(word, f"{attr.lower()}_", None) for word in words]
    known = [text for text in texts if isinstance(text, str)]
    if len(known) < len(texts):
        raise ConfigError(f"Words must be strings or spaCy's tokens, were: {list(words)[:10]}")
    return known


def score(model: "TrainedModel", sentences: Iterable[Sequence[str]]) -> NDArray[np.float64]:
    """Do what `TrainedModel.score` says."""
    if model.settings.loss == "negative-sampling":
        raise ConfigError(
            'A model that scores sentences must be trained with loss = "hierarchical-softmax" or "softmax", was: '
            '"negative-sampling", which learns to tell words from noise, but no probabilities.'
        )
    return np.fromiter((_log_likelihood(model, sentence) for sentence in sentences), np.float64)


# --- probabilities


def log_sigmoid(scores: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return log(1 / (1 + exp(-score))), finite for all finite scores; log(1 - sigmoid(score)) is that of -score."""
    logarithms: NDArray[np.float64] = -np.logaddexp(0.0, -np.asarray(scores, np.float64))
    return logarithms


def log_probabilities(hidden: Vectors, output: Vectors, *, tree: Tree | None = None) -> NDArray[np.float64]:
    """Return the logarithm of the probability of each word, n × v; the probabilities of a row sum to 1.

    hidden: n × d. output: v × d, for the softmax over all words; or with a tree (v - 1) × d, for the products along it.
    """
    scores = (hidden @ output.T).astype(np.float64)
    return scores - _log_sum_exp(scores) if tree is None else _log_products(scores, tree)


def _log_sum_exp(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the logarithm of each row's sum of exponentials, n × 1."""
    highest = scores.max(axis=1, keepdims=True)
    sums: NDArray[np.float64] = highest + np.log(np.exp(scores - highest).sum(axis=1, keepdims=True))
    return sums


def _log_products(scores: NDArray[np.float64], tree: Tree) -> NDArray[np.float64]:
    """Return the log probabilities of all words, n × v, from the scores of the inner nodes, n × (v - 1).

    All words go down their paths at the same time, so the steps are as many as the longest path has nodes.
    """
    branches = np.concatenate((log_sigmoid(scores), log_sigmoid(-scores)), axis=1)  # of code 0, then of code 1
    chosen = tree.nodes + tree.codes.astype(np.int64) * scores.shape[1]
    lengths = np.diff(tree.offsets)
    totals = np.zeros((scores.shape[0], lengths.size))
    for depth in range(lengths.max(initial=0)):
        words = np.flatnonzero(lengths > depth)
        totals[:, words] += branches[:, chosen[tree.offsets[words] + depth]]
    return totals


# --- sentences


def _log_likelihood(model: "TrainedModel", sentence: Sequence[str]) -> float:
    sentence = _as_words(sentence, model.attr)
    index = model.vocabulary.index
    words = np.array([index[word] for word in sentence if word in index], np.int64)
    return sum(
        _tree_total(expected, model.output_vectors, model.tree)
        if model.tree is not None
        else _softmax_total(expected, model.output_vectors)
        for expected in _expected(model, words)
    )


def _expected(model: "TrainedModel", words: Ranks) -> Iterator[Expected]:
    """Yield what a model is to predict in a sentence, some centres at a time. All windows are full, as in gensim."""
    reach = min(model.settings.window, words.size - 1)
    if reach < 1:
        return
    n_centres = max(1, BLOCK_PAIRS // (2 * reach))
    for first in range(0, words.size, n_centres):
        start, stop = max(0, first - reach), first + n_centres + reach
        places = np.arange(first, min(first + n_centres, words.size)) - start
        if model.settings.architecture == "skip-gram":
            yield _of_skip_gram(model, words[start:stop], places, reach)
        else:
            yield _of_cbow(model, words[start:stop], places, reach)


def _of_skip_gram(model: "TrainedModel", words: Ranks, centres: Ranks, reach: int) -> Expected:
    """Return the pairs of these centres: each word of the context predicts the centre."""
    contexts = centres[:, None] + np.arange(-reach, reach + 1)
    pairs = (contexts >= 0) & (contexts < words.size) & (contexts != centres[:, None])
    different, rows = np.unique(words, return_inverse=True)
    centre_of_pair = np.broadcast_to(centres[:, None], contexts.shape)[pairs]
    return Expected(model.input_vectors[different], rows[contexts[pairs]], words[centre_of_pair])


def _of_cbow(model: "TrainedModel", words: Ranks, centres: Ranks, reach: int) -> Expected:
    """Return the centres, each predicted by the mean or the sum of its context."""
    vectors = model.input_vectors[words].astype(np.float64)
    sums = np.concatenate((np.zeros((1, vectors.shape[1])), np.cumsum(vectors, axis=0)))
    low, high = np.maximum(centres - reach, 0), np.minimum(centres + reach + 1, words.size)
    hidden = sums[high] - sums[low] - vectors[centres]
    if model.settings.cbow_mean:
        hidden /= (high - low - 1)[:, None]
    return Expected(hidden.astype(np.float32), np.arange(centres.size), words[centres])


def _softmax_total(expected: Expected, output: Vectors) -> float:
    """Return the summed log probability of the expected words among all v."""
    total = 0.0
    n_hidden = max(1, BLOCK_FLOATS // len(output))
    for first in range(0, len(expected.hidden), n_hidden):
        pairs = (expected.rows >= first) & (expected.rows < first + n_hidden)
        logarithms = log_probabilities(expected.hidden[first : first + n_hidden], output)
        total += float(logarithms[expected.rows[pairs] - first, expected.words[pairs]].sum())
    return total


def _tree_total(expected: Expected, output: Vectors, tree: Tree) -> float:
    """Return the summed log probability of the expected words, along their paths only."""
    total = 0.0
    starts = tree.offsets[expected.words]
    all_lengths = tree.offsets[expected.words + 1] - starts
    n_pairs = max(1, BLOCK_FLOATS // max(1, all_lengths.max() * output.shape[1]))
    for first in range(0, len(expected.rows), n_pairs):
        pairs = slice(first, first + n_pairs)
        lengths = all_lengths[pairs]
        ends = np.cumsum(lengths)
        places = np.arange(ends[-1]) + np.repeat(starts[pairs] - (ends - lengths), lengths)
        rows = np.repeat(expected.rows[pairs], lengths)
        scores = _row_products(expected.hidden[rows], output[tree.nodes[places]])
        total += float(log_sigmoid((1.0 - 2.0 * tree.codes[places]) * scores).sum())
    return total


def _row_products(left: Vectors, right: Vectors) -> NDArray[np.float64]:
    """Return the inner product of each row of `left` with that of `right`."""
    products: NDArray[np.float64] = np.einsum("ij,ij->i", left, right).astype(np.float64)
    return products
