"""Encodes texts by the keys of their tokens and phrases, which a pipeline annotates first."""

from collections.abc import Callable
from contextlib import nullcontext
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from spacy_w2v._arrays import Offsets
from spacy_w2v.errors import ConfigError
from spacy_w2v.tokenization._tokens import EncodedBatch, PhraseSpans, TypeTable
from spacy_w2v.tokenization.annotation._annotator import Annotator
from spacy_w2v.tokenization.annotation._doc_keys import DocKeys, DocPhrase, KeyReader
from spacy_w2v.tokenization.annotation._pieces import groups_of_pieces

if TYPE_CHECKING:
    from spacy.tokens import Doc


class KeyEncoder:
    """Encodes texts, lists of tokens and annotated Docs, with the phrases among their tokens."""

    def __init__(
        self,
        annotator: Annotator,
        reader: KeyReader,
        *,
        is_annotated: "Callable[[Doc], bool]",
        problem: ConfigError | None,
        max_characters: int,
        n_kept_groups: int = 0,
    ):
        """Initialize an encoder.

        Args:
            annotator: The components that run.
            reader: The key function, and what sentences are.
            is_annotated: Returns whether a Doc has all annotation that the keys need, so that no component runs.
            problem: Why the components do not set all annotation that the keys need, if so. It is raised when they
                would run for the first time.
            max_characters: The maximum length of a text of the pipeline.
            n_kept_groups: The number of groups of texts, of some 6,000 tokens each, whose words stay in the vocab. A
                pipeline is 7 % faster if it knows frequent words.
        """
        self.annotator = annotator
        self.reader = reader
        self.max_characters = max_characters
        self._n_kept_groups = n_kept_groups
        self._is_checked = False  # whether Docs have been checked for their annotation
        self._is_annotated = is_annotated
        self._problem = problem

    def encode(self, texts: pa.LargeStringArray | pa.LargeListArray | pa.LargeBinaryArray) -> EncodedBatch:
        """Return the tokens and phrases of texts, in complete sentences, in the order of the texts.

        Raises:
            ConfigError: The key function fails, or the components do not set all annotation that it needs.
            CorpusError: The tokenizer or a component fails.
        """
        found = _Batch(joins_parts=self.reader.boundary == "document")
        for group in groups_of_pieces(texts, self.max_characters):
            self._n_kept_groups -= 1
            with self.annotator.memory_zone() if self._n_kept_groups < 0 else nullcontext():
                docs = self.annotator.docs_of(group, texts.type, is_annotated=self._is_annotated, problem=self._problem)
                if not self._is_checked:
                    self.reader.check_annotation([doc for doc, _ in docs])
                    self._is_checked = True
                for doc, is_first in docs:
                    found.add(self.reader.read(doc), is_first=is_first)
        batch = found.encoded()
        self.reader.check_characters(batch.types.keys)
        self.reader.check_characters(batch.phrases.types.keys if batch.phrases is not None else [])
        return batch


class _Batch:
    """The tokens and phrases of a batch, which grow Doc by Doc."""

    def __init__(self, *, joins_parts: bool):
        """Begin a batch.

        Args:
            joins_parts: Whether the parts of a text that was cut are one sentence.
        """
        self._joins_parts = joins_parts
        self._words, self._phrases = TypeTable(), TypeTable()
        self._ids: list[int] = []
        self._lengths: list[int] = []
        self._phrase_ids: list[int] = []
        self._starts: list[int] = []
        self._phrase_lengths: list[int] = []
        self._is_open = False  # whether the sentence of the current text has words

    def add(self, doc: DocKeys, *, is_first: bool) -> None:
        """Add a Doc.

        Args:
            doc: Its words and phrases.
            is_first: Whether a text begins with it.
        """
        n_before = len(self._ids)
        self._ids += map(self._words.number, doc.orths, doc.keys)
        lengths = doc.lengths.tolist()
        self._is_open &= not is_first
        if self._joins_parts and self._is_open and lengths:
            self._lengths[-1] += lengths.pop(0)
        self._lengths += lengths
        self._is_open |= len(self._ids) > n_before
        for phrase in doc.phrases:
            self._add_phrase(phrase, n_before)

    def _add_phrase(self, phrase: DocPhrase, n_before: int) -> None:
        self._phrase_ids.append(self._phrases.number(phrase.orth, phrase.key))
        self._starts.append(n_before + phrase.start)
        self._phrase_lengths.append(phrase.length)

    def encoded(self) -> EncodedBatch:
        """Return the batch."""
        phrases = PhraseSpans(
            self._phrases.types,
            _all_of(self._phrases),
            np.array(self._phrase_ids, np.uint32),
            _offsets(self._starts),
            _offsets(self._phrase_lengths),
        )
        ids, lengths = np.array(self._ids, np.uint32), _offsets(self._lengths)
        return EncodedBatch(self._words.types, _all_of(self._words), ids, lengths, phrases)


def _all_of(table: TypeTable) -> np.ndarray:
    """Return the numbers of all types of a table, which are in order of first appearance."""
    return np.arange(len(table), dtype=np.uint32)


def _offsets(values: list[int]) -> Offsets:
    return np.array(values, np.int64)
