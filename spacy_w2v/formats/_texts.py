"""Vectors of texts for formats whose readers know no keys: each text has the vector of its commonest key."""

import numpy as np

from spacy_w2v.keys._sense_names import texts_of_keys
from spacy_w2v.model._word_vectors import WordVectors


def vectors_of_texts(vectors: WordVectors, *, max_vectors: int | None = None) -> WordVectors:
    """Return the vectors of the texts of keys, which share the matrix: "ducks" has the row of its lemma "duck".

    They are the texts in the corpus, if there is a model, and those of the keys without their senses.

    Args:
        vectors: The keys and their vectors.
        max_vectors: The number of keys to use, the most frequent ones; None for all.

    Returns:
        The texts, in the order of the keys that they belong to. Each is there once.
    """
    row_of: dict[str, int] = {}
    if vectors.model is not None:
        forms = vectors.model.vocabulary.forms.sort_by([("count", "descending"), ("word", "ascending")])
        ranks = forms["word"].to_numpy()
        row_of = dict(zip(reversed(forms["orth"].to_pylist()), vectors.rows[ranks[::-1]].tolist(), strict=True))
    words = vectors.words[:max_vectors]
    rows = vectors.rows[: len(words)].tolist()
    for text, row in zip(texts_of_keys(words), rows, strict=True):
        row_of.setdefault(text, row)
    kept = set(rows)
    texts = [text for text, row in row_of.items() if row in kept]
    of_texts = np.array([row_of[text] for text in texts], np.int64)
    order = np.argsort(of_texts, kind="stable")
    return WordVectors(
        vectors.name, [texts[place] for place in order.tolist()], of_texts[order], vectors.matrix, lang=vectors.lang
    )
