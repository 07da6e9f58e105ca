"""The general way to tokens: any tokenizer, document by document, and sentences by spaCy's sentencizer."""

from typing import TYPE_CHECKING, Literal

import numpy as np
import pyarrow as pa

from spacy_w2v.corpus.tokens import EncodedBatch, TokenRules, TypeTable, attributes_of, transient_strings
from spacy_w2v.types import Offsets

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc


class DocumentEncoder:
    """Encodes texts with `nlp.tokenizer`, one Doc each."""

    def __init__(
        self,
        nlp: "Language",
        *,
        rules: TokenRules,
        boundary: Literal["line", "sentence", "document"],
        min_tokens: int,
    ):
        from spacy.pipeline import Sentencizer

        self.nlp = nlp
        self.rules = rules
        self.boundary = boundary
        self.min_tokens = max(1, min_tokens)  # a sentence without a token is none
        self.sentencizer = Sentencizer() if boundary == "sentence" else None

    def encode(self, texts: pa.LargeStringArray) -> EncodedBatch:
        """Return the tokens of the texts."""
        table = TypeTable()
        numbers, lengths = [np.zeros(0, np.uint32)], [np.zeros(0, np.int64)]
        with transient_strings(self.nlp):
            for text in texts.to_pylist():
                doc = self.nlp.tokenizer(text)
                attributes = attributes_of(doc, self.rules.columns())
                keys, kept = self.rules.keys(attributes)
                sentence = self._sentence_of_token(doc, text)
                counts = np.bincount(sentence[kept], minlength=int(sentence.max(initial=0)) + 1)
                long_enough = counts >= self.min_tokens
                kept &= long_enough[sentence]
                numbers.append(table.numbers_of_ids(attributes[kept, 0], keys[kept], self.nlp.vocab))
                lengths.append(counts[long_enough])
        chosen = np.arange(len(table), dtype=np.uint32)
        return EncodedBatch(table.types, chosen, np.concatenate(numbers), np.concatenate(lengths))

    def _sentence_of_token(self, doc: "Doc", text: str) -> Offsets:
        """Return for each token the number of its sentence, line or document, rising from 0 or 1."""
        if self.sentencizer is not None:
            starts = attributes_of(self.sentencizer(doc), ["SENT_START"])[:, 0] == 1
            return np.cumsum(starts)
        if self.boundary == "line":
            code_points = np.frombuffer(text.encode("utf-32-le"), np.uint32)
            breaks = np.flatnonzero((code_points == ord("\n")) | (code_points == ord("\r")))
            return np.searchsorted(breaks, [token.idx for token in doc])
        return np.zeros(len(doc), np.int64)
