"""Helpers of the tests of co-occurrence counting: small corpora on disk, and a reference in plain Python."""

from fractions import Fraction

import numpy as np

from spacy_w2v.corpus._counts import DocumentCounts
from spacy_w2v.corpus._fingerprint import CorpusFingerprint
from spacy_w2v.corpus._store import CorpusWriter, open_corpus
from spacy_w2v.tokenization._tokens import EncodedBatch, Types

UNKNOWN = 2**32 - 1
"""The word of a type that is not in the vocabulary."""


def weight(distance, window, kind):
    """What a pair at a distance adds to its count."""
    return {"harmonic": Fraction(1, distance), "linear": Fraction(window + 1 - distance, window), "flat": Fraction(1)}[
        kind
    ]


def expected_cells(sentences, word_of_type, *, window, kind="harmonic", symmetric=True):
    """Return the count of each pair of word and context, exactly.

    Args:
        sentences: The types of each sentence.
        word_of_type: The word of each type, or UNKNOWN.
        window: The largest distance.
        kind: The setting `distance_weights`.
        symmetric: Whether contexts are on both sides.
    """
    cells = {}
    for sentence in sentences:
        words = [word for word in (int(word_of_type[number]) for number in sentence) if word != UNKNOWN]
        for i, word in enumerate(words):
            for j, context in enumerate(words):
                distance = i - j
                if (distance < 0 and not symmetric) or distance == 0 or abs(distance) > window:
                    continue
                cells[word, context] = cells.get((word, context), 0) + weight(abs(distance), window, kind)
    return cells


def in_order(cells):
    """Return the pairs in the order of the file: by bands of 512 rows, bands of 512 columns, rows and columns."""
    return sorted(cells, key=lambda cell: (cell[0] // 512, cell[1] // 512, *cell))


def make_corpus(directory, sentences, n_types, *, source="f1"):
    """Write an encoded corpus whose types have the given numbers, and open it."""
    directory.mkdir(parents=True, exist_ok=True)
    fingerprint = CorpusFingerprint(format=3, source=source, tokenizer="t", tokens={}, max_vocab_size=None)
    writer = CorpusWriter(directory, max_types=None)
    names = [str(i) for i in range(n_types)]
    tokens = np.concatenate([np.arange(n_types), *sentences]).astype(np.uint32)
    lengths = np.array([1] * n_types + [len(sentence) for sentence in sentences])
    writer.add(EncodedBatch(Types(names, names), np.arange(n_types, dtype=np.uint32), tokens, lengths))
    writer.close(source="list", fingerprint=fingerprint, documents=DocumentCounts(1, 0, 0))
    return open_corpus(directory)


def random_sentences(seed, *, n_types, n_sentences, longest):
    """Return sentences of 1 to `longest` types, of which low ones are more frequent."""
    generator = np.random.default_rng(seed)
    return [
        np.minimum(n_types * generator.random(generator.integers(1, longest + 1)) ** 3, n_types - 1).astype(np.uint32)
        for _ in range(n_sentences)
    ]


def read_all(matrix):
    """Return the words, contexts and counts of all batches."""
    reader = matrix.open()
    batches = [reader.read(number) for number in range(matrix.n_batches)]
    return tuple(np.concatenate([batch[i] for batch in batches] or [np.zeros(0)]) for i in range(3))
