"""Trees for hierarchical softmax: their shape, their numbering, and their cost compared with a plain Huffman tree."""

import math
from itertools import pairwise

import gensim.models
import numpy as np
import pytest
import reference
from helpers_model import paths_of
from hypothesis import example, given, settings
from hypothesis import strategies as st

from spacy_w2v.config._schema import ModelSettings
from spacy_w2v.objectives._huffman import balanced_tree, huffman_tree
from spacy_w2v.objectives._registry import objective_of

COUNTS = st.lists(st.integers(1, 10) | st.integers(1, 10**6), min_size=1, max_size=70).map(
    lambda counts: np.array(sorted(counts, reverse=True), np.int64)
)
FIBONACCI = np.array([34, 21, 13, 8, 5, 3, 2, 1, 1])  # the deepest tree for this number of tokens
TREES = {"huffman": huffman_tree, "balanced": lambda counts: balanced_tree(counts.size)}

on_all_counts = settings(derandomize=True, deadline=None, max_examples=100)
of_each_kind = pytest.mark.parametrize("make", TREES.values(), ids=TREES)


def lengths_of(tree):
    return np.diff(tree.offsets)


@of_each_kind
@on_all_counts
@given(counts=COUNTS)
@example(counts=FIBONACCI)
def test_probabilities_of_all_words_sum_to_one(make, counts):
    tree = make(counts)
    generator = np.random.default_rng(counts.size)
    hidden = generator.normal(size=(3, 5)).astype(np.float32)
    outputs = generator.normal(size=(counts.size - 1, 5)).astype(np.float32)
    objective = objective_of(ModelSettings(loss="hierarchical-softmax"))
    actual = np.exp(objective.log_probabilities(hidden, outputs, tree=tree))
    assert actual.shape == (3, counts.size)
    np.testing.assert_allclose(actual.sum(axis=1), 1, rtol=1e-12)  # float64 from the scores on
    expected = [
        [math.exp(reference.tree_log_probability(h, path, outputs.tolist())) for path in paths_of(tree)]
        for h in hidden.tolist()
    ]
    np.testing.assert_allclose(actual, expected, rtol=1e-5)  # scores are float32


@of_each_kind
@on_all_counts
@given(counts=COUNTS)
@example(counts=FIBONACCI)
def test_paths_make_a_binary_tree(make, counts):
    tree = make(counts)
    assert (tree.offsets.dtype, tree.nodes.dtype, tree.codes.dtype) == (np.int64, np.uint32, np.uint8)
    paths = paths_of(tree)
    codes = sorted("".join(str(code) for _, code in path) for path in paths)
    assert not any(longer.startswith(shorter) for shorter, longer in pairwise(codes))
    assert sum(0.5 ** len(code) for code in codes) == 1  # Kraft's equality holds for complete codes

    # Both branches of each inner node lead to one child, and each inner node except the root has one parent.
    children = {}
    for word, path in enumerate(paths):
        for step, child in zip(path, [*(node for node, _ in path[1:]), f"word {word}"], strict=bool(path)):
            assert children.setdefault(step, child) == child
    inner = sorted(child for child in children.values() if isinstance(child, int))
    assert inner == list(range(counts.size - 2))
    assert set(children) == {(node, code) for node in range(counts.size - 1) for code in (0, 1)}


@of_each_kind
@on_all_counts
@given(counts=COUNTS)
def test_nodes_are_numbered_towards_the_root(make, counts):
    tree = make(counts)
    for path in paths_of(tree):
        nodes = [node for node, _ in path]
        assert nodes == sorted(nodes, reverse=True)
        assert len(set(nodes)) == len(nodes)
        if counts.size > 1:
            assert nodes[0] == counts.size - 2


@on_all_counts
@given(counts=COUNTS)
@example(counts=FIBONACCI)
def test_huffman_paths_are_the_shortest(counts):
    lengths = lengths_of(huffman_tree(counts))
    cost = int((lengths * counts).sum())
    assert cost == reference.huffman_cost(counts)
    assert cost <= int((lengths_of(balanced_tree(counts.size)) * counts).sum())
    shares = counts / counts.sum()
    entropy = -(shares * np.log2(shares)).sum()
    assert entropy - 1e-9 <= cost / counts.sum() < entropy + 1
    rarer = counts[:, None] > counts[None, :]
    assert (lengths[:, None] <= lengths[None, :])[rarer].all()


@on_all_counts
@given(counts=COUNTS.filter(lambda counts: counts.size > 1))
def test_huffman_costs_what_gensims_tree_costs(counts):
    theirs = gensim.models.Word2Vec(hs=1, negative=0, min_count=1, vector_size=1)
    theirs.build_vocab_from_freq({f"w{rank}": int(count) for rank, count in enumerate(counts)})
    lengths = [len(theirs.wv.get_vecattr(rank, "code")) for rank in range(counts.size)]
    expected = int((counts * lengths).sum())
    assert int((lengths_of(huffman_tree(counts)) * counts).sum()) == expected


@on_all_counts
@given(counts=COUNTS.filter(lambda counts: counts.size > 1))
@example(counts=np.array([2, 2, 1, 1, 1, 1]))
def test_huffman_is_the_tree_of_word2vec_c(counts):
    """Ties are broken in the same way, so that vectors of inner nodes have the same meaning."""
    assert paths_of(huffman_tree(counts)) == reference.word2vec_c_tree(counts.tolist())


def test_huffman_equals_gensims_tree_where_there_are_no_ties():
    """All merged weights differ, so both trees are equal, including the numbers of the nodes."""
    counts = np.array([1000, 610, 402, 251, 133, 77, 41, 18, 5])
    theirs = gensim.models.Word2Vec(hs=1, negative=0, min_count=1, vector_size=1)
    theirs.build_vocab_from_freq({f"w{rank}": int(count) for rank, count in enumerate(counts)})
    for word, path in enumerate(paths_of(huffman_tree(counts))):
        assert [node for node, _ in path] == theirs.wv.get_vecattr(word, "point").tolist()
        assert [code for _, code in path] == theirs.wv.get_vecattr(word, "code").tolist()


@pytest.mark.parametrize("n_words", [1, 2, 3, 4, 5, 7, 8, 9, 63, 64, 65, 1000])
def test_balanced_paths_differ_by_one_node_at_most(n_words):
    lengths = lengths_of(balanced_tree(n_words))
    assert (np.diff(lengths) >= 0).all()
    assert lengths[-1] - lengths[0] <= 1
    assert lengths[-1] == math.ceil(math.log2(n_words))


@of_each_kind
def test_the_smallest_vocabularies(make):
    assert paths_of(make(np.array([7]))) == [[]]
    one, other = paths_of(make(np.array([7, 3])))
    assert {one[0], other[0]} == {(0, 0), (0, 1)}
    assert len(one) == len(other) == 1


def test_settings_choose_the_tree():
    for name, make in TREES.items():
        model = ModelSettings(loss="hierarchical-softmax", tree=name)
        assert paths_of(objective_of(model).tree(FIBONACCI)) == paths_of(make(FIBONACCI))
    assert lengths_of(huffman_tree(FIBONACCI)).tolist() == [1, 2, 3, 4, 5, 6, 7, 8, 8]
