"""The rows of the nodes on a word's tree path. The centres of a block share copies of the nodes near the root.

Nearly all paths go through these upper nodes. Without copies, every step would write to their rows, and threads would
invalidate each other's caches. The copies stay in the first-level cache of their thread for the duration of a block.
"""

from typing import NamedTuple

import numpy as np

from spacy_w2v._jit import inlined, inner
from spacy_w2v.kernels.tiles._row_instructions import copy_row, prefetch_row, write_back_row
from spacy_w2v.kernels.tiles._rows import aligned

N_UPPER = 64
"""Number of nodes that are copied: those merged last, about six levels of the tree."""


class UpperNodes(NamedTuple):
    """Buffers of one call."""

    first: int  # the nodes from this one on are copied
    copies: np.ndarray  # float32[2, n, d], flattened: the copies that are trained, and the originals


@inner
def make_upper_nodes(n_nodes, dimensions):
    """Return buffers for a tree with n_nodes inner nodes."""
    n_upper = min(N_UPPER, n_nodes)
    return UpperNodes(n_nodes - n_upper, aligned(2 * n_upper * dimensions))


@inlined
def copy_upper_nodes(n_nodes, rows, upper):
    """Copy the rows of the upper nodes."""
    copies, n_upper = upper.copies.ctypes.data, n_nodes - upper.first
    for k in range(n_upper):
        copy = copies + k * rows.n_bytes
        row = rows.output + (upper.first + k) * rows.n_bytes
        copy_row(row, copy, copy + n_upper * rows.n_bytes, rows.n_vectors)


@inlined
def write_back_upper_nodes(n_nodes, rows, upper):
    """Add the changes of the copies to the rows of the upper nodes."""
    copies, n_upper = upper.copies.ctypes.data, n_nodes - upper.first
    for k in range(n_upper):
        copy = copies + k * rows.n_bytes
        row = rows.output + (upper.first + k) * rows.n_bytes
        write_back_row(row, copy, copy + n_upper * rows.n_bytes, rows.n_vectors)


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
