"""Adapting a tree of hierarchical softmax to another vocabulary: missing leaves are pruned, new words are grafted on.

Output vectors belong to inner nodes, not to words, so a new tree could not use them. In the adapted tree, the inner
nodes that remain keep their meaning and can keep their vectors.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spacy_w2v._arrays import Counts, Tree
from spacy_w2v.objectives._huffman import huffman_tree, n_inner_nodes, tree_of_parents

MISSING = -1
"""The index of a word, row or node that does not exist."""


class GraftedTree(NamedTuple):
    """A tree for a new vocabulary, and the origin of its nodes."""

    tree: Tree
    origins: NDArray[np.int64]
    """v - 1; for each inner node its number in the old tree, or MISSING for a new node."""


def graft(old: Tree, ranks: NDArray[np.int64], counts: Counts) -> GraftedTree:
    """Return a tree over a new vocabulary with the branches of an old tree.

    An inner node that loses a child is removed, and its other child takes its place. The words that are new get a
    Huffman tree of their own, and a new root joins the two trees. Nodes are numbered by increasing weight, so that the
    root comes last, and the nodes near it just before, as the kernels expect.

    Args:
        old: The old tree.
        ranks: int64; for each word of the old tree its rank in the new vocabulary, or MISSING. All ranks differ.
        counts: v; counts of the new vocabulary, in decreasing order.
    """
    n_words = counts.size
    builder = _TreeBuilder(np.maximum(counts, 1))
    is_new = np.ones(n_words, bool)
    is_new[ranks[ranks != MISSING]] = False
    new_words = np.flatnonzero(is_new)
    branches = [builder.add(old, ranks, keep_origins=True)]
    if new_words.size:
        branches.append(builder.add(huffman_tree(builder.weights_of(new_words)), new_words, keep_origins=False))
    present = sorted((branch for branch in branches if branch != MISSING), key=lambda node: builder.weights[node])
    if len(present) == 2:
        builder.join(*present, origin=MISSING)
    return builder.finish()


def ranks_of_rows(rows: NDArray[np.int64], n_rows: int) -> NDArray[np.int64]:
    """Return the rank of the word of each row of a source, int64[n_rows], or MISSING.

    If several words share a row, it gets the rank of the most frequent one.

    Args:
        rows: v; for each word of a vocabulary its row in the source, or MISSING.
        n_rows: Number of rows of the source.
    """
    ranks = np.full(n_rows, MISSING, np.int64)
    found = np.flatnonzero(rows != MISSING)[::-1]
    ranks[rows[found]] = found  # of several words in a row, the most frequent is assigned last
    return ranks


class _TreeBuilder:
    """Builds a tree bottom-up. Nodes 0 to v - 1 are the words; inner nodes follow in the order of their creation."""

    def __init__(self, counts: Counts):
        self.n_words = counts.size
        self.weights: list[int] = counts.tolist()
        self.children: list[tuple[int, int]] = []
        self.origins: list[int] = []

    def weights_of(self, words: NDArray[np.int64]) -> Counts:
        return np.array([self.weights[word] for word in words], np.int64)

    def join(self, left: int, right: int, *, origin: int) -> int:
        """Create the parent of two nodes, and return its number. The left child has code 0.

        origin: its number in the old tree, or MISSING.
        """
        self.weights.append(self.weights[left] + self.weights[right])
        self.children.append((left, right))
        self.origins.append(origin)
        return len(self.weights) - 1

    def add(self, tree: Tree, ranks: NDArray[np.int64], *, keep_origins: bool) -> int:
        """Add the remaining part of a tree, and return its root, or MISSING if nothing remains.

        Args:
            tree: The tree.
            ranks: For each of its words the rank in the new vocabulary, or MISSING.
            keep_origins: Whether its inner nodes are the origins of the new ones.
        """
        n_leaves = tree.offsets.size - 1
        nodes_of: list[int] = ranks.tolist() + [MISSING] * n_inner_nodes(tree)
        below, bottom_up = _children(tree)
        for node in bottom_up.tolist():
            left, right = (nodes_of[child] for child in below[node].tolist())
            if MISSING in (left, right):
                nodes_of[n_leaves + node] = max(left, right)
            else:
                nodes_of[n_leaves + node] = self.join(left, right, origin=node if keep_origins else MISSING)
        root = n_leaves + int(bottom_up[-1]) if bottom_up.size else 0
        return nodes_of[root]

    def finish(self) -> GraftedTree:
        """Return the tree, with its inner nodes numbered by increasing weight."""
        n_inner = len(self.children)
        order = np.argsort(np.array(self.weights[self.n_words :], np.int64), kind="stable")
        numbers = np.arange(self.n_words + n_inner)
        numbers[self.n_words + order] = self.n_words + np.arange(n_inner)
        parents, codes = np.zeros(numbers.size, np.int64), np.zeros(numbers.size, np.uint8)
        children = np.array(self.children, np.int64).reshape(n_inner, 2)
        for code in (0, 1):
            parents[numbers[children[:, code]]] = numbers[self.n_words :]
            codes[numbers[children[:, code]]] = code
        return GraftedTree(tree_of_parents(parents, codes, self.n_words), np.array(self.origins, np.int64)[order])


def _children(tree: Tree) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the children of each inner node by code, (v - 1) × 2, and all inner nodes from the deepest to the root.

    Among the children, words have the numbers 0 to v - 1, and inner nodes the numbers from v.
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
