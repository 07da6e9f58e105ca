"""The words, places and neighbours of a map as JSON for the page. All words are stored once."""

import base64
import json
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spacy_w2v._arrays import Offsets
from spacy_w2v._system.terminal import shown
from spacy_w2v.reports._facts import ModelFacts, WordMap

LARGEST = 65535
"""Of the whole numbers that stand for coordinates."""
LAST_OF_16_BITS = 65536


def map_data(facts: ModelFacts, word_map: WordMap) -> str:
    """Return a JSON object that can stand in an HTML page, with `<` as an escape sequence.

    Its entries: `words`, first the `n` words of the map and then the others among neighbours; `places`, two uint16 for
    each word of the map; `near` and `similarities`, `k` for each word of the map: places in `words` (uint16, or uint32
    if `wide`), and cosine similarities in hundredths (int8). Arrays are in base64 and little-endian.
    """
    vectors = facts.vectors
    words, near = _words_once(word_map)
    counts = None if vectors.counts is None else vectors.counts[word_map.places].tolist()
    is_wide = len(words) > LAST_OF_16_BITS
    similarities = np.rint(np.nan_to_num(word_map.nearest.similarities) * 100)
    values = {
        "n": len(word_map.places),
        "k": near.shape[1],
        "total": len(vectors),
        "first": _first_word(facts, word_map),
        "counts": counts,
        "ranks": None if (word_map.places == np.arange(len(word_map.places))).all() else (word_map.places + 1).tolist(),
        "wide": is_wide,
        "places": _base64(_whole_numbers(word_map.points), "<u2"),
        "near": _base64(near, "<u4" if is_wide else "<u2"),
        "similarities": _base64(similarities, "<i1"),
        "words": [shown(vectors.words[place]) for place in words.tolist()],
    }
    return json.dumps(values, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")


def _words_once(word_map: WordMap) -> tuple[Offsets, Offsets]:
    """Return the words of the map followed by the others among neighbours, and the neighbours as places in them."""
    near = word_map.nearest.places
    others = np.setdiff1d(near, word_map.places)
    words = np.concatenate([word_map.places, others])
    order = np.argsort(words)
    return words, order[np.searchsorted(words, near, sorter=order)]


def _first_word(facts: ModelFacts, word_map: WordMap) -> int:
    """Return the place on the map of the first word whose neighbours the report shows, otherwise 0."""
    on_map = {facts.vectors.words[place]: number for number, place in enumerate(word_map.places.tolist())}
    shown_words = (entry.word for group in facts.groups for entry in group.words)
    return next((on_map[word] for word in shown_words if word in on_map), 0)


def _whole_numbers(points: NDArray[np.float32]) -> Offsets:
    """Return coordinates as whole numbers from 0 to 65535, with the same scale in both directions and y downwards."""
    finite = np.nan_to_num(np.stack([points[:, 0], -points[:, 1]], axis=1))
    lowest = finite.min(axis=0, initial=0)
    extent = float((finite - lowest).max(initial=0)) or 1.0
    whole: Offsets = np.rint((finite - lowest) / extent * LARGEST).astype(np.int64)
    return whole


def _base64(array: NDArray[np.number[Any]], dtype: str) -> str:
    return base64.b64encode(np.ascontiguousarray(array).astype(dtype).tobytes()).decode("ascii")
