"""Rare keys of a text count as its commonest one: against a slow reference, and in the choice of words."""

from collections import Counter

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_w2v.model._rare_keys import back_off
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


def reference(types, frequent):
    """The keys that count, text by text."""
    keys = []
    for orth, key, _ in types:
        senses = Counter()
        for other, sense, count in types:
            if other.lower() == orth.lower():
                senses[sense] += count  # a dict has them in the order of first occurrence
        commonest = max(senses, key=lambda sense: (sense in frequent, senses[sense]))
        keys.append(key if key in frequent else commonest)
    return keys


@given(
    st.lists(
        st.tuples(st.sampled_from(["duck", "Duck", "DUCK", "run", "Run"]), st.sampled_from("NVPA"), st.integers(1, 9)),
        min_size=1,
        unique_by=lambda item: item[:2],
    ),
    st.sets(st.sampled_from(["duck|N", "duck|V", "Duck|P", "run|V", "run|N"])),
)
@settings(derandomize=True, deadline=None)
def test_rare_keys_become_the_commonest_of_their_text(drawn, frequent):
    types = [(orth, f"{orth}|{sense}", count) for orth, sense, count in drawn]
    actual = back_off(types_table(types), pa.array(sorted(frequent), pa.large_string()))
    assert actual["key"].to_pylist() == reference(types, frequent)
    assert actual.drop_columns("key").equals(types_table(types).drop_columns("key"))


TYPES = [
    ("duck", "duck|NOUN", 9),
    ("duck", "duck|ADP", 2),
    ("Duck", "duck|NOUN", 1),
    ("Duck", "Duck|PERSON", 1),
    ("fly", "fly|NOUN", 3),
    ("fly", "fly|VERB", 3),
    ("swan", "swan|NOUN", 2),
]


def test_no_token_is_lost_because_its_senses_are_rare():
    vocabulary, word_of_type = build_vocabulary(
        types_table(TYPES), n_type_ids=21, min_count=5, max_final_vocab=None, merge_rare=True
    )
    assert dict(zip(vocabulary.words, vocabulary.counts.tolist(), strict=True)) == {"duck|NOUN": 13, "fly|NOUN": 6}
    assert [vocabulary.words[word_of_type[3 * i]] for i in range(6)] == ["duck|NOUN"] * 4 + ["fly|NOUN"] * 2
    assert vocabulary.rows_of(["Duck", "fly", "swan"]).tolist() == [0, 1, -1]


def test_rare_keys_are_left_out_without_it():
    vocabulary, _ = build_vocabulary(types_table(TYPES), n_type_ids=21, min_count=5, max_final_vocab=None)
    assert vocabulary.words == ["duck|NOUN"]
    assert vocabulary.n_tokens == 10


@pytest.mark.parametrize(("keep", "expected"), [(["Duck|PERSON"], 1), (["duck|ADP"], 2)])
def test_kept_words_have_their_own_tokens(keep, expected):
    vocabulary, _ = build_vocabulary(
        types_table(TYPES), n_type_ids=21, min_count=5, max_final_vocab=None, keep=keep, merge_rare=True
    )
    assert vocabulary.counts[vocabulary.index[keep[0]]] == expected


def test_the_largest_size_counts_for_both():
    vocabulary, _ = build_vocabulary(types_table(TYPES), n_type_ids=21, min_count=1, max_final_vocab=2, merge_rare=True)
    assert vocabulary.words == ["duck|NOUN", "fly|NOUN"]
