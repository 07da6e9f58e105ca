"""Binary trees for hierarchical softmax, with the words of the vocabulary as leaves.

Inner nodes are numbered towards the root, which comes last. In a Huffman tree this is the order in which
`CreateBinaryTree` of word2vec.c merges nodes, the least frequent first.
"""

import numpy as np
from numpy.typing import NDArray

from spacy_w2v._arrays import Counts, Tree


def huffman_tree(counts: Counts) -> Tree:
    """Return the tree with the shortest mean path over the tokens of the corpus (Huffman 1952).

    The less frequent of two siblings has code 0. Ties are broken as in word2vec.c. The time is linear in v.

    Args:
        counts: v; in decreasing order.
    """
    n_words = counts.size
    parents = [0] * max(2 * n_words - 1, 1)
    codes = [0] * len(parents)
    # Two queues of increasing weight: the words from the last, and the inner nodes in the order of their creation.
    weights = [*counts.tolist(), *[0] * max(n_words - 1, 0)]
    word, inner = n_words - 1, n_words
    for made in range(n_words, 2 * n_words - 1):
        pair = []
        for _ in range(2):
            # Take a word only if it is lighter: if the weights are equal, word2vec.c takes the inner node.
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
    """Return a tree whose path lengths differ by at most one, with frequent words on the shorter paths.

    The tree has the shape of a binary heap.
    """
    places = np.arange(2 * n_words - 1)  # in the heap: the children of i are 2i + 1 and 2i + 2, and leaves come last
    numbers = np.where(places < n_words - 1, 2 * n_words - 2 - places, places - n_words + 1)
    parents, codes = np.zeros(places.size, np.int64), np.zeros(places.size, np.uint8)
    parents[numbers[1:]] = numbers[(places[1:] - 1) // 2]
    codes[numbers[1:]] = (places[1:] + 1) % 2
    return tree_of_parents(parents, codes, n_words)


def tree_of_parents(parents: NDArray[np.int64], codes: NDArray[np.uint8], n_words: int) -> Tree:
    """Return the tree with these parents, as paths from the root.

    The nodes 0 to v - 1 are the words, v to 2v - 2 the inner nodes, of which the root is the last. The loops climb from
    all words at the same time, so the number of array operations is proportional to the length of the longest path.

    Args:
        parents: int64[2v - 1]; the parent of each node. That of the root is ignored.
        codes: uint8[2v - 1]; 0 or 1, the branch from its parent to each node.
        n_words: v.
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
    """Return the number of inner nodes, which is one less than the number of words."""
    return tree.offsets.size - 2


def check_tree(tree: Tree) -> int:
    """Check that the paths form one binary tree over all words, and return the length of the longest path.

    Kernels use the numbers of a tree as memory offsets, so a tree from a file must be checked before.

    Raises:
        ValueError: The paths form no such tree. The text begins with "it".
    """
    n_words = tree.offsets.size - 1
    lengths = np.diff(np.clip(tree.offsets, 0, tree.nodes.size))
    if tree.offsets[0] != 0 or (lengths < (n_words > 1)).any() or tree.offsets[-1] != tree.nodes.size:
        raise ValueError("it has paths whose lengths do not match its nodes")
    if tree.codes.size != tree.nodes.size or (tree.codes > 1).any() or (tree.nodes >= max(n_words - 1, 1)).any():
        raise ValueError("it has invalid nodes or codes")
    if n_words == 1:
        return 0
    if (tree.nodes[tree.offsets[:-1]] != n_words - 2).any():
        raise ValueError("it has paths that do not start at the root")
    # Each branch must lead to one child, the next node of a path or its word, and each child must have one parent.
    nexts = np.append(tree.nodes[1:], 0).astype(np.int64)
    nexts[tree.offsets[1:] - 1] = n_words - 1 + np.arange(n_words)
    branches = 2 * tree.nodes.astype(np.int64) + tree.codes
    children = np.full(2 * (n_words - 1), -1, np.int64)
    children[branches] = nexts
    if (children[branches] != nexts).any() or (np.bincount(children + 1, minlength=2 * n_words)[1:] > 1).any():
        raise ValueError("it has branches with several children, or children with several parents")
    if (children < 0).any():
        raise ValueError("it has branches without a child")
    return int(lengths.max())
