"""Binary trees over the vocabulary, for hierarchical softmax: the words are the leaves.

Inner nodes are numbered in falling distance from the root, which is the last: a Huffman tree in the order of
`CreateBinaryTree` of word2vec.c, which merges the least frequent first.
"""

import numpy as np
from numpy.typing import NDArray

from spacy_w2v._arrays import Counts, Tree


def huffman_tree(counts: Counts) -> Tree:
    """Return the tree with the shortest mean path over the tokens of the corpus (Huffman 1952), in time linear in v.

    counts: v, falling. The rarer of two siblings has code 0, ties as in word2vec.c.
    """
    n_words = counts.size
    parents = [0] * max(2 * n_words - 1, 1)
    codes = [0] * len(parents)
    # Two queues, both rising: the words from the last, and the inner nodes in the order in which they were made.
    weights = [*counts.tolist(), *[0] * max(n_words - 1, 0)]
    word, inner = n_words - 1, n_words
    for made in range(n_words, 2 * n_words - 1):
        pair = []
        for _ in range(2):
            # Words before inner nodes only if they are lighter: of equal weight word2vec.c takes the inner node.
            if word >= 0 and (inner == made or weights[word] < weights[inner]):
                pair.append(word)
                word -= 1
            else:
                pair.append(inner)
                inner += 1
        weights[made] = weights[pair[0]] + weights[pair[1]]
        parents[pair[0]] = parents[pair[1]] = made
        codes[pair[1]] = 1
    return tree_of_parents(np.array(parents), np.array(codes, np.uint8), n_words)


def balanced_tree(n_words: int) -> Tree:
    """Return the tree whose paths differ by one node at most, frequent words on the shorter ones: a binary heap."""
    places = np.arange(2 * n_words - 1)  # in the heap: the children of i are 2i + 1 and 2i + 2, the leaves come last
    numbers = np.where(places < n_words - 1, 2 * n_words - 2 - places, places - n_words + 1)
    parents, codes = np.zeros(places.size, np.int64), np.zeros(places.size, np.uint8)
    parents[numbers[1:]] = numbers[(places[1:] - 1) // 2]
    codes[numbers[1:]] = (places[1:] + 1) % 2
    return tree_of_parents(parents, codes, n_words)


def tree_of_parents(parents: NDArray[np.int64], codes: NDArray[np.uint8], n_words: int) -> Tree:
    """Return the paths from the root of nodes numbered 0 to v - 1 (words) and v to 2v - 2 (inner nodes, the root last).

    All words climb at the same time, so the work is as many array operations as the longest path has nodes.
    """
    root = 2 * n_words - 2
    lengths = np.zeros(n_words, np.int64)
    climbing, nodes = np.arange(n_words), np.arange(n_words)
    while (climbing := climbing[nodes != root]).size:
        nodes = parents[nodes[nodes != root]]
        lengths[climbing] += 1
    offsets = np.concatenate(([0], np.cumsum(lengths)))
    path_nodes, path_codes = np.empty(offsets[-1], np.uint32), np.empty(offsets[-1], np.uint8)
    climbing, nodes, places = np.arange(n_words), np.arange(n_words), offsets[1:].copy()
    while (below := nodes != root).any():
        climbing, nodes = climbing[below], nodes[below]
        places[climbing] -= 1
        path_codes[places[climbing]] = codes[nodes]
        nodes = parents[nodes]
        path_nodes[places[climbing]] = nodes - n_words
    return Tree(offsets, path_nodes, path_codes, int(lengths.max()))


def n_inner_nodes(tree: Tree) -> int:
    """Return the number of inner nodes, one less than words."""
    return tree.offsets.size - 2


def check_tree(tree: Tree) -> int:
    """Return the length of the longest path, once it is certain that all paths make one tree of all words.

    Raises ValueError, with the text "it ...", if they do not: then its numbers must not be taken for places in memory.
    """
    n_words = tree.offsets.size - 1
    lengths = np.diff(np.clip(tree.offsets, 0, tree.nodes.size))
    if tree.offsets[0] != 0 or (lengths < (n_words > 1)).any() or tree.offsets[-1] != tree.nodes.size:
        raise ValueError("it has paths of other lengths")
    if tree.codes.size != tree.nodes.size or (tree.codes > 1).any() or (tree.nodes >= max(n_words - 1, 1)).any():
        raise ValueError("it has nodes or codes that cannot be")
    if n_words == 1:
        return 0
    if (tree.nodes[tree.offsets[:-1]] != n_words - 2).any():
        raise ValueError("it has paths that do not begin at the root")
    # What each branch leads to: the next node of the path, or its word. All of them, once each, and always the same.
    nexts = np.append(tree.nodes[1:], 0).astype(np.int64)
    nexts[tree.offsets[1:] - 1] = n_words - 1 + np.arange(n_words)
    branches = 2 * tree.nodes.astype(np.int64) + tree.codes
    children = np.full(2 * (n_words - 1), -1, np.int64)
    children[branches] = nexts
    if (children[branches] != nexts).any() or (np.bincount(children + 1, minlength=2 * n_words)[1:] > 1).any():
        raise ValueError("it has branches that lead to several places, or several that lead to one")
    if (children < 0).any():
        raise ValueError("it has branches that lead nowhere")
    return int(lengths.max())
