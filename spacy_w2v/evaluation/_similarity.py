"""Scores of a pipeline's word vectors on sets of word pairs that people have rated."""

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from spacy_w2v.errors import ConfigError, CorpusError
from spacy_w2v.formats.spacy._word_rows import NO_ROW, WordRows, gather

if TYPE_CHECKING:
    from spacy_w2v.evaluation._data_sets import WordPair

FEWEST_PAIRS = 2


class SimilaritySets:
    """Sets of word pairs, read at their first use."""

    def __init__(self, names: Sequence[str]) -> None:
        """names: of the sets that gensim bundles, "wordsim353" and "simlex999", or paths of files."""
        self.names = tuple(names)
        self._sets: dict[str, list[WordPair]] | None = None

    def load(self) -> "dict[str, list[WordPair]]":
        """Return the pairs of each set, by the name of its file without suffix.

        Raises ConfigError for a name that is neither, and CorpusError for a file without pairs.
        """
        if self._sets is None:
            sets: dict[str, list[WordPair]] = {}
            for name in self.names:
                path = _find(name)
                if path.stem in sets:
                    raise ConfigError(f"Sets in similarity must have names of their own, was twice: {path.stem}")
                sets[path.stem] = _read(path)
            self._sets = sets
        return self._sets

    def scores(self, words: WordRows) -> dict[str, float | None]:
        """Return Spearman's rank correlation of cosines with ratings for each set, in [-1, 1].

        Words are looked up as they are, then in lower, title and upper case. Pairs with unknown words are left out; a
        score is None where fewer than two are left, and all are, with a warning, where a set is missing: a pipeline may
        be evaluated far from the files that it was trained with. Raises CorpusError for a file without pairs.
        """
        try:
            sets = self.load()
        except ConfigError as error:
            warnings.warn(f"No scores of word pairs: {error}", stacklevel=2)
            return dict.fromkeys(Path(name).stem for name in self.names)
        return {name: _score(pairs, words) for name, pairs in sets.items()}


def _find(name: str) -> Path:
    from spacy_w2v.evaluation._scoring import WORD_PAIRS, bundled

    files = {Path(file).stem: file for file in WORD_PAIRS.values()}
    path = bundled(files[name]) if name in files else Path(name)
    if not path.is_file():
        raise ConfigError(
            f"A set in similarity must be one of {', '.join(files)}, or an existing file of two words and a rating in "
            f"each line, was: {name}"
        )
    return path


def _read(path: Path) -> "list[WordPair]":
    from spacy_w2v.evaluation._data_sets import read_word_pairs

    pairs = read_word_pairs(path)
    if len(pairs) < FEWEST_PAIRS:
        raise CorpusError(f"{path} must have at least {FEWEST_PAIRS} pairs of words, but has: {len(pairs)}")
    return pairs


def _score(pairs: "list[WordPair]", words: WordRows) -> float | None:
    from scipy.stats import spearmanr

    rows = np.array([[words.row_of_word(pair.first), words.row_of_word(pair.second)] for pair in pairs])
    known = (rows != NO_ROW).all(axis=1)
    if known.sum() < FEWEST_PAIRS:
        return None
    ratings = np.array([pair.rating for pair in pairs])[known]
    first, second = (gather(words.table.data, column).astype(np.float32) for column in rows[known].T)
    norms = np.linalg.norm(first, axis=1) * np.linalg.norm(second, axis=1)
    products = np.einsum("pd,pd->p", first, second)
    cosines = np.divide(products, norms, out=np.zeros_like(products), where=norms > 0)
    if np.ptp(cosines) == 0 or np.ptp(ratings) == 0:  # there are no ranks
        return None
    return float(spearmanr(ratings, cosines).statistic)
