"""The loops that split pieces of text as others of the same outline were split (see corpus.splits).

Pieces lie in an array of characters, one number per code point, with an end of a piece behind each.
"""

import numpy as np
from numpy.typing import NDArray

from spacy_w2v._arrays import Offsets
from spacy_w2v._jit import inlined, kernel
from spacy_w2v.tokenization.kernels._strings import Slices, hash_of, no_slices


@inlined
def put(data, place, number):  # numba gives it its types
    """Write a number of 16 bits."""
    data[place] = number & 0xFF
    data[place + 1] = number >> 8


def alphabets_of(
    characters: NDArray[np.uint16], starts: Offsets, kinds: NDArray[np.uint16], max_characters: int
) -> tuple[NDArray[np.uint8], Slices]:
    """Return for each piece whether it has letters (a byte), and the kinds of its other characters (two bytes each).

    characters: the pieces, piece i at starts[i] to starts[i + 1] - 1, where the end of a piece stands.
    kinds: the kind of each character; 0: it is a letter.
    max_characters: nothing is written for longer pieces.
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
    """Do the work of `alphabets_of`: write what it returns, for which there must be room."""
    n = starts.size - 1
    place = 0
    for piece in range(n):
        first = place
        end = starts[piece + 1] - 1
        if end - starts[piece] <= max_characters:
            place += 1
            data[first] = 0
            for i in range(starts[piece], end):
                kind = kinds[characters[i]]
                if kind == 0:
                    data[first] = 1
                else:
                    put(data, place, kind)
                    place += 2
        slices.starts[piece] = first
        slices.ends[piece] = place
        slices.hashes[piece] = hash_of(data, first, place)


def outlines_of(
    columns: NDArray[np.uint16], starts: Offsets, alphabets: NDArray[np.int32], classes: NDArray[np.uint16]
) -> tuple[NDArray[np.uint8], Slices]:
    """Return the outline of each piece: its alphabet, and the class of each character in it (two bytes each).

    alphabets: the alphabet of each piece; a piece with a negative one has an empty outline.
    classes: by alphabet and column of a character.
    """
    n = starts.size - 1
    data, slices = np.empty(2 * (columns.size + n), np.uint8), no_slices(n)
    write_outlines(columns, starts, alphabets, classes, data, slices)
    return data, slices


@kernel
def write_outlines(
    columns: NDArray[np.uint16],
    starts: Offsets,
    alphabets: NDArray[np.int32],
    classes: NDArray[np.uint16],
    data: NDArray[np.uint8],
    slices: Slices,
) -> None:
    """Do the work of `outlines_of`: write what it returns, for which there must be room."""
    n = starts.size - 1
    place = 0
    for piece in range(n):
        slices.starts[piece] = place
        if alphabets[piece] >= 0:
            of_alphabet = classes[alphabets[piece]]
            put(data, place, alphabets[piece])
            place += 2
            for i in range(starts[piece], starts[piece + 1] - 1):
                put(data, place, of_alphabet[columns[i]])
                place += 2
        slices.ends[piece] = place
        slices.hashes[piece] = hash_of(data, slices.starts[piece], place)


def cut_tokens(
    text: NDArray[np.uint8],
    places: Offsets,
    starts: Offsets,
    splits: NDArray[np.int32],
    split_starts: Offsets,
    split_ends: NDArray[np.int64],
) -> tuple[Slices, Offsets]:
    """Return the tokens of each piece as slices of its UTF-8, and where the tokens of each piece start, and the end.

    places: where each character starts in the text.
    splits: the split of each piece; split i has the ends split_ends[split_starts[i]:split_starts[i + 1]], in
        characters from the start of the piece.
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
    """Do the work of `cut_tokens`: write the tokens, for which there must be room."""
    token = 0
    for piece in range(starts.size - 1):
        start = places[starts[piece]]
        for entry in range(split_starts[splits[piece]], split_starts[splits[piece] + 1]):
            end = places[starts[piece] + split_ends[entry]]
            slices.starts[token] = start
            slices.ends[token] = end
            slices.hashes[token] = hash_of(text, start, end)
            start = end
            token += 1


def list_runs(
    text: NDArray[np.uint8], tokens: Slices, first_tokens: Offsets, begins_run: NDArray[np.bool_]
) -> tuple[Slices, Offsets]:
    """Return the runs of two or more tokens of a piece that begin with some tokens, and the piece of each run.

    first_tokens: where the tokens of each piece start, and the end.
    """
    n_tokens = np.diff(first_tokens)
    ends = np.repeat(first_tokens[1:], n_tokens)
    n_runs = int((ends - np.arange(ends.size) - 1)[begins_run].sum())
    runs, pieces = no_slices(n_runs), np.empty(n_runs, np.int64)
    write_runs(text, tokens, first_tokens, begins_run, runs, pieces)
    return runs, pieces


@kernel
def write_runs(
    text: NDArray[np.uint8],
    tokens: Slices,
    first_tokens: Offsets,
    begins_run: NDArray[np.bool_],
    runs: Slices,
    pieces: Offsets,
) -> None:
    """Do the work of `list_runs`: write what it returns, for which there must be room."""
    run = 0
    for piece in range(first_tokens.size - 1):
        for first in range(first_tokens[piece], first_tokens[piece + 1]):
            if begins_run[first]:
                for last in range(first + 1, first_tokens[piece + 1]):
                    runs.starts[run] = tokens.starts[first]
                    runs.ends[run] = tokens.ends[last]
                    runs.hashes[run] = hash_of(text, tokens.starts[first], tokens.ends[last])
                    pieces[run] = piece
                    run += 1
