"""Creates batches of texts or tokens from Arrow columns and Python values."""

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import PurePath
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from spacy_w2v.errors import CorpusError
from spacy_w2v.sources._source import GIVEN_TOKENS, TextBatch, empty_texts

BETWEEN_COLUMNS = "\n"
"""The separator of the texts of several columns. Windows do not cross it."""

LONE_SURROGATES = re.compile("[\ud800-\udfff]")

MAX_SHOWN = 60
"""The maximum number of characters of a value in messages."""


def texts_of_columns(columns: Sequence[pa.ChunkedArray | pa.Array], *, names: Sequence[str]) -> TextBatch:
    """Return the documents of one column of strings or lists of tokens, or of several columns of strings.

    The strings of several columns are joined by line breaks.

    Args:
        columns: The columns.
        names: The name of each column, for errors.

    Raises:
        CorpusError: A column has another type, or a string is not valid UTF-8.
    """
    if len(columns) == 1:
        return _texts_of_column(_one_array(columns[0]), name=names[0])
    arrays = []
    for column, name in zip(columns, names, strict=True):
        array = _one_array(column)
        if not (is_text(array.type) or pa.types.is_null(array.type)):
            raise CorpusError(_wrong_type(name, array.type, others="All columns to join must contain strings."))
        arrays.append(array.cast(pa.large_string()))
    has_text = np.zeros(len(arrays[0]), bool)
    for array in arrays:
        has_text |= array.is_valid().to_numpy(zero_copy_only=False)
    present = [array.filter(pa.array(has_text)) for array in arrays]  # without rows that have only nulls
    joined = pc.binary_join_element_wise(*present, pa.scalar(BETWEEN_COLUMNS, pa.large_string()), null_handling="skip")
    return _batch(joined, n_null=int(len(has_text) - has_text.sum()), name=", ".join(names))


def is_text(kind: pa.DataType) -> bool:
    """Return whether an Arrow type is a string type."""
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def is_tokens(kind: pa.DataType) -> bool:
    """Return whether an Arrow type is a list of strings."""
    return is_list(kind) and is_text(kind.value_type)


def is_list(kind: pa.DataType) -> bool:
    """Return whether an Arrow type is a list type."""
    return bool(pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind))


def check_type(kind: pa.DataType, *, name: str, where: str = "") -> None:
    """Raise CorpusError if a column of this type cannot contain documents.

    Args:
        kind: The type.
        name: The name of the column, for the message.
        where: The file with the column, for the message.
    """
    is_json = isinstance(kind, pa.BaseExtensionType) and kind.extension_name == "arrow.json"
    is_nested = is_list(kind) and is_tokens(kind.value_type)
    if not (is_text(kind) or is_tokens(kind) or is_nested or is_json or pa.types.is_null(kind)):
        raise CorpusError(_wrong_type(name, kind, where=where))


def _wrong_type(name: str, kind: pa.DataType, *, where: str = "", others: str = "") -> str:
    """Return the message for a column of the wrong type.

    Args:
        name: The name of the column.
        kind: Its type.
        where: The file with the column.
        others: A sentence about the other columns.
    """
    of_file = f" of {where}" if where else ""
    return " ".join(
        f"The text column must contain strings, but column '{name}'{of_file} contains: {kind}. "
        f"{others} Choose another with text_field.".split()
    )


