"""The content of a shard of a corpus, as one batch."""

import numpy as np

from spacy_w2v.corpus._store import Corpus
from spacy_w2v.tokenization._tokens import EncodedBatch, PhraseSpans, Types


def batch_of(shard: Corpus) -> EncodedBatch:
    """Return all tokens and phrases of a small corpus, no types of which were dropped.

    Raises:
        StorageError: The corpus is damaged.
    """
    chunks = shard.open_chunks()
    read = [chunks.read(number) for number in range(shard.n_chunks)]
    table = shard.read_types()
    return EncodedBatch(
        types=Types(table["orth"].to_pylist(), table["key"].to_pylist()),
        distinct_types=np.arange(len(table), dtype=np.uint32),
        token_ids=np.concatenate([np.zeros(0, np.uint32), *(chunk.tokens for chunk in read)]),
        lengths=np.concatenate([np.zeros(0, np.int64), *(np.diff(chunk.offsets) for chunk in read)]),
        phrases=_phrases_of(shard) if shard.spans is not None else None,
    )


def _phrases_of(shard: Corpus) -> PhraseSpans:
    """Return the phrases of a small corpus, with their places in all of its tokens."""
    chunks, reader = shard.open_chunks(), shard.open_phrases()
    read = [reader.read(number, chunks.read(number).offsets) for number in range(shard.n_chunks)]
    firsts = np.cumsum(shard.chunk_tokens) - shard.chunk_tokens
    table = shard.read_phrase_types()
    return PhraseSpans(
        types=Types(table["orth"].to_pylist(), table["key"].to_pylist()),
        distinct_types=np.arange(len(table), dtype=np.uint32),
        ids=np.concatenate([phrases.ids for phrases in read]),
        starts=np.concatenate([phrases.starts + first for phrases, first in zip(read, firsts, strict=True)]),
        lengths=np.concatenate([phrases.lengths for phrases in read]),
    )
