"""How well similarities of vectors agree with people's ratings of word pairs."""

from collections.abc import Callable, Sequence
from itertools import compress
from typing import Protocol

import numpy as np

from spacy_w2v._arrays import Offsets, Vectors
from spacy_w2v.evaluation._data_sets import WordPair
from spacy_w2v.evaluation._scores import WordPairScore
from spacy_w2v.model._lookup import NO_ROW

FEWEST_PAIRS = 2


class Lookup(Protocol):
    """Where words are looked up: `WordVectors`, or `WordRows` of a pipeline's table."""

    def rows_of(self, words: Sequence[str], /) -> Offsets:
        """Return the row of each word, or NO_ROW."""

    def vectors_at(self, rows: Offsets, /) -> Vectors:
        """Return some rows, as float32."""


def score_word_pairs(
    lookup: Lookup, pairs: Sequence[WordPair], *, rows_of_tokens: Callable[[str], Offsets] | None = None
) -> WordPairScore:
    """Return rank and linear correlation of the cosines of word pairs with their ratings.

    A word has the vector that a pipeline gives a token of this text: that of the word as it stands, or without one
    that of its lower, title or upper case. gensim's `evaluate_word_pairs` folds case, and takes whichever of
    "Plane" and "plane" is more frequent: with attr = "ORTH" it scores vectors that no token of the pipeline gets. For
    words in lower case both are the same.

    Args:
        lookup: Finds rows and vectors of words.
        pairs: Words and ratings.
        rows_of_tokens: Returns the rows of the tokens of a word that has no vector, of which it takes the mean. None:
            pairs with such a word are left out, as are those where it returns no row.

    Returns:
        Both correlations, and the numbers of pairs.
    """
    vectors = _vectors_by_word(lookup, pairs, rows_of_tokens)
    used = [pair for pair in pairs if pair.first in vectors and pair.second in vectors]
    nothing = WordPairScore(n_used=len(used), n_unknown=len(pairs) - len(used))
    if len(used) < FEWEST_PAIRS:
        return nothing
    ratings = np.array([pair.rating for pair in used])
    cosines = _cosines(*(np.stack([vectors[word] for word in words]) for words in list(zip(*used, strict=True))[:2]))
    if np.ptp(ratings) == 0 or np.ptp(cosines) == 0:  # there are no ranks
        return nothing
    from scipy.stats import pearsonr, spearmanr

    measures = {"spearman": spearmanr(ratings, cosines).statistic, "pearson": pearsonr(ratings, cosines).statistic}
    return nothing.model_copy(update={name: float(value) for name, value in measures.items() if np.isfinite(value)})


def _vectors_by_word(
    lookup: Lookup, pairs: Sequence[WordPair], rows_of_tokens: Callable[[str], Offsets] | None
) -> dict[str, Vectors]:
    """Return the vector of each word of the pairs that has one."""
    words = list(dict.fromkeys(word for pair in pairs for word in (pair.first, pair.second)))
    rows = lookup.rows_of(words)
    is_known = rows != NO_ROW
    vectors = dict(zip(compress(words, is_known), lookup.vectors_at(rows[is_known]), strict=True))
    if rows_of_tokens is not None:
        for word in compress(words, ~is_known):
            if (of_tokens := rows_of_tokens(word)).size:
                vectors[word] = lookup.vectors_at(of_tokens).mean(axis=0)
    return vectors


def _cosines(first: Vectors, second: Vectors) -> Vectors:
    """Return the cosine of each row of two matrices; 0 for rows of zeros."""
    norms = np.linalg.norm(first, axis=1) * np.linalg.norm(second, axis=1)
    products = np.einsum("pd,pd->p", first, second)
    cosines: Vectors = np.divide(products, norms, out=np.zeros_like(products), where=norms > 0)
    return cosines
