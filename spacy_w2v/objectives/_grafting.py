"""A tree of hierarchical softmax for another vocabulary: lost leaves are cut off, new words are grafted on.

The inner nodes that stay keep their meaning, and so may keep their vectors, which a new tree would have no use
for: they belong to nodes, not to words.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spacy_w2v._arrays import Counts, Tree
from spacy_w2v.objectives._huffman import huffman_tree, n_inner_nodes, tree_of_parents

NOTHING = -1
"""What stands for a leaf that is lost, and for a node that is new."""


class Grafted(NamedTuple):
    """A tree, and where its nodes come from."""

    tree: Tree
    origins: NDArray[np.int64]
    """v - 1; for each inner node the one it was in the old tree, or NOTHING."""


def graft(old: Tree, ranks: NDArray[np.int64], counts: Counts) -> Grafted:
    """Return a tree over a new vocabulary that has the branches of an old one.

    ranks: for each word of the old tree its rank in the new vocabulary, or NOTHING, all different. counts: of the new
    vocabulary, falling. An inner node that loses a child goes, and its other child takes its place. The words that
    the old tree lacks get a Huffman tree of their own; a new root joins the two. Nodes are numbered by rising weight,
    so that the root is the last, and those near it come before it, as kernels expect.
    """
    n_words = counts.size
    grower = _Grower(np.maximum(counts, 1))
    is_new = np.ones(n_words, bool)
    is_new[ranks[ranks != NOTHING]] = False
    new_words = np.flatnonzero(is_new)
    branches = [grower.add(old, ranks, old_numbers=True)]
    if new_words.size:
        branches.append(grower.add(huffman_tree(grower.weights_of(new_words)), new_words, old_numbers=False))
    present = sorted((branch for branch in branches if branch != NOTHING), key=lambda node: grower.weights[node])
    if len(present) == 2:
        grower.join(*present, origin=NOTHING)
    return grower.finish()


def ranks_of_rows(rows: NDArray[np.int64], n_rows: int) -> NDArray[np.int64]:
    """Return for each of n_rows rows of a source the rank of its word, or NOTHING. Of two words one gets their row.

    rows: for each word of a vocabulary its row in the source, or NOTHING.
    """
    ranks = np.full(n_rows, NOTHING, np.int64)
    found = np.flatnonzero(rows != NOTHING)[::-1]
    ranks[rows[found]] = found  # the most frequent is written last
    return ranks


class _Grower:
    """Joins nodes to larger ones: words are 0 to v - 1, inner nodes follow in the order in which they are made."""

    def __init__(self, counts: Counts):
        self.n_words = counts.size
        self.weights: list[int] = counts.tolist()
        self.children: list[tuple[int, int]] = []
        self.origins: list[int] = []

    def weights_of(self, words: NDArray[np.int64]) -> Counts:
        return np.array([self.weights[word] for word in words], np.int64)

    def join(self, left: int, right: int, *, origin: int) -> int:
        """Make the node above two others, left by code 0, and return it."""
        self.weights.append(self.weights[left] + self.weights[right])
        self.children.append((left, right))
        self.origins.append(origin)
        return len(self.weights) - 1

    def add(self, tree: Tree, ranks: NDArray[np.int64], *, old_numbers: bool) -> int:
        """Add what is left of a tree, whose words have these ranks, and return its root, or NOTHING."""
        n_leaves = tree.offsets.size - 1
        standing: list[int] = ranks.tolist() + [NOTHING] * n_inner_nodes(tree)
        below, from_the_lowest = _children(tree)
        for node in from_the_lowest.tolist():
            left, right = (standing[child] for child in below[node].tolist())
            if NOTHING in (left, right):
                standing[n_leaves + node] = max(left, right)
            else:
                standing[n_leaves + node] = self.join(left, right, origin=node if old_numbers else NOTHING)
        root = n_leaves + int(from_the_lowest[-1]) if from_the_lowest.size else 0
        return standing[root]

    def finish(self) -> Grafted:
        """Return the tree, with the inner nodes numbered by rising weight."""
        n_inner = len(self.children)
        order = np.argsort(np.array(self.weights[self.n_words :], np.int64), kind="stable")
        numbers = np.arange(self.n_words + n_inner)
        numbers[self.n_words + order] = self.n_words + np.arange(n_inner)
        parents, codes = np.zeros(numbers.size, np.int64), np.zeros(numbers.size, np.uint8)
        children = np.array(self.children, np.int64).reshape(n_inner, 2)
        for code in (0, 1):
            parents[numbers[children[:, code]]] = numbers[self.n_words :]
            codes[numbers[children[:, code]]] = code
        return Grafted(tree_of_parents(parents, codes, self.n_words), np.array(self.origins, np.int64)[order])


def _children(tree: Tree) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the children of each inner node by code, (v - 1) × 2, and the inner nodes from the lowest to the root.

    Of the children, words are 0 to v - 1, and inner nodes v and more.
    """
    n_leaves = tree.offsets.size - 1
    if n_leaves < 2:
        return np.zeros((0, 2), np.int64), np.zeros(0, np.int64)
    next_on_path = np.empty(tree.nodes.size, np.int64)
    next_on_path[:-1] = n_leaves + tree.nodes[1:].astype(np.int64)
    next_on_path[tree.offsets[1:] - 1] = np.arange(n_leaves)
    children = np.zeros((n_inner_nodes(tree), 2), np.int64)
    children[tree.nodes, tree.codes] = next_on_path
    depths = np.zeros(len(children), np.int64)
    depths[tree.nodes] = np.arange(tree.nodes.size) - np.repeat(tree.offsets[:-1], np.diff(tree.offsets))
    return children, np.argsort(-depths, kind="stable")
