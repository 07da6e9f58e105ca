"""Tokenization with any tokenizer, document by document."""

from typing import TYPE_CHECKING, Literal

import numpy as np
import pyarrow as pa

from spacy_w2v.tokenization._sentences import SentenceReader
from spacy_w2v.tokenization._tokens import EncodedBatch, TokenRules, TypeTable, transient_strings

if TYPE_CHECKING:
    from spacy.language import Language


class DocumentEncoder:
    """Encodes texts with `nlp.tokenizer`, which creates a Doc for each text."""

    def __init__(
        self,
        nlp: "Language",
        *,
        rules: TokenRules,
        boundary: Literal["line", "sentence", "document"],
        min_tokens: int,
    ):
        """Initialize an encoder.

        Args:
            nlp: The pipeline with the tokenizer.
            rules: The rules for the keys of tokens.
            boundary: The end of sentences.
            min_tokens: The minimum number of tokens of a sentence. Shorter sentences are left out.
        """
        self.nlp = nlp
        self.reader = SentenceReader(rules, boundary=boundary, min_tokens=min_tokens)

    def encode(self, texts: pa.LargeStringArray) -> EncodedBatch:
        """Return the tokens of the texts."""
        table = TypeTable()
        token_ids, lengths = [np.zeros(0, np.uint32)], [np.zeros(0, np.int64)]
        with transient_strings(self.nlp):
            for text in texts.to_pylist():
                words = self.reader.read(self.nlp.tokenizer(text), text)
                token_ids.append(table.numbers_of_ids(words.orths, words.keys, self.nlp.vocab))
                lengths.append(words.lengths)
        distinct_types = np.arange(len(table), dtype=np.uint32)
        return EncodedBatch(table.types, distinct_types, np.concatenate(token_ids), np.concatenate(lengths))
