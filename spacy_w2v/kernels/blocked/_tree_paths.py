"""The rows of the nodes on a word's path, those near the root as copies that a block of centres shares.

Nearly all paths go through the upper nodes. In place, every step would write their rows, which threads then take from
each other's caches; copied for the length of a block they stay in the first cache of their thread.
"""

from typing import NamedTuple

import numpy as np

from spacy_w2v._jit import inlined, inner
from spacy_w2v.kernels.tiles._instructions import copy_row, prefetch_row, write_back_row
from spacy_w2v.kernels.tiles._llvm import LANES
from spacy_w2v.kernels.tiles._rows import aligned

N_UPPER = 64
"""Nodes that are copied: those merged last, six levels or so."""


class UpperNodes(NamedTuple):
    """Buffers of one call."""

    first: int  # nodes from this one on are copied
    copies: np.ndarray  # float32[2, n, d] in one row: as they change, and as they came


@inner
def make_upper_nodes(n_nodes, dimensions):
    """Buffers for a tree of so many inner nodes."""
    n_upper = min(N_UPPER, n_nodes)
    return UpperNodes(n_nodes - n_upper, aligned(2 * n_upper * dimensions))


@inlined
def copy_upper_nodes(n_nodes, rows, upper):
    """Copy the rows of the upper nodes."""
    copies, n_upper = upper.copies.ctypes.data, n_nodes - upper.first
    for k in range(n_upper):
        copy = copies + k * rows.n_bytes
        row = rows.output + (upper.first + k) * rows.n_bytes
        copy_row(row, copy, copy + n_upper * rows.n_bytes, rows.n_bytes // (4 * LANES))


@inlined
def write_back_upper_nodes(n_nodes, rows, upper):
    """Bring the changes of the upper nodes back."""
    copies, n_upper = upper.copies.ctypes.data, n_nodes - upper.first
    for k in range(n_upper):
        copy = copies + k * rows.n_bytes
        row = rows.output + (upper.first + k) * rows.n_bytes
        write_back_row(row, copy, copy + n_upper * rows.n_bytes, rows.n_bytes // (4 * LANES))


@inlined
def find_path(word, tree, rows, upper, place, y_rows, labels):
    """Write the rows and labels (1 for code 0, as in word2vec.c, else -1) of a word's path from `place` on.

    Returns its length.
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
    """Ask for the rows of a word's path that are not copied."""
    for p in range(tree.offsets[word], tree.offsets[word + 1]):
        if tree.nodes[p] < upper.first:
            prefetch_row(rows.output + np.int64(tree.nodes[p]) * rows.n_bytes, rows.n_bytes >> 6)


@inlined
def prefetch_codes(word, tree):
    """Ask for the nodes and codes of a word's path."""
    prefetch_row(tree.nodes.ctypes.data + 4 * tree.offsets[word], 2)
    prefetch_row(tree.codes.ctypes.data + tree.offsets[word], 1)
