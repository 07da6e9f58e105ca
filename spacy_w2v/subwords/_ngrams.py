"""The buckets that words and their n-grams fall into."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from spacy_w2v._arrays import Offsets, TokenIds
from spacy_w2v.config._subwords import SubwordSettings


def bucket_ids(words: Sequence[str], settings: SubwordSettings) -> tuple[Offsets, TokenIds]:
    """Return the buckets of words, as fastText or spaCy's floret vectors compute them.

    Args:
        words: n words.
        settings: The subwords, with a mode.

    Returns:
        The boundaries of the words, int64[n + 1], and the buckets of all words, uint32. A bucket may occur several
        times in a word. In the mode floret, the empty word has none, as in spaCy, and in the mode fasttext `</s>`.
    """
    # imported here, because they compile
    from spacy_w2v.subwords.kernels._ngrams import (
        END_OF_SENTENCE,
        Ngrams,
        count_buckets,
        fill_fasttext_buckets,
        fill_floret_buckets,
    )

    ngrams = Ngrams(
        min_n=settings.min_n,
        max_n=settings.max_n,
        n_buckets=np.uint64(settings.buckets),
        hashes=0 if settings.mode == "fasttext" else settings.hashes,
        seed=np.uint64(settings.hash_seed),
        begin=_bytes_of(settings.bow),
        end=_bytes_of(settings.eow),
    )
    data, starts = utf8_of(words)
    offsets = np.empty(len(words) + 1, np.int64)
    longest = count_buckets(data, starts, ngrams, END_OF_SENTENCE, offsets) + len(ngrams.begin) + len(ngrams.end)
    buckets = np.empty(offsets[-1], np.uint32)
    text = np.empty(longest, np.uint8)
    if ngrams.hashes:
        fill_floret_buckets(data, starts, ngrams, offsets, text, np.empty(longest + 1, np.int64), buckets)
    else:
        fill_fasttext_buckets(data, starts, ngrams, offsets, text, buckets)
    return offsets, buckets


def utf8_of(words: Sequence[str]) -> tuple[NDArray[np.uint8], Offsets]:
    """Return the bytes of words, read-only, and the offsets of the words in them, int64[n + 1].

    Half of a surrogate pair, which strings of Python may have, becomes three bytes as in WTF-8.
    """
    import pyarrow as pa  # imported here, because it takes long

    try:
        array = pa.array(words, pa.large_string())
    except UnicodeEncodeError:
        array = pa.array([word.encode("utf-8", "surrogatepass") for word in words], pa.large_binary())
    _, offsets, text = array.buffers()
    starts = np.frombuffer(offsets, np.int64) if len(words) else np.zeros(1, np.int64)
    data = np.frombuffer(text, np.uint8) if text is not None and text.size else _bytes_of("")
    return data, starts[: len(words) + 1]


def _bytes_of(text: str) -> NDArray[np.uint8]:
    return np.frombuffer(text.encode("utf-8", "surrogatepass"), np.uint8)
