"""The words that stand in pictures: one for each row, the most frequent first."""

from collections.abc import Iterable

import numpy as np

from spacy_w2v._arrays import Offsets
from spacy_w2v.keys._sense_names import split_sense
from spacy_w2v.model._composition import check_has_words
from spacy_w2v.model._word_vectors import WordVectors


def words_of_rows(vectors: WordVectors, *, n_words: int, also: Iterable[str] = ()) -> Offsets:
    """Return the places of words in `vectors.words`, one for each row of the matrix.

    Pipelines have several words for a row, such as "the", "The" and "THE". The lower-case one stands for them, if it is
    among them, otherwise the first. Where the counts are unknown, the order of the source is taken for that of
    frequency.

    Args:
        vectors: The word vectors.
        n_words: Number of words, the first rows.
        also: Further words, which stand for their rows themselves. Unknown ones are ignored.

    Returns:
        int64[n], in the order of the rows' frequencies.
    """
    check_has_words(vectors, what="A plot of words")
    first = vectors.first_places
    if vectors.counts is not None:
        first = first[np.argsort(-vectors.counts[first], kind="stable")]
    asked = {int(vectors.rows[place]): place for word in also if (place := vectors.index.get(word)) is not None}
    rows = vectors.rows[first]
    is_chosen = (np.arange(len(first)) < n_words) | np.isin(rows, list(asked))
    return np.array(
        [
            asked.get(int(row), _plain_form(vectors, int(place)))
            for place, row in zip(first[is_chosen], rows[is_chosen], strict=True)
        ],
        np.int64,
    )


def _plain_form(vectors: WordVectors, place: int) -> int:
    """Return the place of the lower-case form of a word, if that has the same row; otherwise its own.

    A row with a sense, such as that of "duck" and "duck|NOUN", is shown by its key.
    """
    name = int(vectors.word_of_row[vectors.rows[place]])
    if split_sense(vectors.words[name]) is not None:
        return name
    lower = vectors.index.get(vectors.words[place].lower())
    return lower if lower is not None and vectors.rows[lower] == vectors.rows[place] else place
