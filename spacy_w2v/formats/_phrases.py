"""Tables of phrases from any source: files of `spacy w2v phrases`, and gensim's objects and files."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from spacy_w2v.errors import ConfigError, StorageError
from spacy_w2v.formats.gensim._phrases import phrases_of_gensim
from spacy_w2v.formats.gensim._pickles import is_pickle
from spacy_w2v.phrases._table import PhraseTable


def open_phrases(source: Any) -> PhraseTable:  # Any: gensim has no types
    """Open a table of phrases.

    The source can be:

    - the path of a file that `spacy w2v phrases --output` wrote as JSON.
    - the path of a `Phrases` or `FrozenPhrases` that gensim saved, which is read without running code in it.
    - such an object of gensim, or a `PhraseTable`.
    - a list of paths or objects of gensim. Each of them joins what those before it have joined.

    Args:
        source: The path, the object, or a list of them.

    Raises:
        ConfigError: It is an object of another class, or the settings of several objects do not fit together.
        StorageError: The file is missing or damaged, or is of another kind.

    Example:
        >>> from gensim.models.phrases import Phrases
        >>> phrases = Phrases([["in", "new", "york"], ["new", "york", "city"]] * 5, min_count=1, threshold=0.5)
        >>> spacy_w2v.open_phrases(phrases).join(["new", "york", "times"])
        ['new_york', 'times']
    """
    if isinstance(source, PhraseTable):
        return source
    if isinstance(source, str | Path):
        path = Path(source)
        if not path.is_file():
            raise StorageError(f"Phrases must be in an existing file, but there is none at this path: {path}")
        return phrases_of_gensim([path]) if is_pickle(path) else PhraseTable.read(path)
    if isinstance(source, Sequence):
        if not source:
            raise ConfigError("Phrases must be a path, an object of gensim or a list of them, was: an empty list.")
        return phrases_of_gensim(source)
    return phrases_of_gensim([source])
