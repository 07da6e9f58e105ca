"""The files of a source: only the columns with texts matter, and there is a warning for files that are left out."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from helpers_corpus import read
from spacy.tokens import Doc, DocBin
from spacy.vocab import Vocab

from spacy_w2v.errors import CorpusError, CorpusWarning
from spacy_w2v.sources._huggingface import make_dataset_v1

TEXTS = ["one", "two"]


def write_parquet(path, **columns):
    pq.write_table(pa.table(columns), path)


def write_arrow(path, **columns):
    table = pa.table(columns)
    with pa.ipc.new_file(str(path), table.schema) as writer:
        writer.write_table(table)


def write_jsonl(path, **columns):
    columns = {name: pa.array(values).to_pylist() for name, values in columns.items()}
    rows = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


WRITE = {"parquet": write_parquet, "arrow": write_arrow, "jsonl": write_jsonl}

OTHERS = {
    "null, then strings": [pa.nulls(2), ["x", "y"]],
    "numbers, then strings": [[1, 2], ["x", "y"]],
    "structs of other fields": [[{"a": 1}, None], [{"b": "x"}, {"a": [1]}]],
    "empty lists, then structs": [[[], []], [[{"x": 1}], []]],
    "only in the second": [None, [1, 2]],
}


@pytest.mark.parametrize("extension", WRITE)
@pytest.mark.parametrize("others", OTHERS)
def test_other_columns_do_not_matter(tmp_path, extension, others):
    for i, column in enumerate(OTHERS[others]):
        rest = {} if column is None else {"other": column}
        WRITE[extension](tmp_path / f"{i}.{extension}", **rest, text=TEXTS)
    assert read(make_dataset_v1(data_files=str(tmp_path / f"*.{extension}"))).texts == TEXTS * 2


@pytest.mark.parametrize("extension", WRITE)
@pytest.mark.parametrize("texts", [pa.nulls(2), pa.array([None, None], pa.string())], ids=["null", "string"])
def test_a_shard_of_nulls_is_counted(tmp_path, extension, texts):
    WRITE[extension](tmp_path / f"a.{extension}", text=texts)
    WRITE[extension](tmp_path / f"b.{extension}", text=TEXTS)
    actual = read(make_dataset_v1(data_files=str(tmp_path / f"*.{extension}")))
    assert (actual.texts, actual.n_null) == (TEXTS, 2)


def test_a_shard_of_missing_numbers_is_counted(tmp_path):
    write_parquet(
        tmp_path / "a.parquet", text=pa.array([None, None], pa.float64())
    )  # pandas writes this for texts that are all None
    write_parquet(tmp_path / "b.parquet", text=TEXTS)
    actual = read(make_dataset_v1(data_files=str(tmp_path / "*.parquet")))
    assert (actual.texts, actual.n_null) == (TEXTS, 2)


@pytest.mark.parametrize("extension", ["parquet", "arrow", "csv"])
def test_a_shard_without_the_column_is_named_before_anything_is_read(tmp_path, extension):
    if extension == "csv":
        (tmp_path / "a.csv").write_text("text\none\n")
        (tmp_path / "b.csv").write_text("body,id\none,1\n")
    else:
        WRITE[extension](tmp_path / f"a.{extension}", text=TEXTS)
        WRITE[extension](tmp_path / f"b.{extension}", body=TEXTS, id=[1, 2])
    batches = make_dataset_v1(data_files=str(tmp_path / f"*.{extension}")).batches()
    message = rf"must be a column of every file, but \S*b\.{extension} has other columns \(body, id\), was: text\."
    with pytest.raises(CorpusError, match=message):
        next(batches)


@pytest.mark.parametrize("extension", ["parquet", "arrow"])
def test_a_shard_of_another_type_is_named_before_anything_is_read(tmp_path, extension):
    WRITE[extension](tmp_path / f"a.{extension}", text=TEXTS)
    WRITE[extension](tmp_path / f"b.{extension}", text=[1, 2])
    message = rf"must contain strings, but column 'text' of \S*b\.{extension} contains: int64\."
    with pytest.raises(CorpusError, match=message):
        next(make_dataset_v1(data_files=str(tmp_path / f"*.{extension}")).batches())


@pytest.mark.parametrize(
    "columns",
    [{}, {"text": pa.nulls(0)}, {"other": pa.array([], pa.int8())}],
    ids=["no columns", "text of nulls", "another column"],
)
def test_a_table_without_rows_needs_no_column(tmp_path, columns):
    write_parquet(tmp_path / "a.parquet", **columns)
    write_parquet(tmp_path / "b.parquet", text=TEXTS)
    assert read(make_dataset_v1(data_files=str(tmp_path / "*.parquet"))).texts == TEXTS


@pytest.mark.parametrize("extension", ["parquet", "arrow", "csv"])
def test_empty_files_are_left_out_with_a_warning(tmp_path, extension):
    if extension == "csv":
        (tmp_path / "b.csv").write_text("text\none\ntwo\n")
    else:
        WRITE[extension](tmp_path / f"b.{extension}", text=TEXTS)
    (tmp_path / f"part-0.{extension}").touch()
    source = make_dataset_v1(data_files=str(tmp_path / f"*.{extension}"))
    with pytest.warns(CorpusWarning, match=rf"Left out 1 of 2 files because they are empty: \S*part-0\.{extension}"):
        assert read(source).texts == TEXTS


def test_patterns_do_not_match_markers_of_spark(tmp_path):
    write_parquet(tmp_path / "part-0.parquet", text=TEXTS)
    (tmp_path / "_SUCCESS").touch()
    (tmp_path / "_metadata").write_bytes(b"not read")
    assert read(make_dataset_v1(path="parquet", data_files=str(tmp_path / "*"))).texts == TEXTS


def test_a_folder_is_read_without_its_other_columns(tmp_path):
    for i, column in enumerate([pa.nulls(2), ["x", "y"]]):
        write_parquet(tmp_path / f"train-{i}.parquet", other=column, text=TEXTS)
    assert read(make_dataset_v1(path=str(tmp_path))).texts == TEXTS * 2


@pytest.mark.parametrize("extension", WRITE)
def test_columns_of_lists_are_tokens(tmp_path, extension):
    WRITE[extension](tmp_path / f"a.{extension}", tokens=[["New York", "is"], None, ["big"]])
    actual = read(make_dataset_v1(data_files=str(tmp_path / f"a.{extension}"), text_field="tokens"))
    assert (actual.texts, actual.n_null) == ([[["New York", "is"]], [["big"]]], 1)


@pytest.mark.parametrize("extension", WRITE)
def test_several_columns_are_joined_by_line_breaks(tmp_path, extension):
    WRITE[extension](tmp_path / f"a.{extension}", title=["A", None, None], body=["x", "y", None])
    actual = read(make_dataset_v1(data_files=str(tmp_path / f"a.{extension}"), text_field=["title", "body"]))
    assert (actual.texts, actual.n_null) == (["A\nx", "y"], 1)


@pytest.mark.parametrize("extension", ["parquet", "jsonl"])
def test_each_of_several_columns_must_be_there(tmp_path, extension):
    WRITE[extension](tmp_path / f"a.{extension}", title=["A"], body=["x"])
    source = make_dataset_v1(data_files=str(tmp_path / f"a.{extension}"), text_field=["title", "bod"])
    if extension == "parquet":
        with pytest.raises(CorpusError, match=r"must be a column of the dataset \(title, body\), was: bod\. Did you"):
            read(source)
    else:
        assert read(source).texts == ["A"]


def docs_of(*texts):
    return [Doc(Vocab(), words=text.split("|")) for text in texts]


def test_docs_of_spacy_are_read_unchanged(tmp_path):
    DocBin(docs=docs_of("New York|is", "big")).to_disk(tmp_path / "a.spacy")
    actual = read(make_dataset_v1(data_files=str(tmp_path / "a.spacy")))
    assert actual.texts == [[["New York", "is"]], [["big"]]]


@pytest.mark.parametrize("damage", [b"no docs", None])
def test_damaged_files_of_docs_are_named(tmp_path, damage):
    content = DocBin(docs=docs_of("a|b")).to_bytes()
    (tmp_path / "a.spacy").write_bytes(damage or content[:-10])
    with pytest.raises(CorpusError, match=r"a\.spacy must be a DocBin file of spaCy, but is not"):
        read(make_dataset_v1(data_files=str(tmp_path / "a.spacy")))
