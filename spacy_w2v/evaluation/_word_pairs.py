"""The correlation of vector similarities with human ratings of word pairs."""

from collections.abc import Callable, Sequence
from itertools import compress
from typing import Protocol

import numpy as np

from spacy_w2v._arrays import Offsets, Vectors
from spacy_w2v.evaluation._data_sets import WordPair
from spacy_w2v.evaluation._scores import WordPairScore
from spacy_w2v.model._lookup import NO_ROW

MIN_PAIRS = 2


class Lookup(Protocol):
    """An object that finds the vectors of words: `WordVectors`, or `WordRows` of a pipeline's table."""

    def rows_of(self, words: Sequence[str], /) -> Offsets:
        """Return the row of each word, int64, or NO_ROW."""

    def vectors_at(self, rows: Offsets, /) -> Vectors:
        """Return the vectors in some rows, float32."""


def score_word_pairs(
    lookup: Lookup, pairs: Sequence[WordPair], *, rows_of_tokens: Callable[[str], Offsets] | None = None
) -> WordPairScore:
    """Return the rank and linear correlations of the cosine similarities of word pairs with their ratings.

    A word has the vector that a pipeline would give a token with this text: that of the word itself, otherwise that of
    its lower, title or upper case. gensim's `evaluate_word_pairs` ignores case instead, and uses whichever of "Plane"
    and "plane" is more frequent. With attr = "ORTH" it then scores vectors that no token of the pipeline has. For words
    in lower case, both methods agree.

    Args:
        lookup: Finds rows and vectors of words.
        pairs: Words and ratings.
        rows_of_tokens: Takes a word without a vector, and returns the rows of its tokens, whose mean vector is used.
            Without it, pairs with such a word are not scored.

    Returns:
        Both correlations, and the numbers of pairs.
    """
    vectors = _vectors_by_word(lookup, pairs, rows_of_tokens)
    used = [pair for pair in pairs if pair.first in vectors and pair.second in vectors]
    no_score = WordPairScore(n_used=len(used), n_unknown=len(pairs) - len(used))
    if len(used) < MIN_PAIRS:
        return no_score
    ratings = np.array([pair.rating for pair in used])
    cosines = _cosines(*(np.stack([vectors[word] for word in words]) for words in list(zip(*used, strict=True))[:2]))
    if np.ptp(ratings) == 0 or np.ptp(cosines) == 0:  # the correlations are undefined
        return no_score
    from scipy.stats import pearsonr, spearmanr

    measures = {"spearman": spearmanr(ratings, cosines).statistic, "pearson": pearsonr(ratings, cosines).statistic}
    return no_score.model_copy(update={name: float(value) for name, value in measures.items() if np.isfinite(value)})


def _vectors_by_word(
    lookup: Lookup, pairs: Sequence[WordPair], rows_of_tokens: Callable[[str], Offsets] | None
) -> dict[str, Vectors]:
    """Return the vectors of those words of the pairs that have one."""
    words = list(dict.fromkeys(word for pair in pairs for word in (pair.first, pair.second)))
    rows = lookup.rows_of(words)
    is_known = rows != NO_ROW
    vectors = dict(zip(compress(words, is_known), lookup.vectors_at(rows[is_known]), strict=True))
    if rows_of_tokens is not None:
        for word in compress(words, ~is_known):
            if (token_rows := rows_of_tokens(word)).size:
                vectors[word] = lookup.vectors_at(token_rows).mean(axis=0)
    return vectors


def _cosines(first: Vectors, second: Vectors) -> Vectors:
    """Return the cosine similarity of each row of `first` and the same row of `second`; 0 for rows of zeros."""
    norms = np.linalg.norm(first, axis=1) * np.linalg.norm(second, axis=1)
    products = np.einsum("pd,pd->p", first, second)
    cosines: Vectors = np.divide(products, norms, out=np.zeros_like(products), where=norms > 0)
    return cosines
