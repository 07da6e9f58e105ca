"""Documents that are already tokenized. Tokens may contain white space, and are not split or joined."""

import warnings
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from spacy_w2v._arrays import Offsets
from spacy_w2v.errors import CorpusWarning
from spacy_w2v.sources._columns import preview
from spacy_w2v.tokenization._tokens import (
    DROPPED,
    EncodedBatch,
    LexemeKeys,
    TokenRules,
    TypeTable,
    in_order_of_appearance,
)

if TYPE_CHECKING:
    from spacy.language import Language

LINE_BREAKS = {"\n", "\r"}

MAX_KNOWN_TOKENS = 1_000_000
"""The maximum number of distinct tokens that are cached between batches."""


class GivenTokensEncoder:
    """Encodes documents of the type GIVEN_TOKENS. The pipeline provides only the attributes of tokens."""

    def __init__(self, nlp: "Language", *, rules: TokenRules, boundary: str, min_tokens: int):
        """Initialize an encoder.

        Args:
            nlp: The pipeline.
            rules: The rules for the keys of tokens.
            boundary: The end of sentences: "line", "sentence" or "document".
            min_tokens: The minimum number of tokens of a sentence. Shorter sentences are left out.
        """
        self.boundary = boundary
        self.min_tokens = max(1, min_tokens)
        self._keys = LexemeKeys(nlp.vocab, rules).keys
        self._is_first = True
        self._evict_all()

    def _evict_all(self) -> None:
        self._table = TypeTable()
        self._numbers: dict[str | None, int] = {None: DROPPED}

    def encode(self, texts: pa.LargeListArray) -> EncodedBatch:
        """Return the tokens of documents, without tokens that are null, empty or white space.

        The sentences of the documents are used only with boundary = "sentence". With "line", a token with a line break
        ends a line, as in a Doc.
        """
        if len(self._numbers) > MAX_KNOWN_TOKENS:
            self._evict_all()
        sentences = texts.flatten()
        lengths = pc.list_value_length(sentences).to_numpy()
        if self.boundary != "sentence":
            first_tokens = np.concatenate(([0], np.cumsum(lengths)))
            first_sentences = np.concatenate(([0], np.cumsum(pc.list_value_length(texts).to_numpy())))
            lengths = np.diff(first_tokens[first_sentences])
        distinct = sentences.flatten().dictionary_encode(null_encoding="encode")
        words = distinct.dictionary.to_pylist()
        indices = distinct.indices.to_numpy()
        if self._is_first and words:
            self._is_first = False
            _warn_of_texts(words, indices)
        numbers = self._numbers_of(words)[indices]
        sentence = np.repeat(np.arange(lengths.size), lengths)
        if self.boundary == "line":
            breaks = np.array([_is_break(word) for word in words], bool)
            sentence += np.cumsum(breaks[indices]) if breaks.any() else 0
        kept = numbers != DROPPED
        counts = np.bincount(sentence[kept], minlength=int(sentence.max(initial=-1)) + 1)
        long_enough = counts >= self.min_tokens
        kept &= long_enough[sentence]
        distinct_types, token_ids = in_order_of_appearance(numbers[kept], len(self._table))
        return EncodedBatch(self._table.types, distinct_types, token_ids, counts[long_enough])

    def _numbers_of(self, words: list[str | None]) -> Offsets:
        """Return the number of each word's type, or DROPPED, after adding new types. The words must be distinct."""
        known = self._numbers
        new = [word for word in words if word not in known]
        blank = [word for word in new if not word or word.isspace()]
        known.update(dict.fromkeys(blank, DROPPED))
        new = [word for word in new if word not in known]
        known.update(zip(new, self._table.numbers_of_texts(new, self._keys(new)).tolist(), strict=True))  # type: ignore[arg-type]  # None is known
        return np.array([known[word] for word in words], np.int64)


def _warn_of_texts(words: list[str | None], indices: Offsets) -> None:
    """Warn if most tokens contain white space, because then they are probably texts."""
    has_space = np.array([word is not None and len(word.split()) > 1 for word in words], bool)
    if 2 * has_space[indices].sum() > indices.size:
        example = preview(words[int(np.argmax(has_space))])
        warnings.warn(
            f"The strings in lists must be tokens, but most of them contain white space, such as {example}. If they "
            "are texts, pass them without the inner lists.",
            CorpusWarning,
            stacklevel=2,
        )


def _is_break(word: str | None) -> bool:
    return word is not None and word.isspace() and not LINE_BREAKS.isdisjoint(word)
