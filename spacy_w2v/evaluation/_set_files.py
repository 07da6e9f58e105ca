"""Which files evaluation sets are in: those that gensim bundles, or files of one's own."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from spacy_w2v.config._arguments import path_of

WORD_PAIRS = {"WordSim-353": "wordsim353.tsv", "SimLex-999": "simlex999.txt"}
"""Word pairs with human similarity ratings that gensim bundles (Finkelstein et al. 2002, Hill et al. 2015)."""
ANALOGIES = {"Google analogies": "questions-words.txt"}
"""Analogies that gensim bundles (Mikolov et al. 2013a, arXiv 1301.3781)."""

Sets = str | Path | Sequence[str | Path] | Mapping[str, str | Path]
"""One file, several files, or files by the name of the set."""


def bundled(file_name: str) -> Path:
    """Return the path of an evaluation set that gensim bundles."""
    from gensim.test.utils import datapath

    return Path(datapath(file_name))


def files_by_name(*, word_pairs: Sets | None, analogies: Sets | None) -> tuple[dict[str, Path], dict[str, Path]]:
    """Return the files of both kinds by the name of the set: the bundled ones if both are None.

    The name is the one given, otherwise the name of the file without suffix, or its path if this is not unique.

    Raises:
        ConfigError: A value is not a path.
    """
    if word_pairs is None and analogies is None:
        word_pairs = {name: bundled(file) for name, file in WORD_PAIRS.items()}
        analogies = {name: bundled(file) for name, file in ANALOGIES.items()}
    both = (_files(word_pairs, argument="word_pairs"), _files(analogies, argument="analogies"))
    stems = Counter(path.stem for files in both for name, path in files if name is None)
    pairs, others = (
        {name or (path.stem if stems[path.stem] == 1 else str(path)): path for name, path in files} for files in both
    )
    return pairs, others


def _files(sets: Sets | None, *, argument: str) -> list[tuple[str | None, Path]]:
    """Return files, each with its given name or None. Raises ConfigError if a value is not a path."""
    if isinstance(sets, Mapping):
        return [(name, path_of(path, name=argument)) for name, path in sets.items()]
    paths = [sets] if isinstance(sets, str | Path) else sets or ()
    return [(None, path_of(path, name=argument)) for path in paths]
