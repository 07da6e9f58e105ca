"""The words of documents as rows of the vectors table, as further training reads them."""

from collections.abc import Mapping
from itertools import repeat
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray
from spacy.strings import get_string_id

from spacy_w2v._arrays import Offsets
from spacy_w2v.config._words import TokensSettings
from spacy_w2v.errors import ConfigError
from spacy_w2v.keys._resolution import key_function_of, name_of_keys
from spacy_w2v.pipeline._document_keys import missing_in
from spacy_w2v.tokenization._sentences import SentenceReader
from spacy_w2v.tokenization._tokens import TokenRules
from spacy_w2v.tokenization.annotation._doc_keys import KeyReader

if TYPE_CHECKING:
    from spacy.tokens import Doc

TableRows = Mapping[int, int]
"""The row of each key of a table, by the id of the key."""


class TrainingRows(Protocol):
    """Reads the words of documents."""

    def read(self, doc: "Doc", rows: TableRows, *, n_words: int) -> tuple[NDArray[np.int64], Offsets]:
        """Return the row of each word, and the number of words of each sentence.

        Args:
            doc: The document.
            rows: The rows of the table.
            n_words: The number of words of the model. Other words have this row.
        """


class RowsOfAttributes:
    """The row of a token is that of its attribute."""

    def __init__(self, tokens: TokensSettings) -> None:
        """Read tokens with the settings of the model."""
        attr: Any = tokens.attr  # neither LEMMA nor KEY, which have a key function
        rules = TokenRules(attr=attr, numbers=tokens.numbers, urls=tokens.urls)
        self.sentences = SentenceReader(rules, boundary=tokens.boundary, min_tokens=tokens.min_tokens)

    def read(self, doc: "Doc", rows: TableRows, *, n_words: int) -> tuple[NDArray[np.int64], Offsets]:
        """Return the row of each token, and the number of tokens of each sentence. See `TrainingRows`."""
        # The sentencizer sets sentence boundaries, so it gets a copy.
        words = self.sentences.read(doc.copy() if self.sentences.sets_sentences else doc)
        found = map(rows.get, words.keys.tolist(), repeat(n_words))
        return np.fromiter(found, np.int64, len(words.keys)), words.lengths


class RowsOfKeys:
    """The row of a token is that of its key, or of its form, as for rare senses in the corpus.

    A phrase with a row takes the place of its tokens.
    """

    def __init__(self, tokens: TokensSettings) -> None:
        """Read keys with the settings of the model. The key function is not needed yet."""
        self.tokens = tokens
        self._reader: KeyReader | None = None

    def __getstate__(self) -> dict[str, object]:
        """Leave out the key function, which is found again by its name."""
        return self.__dict__ | {"_reader": None}

    def read(self, doc: "Doc", rows: TableRows, *, n_words: int) -> tuple[NDArray[np.int64], Offsets]:
        """Return the row of each token or phrase, and their number in each sentence. See `TrainingRows`.

        Raises:
            ConfigError: The document lacks annotation, or there is no such key function.
        """
        reader = self._key_reader()
        if missing := missing_in(doc, reader.function):
            raise ConfigError(
                f"Documents must have the annotation that keys need, but {reader.name} needs {', '.join(missing)}, "
                "which a document of update lacks. Name the components that set it in annotating_components of "
                "[training], or as annotates of nlp.update."
            )
        # The sentencizer may set sentence boundaries, so it gets a copy.
        words = reader.read(doc.copy() if reader.boundary == "sentence" else doc)
        ids = ((get_string_id(key), get_string_id(orth)) for key, orth in zip(words.keys, words.orths, strict=True))
        found = np.fromiter((rows.get(key, rows.get(orth, n_words)) for key, orth in ids), np.int64, len(words.keys))
        is_kept = np.ones(len(found), bool)
        for phrase in words.phrases:
            row = rows.get(get_string_id(phrase.key), n_words)
            if row < n_words:
                found[phrase.start] = row
                is_kept[phrase.start + 1 : phrase.start + phrase.length] = False
        sentence = np.repeat(np.arange(len(words.lengths)), words.lengths)
        return found[is_kept], np.bincount(sentence[is_kept], minlength=len(words.lengths))

    def _key_reader(self) -> KeyReader:
        if self._reader is None:
            function = key_function_of(self.tokens)
            assert function is not None, "these settings have keys"
            self._reader = KeyReader(
                function,
                name=name_of_keys(self.tokens),
                boundary=self.tokens.boundary,
                min_tokens=self.tokens.min_tokens,
            )
        return self._reader


def training_rows(tokens: TokensSettings) -> TrainingRows:
    """Return what reads the words of documents with the settings of a model."""
    return RowsOfAttributes(tokens) if tokens.key_block is None else RowsOfKeys(tokens)
