"""Names of words in the formats of word2vec, where a space ends a word, in those of fastText and gensim."""

import re
from collections.abc import Iterator, Sequence

from spacy_w2v.config._export import ExportSettings, WhiteSpace
from spacy_w2v.errors import ConfigError
from spacy_w2v.formats.sense2vec._words import describe_left_out
from spacy_w2v.keys._sense_names import have_senses
from spacy_w2v.model._word_vectors import WordVectors

WHITE_SPACE = re.compile(r"\s")
"""White space as Python defines it, including line breaks: readers split lines at any of it."""

WORD2VEC_FORMATS = {"word2vec-text", "word2vec-binary"}


PHRASE = re.compile(r"\S+(?: \S+)+")
"""A phrase: words with a space between each two of them."""

UNDERSCORE = "_"


def check_words(words: Sequence[str], settings: ExportSettings, *, delimiter: str | None = None) -> Iterator[str]:
    """Check whether a vocabulary can be written in the formats of the settings.

    Args:
        words: The words, the most frequent first.
        settings: The export settings.
        delimiter: What is between the words of phrases; None without phrases.

    Yields:
        Warnings.

    Raises:
        ConfigError: A format cannot store a word.
    """
    if "sense2vec" in settings.formats and (note := describe_left_out(words)) is not None:
        yield note
    if "model2vec" in settings.formats and have_senses(words):
        yield (
            "The tokenizer of the format model2vec splits texts into words and cannot tell their senses. Each text has "
            "the vector of its commonest key"
        )
    words = words[: settings.max_vectors]
    if "fasttext" in settings.formats:
        check_entries(words)
    if not WORD2VEC_FORMATS.intersection(settings.formats):
        return
    names = names_without_spaces(words, settings.whitespace, delimiter=delimiter)
    changed = [(word, name) for word, name in zip(words, names, strict=True) if name != word]
    if changed:
        word, name = changed[0]
        between = _without_space(delimiter)
        described = "underscores" if between == UNDERSCORE else f"{between!r}"
        yield (
            f"In the word2vec formats, a space ends a word. White space in {len(changed):,} of {len(words):,} words is "
            f"replaced with {described}: {word!r} becomes {name!r}"
        )


def check_entries(words: Sequence[str]) -> None:
    """Raise ConfigError for a word that fastText's format cannot hold: a zero byte ends a word."""
    wrong = next((word for word in words if not word or "\0" in word), None)
    if wrong is not None:
        raise ConfigError(
            f"Words must not be empty or have a zero byte in the format fasttext, but the vocabulary has {wrong!r}. "
            "Export to gensim."
        )


def delimiter_of(vectors: WordVectors) -> str | None:
    """Return what is between the words of phrases in the files of gensim and word2vec, as the record of vectors says.

    It is None if the vectors were not trained with phrases, or have no record.
    """
    if vectors.model is not None:
        return vectors.model.record.phrases.delimiter_in_files
    found: object = vectors.nlp.meta.get("w2v") if vectors.nlp is not None else None
    block: object = found.get("phrases") if isinstance(found, dict) else None
    delimiter = block.get("delimiter") if isinstance(block, dict) and block.get("n_phrases") else None
    return delimiter if isinstance(delimiter, str) and delimiter else None


def names_of_phrases(words: Sequence[str], delimiter: str | None) -> list[str]:
    """Return the name of each word in gensim, where phrases have a delimiter between their words.

    Args:
        words: The words.
        delimiter: The delimiter, which is repeated if another word already has that name; None to change nothing.
    """
    if delimiter is None:
        return list(words)
    return _renamed(words, [rank for rank, word in enumerate(words) if PHRASE.fullmatch(word)], delimiter)


def names_without_spaces(words: Sequence[str], whitespace: WhiteSpace, *, delimiter: str | None = None) -> list[str]:
    """Return the name of each word in the word2vec formats.

    Each white-space character is replaced with a delimiter, or with several if another word already has that name.

    Args:
        words: The words.
        whitespace: "underscore", or "refuse" to raise an error for words with white space.
        delimiter: The delimiter; None, or one with white space, for an underscore.

    Raises:
        ConfigError: A word is empty, or has white space although whitespace is "refuse".
    """
    spaced = [rank for rank, word in enumerate(words) if word.split() != [word]]
    if not spaced:
        return list(words)
    if not all(words[rank] for rank in spaced):
        raise ConfigError(
            "Words must not be empty in the word2vec formats, but the vocabulary has one. Export to spacy or gensim."
        )
    if whitespace == "refuse":
        raise ConfigError(
            "Words must not have white space in the word2vec formats, but the vocabulary has "
            f'{words[spaced[0]]!r}. Export to spacy or gensim, or set whitespace = "underscore" in [w2v.export].'
        )
    return _renamed(words, spaced, _without_space(delimiter))


def _without_space(delimiter: str | None) -> str:
    return UNDERSCORE if delimiter is None or WHITE_SPACE.search(delimiter) else delimiter


def _renamed(words: Sequence[str], ranks: Sequence[int], delimiter: str) -> list[str]:
    """Return words, some of which have a delimiter in place of each white-space character.

    Args:
        words: The words.
        ranks: The places of these words.
        delimiter: The delimiter. It is repeated until the name is that of no other word.
    """
    names, taken = list(words), set(words)
    for rank in ranks:
        between = delimiter
        while (name := between.join(WHITE_SPACE.split(words[rank]))) in taken:
            between += delimiter
        taken.add(name)
        names[rank] = name
    return names
