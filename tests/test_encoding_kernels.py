"""The loops of encoding against plain Python: white space, tables of strings, signatures, expansion.

CI runs these tests without numba's JIT too.
"""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_w2v.tokenization._string_table import StringTable, read_only, selected
from spacy_w2v.tokenization.kernels._encoding import expand_pretokens, split_texts
from spacy_w2v.tokenization.kernels._signatures import alphabets_of, cut_tokens, list_runs, signatures_of
from spacy_w2v.tokenization.kernels._strings import hash_slices

seeded = settings(derandomize=True, deadline=None, max_examples=100)

WHITE_SPACE = [chr(code) for code in range(0x110000) if chr(code).isspace()]
LIKE_WHITE_SPACE = [
    "\u200b",
    "\u0086",
    "\u2010",
    "\u202a",
    "\u2060",
    "\u3001",
    "\u1681",
    "\ufeff",
    "é",
    "日",
    "😀",
    "\x00",
]


def utf8(texts: list[str]):
    encoded = [text.encode() for text in texts]
    return np.frombuffer(b"".join(encoded), np.uint8), np.cumsum([0, *map(len, encoded)])


def slices_of(strings: list[str]):
    data, offsets = utf8(strings)
    return data, hash_slices(data, offsets[:-1], offsets[1:])


# --- pre-tokens


@pytest.mark.parametrize("by_line", [True, False])
def test_pretokens_are_those_of_str_split(by_line):
    @given(
        texts=st.lists(
            st.text(st.sampled_from([*WHITE_SPACE, *" \n\r ab", *LIKE_WHITE_SPACE]), max_size=12), max_size=5
        )
    )
    @seeded
    def check(texts):
        data, offsets = utf8(["not read", *texts])
        pretokens = split_texts(data, offsets[1:], by_line)
        starts, ends, hashes = pretokens.slices
        lines = [line for text in texts for line in (re.split("[\n\r]", text) if by_line else [text])]
        expected = [line.split() for line in lines if line.split()]
        actual = [data[start:end].tobytes().decode() for start, end in zip(starts, ends, strict=True)]
        assert [
            actual[a:b] for a, b in zip(pretokens.line_offsets, pretokens.line_offsets[1:], strict=False)
        ] == expected
        assert hashes.tolist() == hash_slices(data, starts, ends).hashes.tolist()
        for text in texts:
            for match in re.finditer(r"\S+", text):
                place = actual.index(match.group()) if actual.count(match.group()) == 1 else None
                if place is not None:
                    before = text[: match.start()]
                    assert pretokens.is_next[place] == (before[-1:] == " " and before[-2:-1].strip() != "")

    check()


def test_only_white_space_separates_pretokens():
    text = "x".join(map(chr, [*range(0xD800), *range(0xE000, 0x110000)]))
    data, offsets = utf8([text])
    starts, ends, _ = split_texts(data, offsets, False).slices
    assert [data[start:end].tobytes().decode() for start, end in zip(starts, ends, strict=True)] == text.split()


# --- strings


@given(strings=st.lists(st.text(st.sampled_from("ab\x00é😀"), max_size=20), max_size=60))
@seeded
def test_strings_are_numbered_in_order_of_appearance(strings):
    table = StringTable()
    half = len(strings) // 2
    rows = [*table.rows(*slices_of(strings[:half])), *table.rows(*slices_of(strings[half:]))]
    expected = {string: row for row, string in enumerate(dict.fromkeys(strings))}
    assert rows == [expected[string] for string in strings]
    assert table.strings_from(0) == list(expected)
    assert [table.bytes_of(row).decode() for row in range(len(table))] == list(expected)
    assert table.n_seen.tolist() == [strings.count(string) for string in expected]
    others = ["", "a", "aa", "ab", "neither", "aaaaaaaaa"]
    assert table.find(*slices_of(others)).tolist() == [expected.get(string, -1) for string in others]
    assert len(table) == len(expected), "looking for strings does not add them"


@pytest.mark.parametrize("length", [1, 3, 8, 9, 16, 200_000])
def test_a_table_grows_with_rows_and_with_bytes(length):
    n = 3 if length > 1000 else 20_000
    strings = [f"{i:x}".rjust(length, "é"[: 1 + (length % 2)]) for i in range(n)]
    table = StringTable()
    assert table.rows(*slices_of(strings)).tolist() == table.rows(*slices_of(strings)).tolist()
    assert table.strings_from(0) == list(dict.fromkeys(strings))
    assert table.strings_from(2) == list(dict.fromkeys(strings))[2:]


def test_kept_rows_are_numbered_again():
    table = StringTable(["one", "two", "three", "four", "a longer string"])
    table.rows(*slices_of(["two", "two", "two"]))
    table.keep(np.array([4, 1]))
    assert table.strings_from(0) == ["a longer string", "two"]
    assert table.n_seen.tolist() == [0, 2]
    assert table.find(*slices_of(["one", "two", "a longer string"])).tolist() == [-1, 1, 0]
    assert table.rows(*slices_of(["one", "two"])).tolist() == [2, 1]


