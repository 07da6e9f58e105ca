"""Text files, standard input and iterables as sources, and the common behaviour of all sources."""

import io
import math
import re
import sys

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from helpers_corpus import ListSource, batch_of, collect, read
from hypothesis import example, given, settings
from hypothesis import strategies as st

import spacy_w2v
from spacy_w2v.errors import CorpusError
from spacy_w2v.sources import _source as source
from spacy_w2v.sources import _text_files as text_files
from spacy_w2v.sources._columns import texts_of_columns
from spacy_w2v.sources._iterables import VALUES_PER_BATCH, IterableSource, as_source
from spacy_w2v.sources._source import (
    TextSource,
    coalesce,
    take_documents,
)
from spacy_w2v.sources._text_files import StandardInput, read_text

seeded = settings(derandomize=True, deadline=None, max_examples=150)


def read_bytes(content: bytes, *, block: int = 4 << 20, limit: int | None = None, **arguments):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(text_files, "BATCH_BYTES", block)
        patch.setattr(source, "BATCH_BYTES", block)
        return collect(take_documents(coalesce(read_text(io.BytesIO(content), name="a.txt", **arguments)), limit))


def lines_of(content: str) -> list[str]:
    lines = content.split("\n")
    return lines[:-1] if lines[-1] == "" else lines


# --- text files


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", []),
        (b"one", ["one"]),
        (b"one\n", ["one"]),
        (b"one\n\ntwo\n", ["one", "", "two"]),
        (b"\n", [""]),
        (b"\xef\xbb\xbfone\ntwo", ["one", "two"]),
        (b"\xef\xbb\xbf", []),
        ("a\x0bb\x0cc\x1cd\x85e\u2028f\n".encode(), ["a\x0bb\x0cc\x1cd\x85e\u2028f"]),
        ("Größe\n𝒳\n".encode(), ["Größe", "𝒳"]),
    ],
)
def test_each_line_of_a_text_file_is_a_document(content, expected):
    actual = read_bytes(content)
    assert actual.texts == expected
    assert actual.n_documents == len(expected)


def test_carriage_returns_end_lines_too():
    actual = read_bytes(b"one two\r\nthree\r\n")
    assert actual.n_documents == 2
    assert [text.strip() for text in actual.texts] == ["one two", "three"]


def test_only_the_first_byte_order_mark_is_dropped():
    assert read_bytes("\ufeffone\n\ufefftwo\n".encode()).texts == ["one", "\ufefftwo"]


@given(lines=st.lists(st.text("ab é\t\r𝒳", max_size=6)), block=st.integers(32, 64), newline_at_end=st.booleans())
@seeded
def test_blocks_do_not_change_lines_that_fit(lines, block, newline_at_end):
    content = "\n".join(lines) + "\n" * newline_at_end
    expected = lines_of(content)
    actual = read_bytes(content.encode(), block=block)
    assert actual.texts == expected
    assert actual.n_documents == len(expected)


@given(content=st.text("aé \t\x0b\x0c\u2003\n", max_size=200), block=st.integers(8, 20))
@seeded
def test_long_lines_are_cut_only_between_words(content, block):
    actual = read_bytes(content.encode(), block=block)
    assert [word for text in actual.texts for word in text.split()] == content.split()
    assert actual.n_documents == len(lines_of(content))


def test_a_long_line_comes_in_parts():
    actual = read_bytes(b"word " * 100, block=50)
    assert len(actual.texts) > 5
    assert "".join(actual.texts) == "word " * 100
    assert actual.n_documents == 1


@given(content=st.text("ab \n", max_size=120), block=st.integers(8, 20), limit=st.integers(1, 6))
@example(content="a bbbbbbbbbbbbbbb\nb\na\n", block=8, limit=2)
@seeded
def test_max_documents_counts_lines_even_where_they_are_cut(content, block, limit):
    expected = [word for line in lines_of(content)[:limit] for word in line.split()]
    actual = read_bytes(content.encode(), block=block, limit=limit)
    assert [word for text in actual.texts for word in text.split()] == expected


