"""The rows of the nodes on a word's tree path. The centres of a block share copies of the nodes near the root.

Nearly all paths go through these upper nodes. Without copies, every step would write to their rows, and threads would
invalidate each other's caches.

A single worker writes all copies back after each block. Several workers keep theirs for a whole chunk and exchange them
with the rows one by one, the more often the more paths lead through a node. If all were exchanged as often as the root,
16 threads would be slower than four, as they wait for each other's cache lines.

Of the inner nodes of a Huffman tree, the one with the k-th largest count has at most 2 / (k + 1) of all tokens. Take
away the larger ones, and k subtrees are left. Each has at least half of its count, since Huffman's algorithm joined the
two smallest when it made the node. So the nodes in the l-th level of a balanced tree are exchanged 2^l times more
rarely than the root, one node of each level at a time.
"""

from typing import NamedTuple

import numpy as np

from spacy_w2v._jit import inlined, inner
from spacy_w2v.kernels.tiles._row_instructions import copy_row, prefetch_row, write_back_row
from spacy_w2v.kernels.tiles._rows import aligned

N_UPPER = 64
"""Number of nodes that a single worker copies: those merged last, about six levels of the tree."""
N_UPPER_SHARED = 1023
"""Number of nodes that each of several workers copies, ten levels. With 255, 16 workers were 11 to 20 % slower."""


class UpperNodes(NamedTuple):
    """Buffers of one call."""

    first: int  # the nodes from this one on are copied
    copies: np.ndarray  # float32[2, n, d], flattened: the copies that are trained, and the originals


@inner
def make_upper_nodes(n_nodes, dimensions, settings):
    """Return buffers for a tree with n_nodes inner nodes."""
    n_upper = min(N_UPPER if settings.workers == 1 else N_UPPER_SHARED, n_nodes)
    return UpperNodes(n_nodes - n_upper, aligned(2 * n_upper * dimensions))


@inlined
def _copy_upper_node(k, n_upper, rows, upper):
    copy = upper.copies.ctypes.data + k * rows.n_bytes
    row = rows.output + (upper.first + k) * rows.n_bytes
    copy_row(row, copy, copy + n_upper * rows.n_bytes, rows.n_vectors)


@inlined
def _write_back_upper_node(k, n_upper, rows, upper):
    copy = upper.copies.ctypes.data + k * rows.n_bytes
    row = rows.output + (upper.first + k) * rows.n_bytes
    write_back_row(row, copy, copy + n_upper * rows.n_bytes, rows.n_vectors)


@inlined
def copy_upper_nodes(n_nodes, rows, upper):
    """Copy the rows of the upper nodes."""
    for k in range(n_nodes - upper.first):
        _copy_upper_node(k, n_nodes - upper.first, rows, upper)


@inlined
def write_back_upper_nodes(n_nodes, rows, upper):
    """Add the changes of the copies to the rows of the upper nodes."""
    for k in range(n_nodes - upper.first):
        _write_back_upper_node(k, n_nodes - upper.first, rows, upper)


@inlined
def exchange_upper_nodes(turn, n_nodes, rows, upper):
    """Write back one copy of each level, and copy its row again.

    Levels are those of a balanced tree: the root, which is the last node, then two nodes, four, and so on.

    Args:
        turn: How often nodes were exchanged before. It decides which node of a level is next.
        n_nodes: Number of inner nodes.
        rows: Addresses of the rows.
        upper: The copied nodes.
    """
    n_upper, size = n_nodes - upper.first, 1
    while size <= n_upper:
        k = n_upper - size - turn % size
        if k >= 0:
            _write_back_upper_node(k, n_upper, rows, upper)
            _copy_upper_node(k, n_upper, rows, upper)
        size *= 2


@inlined
def find_path(word, tree, rows, upper, place, y_rows, labels):
    """Write the row addresses and labels of a word's path, and return its length.

    Args:
        word: The word.
        tree: The tree.
        rows: Addresses of the rows.
        upper: The copied nodes.
        place: Index in `y_rows` and `labels` from which to write.
        y_rows: int64; the addresses are written to it.
        labels: float32; 1 for code 0, as in word2vec.c, and -1 for code 1 are written to it.
    """
    copies = upper.copies.ctypes.data - upper.first * rows.n_bytes
    begin, end = tree.offsets[word], tree.offsets[word + 1]
    for p in range(begin, end):
        node = np.int64(tree.nodes[p])
        y_rows[place + p - begin] = (copies if node >= upper.first else rows.output) + node * rows.n_bytes
        labels[place + p - begin] = np.float32(1.0) - np.float32(2.0) * np.float32(tree.codes[p])
    return end - begin


@inlined
def prefetch_path(word, tree, rows, upper):
    """Prefetch the rows of a word's path that are not copied."""
    for p in range(tree.offsets[word], tree.offsets[word + 1]):
        if tree.nodes[p] < upper.first:
            prefetch_row(rows.output + np.int64(tree.nodes[p]) * rows.n_bytes, rows.n_bytes >> 6)


@inlined
def prefetch_codes(word, tree):
    """Prefetch the nodes and codes of a word's path."""
    prefetch_row(tree.nodes.ctypes.data + 4 * tree.offsets[word], 2)
    prefetch_row(tree.codes.ctypes.data + tree.offsets[word], 1)
