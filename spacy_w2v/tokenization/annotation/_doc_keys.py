"""The keys of one annotated Doc, checked, with its phrases as stretches of its words."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from spacy_w2v._arrays import Offsets
from spacy_w2v.errors import ConfigError, Word2VecError
from spacy_w2v.errors._wording import first_line
from spacy_w2v.keys._protocol import KeyFunction, indispensable_for
from spacy_w2v.keys._requirements import lacking_in
from spacy_w2v.keys._spelling import single_spaced
from spacy_w2v.tokenization._sentences import SentenceNumbers

if TYPE_CHECKING:
    from spacy.tokens import Doc


ENOUGH_TOKENS = 100
"""The number of tokens of which some must have the annotation that keys need."""


class DocPhrase(NamedTuple):
    """A phrase of a Doc."""

    start: int
    """The place of its first word among the words of the Doc."""
    length: int
    """The number of its words, at least 1."""
    orth: str
    """Its text, with single spaces."""
    key: str


class DocKeys(NamedTuple):
    """The words of a Doc, which are the tokens with a key, and its phrases."""

    orths: list[str]
    """The text of each word."""
    keys: list[str]
    """The key of each word."""
    lengths: Offsets
    """The number of words of each sentence, at least 1."""
    phrases: list[DocPhrase]
    """The phrases within sentences, in order."""


class KeyReader:
    """Reads the keys of Docs with a key function."""

    def __init__(self, function: KeyFunction, *, name: str, boundary: str, min_tokens: int):
        """Initialize a reader.

        Args:
            function: The key function.
            name: The name of the function, for errors.
            boundary: The end of sentences: "line", "sentence" or "document".
            min_tokens: The minimum number of words of a sentence. Shorter sentences are left out.
        """
        self.function = function
        self.name = name
        self.boundary = boundary
        self.min_tokens = max(1, min_tokens)
        self._sentences = SentenceNumbers(boundary, keeps_annotated=True)

    def read(self, doc: "Doc") -> DocKeys:
        """Return the words and phrases of a Doc, without white space.

        A phrase that crosses the end of a sentence is left out. A phrase of tokens without keys becomes one word.
        With boundary = "sentence", this sets the sentences of a Doc that has none.

        Raises:
            ConfigError: The key function fails, or returns something that is not a key.
        """
        keys, phrases = self._found(doc)
        texts = [token.text for token in doc]
        for place, text in enumerate(texts):
            if keys[place] is not None and (not text or text.isspace()):
                keys[place] = None
        sentence = self._sentences.of(doc)
        phrases = [found for found in phrases if sentence[found[0]] == sentence[found[1] - 1]]
        phrases = list(_without_wordless(phrases, keys, texts))
        kept = np.array([key is not None for key in keys], bool)
        counts = np.bincount(sentence[kept], minlength=int(sentence.max(initial=0)) + 1)
        long_enough = counts >= self.min_tokens
        kept &= long_enough[sentence]
        place_of = np.concatenate(([0], np.cumsum(kept))).tolist()
        return DocKeys(
            [text for text, is_kept in zip(texts, kept.tolist(), strict=True) if is_kept],
            [key for key, is_kept in zip(keys, kept.tolist(), strict=True) if is_kept and key is not None],
            counts[long_enough],
            [
                DocPhrase(place_of[start], place_of[end] - place_of[start], orth, key)
                for start, end, orth, key in phrases
                if long_enough[sentence[start]]
            ],
        )

    def _found(self, doc: "Doc") -> tuple[list[str | None], list[tuple[int, int, str, str]]]:
        """Return the key of each token, and the start, end, text and key of each phrase, in order."""
        n_tokens = len(doc)
        keys: list[str | None] = [None] * n_tokens
        phrases: list[tuple[int, int, str]] = []
        try:
            for start, end, key in self.function(doc):
                if type(key) is not str or not key or not 0 <= start < end <= n_tokens:
                    self._refuse(start, end, key, doc=doc)
                if end - start > 1:
                    phrases.append((int(start), int(end), key))
                elif keys[start] is None:
                    keys[start] = key
                else:
                    text = f"{doc[start].text!r} the keys {keys[start]!r} and {key!r}"
                    raise ConfigError(f"A token must have one key of its own, but {self.name} gave {text}.")
        except Word2VecError:
            raise
        except Exception as error:  # a user's function may raise any error
            raise ConfigError(
                f"A key function must yield a start, an end and a key, but {self.name} fails for a text that begins "
                f"with {doc[:8].text!r}: {type(error).__name__}: {first_line(error)}. Correct the function."
            ) from error
        phrases.sort()
        self._check_apart(phrases, doc)
        return keys, [(start, end, single_spaced(doc[start:end].text), key) for start, end, key in phrases]

    def check_annotation(self, docs: "Sequence[Doc]") -> None:
        """Raise ConfigError if none of some Docs with many tokens has what the key function requires.

        That is for components that do not say what they set. What others lack is known before they run.
        """
        if sum(map(len, docs)) < ENOUGH_TOKENS:
            return
        if lacking := lacking_in(docs, indispensable_for(self.function)):
            raise ConfigError(
                f"A pipeline must provide the annotation that keys need, but no token of the first texts has "
                f"{lacking[0]}, which {self.name} needs. Choose a pipeline that sets it."
            )

    def check_characters(self, keys: list[str]) -> None:
        """Raise ConfigError if a key has a half of a character (a lone surrogate), which no file can hold.

        Args:
            keys: Distinct keys.
        """
        try:
            "".join(keys).encode()
        except UnicodeEncodeError as error:
            raise ConfigError(
                f"A key must be valid Unicode, but {self.name} gave one with the character "
                f"{error.object[error.start]!r}. Replace it."
            ) from None

    def _refuse(self, start: Any, end: Any, key: Any, *, doc: "Doc") -> None:  # Any: what the function returned
        """Raise ConfigError for something that is not a key."""
        if isinstance(key, str) and key and 0 <= start < end <= len(doc):  # of a subclass of str
            return
        if 0 <= start < end <= len(doc):
            what = f"{key!r} for {doc[start:end].text!r}"
            raise ConfigError(
                f"A key must be a string that is not empty, but {self.name} gave {what}. Yield nothing for tokens that "
                "are to be left out."
            )
        raise ConfigError(
            f"A key must be that of tokens of the Doc, with 0 <= start < end <= {len(doc)}, but {self.name} gave start "
            f"{start!r} and end {end!r} for {key!r}."
        )

    def _check_apart(self, phrases: list[tuple[int, int, str]], doc: "Doc") -> None:
        """Raise ConfigError if phrases overlap."""
        for (start, end, _), (next_start, next_end, _) in pairwise(phrases):
            if next_start < end:
                raise ConfigError(
                    f"Phrases must not overlap, but {self.name} gave {doc[start:end].text!r} and "
                    f"{doc[next_start:next_end].text!r}. Of spans that overlap, spacy.util.filter_spans keeps the "
                    "longest."
                )


def _without_wordless(
    phrases: list[tuple[int, int, str, str]], keys: list[str | None], texts: list[str]
) -> Iterator[tuple[int, int, str, str]]:
    """Yield the phrases in which a token has a key. Make each of the others a word, in the place of a token.

    Args:
        phrases: The start, end, text and key of each phrase.
        keys: The key of each token, which is changed.
        texts: The text of each token, which is changed.
    """
    for start, end, orth, key in phrases:
        if any(keys[place] is not None for place in range(start, end)):
            yield start, end, orth, key
        elif orth:
            keys[start], texts[start] = key, orth
