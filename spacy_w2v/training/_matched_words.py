"""The rows of vectors to start from for the words of a run, where either of the two may be keys of a function."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from spacy_w2v.keys._sense_names import texts_of_keys
from spacy_w2v.model._senses import KEYED
from spacy_w2v.model._word_vectors import WordVectors
from spacy_w2v.objectives._grafting import MISSING


def matched_rows(source: WordVectors, words: Sequence[str], *, attr: str) -> NDArray[np.int64]:
    """Return the row of each word of a run in the vectors to start from, or MISSING.

    Words have the rows of the same words. A key that the vectors lack has the row of its text: "duck|NOUN" that of
    "duck". A word has the row of its commonest key, "duck" that of "duck|NOUN" or a form that of its lemma.

    Args:
        source: The vectors to start from.
        words: The words of the run.
        attr: What they are, as in `[w2v.tokens]`.
    """
    if attr not in KEYED and source.are_keys:
        return source.rows_of(words)
    by_key = source.rows_by_key(attr)
    rows = np.array([by_key.get(word, MISSING) for word in words], np.int64)
    if attr in KEYED:
        missing = np.flatnonzero(rows == MISSING)
        rows[missing] = source.rows_of(texts_of_keys(words[place] for place in missing.tolist()))
    return rows
