"""Compiled loops over the n-grams of words, which are hashed to buckets.

A word is a slice of UTF-8. It is copied to an array of bytes, with the marks of its beginning and its end around it. A
byte that begins with the bits 10 continues a character.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spacy_w2v._arrays import Offsets, TokenIds
from spacy_w2v._jit import inlined, kernel
from spacy_w2v.subwords.kernels._hashes import FNV_OFFSET, HIGH_HALF, LOW_HALF, fnv_step, murmur_hash

CONTINUES, TOP_BITS = 0x80, 0xC0
END_OF_SENTENCE = np.frombuffer(b"</s>", np.uint8)
"""The word of fastText that has no n-grams."""


class Ngrams(NamedTuple):
    """Which n-grams a word has, and how they are hashed."""

    min_n: int
    """The least length in characters, at least 1."""
    max_n: int
    """The greatest length in characters."""
    n_buckets: np.uint64
    """The number of buckets, at least 1."""
    hashes: int
    """Buckets of each n-gram, 1 to 4. 0 stands for fastText's way: one bucket, none for the word, and FNV-1a."""
    seed: np.uint64
    """The seed of MurmurHash3."""
    begin: NDArray[np.uint8]
    """The mark before a word."""
    end: NDArray[np.uint8]
    """The mark after a word."""


@inlined
def starts_character(byte):
    """Return whether a byte of UTF-8 is the first of a character."""
    return (byte & TOP_BITS) != CONTINUES


@inlined
def number_of_ngrams(n_characters, min_n, max_n):
    """Return how many n-grams of min_n to max_n characters a text has."""
    longest = min(max_n, n_characters)
    if longest < min_n:
        return 0
    return (longest - min_n + 1) * (2 * n_characters + 2 - min_n - longest) // 2


@inlined
def is_end_of_sentence(data, start, end, wanted):
    """Return whether data[start:end] is `</s>`."""
    i = 0 if end - start == wanted.size else wanted.size + 1
    while i < wanted.size and data[start + i] == wanted[i]:
        i += 1
    return i == wanted.size


@kernel
def count_buckets(
    data: NDArray[np.uint8], starts: Offsets, ngrams: Ngrams, end_of_sentence: NDArray[np.uint8], offsets: Offsets
) -> int:
    """Count the buckets of each word.

    Args:
        data: The bytes of all words, one after another.
        starts: n + 1; the offset of each word in `data`, and the end.
        ngrams: Which n-grams a word has.
        end_of_sentence: END_OF_SENTENCE.
        offsets: n + 1; filled with the sums of the counts, from 0.

    Returns:
        The number of bytes of the longest word.
    """
    marks = 0
    for i in range(ngrams.begin.size):
        marks += starts_character(ngrams.begin[i])
    for i in range(ngrams.end.size):
        marks += starts_character(ngrams.end[i])
    longest = 0
    offsets[0] = 0
    for word in range(starts.size - 1):
        start, end = starts[word], starts[word + 1]
        longest = max(longest, end - start)
        n_characters = marks
        for i in range(start, end):
            n_characters += starts_character(data[i])
        count = number_of_ngrams(n_characters, ngrams.min_n, ngrams.max_n)
        if ngrams.hashes > 0:
            count = (1 + count) * ngrams.hashes if end > start else 0
        elif is_end_of_sentence(data, start, end, end_of_sentence):
            count = 0
        elif ngrams.min_n == 1:
            count -= 2  # "<" and ">" alone
        offsets[word + 1] = offsets[word] + count
    return longest


@inlined
def copy_marked(data, start, end, ngrams, text):
    """Copy a word with its marks to `text`, and return the number of bytes."""
    size = 0
    for i in range(ngrams.begin.size):
        text[size] = ngrams.begin[i]
        size += 1
    for i in range(start, end):
        text[size] = data[i]
        size += 1
    for i in range(ngrams.end.size):
        text[size] = ngrams.end[i]
        size += 1
    return size


@kernel
def fill_fasttext_buckets(
    data: NDArray[np.uint8],
    starts: Offsets,
    ngrams: Ngrams,
    offsets: Offsets,
    text: NDArray[np.uint8],
    buckets: TokenIds,
) -> None:
    """Compute the buckets of words as fastText does (`Dictionary::computeSubwords`, src/dictionary.cc).

    They come in the order of the places where the n-grams begin, then of their lengths.

    Args:
        data: The bytes of all words, one after another.
        starts: n + 1; the offset of each word in `data`, and the end.
        ngrams: Which n-grams a word has.
        offsets: n + 1; the result of `count_buckets`. A word without buckets is skipped.
        text: Space for the longest word with its marks.
        buckets: Filled with the buckets of all words.
    """
    for word in range(starts.size - 1):
        place = offsets[word]
        if place == offsets[word + 1]:
            continue
        size = copy_marked(data, starts[word], starts[word + 1], ngrams, text)
        for start in range(size):
            if not starts_character(text[start]):
                continue
            value = FNV_OFFSET
            stop = start
            n = 0
            while stop < size and n < ngrams.max_n:
                value = fnv_step(value, text[stop])
                stop += 1
                while stop < size and not starts_character(text[stop]):
                    value = fnv_step(value, text[stop])
                    stop += 1
                n += 1
                if n >= ngrams.min_n and not (n == 1 and (start == 0 or stop == size)):
                    buckets[place] = value % ngrams.n_buckets
                    place += 1


@inlined
def put_buckets(text, start, end, ngrams, buckets, place):
    """Write the buckets of text[start:end] for each of the hashes, and return the place after them."""
    first, second = murmur_hash(text, start, end, ngrams.seed)
    buckets[place] = (first & LOW_HALF) % ngrams.n_buckets
    if ngrams.hashes > 1:
        buckets[place + 1] = (first >> HIGH_HALF) % ngrams.n_buckets
    if ngrams.hashes > 2:
        buckets[place + 2] = (second & LOW_HALF) % ngrams.n_buckets
    if ngrams.hashes > 3:
        buckets[place + 3] = (second >> HIGH_HALF) % ngrams.n_buckets
    return place + ngrams.hashes


@kernel
def fill_floret_buckets(
    data: NDArray[np.uint8],
    starts: Offsets,
    ngrams: Ngrams,
    offsets: Offsets,
    text: NDArray[np.uint8],
    characters: Offsets,
    buckets: TokenIds,
) -> None:
    """Compute the buckets of words as spaCy does (`Vectors._get_ngrams` and `_get_ngram_hashes`, spacy/vectors.pyx).

    Those of the whole word come first, then those of the n-grams in the order of their lengths, then of their places.

    Args:
        data: The bytes of all words, one after another.
        starts: n + 1; the offset of each word in `data`, and the end.
        ngrams: Which n-grams a word has.
        offsets: n + 1; the result of `count_buckets`. A word without buckets is skipped.
        text: Space for the longest word with its marks.
        characters: Space for the places of its characters, and the end.
        buckets: Filled with the buckets of all words.
    """
    for word in range(starts.size - 1):
        place = offsets[word]
        if place == offsets[word + 1]:
            continue
        size = copy_marked(data, starts[word], starts[word + 1], ngrams, text)
        n_characters = 0
        for i in range(size):
            if starts_character(text[i]):
                characters[n_characters] = i
                n_characters += 1
        characters[n_characters] = size
        place = put_buckets(text, 0, size, ngrams, buckets, place)
        for n in range(ngrams.min_n, min(ngrams.max_n, n_characters) + 1):
            for first in range(n_characters - n + 1):
                place = put_buckets(text, characters[first], characters[first + n], ngrams, buckets, place)
