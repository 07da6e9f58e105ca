"""The vocabulary against a count of the same words in plain Python."""

from collections import Counter

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_w2v._arrays import OUT_OF_VOCABULARY
from spacy_w2v.errors import CorpusError
from spacy_w2v.model._vocabulary import build_vocabulary


def types_table(types):
    """A table of (orth, key, count), with gaps in the ids, as after dropped types."""
    return pa.table(
        {
            "id": pa.array([3 * i for i in range(len(types))], pa.uint32()),
            "orth": pa.array([orth for orth, _, _ in types], pa.large_string()),
            "key": pa.array([key for _, key, _ in types], pa.large_string()),
            "count": pa.array([count for _, _, count in types], pa.int64()),
        }
    )


@given(
    st.lists(
        st.tuples(st.text("abAB\u00df\u0130", min_size=1, max_size=3), st.integers(1, 9)),
        min_size=1,
        unique_by=lambda item: item[0],
    ),
    st.integers(1, 5),
)
@settings(derandomize=True, deadline=None)
def test_words_are_keys_by_decreasing_count(forms, min_count):
    types = [(orth, orth.lower(), count) for orth, count in forms]
    counts = Counter()
    for _, key, count in types:
        counts[key] += count
    # sorted() keeps ties as they come, which is by first appearance
    expected = sorted(((n, key) for key, n in counts.items() if n >= min_count), key=lambda item: -item[0])
    arguments = {"n_type_ids": 3 * len(types), "min_count": min_count, "max_final_vocab": None}
    if not expected:
        with pytest.raises(CorpusError, match="min_count"):
            build_vocabulary(types_table(types), **arguments)
        return
    vocabulary, word_of_type = build_vocabulary(types_table(types), **arguments)
    assert list(zip(vocabulary.counts.tolist(), vocabulary.words, strict=True)) == expected
    for i, (_, key, _) in enumerate(types):
        rank = word_of_type[3 * i]
        if counts[key] >= min_count:
            assert vocabulary.words[rank] == key
        else:
            assert rank == OUT_OF_VOCABULARY
    assert (word_of_type[np.arange(word_of_type.size) % 3 != 0] == OUT_OF_VOCABULARY).all()
    kept_forms = sorted((orth, count) for orth, key, count in types if counts[key] >= min_count)
    actual_forms = zip(vocabulary.forms["orth"].to_pylist(), vocabulary.forms["count"].to_pylist(), strict=True)
    assert sorted(actual_forms) == kept_forms


@pytest.mark.parametrize(
    ("max_final_vocab", "expected"), [(1, ["a"]), (2, ["a", "b"]), (3, ["a", "b"]), (9, ["a", "b", "c", "d"])]
)
def test_max_final_vocab_raises_min_count_as_gensim_does(max_final_vocab, expected):
    types = types_table([("a", "a", 9), ("b", "b", 5), ("c", "c", 2), ("d", "d", 2)])
    vocabulary, _ = build_vocabulary(types, n_type_ids=12, min_count=1, max_final_vocab=max_final_vocab)
    assert vocabulary.words == expected


def test_the_error_without_words_names_the_highest_count():
    with pytest.raises(CorpusError, match=r"min_count = 6 times, but the most frequent word, 'a', occurs 5 times"):
        build_vocabulary(types_table([("A", "a", 3), ("a", "a", 2)]), n_type_ids=6, min_count=6, max_final_vocab=None)


def test_the_error_says_once_of_a_word_that_occurs_once():
    with pytest.raises(CorpusError, match=r"the most frequent word, 'a', occurs once\. Lower min_count"):
        build_vocabulary(types_table([("a", "a", 1)]), n_type_ids=3, min_count=5, max_final_vocab=None)


def test_first_keeps_the_most_frequent_and_their_forms():
    types = types_table([("a", "a", 9), ("B", "b", 5), ("b", "b", 1), ("c", "c", 2)])
    vocabulary, _ = build_vocabulary(types, n_type_ids=12, min_count=1, max_final_vocab=None)
    assert vocabulary.first(2).words == ["a", "b"]
    assert vocabulary.first(2).forms["orth"].to_pylist() == ["a", "B", "b"]
    assert vocabulary.first(None) is vocabulary
