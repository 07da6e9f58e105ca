"""Names of words in the word2vec formats, where a space ends a word."""

import re
from collections.abc import Iterator, Sequence

from spacy_w2v.config._export import ExportSettings, WhiteSpace
from spacy_w2v.errors import ConfigError

WHITE_SPACE = re.compile(r"\s")
"""White space as Python defines it, including line breaks: readers split lines at any of it."""

WORD2VEC_FORMATS = {"word2vec-text", "word2vec-binary"}


def check_words(words: Sequence[str], settings: ExportSettings) -> Iterator[str]:
    """Check whether a vocabulary can be written in the formats of the settings.

    Args:
        words: The words, the most frequent first.
        settings: The export settings.

    Yields:
        Warnings.

    Raises:
        ConfigError: A format cannot store a word.
    """
    if not WORD2VEC_FORMATS.intersection(settings.formats):
        return
    words = words[: settings.max_vectors]
    names = names_without_spaces(words, settings.whitespace)
    changed = [(word, name) for word, name in zip(words, names, strict=True) if name != word]
    if changed:
        word, name = changed[0]
        yield (
            f"In the word2vec formats, a space ends a word. White space in {len(changed):,} of {len(words):,} words is "
            f"replaced with underscores: {word!r} becomes {name!r}"
        )


def names_without_spaces(words: Sequence[str], whitespace: WhiteSpace) -> list[str]:
    """Return the name of each word in the word2vec formats.

    Each white-space character is replaced with an underscore, or with more if another word already has that name.

    Args:
        words: The words.
        whitespace: "underscore", or "refuse" to raise an error for words with white space.

    Raises:
        ConfigError: A word is empty, or has white space although whitespace is "refuse".
    """
    names = list(words)
    spaced = [rank for rank, word in enumerate(words) if word.split() != [word]]
    if not spaced:
        return names
    if not all(words[rank] for rank in spaced):
        raise ConfigError(
            "Words must not be empty in the word2vec formats, but the vocabulary has one. Export to spacy or gensim."
        )
    if whitespace == "refuse":
        raise ConfigError(
            "Words must not have white space in the word2vec formats, but the vocabulary has "
            f'{words[spaced[0]]!r}. Export to spacy or gensim, or set whitespace = "underscore" in [w2v.export].'
        )
    taken = set(words)
    for rank in spaced:
        underscores = "_"
        while (name := WHITE_SPACE.sub(underscores, words[rank])) in taken:
            underscores += "_"
        taken.add(name)
        names[rank] = name
    return names
