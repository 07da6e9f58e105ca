"""The output layer of each loss: what the kernels read to predict a word from a hidden vector."""

import numpy as np

from spacy_w2v._arrays import Counts, FullSoftmax, OutputLayer, Tree
from spacy_w2v.config._schema import ModelSettings
from spacy_w2v.errors import TrainingError
from spacy_w2v.objectives._huffman import balanced_tree, huffman_tree
from spacy_w2v.objectives._noise import make_noise
from spacy_w2v.objectives._subsampling import keep_probabilities

MAX_SOFTMAX_WORDS = 50_000
"""Largest vocabulary of the full softmax: a word of the corpus costs 3 v d multiplications and additions."""
MULTIPLY_ADDS_PER_S = 5e10
"""What one core does of them, to tell users what they asked for: a fair desktop machine, order of magnitude only."""


def make_output_layer(model: ModelSettings, counts: Counts) -> OutputLayer:
    """Return the output layer for a vocabulary with these counts. Raises TrainingError if it would be too large."""
    if model.loss == "negative-sampling":
        return make_noise(counts, ns_exponent=model.ns_exponent)
    if model.loss == "hierarchical-softmax":
        return make_tree(model, counts)
    check_softmax_size(counts.size, vector_size=model.vector_size)
    return FullSoftmax(counts.size)


def make_tree(model: ModelSettings, counts: Counts) -> Tree:
    """Return the tree of hierarchical softmax, which a model's vocabulary and settings fix."""
    if model.tree == "balanced":
        return balanced_tree(counts.size)
    return huffman_tree(np.maximum(counts, 1))  # words without tokens would make a path as long as they are many


def own_tree(tree: Tree | None, model: ModelSettings, counts: Counts) -> Tree | None:
    """Return a tree that a model must keep: None if it is the one that settings and counts fix."""
    if tree is None:
        return None
    usual = make_tree(model, counts)
    same = np.array_equal(usual.nodes, tree.nodes) and np.array_equal(usual.codes, tree.codes)
    return None if same and np.array_equal(usual.offsets, tree.offsets) else tree


def n_output_rows(layer: OutputLayer, *, n_words: int) -> int:
    """Return the number of output vectors: one for each word, or with a tree for each inner node."""
    return n_words - 1 if isinstance(layer, Tree) else n_words


def check_softmax_size(n_words: int, *, vector_size: int) -> None:
    """Raise TrainingError if a full softmax over so many words is out of reach."""
    if n_words > MAX_SOFTMAX_WORDS:
        seconds = 3 * n_words * vector_size / MULTIPLY_ADDS_PER_S
        raise TrainingError(
            f'loss = "softmax" takes at most {MAX_SOFTMAX_WORDS:,} words, was: {n_words:,}. Each word of the corpus '
            f"would cost {3 * n_words * vector_size / 1e6:,.0f} M multiplications, some {1 / seconds:,.0f} words/s "
            "on one core. Take negative-sampling or hierarchical-softmax, lower max_final_vocab or raise min_count."
        )


def starting_loss(layer: OutputLayer, counts: Counts, *, negative: int, sample: float) -> float:
    """Return the loss per pair of a model that knows nothing: all output vectors zero.

    (1 + negative) log 2 for negative sampling, the mean length of the paths of kept tokens times log 2 for hierarchical
    softmax, and log v for the full softmax.
    """
    if isinstance(layer, Tree):
        kept = counts * keep_probabilities(counts, sample)  # frequent words, on short paths, are kept less often
        return float((np.diff(layer.offsets) * kept).sum() / kept.sum() * np.log(2))
    if isinstance(layer, FullSoftmax):
        return float(np.log(counts.size))
    return float((1 + negative) * np.log(2))
