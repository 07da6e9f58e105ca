"""The words of a Doc by sentences. Windows do not cross the ends of sentences."""

from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from spacy_w2v._arrays import Offsets
from spacy_w2v.tokenization._tokens import TokenRules, attributes_of

if TYPE_CHECKING:
    from spacy.tokens import Doc


class DocWords(NamedTuple):
    """The tokens of a Doc that are not left out."""

    orths: NDArray[np.uint64]
    """The string id of each token's text."""
    keys: NDArray[np.uint64]
    """The string id of each token's key: its word in the vectors."""
    lengths: Offsets
    """The number of tokens of each sentence, at least 1."""


class SentenceNumbers:
    """Numbers the sentences of Docs."""

    def __init__(self, boundary: str, *, keeps_annotated: bool = False):
        """Initialize the rules.

        Args:
            boundary: The end of sentences: "line", "sentence" or "document".
            keeps_annotated: With "sentence", whether a Doc that has sentences keeps them. Otherwise, and for other
                Docs, spaCy's sentencizer sets them.
        """
        from spacy.pipeline import Sentencizer

        self.boundary = boundary
        self.keeps_annotated = keeps_annotated
        self.sentencizer = Sentencizer() if boundary == "sentence" else None

    def of(self, doc: "Doc", text: str | None = None) -> Offsets:
        """Return the number of each token's sentence, line or document, in increasing order from 0 or 1.

        Args:
            doc: The Doc. With boundary = "sentence", its sentences are set.
            text: The text of the Doc. If None, it is taken from the Doc when needed.
        """
        if self.sentencizer is not None:
            if not (self.keeps_annotated and doc.has_annotation("SENT_START")):
                self.sentencizer(doc)
            return np.cumsum(attributes_of(doc, ["SENT_START"])[:, 0] == 1)
        if self.boundary == "line":
            text = _text_with_breaks(doc) if text is None else text
            code_points = np.frombuffer(text.encode("utf-32-le"), np.uint32)
            breaks = np.flatnonzero((code_points == ord("\n")) | (code_points == ord("\r")))
            if breaks.size:
                return np.searchsorted(breaks, attributes_of(doc, ["IDX"])[:, 0].astype(np.int64))
        return np.zeros(len(doc), np.int64)


class SentenceReader:
    """Reads the words of Docs."""

    def __init__(self, rules: TokenRules, *, boundary: Literal["line", "sentence", "document"], min_tokens: int):
        """Initialize a reader.

        Args:
            rules: The rules for the keys of tokens.
            boundary: The end of sentences.
            min_tokens: The minimum number of tokens of a sentence. Shorter sentences are left out.
        """
        self.rules = rules
        self.min_tokens = max(1, min_tokens)  # a sentence has at least one token
        self._sentences = SentenceNumbers(boundary)

    @property
    def sets_sentences(self) -> bool:
        """Whether `read` sets the sentences of a Doc."""
        return self._sentences.sentencizer is not None

    def read(self, doc: "Doc", text: str | None = None) -> DocWords:
        """Return the words of a Doc. With boundary = "sentence", this sets the sentences of the Doc.

        Args:
            doc: The Doc.
            text: The text of the Doc. If None, it is taken from the Doc when needed.
        """
        attributes = attributes_of(doc, self.rules.columns())
        keys, kept = self.rules.keys(attributes)
        sentence = self._sentences.of(doc, text)
        counts = np.bincount(sentence[kept], minlength=int(sentence.max(initial=0)) + 1)
        long_enough = counts >= self.min_tokens
        kept &= long_enough[sentence]
        return DocWords(attributes[kept, 0], keys[kept], counts[long_enough])


def _text_with_breaks(doc: "Doc") -> str:
    """Return the text of a Doc, or "" if no token has a line break, because creating the text is slow."""
    orths = attributes_of(doc, ["ORTH"])[:, 0]
    words = map(doc.vocab.strings.__getitem__, set(orths.tolist()))
    return doc.text if any("\n" in word or "\r" in word for word in words) else ""
