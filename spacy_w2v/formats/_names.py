"""Words as formats have them that cannot hold all words: those of word2vec, where a space ends a word."""

import re
from collections.abc import Iterator, Sequence

from spacy_w2v.config._export import ExportSettings, WhiteSpace
from spacy_w2v.errors import ConfigError

WHITE_SPACE = re.compile(r"\s")
"""What Python takes for white space, line breaks included: readers split lines at any of it."""

WORD2VEC_FORMATS = {"word2vec-text", "word2vec-binary"}


def check_words(words: Sequence[str], settings: ExportSettings) -> Iterator[str]:
    """Raise ConfigError if a vocabulary cannot be written in the formats of the settings, and yield warnings.

    words: by falling count.
    """
    if not WORD2VEC_FORMATS.intersection(settings.formats):
        return
    words = words[: settings.max_vectors]
    names = names_without_spaces(words, settings.whitespace)
    changed = [(word, name) for word, name in zip(words, names, strict=True) if name != word]
    if changed:
        word, name = changed[0]
        yield (
            f"In the word2vec formats, where a space ends a word, {len(changed):,} of {len(words):,} words have "
            f"underscores for white space: {word!r} is {name!r}"
        )


def names_without_spaces(words: Sequence[str], whitespace: WhiteSpace) -> list[str]:
    """Return the name of each word in the formats of word2vec.

    Each white-space character becomes an underscore, or as many as it takes for another name than all other words have.
    Raises ConfigError for an empty word, and for one with white space if these are to be refused.
    """
    names = list(words)
    spaced = [rank for rank, word in enumerate(words) if word.split() != [word]]
    if not spaced:
        return names
    if not all(words[rank] for rank in spaced):
        raise ConfigError(
            "The word2vec formats hold no empty word, but the vocabulary has one. Export to spacy or gensim instead."
        )
    if whitespace == "refuse":
        raise ConfigError(
            f"The word2vec formats hold no words with white space, but the vocabulary has {words[spaced[0]]!r}. "
            'Export to spacy or gensim instead, or set whitespace = "underscore" in [w2v.export].'
        )
    taken = set(words)
    for rank in spaced:
        underscores = "_"
        while (name := WHITE_SPACE.sub(underscores, words[rank])) in taken:
            underscores += "_"
        taken.add(name)
        names[rank] = name
    return names
