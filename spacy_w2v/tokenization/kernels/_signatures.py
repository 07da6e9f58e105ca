"""Compiled loops that split pre-tokens according to the cached splits of their signatures (see _splits).

The pre-tokens of a batch are an array of character numbers, with an end mark after each pre-token.
"""

import numpy as np
from numpy.typing import NDArray

from spacy_w2v._arrays import Offsets
from spacy_w2v._jit import inlined, kernel
from spacy_w2v.tokenization.kernels._strings import Slices, hash_of, no_slices


@inlined
def put(data, offset, number):  # typed by numba
    """Write a 16-bit number at an offset, in two bytes."""
    data[offset] = number & 0xFF
    data[offset + 1] = number >> 8


def alphabets_of(
    characters: NDArray[np.uint16], starts: Offsets, kinds: NDArray[np.uint16], max_characters: int
) -> tuple[NDArray[np.uint8], Slices]:
    """Return the alphabet string of each pre-token.

    It has one byte for whether there are letters, and two bytes for the kind of each other character.

    Args:
        characters: The pre-tokens. Pre-token i ends at starts[i + 1] - 1, where its end mark is.
        starts: The offset of each pre-token, and the end.
        kinds: The kind of each character, by its number. The kind of letters is 0.
        max_characters: The maximum length. Longer pre-tokens get an empty string.

    Returns:
        The bytes of the strings, and the slices of the strings in them.
    """
    n = starts.size - 1
    data, slices = np.empty(2 * characters.size + n, np.uint8), no_slices(n)
    write_alphabets(characters, starts, kinds, max_characters, data, slices)
    return data, slices


@kernel
def write_alphabets(
    characters: NDArray[np.uint16],
    starts: Offsets,
    kinds: NDArray[np.uint16],
    max_characters: int,
    data: NDArray[np.uint8],
    slices: Slices,
) -> None:
    """Compute `alphabets_of`, with the outputs `data` and `slices`."""
    n = starts.size - 1
    place = 0
    for pretoken in range(n):
        first = place
        end = starts[pretoken + 1] - 1
        if end - starts[pretoken] <= max_characters:
            place += 1
            data[first] = 0
            for i in range(starts[pretoken], end):
                kind = kinds[characters[i]]
                if kind == 0:
                    data[first] = 1
                else:
                    put(data, place, kind)
                    place += 2
        slices.starts[pretoken] = first
        slices.ends[pretoken] = place
        slices.hashes[pretoken] = hash_of(data, first, place)


def signatures_of(
    columns: NDArray[np.uint16], starts: Offsets, alphabets: NDArray[np.int32], classes: NDArray[np.uint16]
) -> tuple[NDArray[np.uint8], Slices]:
    """Return the signature of each pre-token: its alphabet, and the class of each character, in two bytes each.

    Args:
        columns: The column of each character in `classes`.
        starts: The offset of each pre-token, and the end.
        alphabets: The alphabet of each pre-token. If it is negative, the signature is empty.
        classes: The classes of characters, by alphabet and column.

    Returns:
        The bytes of the signatures, and the slices of the signatures in them.
    """
    n = starts.size - 1
    data, slices = np.empty(2 * (columns.size + n), np.uint8), no_slices(n)
    write_signatures(columns, starts, alphabets, classes, data, slices)
    return data, slices


@kernel
def write_signatures(
    columns: NDArray[np.uint16],
    starts: Offsets,
    alphabets: NDArray[np.int32],
    classes: NDArray[np.uint16],
    data: NDArray[np.uint8],
    slices: Slices,
) -> None:
    """Compute `signatures_of`, with the outputs `data` and `slices`."""
    n = starts.size - 1
    place = 0
    for pretoken in range(n):
        slices.starts[pretoken] = place
        if alphabets[pretoken] >= 0:
            of_alphabet = classes[alphabets[pretoken]]
            put(data, place, alphabets[pretoken])
            place += 2
            for i in range(starts[pretoken], starts[pretoken + 1] - 1):
                put(data, place, of_alphabet[columns[i]])
                place += 2
        slices.ends[pretoken] = place
        slices.hashes[pretoken] = hash_of(data, slices.starts[pretoken], place)


def cut_tokens(
    text: NDArray[np.uint8],
    places: Offsets,
    starts: Offsets,
    splits: NDArray[np.int32],
    split_starts: Offsets,
    split_ends: NDArray[np.int64],
) -> tuple[Slices, Offsets]:
    """Return the tokens of all pre-tokens as slices of the text, and the offsets of each pre-token's tokens.

    Args:
        text: The UTF-8 of the pre-tokens.
        places: The offset of each character in the text.
        starts: The index of the first character of each pre-token, and the end.
        splits: The index of each pre-token's split.
        split_starts: The offsets of splits: split i has the ends split_ends[split_starts[i]:split_starts[i + 1]].
        split_ends: The ends of tokens, in characters from the start of the pre-token.
    """
    first_tokens = np.concatenate(([0], np.cumsum(np.diff(split_starts)[splits])))
    slices = no_slices(int(first_tokens[-1]))
    write_tokens(text, places, starts, splits, split_starts, split_ends, slices)
    return slices, first_tokens


@kernel
def write_tokens(
    text: NDArray[np.uint8],
    places: Offsets,
    starts: Offsets,
    splits: NDArray[np.int32],
    split_starts: Offsets,
    split_ends: NDArray[np.int64],
    slices: Slices,
) -> None:
    """Compute `cut_tokens`, with the output `slices`."""
    token = 0
    for pretoken in range(starts.size - 1):
        start = places[starts[pretoken]]
        for entry in range(split_starts[splits[pretoken]], split_starts[splits[pretoken] + 1]):
            end = places[starts[pretoken] + split_ends[entry]]
            slices.starts[token] = start
            slices.ends[token] = end
            slices.hashes[token] = hash_of(text, start, end)
            start = end
            token += 1


def list_runs(
    text: NDArray[np.uint8], tokens: Slices, first_tokens: Offsets, begins_run: NDArray[np.bool_]
) -> tuple[Slices, Offsets]:
    """Return all runs of two or more tokens of a pre-token that begin with certain tokens, and the pre-token of each.

    Args:
        text: The UTF-8 of the pre-tokens.
        tokens: The tokens of all pre-tokens.
        first_tokens: The offsets of each pre-token's tokens.
        begins_run: Whether runs begin at each token.
    """
    n_tokens = np.diff(first_tokens)
    ends = np.repeat(first_tokens[1:], n_tokens)
    n_runs = int((ends - np.arange(ends.size) - 1)[begins_run].sum())
    runs, pretokens = no_slices(n_runs), np.empty(n_runs, np.int64)
    write_runs(text, tokens, first_tokens, begins_run, runs, pretokens)
    return runs, pretokens


@kernel
def write_runs(
    text: NDArray[np.uint8],
    tokens: Slices,
    first_tokens: Offsets,
    begins_run: NDArray[np.bool_],
    runs: Slices,
    pretokens: Offsets,
) -> None:
    """Compute `list_runs`, with the outputs `runs` and `pretokens`."""
    run = 0
    for pretoken in range(first_tokens.size - 1):
        for first in range(first_tokens[pretoken], first_tokens[pretoken + 1]):
            if begins_run[first]:
                for last in range(first + 1, first_tokens[pretoken + 1]):
                    runs.starts[run] = tokens.starts[first]
                    runs.ends[run] = tokens.ends[last]
                    runs.hashes[run] = hash_of(text, tokens.starts[first], tokens.ends[last])
                    pretokens[run] = pretoken
                    run += 1
