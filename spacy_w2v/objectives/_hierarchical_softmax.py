"""Hierarchical softmax: a word is predicted by its path through a binary tree.

v = vocabulary, d = dimensions, n = hidden vectors. The probability of a word is the product over its path of
s((1 - 2 code) h.y_node), s(z) = 1 / (1 + exp(-z)) (Mikolov et al. 2013b, arXiv 1310.4546, equation 3).
"""

from collections.abc import Iterable
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from spacy_w2v._arrays import Cells, Counts, Exposure, OutputLayer, Tree, Vectors
from spacy_w2v.config._losses import LossName
from spacy_w2v.objectives._exposures import tree_exposure
from spacy_w2v.objectives._grafting import graft, ranks_of_rows
from spacy_w2v.objectives._huffman import balanced_tree, huffman_tree
from spacy_w2v.objectives._objective import GensimLoss, Objective, OutputOrigins, OutputSource
from spacy_w2v.objectives._parameters import Shape
from spacy_w2v.objectives._predictions import BLOCK_FLOATS, Predictions
from spacy_w2v.objectives._subsampling import keep_probabilities


class HierarchicalSoftmax(Objective):
    """The product of probabilities along a word's tree path. Output vectors belong to the v - 1 inner nodes."""

    name: ClassVar[LossName] = "hierarchical-softmax"
    has_tree: ClassVar[bool] = True

    def shapes(self, n_words: int) -> dict[str, Shape]:
        """See `Objective.shapes`."""
        return {"input": (n_words, self.settings.vector_size), "output": (n_words - 1, self.settings.vector_size)}

    def tables(self, counts: Counts, *, tree: Tree | None = None) -> Tree:
        """See `Objective.tables`."""
        return tree or self.tree(counts)

    def untrained_loss(
        self, tables: OutputLayer, counts: Counts, *, sample: float, cells: Iterable[Cells] = ()
    ) -> float:
        """Return the mean path length of the kept tokens, times log 2. See `Objective.untrained_loss`."""
        assert isinstance(tables, Tree)
        kept = counts * keep_probabilities(counts, sample)  # frequent words have short paths, and are kept less often
        return float((np.diff(tables.offsets) * kept).sum() / kept.sum() * np.log(2))

    def _output_exposure(self, tables: OutputLayer, counts: Counts, *, sample: float) -> Exposure:
        assert isinstance(tables, Tree)
        return tree_exposure(tables, counts, sample=sample)

    def output_origins(self, source: OutputSource, counts: Counts) -> OutputOrigins | None:
        """Return the nodes of the source's tree that remain, or None if its tree is of another kind.

        See `Objective.output_origins`.
        """
        if source.tree is None or source.tree_kind != self.settings.tree:
            return None
        grafted = graft(source.tree, ranks_of_rows(source.rows, source.n_rows), counts)
        return OutputOrigins(grafted.origins, grafted.tree)

    def tree(self, counts: Counts) -> Tree:
        """Return the tree for a vocabulary with these counts, of the kind that the setting `tree` names."""
        if self.settings.tree == "balanced":
            return balanced_tree(counts.size)
        return huffman_tree(np.maximum(counts, 1))  # many words of count 0 would form one very long path

    def stored_tree(self, tree: Tree | None, counts: Counts) -> Tree | None:
        """See `Objective.stored_tree`."""
        if tree is None:
            return None
        default = self.tree(counts)
        same = np.array_equal(default.nodes, tree.nodes) and np.array_equal(default.codes, tree.codes)
        return None if same and np.array_equal(default.offsets, tree.offsets) else tree

    def log_probabilities(self, hidden: Vectors, output: Vectors, *, tree: Tree | None) -> NDArray[np.float64]:
        """See `Objective.log_probabilities`.

        The loop goes down all paths at the same time, so it has as many steps as the longest path has nodes.
        """
        assert tree is not None
        scores = (hidden @ output.T).astype(np.float64)
        branches = np.concatenate((log_sigmoid(scores), log_sigmoid(-scores)), axis=1)  # code 0, then code 1
        chosen = tree.nodes + tree.codes.astype(np.int64) * scores.shape[1]
        lengths = np.diff(tree.offsets)
        totals = np.zeros((scores.shape[0], lengths.size))
        for depth in range(lengths.max(initial=0)):
            words = np.flatnonzero(lengths > depth)
            totals[:, words] += branches[:, chosen[tree.offsets[words] + depth]]
        return totals

    def log_likelihood(self, predictions: Predictions, output: Vectors, *, tree: Tree | None) -> float:
        """See `Objective.log_likelihood`. Only the paths of the predicted words are computed."""
        assert tree is not None
        total = 0.0
        starts = tree.offsets[predictions.words]
        all_lengths = tree.offsets[predictions.words + 1] - starts
        n_pairs = max(1, BLOCK_FLOATS // max(1, all_lengths.max() * output.shape[1]))
        for first in range(0, len(predictions.rows), n_pairs):
            pairs = slice(first, first + n_pairs)
            lengths = all_lengths[pairs]
            ends = np.cumsum(lengths)
            places = np.arange(ends[-1]) + np.repeat(starts[pairs] - (ends - lengths), lengths)
            rows = np.repeat(predictions.rows[pairs], lengths)
            scores = _row_products(predictions.hidden[rows], output[tree.nodes[places]])
            total += float(log_sigmoid((1.0 - 2.0 * tree.codes[places]) * scores).sum())
        return total

    def _gensim_loss(self) -> GensimLoss:
        return GensimLoss(hs=1, negative=0, outputs="syn1")


def log_sigmoid(scores: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return log(1 / (1 + exp(-score))), float64. It is finite for all finite scores.

    For log(1 - sigmoid(score)), pass -score.
    """
    logarithms: NDArray[np.float64] = -np.logaddexp(0.0, -np.asarray(scores, np.float64))
    return logarithms


def _row_products(left: Vectors, right: Vectors) -> NDArray[np.float64]:
    """Return the inner product of each row of `left` with the same row of `right`."""
    products: NDArray[np.float64] = np.einsum("ij,ij->i", left, right).astype(np.float64)
    return products