def test_strings_with_the_same_hash_are_distinguished():
    data, slices = slices_of(["first string", "other string", "first string", "short"])
    table = StringTable()
    assert table.rows(data, slices._replace(hashes=np.zeros(4, np.uint64))).tolist() == [0, 1, 0, 2]


@given(a=st.binary(max_size=8), b=st.binary(max_size=8))
@seeded
def test_short_strings_of_the_same_length_have_different_hashes(a, b):
    data = np.frombuffer(a + b[: len(a)].ljust(len(a)), np.uint8)
    _, _, (first, second) = hash_slices(data, np.array([0, len(a)]), np.array([len(a), 2 * len(a)]))
    assert (first == second) == (data[: len(a)].tobytes() == data[len(a) :].tobytes())


def test_parts_of_a_flat_array_are_selected():
    flat, starts = selected(np.arange(10), np.array([0, 2, 2, 7, 10]), np.array([3, 1, 0]))
    assert (flat.tolist(), starts.tolist()) == ([7, 8, 9, 0, 1], [0, 3, 3, 5])


# --- signatures


def signature_arguments(pretokens: list[str]):
    characters = np.array([ord(character) for pretoken in pretokens for character in pretoken + "\n"], np.uint16)
    characters[characters == ord("\n")] = 0
    return characters, np.cumsum([0, *(len(pretoken) + 1 for pretoken in pretokens)])


def written(data, slices) -> list[bytes]:
    return [data[start:end].tobytes() for start, end in zip(slices.starts, slices.ends, strict=True)]


def test_characters_other_than_letters_are_written():
    kinds = np.arange(256, dtype=np.uint16) + 1000
    kinds[[ord(letter) for letter in "abc"]] = 0
    actual = written(*alphabets_of(*signature_arguments(["abc", "", "a.b!", "!!", ".", "too long"]), kinds, 5))
    assert [(*string[:1], np.frombuffer(string[1:], np.uint16).tolist()) for string in actual] == [
        *((1, []), (0, []), (1, [1046, 1033]), (0, [1033, 1033]), (0, [1046]), ([],)),
    ]


def test_classes_of_characters_are_written():
    classes = np.array([[7] * 256, range(256)], np.uint16)
    alphabets = np.array([0, 1, -1], np.int32)
    actual = written(*signatures_of(*signature_arguments(["ab", "ab", "ab"]), alphabets, classes))
    assert [np.frombuffer(signature, np.uint16).tolist() for signature in actual] == [[0, 7, 7], [1, 97, 98], []]


def test_pretokens_are_cut_at_the_ends_of_their_split():
    pretokens = ["é!x", "ab", "word"]
    text = "".join(pretoken + "\n" for pretoken in pretokens)
    data = read_only(utf8([text])[0])
    places = np.append(np.flatnonzero((data & 0xC0) != 0x80), data.size)
    starts = np.cumsum([0, *(len(pretoken) + 1 for pretoken in pretokens)])
    splits = np.array([2, 0, 1], np.int32)
    slices, firsts = cut_tokens(data, places, starts, splits, np.array([0, 0, 2, 5]), np.array([1, 4, 1, 2, 3]))
    assert [token.decode() for token in written(data, slices)] == ["é", "!", "x", "w", "ord"]
    assert firsts.tolist() == [0, 3, 3, 5]
    assert slices.hashes.tolist() == hash_slices(data, slices.starts, slices.ends).hashes.tolist()
    runs, pretoken_of_run = list_runs(data, slices, firsts, np.array([True, False, True, True, True]))
    assert [run.decode() for run in written(data, runs)] == ["é!", "é!x", "word"]
    assert pretoken_of_run.tolist() == [0, 0, 2]


# --- expansion


@pytest.mark.parametrize("min_tokens", [0, 1, 3])
def test_pretokens_are_expanded_and_types_numbered_by_appearance(min_tokens):
    generator = np.random.default_rng(0)
    rows = [[], *(generator.integers(0, 12, generator.integers(0, 4)).tolist() for _ in range(9))]
    lines = [generator.integers(0, 10, generator.integers(0, 5)).tolist() for _ in range(40)]
    tokens = [[type_ for row in line for type_ in rows[row]] for line in lines]
    expected = [line for line in tokens if line and len(line) >= min_tokens]
    arguments = (
        np.array([row for line in lines for row in line], np.int32),
        np.cumsum([0, *map(len, lines)]),
        np.cumsum([0, *map(len, rows)]),
        np.array([type_ for row in rows for type_ in row], np.uint32),
        min_tokens,
    )
    scratch = np.zeros(12, np.uint32)
    numbers, lengths, types = expand_pretokens(*arguments, scratch)
    assert [types[number] for number in numbers] == [type_ for line in expected for type_ in line]
    assert lengths.tolist() == [len(line) for line in expected]
    assert types.tolist() == list(dict.fromkeys(type_ for line in expected for type_ in line))
    assert not scratch.any()