@pytest.mark.parametrize("block", [8, 4 << 20])
def test_invalid_bytes_are_named_with_their_position(block):
    content = b"\xef\xbb\xbfone two\nthree\nfo\xffur five\n"
    message = r"valid utf-8, but a\.txt has the byte 0xff at position 19, in line 3\. .*encoding_errors = \"replace\""
    with pytest.raises(CorpusError, match=message):
        read_bytes(content, block=block)


def test_other_encodings_and_treatments_of_errors():
    assert read_bytes("é b\n".encode("latin-1"), encoding="latin-1").texts == ["é b"]
    assert read_bytes(b"a\xffb\n", encoding_errors="replace").texts == ["a\ufffdb"]
    assert read_bytes(b"a\xffb\n", encoding_errors="ignore").texts == ["ab"]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32"])
def test_encodings_whose_line_break_is_not_one_byte_are_read(encoding):
    assert read_bytes("é b\nc Ċ d\n".encode(encoding), encoding=encoding).texts == ["é b", "c Ċ d"]


# --- standard input


def test_standard_input_is_read_by_lines(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"one\ntwo\nthree\n")))
    source = StandardInput(max_documents=2)
    assert isinstance(source, TextSource)
    assert source.fingerprint() is None
    assert collect(source.batches()).texts == ["one", "two"]


def test_a_terminal_is_refused(monkeypatch):
    stdin = io.StringIO()
    stdin.isatty = lambda: True
    monkeypatch.setattr(sys, "stdin", stdin)
    with pytest.raises(CorpusError, match=r"must be a file or a pipe, was: a terminal\. Pipe the texts to it\."):
        StandardInput().fingerprint()


# --- iterables


@pytest.mark.parametrize(
    "texts",
    [
        ["one", "two"],
        ("one", "two"),
        (text for text in ("one", "two")),
        {"one": 1, "two": 2}.keys(),
        np.array(["one", "two"]),
    ],
    ids=["list", "tuple", "generator", "keys", "array"],
)
def test_any_iterable_of_strings_is_a_source(texts):
    source = as_source(texts)
    assert isinstance(source, TextSource)
    assert source.fingerprint() is None
    actual = collect(source.batches())
    assert actual.texts == ["one", "two"]
    assert actual[1:4] == (2, 0, 0)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, (1, 0)),
        (math.nan, (1, 0)),
        (np.float32("nan"), (1, 0)),
        (pd.NA, (1, 0)),
        (5, (0, 1)),
        (b"bytes", (0, 1)),
        (["a"], (0, 1)),
        ({"a": 1}, (0, 1)),
        (np.array([1, 2]), (0, 1)),
    ],
    ids=["None", "nan", "float32 nan", "NA", "int", "bytes", "list", "dict", "array"],
)
def test_what_is_no_string_is_counted_and_left_out(value, expected):
    actual = read(IterableSource(["one", value, "two"]))
    assert actual.texts == ["one", "two"]
    assert actual.n_documents == 2
    assert actual[2:4] == expected


def test_a_pandas_column_with_missing_texts_is_a_source():
    actual = read(as_source(pd.Series(["one", None, "two"], dtype="string")))
    assert actual.texts == ["one", "two"]
    assert actual[2:4] == (1, 0)


def test_long_iterables_come_in_order_with_the_fraction_read():
    texts = [f"text {i}" for i in range(2 * VALUES_PER_BATCH + 1)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(source, "BATCH_BYTES", 1000)
        actual = collect(IterableSource(texts).batches())
    assert actual.texts == texts
    known = [fraction for fraction in actual.fractions if fraction is not None]
    assert known == sorted(known)
    assert len(known) > 1
    assert known[-1] == 1.0


def test_an_iterable_without_length_has_no_fraction():
    assert collect(IterableSource(text for text in ["one"]).batches()).fractions == [None]


def test_a_source_stays_itself():
    source = ListSource(["one"])
    assert as_source(source) is source


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        ("one text", r"must be an iterable of strings, one per document, was a single str: 'one text'\. Pass \[text\]"),
        (b"bytes", r"was a single bytes\."),
        (5, r"must be an iterable of strings or lists of tokens, a dataset, a table or a path, was: int 5"),
    ],
)
def test_what_is_no_iterable_of_texts_is_refused(texts, message):
    with pytest.raises(CorpusError, match=message):
        as_source(texts)


