"""CSV and TSV files: columns, regardless of the other columns, and quotes that are not closed."""

import io

import pandas as pd
import pytest
from helpers_corpus import collect, read
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from spacy_w2v.errors import CorpusError
from spacy_w2v.sources import _local_files as local_files
from spacy_w2v.sources._csv_files import CsvFile
from spacy_w2v.sources._huggingface import make_dataset_v1

seeded = settings(derandomize=True, deadline=None, max_examples=150)


def source_of(tmp_path, content, name="a.csv", **arguments):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return make_dataset_v1(data_files=str(path), **arguments)


def texts_of(content, *, separator=",", size=1000, field="text"):
    blocks = [content[i : i + size] for i in range(0, len(content), size)]
    return collect(CsvFile(blocks, name="a", separator=separator).batches([field])).texts


@given(
    rows=st.lists(
        st.tuples(st.text('ab", \n\r\té', max_size=8), st.text('x", \n', max_size=5)), min_size=1, max_size=6
    ),
    separator=st.sampled_from([",", "\t"]),
    size=st.integers(1, 40),
)
@seeded
def test_files_of_pandas_are_read(rows, separator, size):
    frame = pd.DataFrame(rows, columns=["text", "other"])
    if separator == "\t":
        frame["end"] = "end"  # the last column must not look like rows
        assume(not any("\t" in text and "\n" in text for text, _ in rows))  # such a line may look like a complete row
    content = frame.to_csv(sep=separator, index=False, quoting=1).encode()  # QUOTE_ALL
    assert texts_of(content, separator=separator, size=size) == [text for text, _ in rows]
    assert texts_of(content, separator=separator, size=size, field="other") == [other for _, other in rows]


@given(content=st.text('a",\n', max_size=40), size=st.integers(1, 50))
@seeded
def test_stray_quotes_are_read_as_pandas_reads_them_or_refused(content, size):
    content = f"text,other\n{content}"
    try:
        actual = texts_of(content.encode(), size=size)
    except CorpusError:
        return
    expected = pd.read_csv(
        io.StringIO(content), usecols=["text", "other"], dtype=str, keep_default_na=False, engine="c", index_col=False
    )
    assert actual == expected["text"].tolist()


@pytest.mark.parametrize("size", [1, 5, 1000])
def test_line_breaks_of_all_kinds_end_rows(size):
    assert texts_of(b"text,n\none,1\r\ntwo,2\rthree,3\n\n\r\nfour,4", size=size) == ["one", "two", "three", "four"]


def test_rows_that_are_too_short_are_null_and_too_long_ones_are_read(tmp_path):
    actual = read(source_of(tmp_path, "n,text\n1,one\n2\n3,three,x,y\n"))
    assert (actual.texts, actual.n_null) == (["one", "three"], 1)


def test_other_columns_may_hold_anything(tmp_path):
    content = b"n,text\n1,one\n\xff,two\nx,three\n" + b'"{""a"": [1]}",four\n'
    assert read(source_of(tmp_path, content)).texts == ["one", "two", "three", "four"]


def test_several_columns_are_joined_by_line_breaks(tmp_path):
    assert read(source_of(tmp_path, "a,b,c\n1,2,3\n4,5,6\n", text_field=["c", "a"])).texts == ["3\n1", "6\n4"]


def test_an_unclosed_quote_in_a_tsv_is_an_ordinary_character(tmp_path):
    content = 'id\ttext\n1\t"Once upon a time\n2\tthere was\n3\ta cat."\n4\t"quoted"\n5\t"He said" and "she"\n'
    actual = read(source_of(tmp_path, content, name="a.tsv"))
    assert actual.texts == ['"Once upon a time', "there was", 'a cat."', "quoted", '"He said" and "she"']


@pytest.mark.parametrize("size", [1, 3, 1000])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("end", ["", "\n", "\n\n"])
def test_unclosed_quotes_do_not_depend_on_blocks(size, newline, end):
    lines = ["id\ttext", '1\t"Once', "2\tthere", '3\t"was', '4\ta "cat', '"5"\t"x"y', '6\t"end']
    content = (newline.join(lines) + end.replace("\n", newline)).encode()
    assert texts_of(content, separator="\t", size=size) == ['"Once', "there", '"was', 'a "cat', '"x"y', '"end']


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_a_table_of_one_column_has_a_text_a_line(size):
    assert texts_of(b'text\n"one\ntwo"\n"three"\n"four', separator="\t", size=size) == [
        '"one',
        'two"',
        "three",
        '"four',
    ]


def test_a_text_of_several_lines_in_a_tsv_is_complete(tmp_path):
    frame = pd.DataFrame({"text": ["one\ntwo", 'say "x"\tnow', "three"], "id": [1, 2, 3]})
    content = frame.to_csv(sep="\t", index=False)
    assert read(source_of(tmp_path, content, name="a.tsv")).texts == frame["text"].tolist()


@pytest.mark.parametrize(
    "content",
    ['id,text\n1,"open\n2,two "x" y\n3,three\n', 'id,text\n1,"open\n2,two\n', 'text,id\n"one\n\n\n" x,2\n'],
    ids=["closed within a field", "never closed", "closed lines later"],
)
def test_an_unclosed_quote_in_a_csv_is_refused_with_its_line(tmp_path, content):
    with pytest.raises(CorpusError, match=r"a\.csv must be valid CSV, but a field begins with a quote .*line 2\."):
        read(source_of(tmp_path, content))


def test_a_quote_within_a_line_is_read_as_pandas_does(tmp_path):
    assert read(source_of(tmp_path, 'text,id\n"He said", then,2\n"one" two,3\n')).texts == ["He said", "one two"]


def test_blocks_do_not_split_rows(tmp_path, monkeypatch):
    rows = "".join(f'{i},"text ""{i}""\nmore"\n' for i in range(50))
    monkeypatch.setattr(local_files, "BLOCK_BYTES", 17)
    assert read(source_of(tmp_path, "id,text\n" + rows)).texts == [f'text "{i}"\nmore' for i in range(50)]


def test_a_header_alone_has_no_documents(tmp_path):
    assert read(source_of(tmp_path, "id,text\n"))[:2] == ([], 0)


def test_a_byte_order_mark_is_not_part_of_the_header(tmp_path):
    assert read(source_of(tmp_path, b"\xef\xbb\xbftext,id\none,1\n")).texts == ["one"]


def test_texts_such_as_nan_are_texts(tmp_path):
    assert read(source_of(tmp_path, "text,id\nNA,1\nnull,2\n007,3\n")).texts == ["NA", "null", "007"]