def _one_array(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    if not isinstance(column, pa.ChunkedArray):
        return column
    array = column.combine_chunks()
    if isinstance(array, pa.ChunkedArray):  # if the content is too large for a single array
        wide = pa.large_string() if is_text(column.type) else pa.large_list(pa.large_string())
        array = pa.concat_arrays([chunk.cast(wide) for chunk in array.chunks])
    return array


def _texts_of_column(array: pa.Array, *, name: str) -> TextBatch:
    kind = array.type
    check_type(kind, name=name)
    if isinstance(kind, pa.BaseExtensionType):
        return _texts_of_json(array, name=name)
    if pa.types.is_null(kind):
        return TextBatch(empty_texts(), 0, len(array), 0, None)
    n_null = array.null_count
    if not is_list(kind):
        if pa.types.is_dictionary(kind):  # cast first, because Arrow has no `take` for string views
            array = array.dictionary.cast(pa.large_string()).take(array.indices)
        array = array.cast(pa.large_string())  # cast before dropping nulls, for the same reason
        return _batch(array.drop_null() if n_null else array, n_null=n_null, name=name)
    array = array.drop_null() if n_null else array
    if is_tokens(kind):
        array = one_sentence_each(array.cast(pa.large_list(pa.large_string())))
    return _batch(array.cast(GIVEN_TOKENS), n_null=n_null, name=name)


def one_sentence_each(lists: pa.LargeListArray) -> pa.LargeListArray:
    """Return lists of tokens as documents of the type GIVEN_TOKENS, with one sentence each."""
    return pa.LargeListArray.from_arrays(pa.array(np.arange(len(lists) + 1)), lists)


def _batch(texts: pa.Array, *, n_null: int, name: str) -> TextBatch:
    """Return a batch of texts.

    Args:
        texts: The texts, without nulls.
        n_null: The number of nulls that were left out.
        name: The name of the column, for errors.

    Raises:
        CorpusError: A text is not valid UTF-8.
    """
    try:
        texts.validate(full=True)
    except pa.ArrowInvalid as error:
        raise CorpusError(
            f"Text must be valid UTF-8, but column '{name}' is not: {error}. Correct the data before training."
        ) from None
    return TextBatch(texts, len(texts), n_null, 0, None)


def _texts_of_json(array: pa.ExtensionArray, *, name: str) -> TextBatch:
    """Return the documents of a column of JSON values, which datasets creates from a field with mixed types."""
    import json

    values = [None if value is None else json.loads(value) for value in array.storage.to_pylist()]
    return ValueReader(name).read(values)


class ValueReader:
    """Creates batches from Python values. The first values determine the kind: strings, or tokens (lists and Docs)."""

    def __init__(self, name: str, *, surrogates: Literal["strict", "replace", "ignore"] | str = "strict"):
        """Initialize a reader.

        Args:
            name: The name of the values, for errors.
            surrogates: "strict", "replace" or "ignore", for lone surrogates.
        """
        self.name = name
        self.surrogates = surrogates
        self.kind: Literal["text", "tokens"] | None = None

    def read(self, values: list[Any]) -> TextBatch:  # Any: a value of any type
        """Return the documents among some values, and count the other values.

        Raises:
            CorpusError: The first values contain neither strings nor lists of tokens.
            UnicodeEncodeError: There is a lone surrogate, and `surrogates` is "strict".
        """
        if self.kind is None:
            self.kind = self.kind_of(values)
        belongs = _is_tokens_value if self.kind == "tokens" else _is_text_value
        matching = [value for value in values if belongs(value)]
        others = [value for value in values if not belongs(value)] if len(matching) < len(values) else []
        unexpected = [value for value in others if not is_missing(value)]
        documents = self._tokens(matching) if self.kind == "tokens" else self._texts(matching)
        return TextBatch(
            documents,
            len(matching),
            n_null=len(others) - len(unexpected),
            n_not_text=len(unexpected),
            fraction=None,
            example=preview(unexpected[0]) if unexpected else None,
        )

    def kind_of(self, values: list[Any]) -> Literal["text", "tokens"] | None:  # Any: a value of any type
        """Return the most frequent kind of some values, or None if all are missing.

        Raises:
            CorpusError: The values contain neither strings nor lists of tokens.
        """
        n_texts = sum(map(_is_text_value, values))
        n_tokens = sum(map(_is_tokens_value, values)) if n_texts < len(values) else 0
        if n_texts or n_tokens:
            return "text" if n_texts >= n_tokens else "tokens"
        wrong = next((value for value in values if not is_missing(value)), None)
        if wrong is not None:
            raise CorpusError(f"Texts must be strings, but {self.name} contains: {preview(wrong)}. {advice_for(wrong)}")
        return None

    def _texts(self, texts: list[str]) -> pa.LargeStringArray:
        try:
            return pa.array(texts, pa.large_string())
        except UnicodeEncodeError:
            if self.surrogates == "strict":
                raise
            by = "\ufffd" if self.surrogates == "replace" else ""
            return pa.array([LONE_SURROGATES.sub(by, text) for text in texts], pa.large_string())

    def _tokens(self, documents: list[Any]) -> pa.LargeListArray:
        sentences = [_sentences(document) for document in documents]
        try:
            return pa.array(sentences, GIVEN_TOKENS)
        except UnicodeEncodeError:
            if self.surrogates == "strict":
                raise
            by = "\ufffd" if self.surrogates == "replace" else ""
            clean = [[[LONE_SURROGATES.sub(by, token) for token in tokens] for tokens in one] for one in sentences]
            return pa.array(clean, GIVEN_TOKENS)


def lone_surrogate(error: UnicodeEncodeError) -> str:
    """Return the message for a lone surrogate in a Python string."""
    return (
        f"Texts must be valid Unicode, but one has a lone surrogate: {error.object[error.start : error.end]!r}. "
        "Read the file with errors='replace' instead of 'surrogateescape'."
    )


def _is_text_value(value: Any) -> bool:
    return isinstance(value, str)


def _is_tokens_value(value: Any) -> bool:
    """Return whether a value is a list of strings, or a spaCy Doc or Span."""
    if is_doc(value):
        return True
    if not isinstance(value, list | tuple | np.ndarray):
        return False
    return all(isinstance(token, str) for token in value) and not _is_row(value)


def _is_row(value: Any) -> bool:
    """Return whether a tuple looks like a row, such as (text, label), rather than tokens."""
    return isinstance(value, tuple) and any(len(text.split()) > 3 for text in value)


def is_doc(value: Any) -> bool:
    """Return whether a value is a spaCy Doc or Span, without importing spaCy."""
    return type(value).__module__.startswith("spacy.tokens.") and type(value).__name__ in ("Doc", "Span")


def _sentences(value: Any) -> list[list[str]]:
    """Return the sentences of a document: those of a Doc if they are set, or else a single sentence."""
    if not is_doc(value):
        return [list(value)]
    doc = value if type(value).__name__ == "Doc" else value.doc
    if doc.has_annotation("SENT_START"):
        return [[token.text for token in sentence] for sentence in value.sents]
    return [[token.text for token in value]]


def is_missing(value: Any) -> bool:  # Any: a value of any type
    """Return whether a value is None, NaN or the NA of pandas. The last two are not equal to themselves."""
    if value is None:
        return True
    try:
        return bool(value != value)
    except (TypeError, ValueError):  # NA and arrays have no truth value; an array is not missing
        return type(value).__name__ == "NAType"


def preview(value: Any) -> str:
    """Return a value for messages: its type, and the start of its representation."""
    text = " ".join(repr(value).split("\n"))  # the representation of a table has several lines
    return f"{type(value).__name__} {text[:MAX_SHOWN]}{'...' if len(text) > MAX_SHOWN else ''}"


def advice_for(value: Any) -> str:
    """Return the remedy for a value that is not a document."""
    if isinstance(value, bytes | bytearray | np.bytes_):
        return 'Decode them first: text.decode("utf-8").'
    if isinstance(value, dict):
        return f"Name the key of the texts with text_field: {', '.join(map(str, list(value)[:10]))}."
    if isinstance(value, list | tuple | np.ndarray):
        kinds = Counter(type(item).__name__ for item in value)
        return f"The tokens of a list must all be strings, but these are: {', '.join(kinds)}."
    if isinstance(value, PurePath):
        return "Pass a list of paths to read the files: list(paths)."
    if type(value).__name__ in ("DataFrame", "RecordBatch", "Table"):
        return 'Pass their texts: (text for table in tables for text in table["text"]), or a single table.'
    if type(value).__module__.startswith("spacy."):
        return "Pass Docs, or their texts: (doc.text for doc in docs)."
    return "Pass strings, one per document, or lists of tokens."