def test_lone_surrogates_are_refused():
    with pytest.raises(CorpusError, match=r"valid Unicode, but one has a lone surrogate: '\\udcff'\. .*'replace'"):
        read(IterableSource(["good", "bad \udcff"]))


# --- columns


@pytest.mark.parametrize(
    "kind", [pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int32(), pa.string())], ids=str
)
def test_every_type_of_strings_is_read(kind):
    column = pa.array(["one", None, "two"]).cast(kind) if not pa.types.is_string_view(kind) else None
    column = pa.array(["one", None, "two"], kind) if column is None else column
    for form in (column, pa.chunked_array([column, column.slice(2)])):
        texts, _, n_null, n_not_text, *_ = texts_of_columns([form], names=["text"])
        assert texts.type == pa.large_string()
        assert texts.to_pylist() == ["one", "two", "two"][: len(form) - 1]
        assert (n_null, n_not_text) == (1, 0)


def test_a_column_of_nulls_holds_no_texts():
    texts, _, n_null, n_not_text, *_ = texts_of_columns([pa.nulls(3)], names=["text"])
    assert (texts.to_pylist(), n_null, n_not_text) == ([], 3, 0)


@pytest.mark.parametrize("kind", [pa.int64(), pa.binary(), pa.list_(pa.int64())], ids=str)
def test_a_column_of_another_type_is_refused(kind):
    message = (
        rf"must contain strings, but column 'body' contains: {re.escape(str(kind))}\. Choose another with text_field"
    )
    with pytest.raises(CorpusError, match=message):
        texts_of_columns([pa.array([], kind)], names=["body"])


# --- batches


@given(
    sizes=st.lists(st.lists(st.integers(0, 60), max_size=8), max_size=8),
    batch_bytes=st.sampled_from([16, 50, 200, 10_000]),
)
@seeded
def test_coalescing_keeps_documents_and_counts(sizes, batch_bytes):
    texts = [[f"{i}.{j}" + "x" * size for j, size in enumerate(batch)] for i, batch in enumerate(sizes)]
    batches = [batch_of(batch, n_null=i, n_not_text=1) for i, batch in enumerate(texts)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(source, "BATCH_BYTES", batch_bytes)
        actual = collect(coalesce(iter(batches)))
    assert actual.texts == [text for batch in texts for text in batch]
    assert actual.n_documents == len(actual.texts)
    assert actual.n_null == sum(range(len(batches)))
    assert actual.n_not_text == len(batches)


def test_coalescing_joins_small_batches_and_cuts_large_ones():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(source, "BATCH_BYTES", 1000)
        joined = list(coalesce(batch_of(["x" * 92]) for _ in range(25)))
        cut = list(coalesce(iter([batch_of(["x" * 92] * 100)])))
    assert [len(batch.texts) for batch in joined] == [10, 10, 5]
    assert len(cut) >= 5
    assert all(batch.texts.nbytes <= 2100 for batch in cut)


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 6, 100])
def test_no_more_than_max_documents_are_taken(limit):
    texts = [["a", "b"], [], ["c", "d", "e"], ["f"]]
    actual = collect(take_documents((batch_of(batch) for batch in texts), limit))
    assert actual.texts == ["a", "b", "c", "d", "e", "f"][:limit]
    assert actual.n_documents == len(actual.texts)
    assert all(fraction is not None for fraction in actual.fractions)


def test_sources_are_iterated_over_as_lists_of_texts(tmp_path):
    (tmp_path / "a.txt").write_text("one\ntwo\n")
    files = spacy_w2v.dataset(data_files=str(tmp_path / "a.txt"))
    assert list(files) == list(files) == ["one", "two"]
    assert list(spacy_w2v.concatenate({"a": files, "b": files})) == ["one", "two", "one", "two"]
    assert set(spacy_w2v.interleave({"a": files, "b": files}, weights={"a": 1, "b": 1})) == {"one", "two"}
    first, second = spacy_w2v.gensim_wiki(max_documents=2)
    assert len(first) > 1000 < len(second)
