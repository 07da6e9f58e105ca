"""Scoring of a pipeline's word vectors on word pairs with human similarity ratings."""

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from spacy_w2v.errors import ConfigError, CorpusError

if TYPE_CHECKING:
    from spacy_w2v.evaluation._data_sets import WordPair
    from spacy_w2v.evaluation._word_pairs import Lookup


class SimilaritySets:
    """Sets of word pairs, which are read at their first use."""

    def __init__(self, names: Sequence[str]) -> None:
        """Create the sets.

        Args:
            names: "wordsim353" and "simlex999" for the sets that gensim bundles, or paths of files.
        """
        self.names = tuple(names)
        self._sets: dict[str, list[WordPair]] | None = None

    def load(self) -> "dict[str, list[WordPair]]":
        """Return the pairs of each set, by the name of its file without suffix.

        Raises:
            ConfigError: A set does not exist.
            CorpusError: A file has no pairs.
        """
        if self._sets is None:
            sets: dict[str, list[WordPair]] = {}
            for name in self.names:
                path = _find(name)
                if path.stem in sets:
                    raise ConfigError(f"The sets of similarity must have different names, was twice: {path.stem}")
                sets[path.stem] = _read(path)
            self._sets = sets
        return self._sets

    def scores(self, words: "Lookup") -> dict[str, float | None]:
        """Return Spearman's rank correlation of cosines and ratings for each set, in [-1, 1]. See `score_word_pairs`.

        If a set is missing, all values are None, with a warning: a pipeline may be evaluated on another machine,
        without the files that it was trained with.

        Args:
            words: Finds rows and vectors of words.

        Raises:
            CorpusError: A file has no pairs.
        """
        from spacy_w2v.evaluation._word_pairs import score_word_pairs

        try:
            sets = self.load()
        except ConfigError as error:
            warnings.warn(f"No scores of word pairs: {error}", stacklevel=2)
            return dict.fromkeys(Path(name).stem for name in self.names)
        return {name: score_word_pairs(words, pairs).spearman for name, pairs in sets.items()}


def _find(name: str) -> Path:
    from spacy_w2v.evaluation._set_files import WORD_PAIRS, bundled

    files = {Path(file).stem: file for file in WORD_PAIRS.values()}
    path = bundled(files[name]) if name in files else Path(name)
    if not path.is_file():
        raise ConfigError(
            f"A set of similarity must be one of {', '.join(files)}, or an existing file with two words and a rating "
            f"in each line, was: {name}"
        )
    return path


def _read(path: Path) -> "list[WordPair]":
    from spacy_w2v.evaluation._data_sets import read_word_pairs
    from spacy_w2v.evaluation._word_pairs import MIN_PAIRS

    pairs = read_word_pairs(path)
    if len(pairs) < MIN_PAIRS:
        raise CorpusError(f"{path} must have at least {MIN_PAIRS} word pairs, but has: {len(pairs)}")
    return pairs
