"""The encoded corpus that a model was trained on, if the cache still has it, and the words of its tokens."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from spacy_w2v._arrays import OUT_OF_VOCABULARY, TokenIds
from spacy_w2v._system.hashing import sha256_of_text
from spacy_w2v.corpus._cache_directory import default_cache_dir
from spacy_w2v.corpus._entries import find_corpus
from spacy_w2v.corpus._fingerprint import VERSION_OF_PARTS
from spacy_w2v.corpus._store import Corpus, read_manifest
from spacy_w2v.errors import StorageError
from spacy_w2v.model._run_record import RunRecord

MOST_CHUNKS = 100
"""Number of chunks of the corpus that are read, some 10 million tokens. They are spread evenly over the corpus."""

ENTRY = re.compile("[0-9a-f]{16}")
"""The name of an entry of the cache."""


def corpus_of(record: RunRecord, *, cache_dir: Path | None) -> Corpus | None:
    """Return the encoded corpus of a run, or None if it is not in the cache.

    Of a corpus of several parts, this is the first part, which is an encoded corpus of its own. One part is a large
    sample, and checking all of them could take minutes.

    Args:
        record: The record of the run.
        cache_dir: The directory of the cache. If None, the user's cache directory.
    """
    if not record.corpus_fingerprint:  # the model of another program
        return None
    try:
        directory = cache_dir or default_cache_dir()
        entry = directory / digest_of(record)
        if record.corpus_fingerprint.get("format") == VERSION_OF_PARTS:
            parts = read_manifest(entry, version=VERSION_OF_PARTS).get("parts")
            entry = directory / _name_of_first(parts)
        return find_corpus(entry, lambda text: None)
    except StorageError:
        return None


def digest_of(record: RunRecord) -> str:
    """Return the name of the corpus of a run in the cache."""
    return sha256_of_text(json.dumps(record.corpus_fingerprint, sort_keys=True))[:16]


def _name_of_first(parts: object) -> str:
    """Return the name of the first part of a manifest. Raises StorageError if there is none."""
    first = parts[0] if isinstance(parts, list) and parts else None
    name = first.get("directory") if isinstance(first, dict) else None
    if not isinstance(name, str) or not ENTRY.fullmatch(name):
        raise StorageError("The manifest of a corpus of several parts must name them, but does not. It is damaged.")
    return name


def sentences_of(corpus: Corpus, words: list[str]) -> Iterator[tuple[TokenIds, NDArray[np.int64]]]:
    """Yield the tokens of some chunks that are words of a vocabulary, and the number of the sentence of each.

    Args:
        corpus: The encoded corpus.
        words: The words by rank.

    Raises:
        StorageError: The corpus is damaged.
    """
    types = corpus.read_types()
    ranks = pc.index_in(types["key"], value_set=pa.array(words, types.schema.field("key").type)).combine_chunks()
    known = np.asarray(ranks.is_valid())
    word_of_type = np.full(corpus.n_type_ids, OUT_OF_VOCABULARY, np.uint32)
    word_of_type[types["id"].to_numpy()[known]] = ranks.drop_null().to_numpy()
    chunks = corpus.open_chunks()
    for number in np.unique(np.linspace(0, corpus.n_chunks - 1, min(corpus.n_chunks, MOST_CHUNKS)).astype(int)):
        chunk = chunks.read(int(number))
        tokens = word_of_type[chunk.tokens]
        sentences = np.repeat(np.arange(chunk.offsets.size - 1), np.diff(chunk.offsets))
        is_word = tokens != OUT_OF_VOCABULARY
        yield tokens[is_word], sentences[is_word]
