"""Hugging Face datasets as sources: files in all formats, saved datasets, and datasets of a program."""

import json
import os
import re
import socket
import sys
import zipfile

import datasets
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from helpers_corpus import COMPRESS, read

from spacy_w2v.errors import CorpusError
from spacy_w2v.sources._dataset_names import format_of_files, looks_like_files
from spacy_w2v.sources._huggingface import DatasetSource, make_dataset_v1
from spacy_w2v.sources._iterables import as_source
from spacy_w2v.sources._source import TextSource

# datasets does not close csv and json files.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")

TEXTS = ["One, two.", "Größe 𝒳", 'a "quote"', "five"]


def as_text(texts):
    return "".join(f"{text}\n" for text in texts).encode()


def as_jsonl(texts):
    return "".join(json.dumps({"id": i, "text": text}) + "\n" for i, text in enumerate(texts)).encode()


def as_csv(texts, separator=","):
    quoted = ('"' + text.replace('"', '""') + '"' for text in texts)
    return f"id{separator}text\n".encode() + "".join(f"{i}{separator}{t}\n" for i, t in enumerate(quoted)).encode()


def as_tsv(texts):
    return as_csv(texts, separator="\t")


def as_parquet(texts):
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table({"id": range(len(texts)), "text": pa.array(texts, pa.string())}), sink, row_group_size=3)
    return sink.getvalue().to_pybytes()


def as_arrow(texts):
    table = pa.table({"id": range(len(texts)), "text": pa.array(texts, pa.string())})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue().to_pybytes()


WRITE = {
    "txt": as_text,
    "jsonl": as_jsonl,
    "csv": as_csv,
    "tsv": as_tsv,
    "parquet": as_parquet,
    "arrow": as_arrow,
}


@pytest.fixture
def write(tmp_path):
    def write_file(name, content):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return str(path)

    return write_file


def rows_source(write, **arguments):
    return make_dataset_v1(data_files=write("rows.jsonl", as_jsonl(TEXTS)), **arguments)


# --- files


@pytest.mark.parametrize("extension", WRITE)
def test_every_format_is_read(write, extension):
    source = make_dataset_v1(data_files=write(f"a.{extension}", WRITE[extension](TEXTS)))
    assert isinstance(source, TextSource)
    actual = read(source)
    assert actual.texts == TEXTS
    assert actual[1:4] == (len(TEXTS), 0, 0)


@pytest.mark.parametrize("extension", ["txt", "jsonl", "csv"])
@pytest.mark.parametrize("compression", COMPRESS)
def test_compressed_files_are_read(write, extension, compression):
    content = COMPRESS[compression](WRITE[extension](TEXTS))
    assert read(make_dataset_v1(data_files=write(f"a.{extension}.{compression}", content))).texts == TEXTS


@pytest.mark.parametrize("extension", ["txt", "jsonl"])
def test_all_files_of_an_archive_are_read(tmp_path, extension):
    path = tmp_path / f"a.{extension}.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"1.{extension}", WRITE[extension](TEXTS[:1]))
        archive.writestr(f"2.{extension}", WRITE[extension](TEXTS[1:]))
    assert read(make_dataset_v1(data_files=str(path))).texts == TEXTS


@pytest.mark.parametrize("extension", ["txt", "jsonl", "parquet"])
def test_many_shards_are_read_in_the_order_of_their_names(write, tmp_path, extension):
    expected = [f"text {i}" for i in range(60)]
    for shard in range(20):
        write(f"shards/{shard:02}.{extension}", WRITE[extension](expected[3 * shard : 3 * shard + 3]))
    write("shards/other.log", b"not to be read\n")
    actual = read(make_dataset_v1(data_files=str(tmp_path / "shards" / f"*.{extension}")))
    assert actual.texts == expected
    assert actual.n_documents == 60


def test_files_are_read_in_the_order_of_a_list(write):
    files = [write("b.txt", b"first\n"), write("a.txt", b"second\n")]
    source = make_dataset_v1(data_files=files)
    assert read(source).texts == ["first", "second"]
    assert source.name == ", ".join(files)


def test_the_name_of_many_files_is_short():
    assert make_dataset_v1(data_files=[f"{i}.txt" for i in range(5)]).name == "0.txt, 1.txt, 2.txt and 2 more"


def test_a_directory_of_files_is_a_dataset_with_splits(write, tmp_path):
    write("data/train.jsonl", as_jsonl(["train"]))
    write("data/test.jsonl", as_jsonl(["test"]))
    assert read(make_dataset_v1(path=str(tmp_path / "data"), split="test")).texts == ["test"]
    with pytest.raises(CorpusError, match=r"split must be one of train, test, was: tset\. Did you mean 'test'\?"):
        read(make_dataset_v1(path=str(tmp_path / "data"), split="tset"))


def test_the_path_names_the_format_of_files_with_other_extensions(write):
    assert read(make_dataset_v1(path="text", data_files=write("a.log", as_text(TEXTS)))).texts == TEXTS


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (["a.txt"], "text"),
        (["a.JSONL.gz"], "json"),
        (["a.json.zst"], "json"),
        (["data/*.tsv"], "csv"),
        (["readme", "b.parquet"], "parquet"),
    ],
)
def test_the_extension_determines_the_format(files, expected):
    assert format_of_files(files) == expected


@pytest.mark.parametrize("file", ["a.docx", "a", "a.gz", ".txt/a"])
def test_an_unknown_extension_is_refused(file):
    with pytest.raises(
        CorpusError,
        match=rf"must have a known file extension .*was: {re.escape(file)}\. If the extension differs, set the format",
    ):
        make_dataset_v1(data_files=file)


def test_names_of_files_and_datasets_are_distinguished(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "plain").write_text("one\n")
    assert all(looks_like_files(name) for name in ("a.txt", "a/*", "b.jsonl.gz", "plain"))
    assert not any(looks_like_files(name) for name in ("wikitext", "user/data-v1.5", "allenai/c4"))


def test_the_current_directory_is_a_dataset(tmp_path, monkeypatch):
    (tmp_path / "a.txt").write_text("one\ntwo\n")
    monkeypatch.chdir(tmp_path)
    assert read(make_dataset_v1(path=".")).texts == ["one", "two"]


# --- limits and progress


@pytest.mark.parametrize("extension", ["txt", "jsonl", "parquet"])
@pytest.mark.parametrize("limit", [1, 3, 4, 100])
def test_max_documents_bounds_what_is_read(write, extension, limit):
    files = [
        write(f"1.{extension}", WRITE[extension](TEXTS[:2])),
        write(f"2.{extension}", WRITE[extension](TEXTS[2:])),
    ]
    actual = read(make_dataset_v1(data_files=files, max_documents=limit))
    assert actual.texts == TEXTS[:limit]
    assert actual.n_documents == len(actual.texts)


@pytest.mark.parametrize("extension", ["txt", "parquet"])
def test_the_fraction_read_rises_to_one(write, extension, monkeypatch):
    monkeypatch.setattr("spacy_w2v.sources._source.BATCH_BYTES", 2000)
    monkeypatch.setattr("spacy_w2v.sources._text_files.BATCH_BYTES", 2000)
    texts = [f"text number {i}" for i in range(1500)]
    files = [
        write(f"1.{extension}", WRITE[extension](texts[:900])),
        write(f"2.{extension}", WRITE[extension](texts[900:])),
    ]
    actual = read(make_dataset_v1(data_files=files))
    known = [fraction for fraction in actual.fractions if fraction is not None]
    assert actual.texts == texts
    assert known == sorted(known)
    assert len(set(known)) >= 5
    assert known[-1] == 1.0


# --- saved datasets


@pytest.fixture
def saved(tmp_path):
    dataset = datasets.Dataset.from_dict({"id": range(len(TEXTS)), "text": TEXTS})
    dataset.save_to_disk(str(tmp_path / "dataset"), num_shards=2)
    datasets.DatasetDict({"train": dataset, "test": dataset.select([3])}).save_to_disk(str(tmp_path / "dict"))
    return tmp_path


def test_a_saved_dataset_is_read(saved):
    actual = read(make_dataset_v1(path=str(saved / "dataset")))
    assert actual.texts == TEXTS
    assert actual.fractions[-1] == 1.0


def test_a_split_of_a_saved_dataset_dict_is_read(saved):
    assert read(make_dataset_v1(path=str(saved / "dict"))).texts == TEXTS
    assert read(make_dataset_v1(path=str(saved / "dict"), split="test")).texts == [TEXTS[3]]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"split": "dev"}, r"split must be one of train, test, was: dev"),
        ({"text_field": "body"}, r"text_field must be a column of the dataset \(id, text\), was: body"),
        ({"text_field": "id"}, r"must contain strings, but column 'id' contains: int64"),
    ],
)
def test_wrong_arguments_for_a_saved_dataset_are_refused(saved, arguments, message):
    with pytest.raises(CorpusError, match=message):
        read(make_dataset_v1(path=str(saved / "dict"), **arguments))


def test_the_fingerprint_of_a_saved_dataset_changes_with_it(saved):
    source = make_dataset_v1(path=str(saved / "dict"))
    before = source.fingerprint()
    assert make_dataset_v1(path=str(saved / "dict")).fingerprint() == before
    other = datasets.Dataset.from_dict({"text": ["more"]})
    other.save_to_disk(str(saved / "dict" / "train"))
    assert make_dataset_v1(path=str(saved / "dict")).fingerprint() != before


# --- values that are not strings


@pytest.mark.parametrize(
    ("values", "texts", "n_null", "n_not_text"),
    [
        (["a", None, "b", None], ["a", "b"], 2, 0),
        ([None, None, None], [], 3, 0),
        (["a", 5, None, ["x"], {"k": 1}, "b", 1.5, True], ["a", "b"], 1, 5),
        ([["x"], "a"], ["a"], 0, 1),
    ],
    ids=["nulls", "only nulls", "mixed", "list first"],
)
def test_json_values_other_than_strings_are_counted_and_left_out(write, values, texts, n_null, n_not_text):
    content = "".join(json.dumps({"text": value}) + "\n" for value in values).encode()
    actual = read(make_dataset_v1(data_files=write("a.jsonl", content)))
    assert actual.texts == texts
    assert actual[1:4] == (len(texts), n_null, n_not_text)


def test_rows_without_the_field_are_null(write):
    content = b'{"text": "a", "id": 1}\n{"id": 2}\n{"text": "b"}\n'
    actual = read(make_dataset_v1(data_files=write("a.jsonl", content)))
    assert (actual.texts, actual.n_null) == (["a", "b"], 1)


@pytest.mark.parametrize("extension", ["parquet", "arrow"])
def test_null_texts_of_tables_are_counted(write, extension):
    actual = read(make_dataset_v1(data_files=write(f"a.{extension}", WRITE[extension](["a", None, "b"]))))
    assert (actual.texts, actual.n_null) == (["a", "b"], 1)


@pytest.mark.parametrize(
    ("extension", "message"),
    [
        ("jsonl", r"Texts must be strings, but field 'id' of .*a\.jsonl contains: int 0\."),
        ("parquet", r"must contain strings, but column 'id' of .*a\.parquet contains: int64\. Choose another"),
    ],
)
def test_a_column_of_numbers_is_refused(write, extension, message):
    source = make_dataset_v1(data_files=write(f"a.{extension}", WRITE[extension](TEXTS)), text_field="id")
    with pytest.raises(CorpusError, match=message):
        read(source)


def test_csv_texts_that_look_like_numbers_are_texts(write):
    texts = ["first"] + ["word"] * 9_999 + ["007", "8"] * 100  # datasets reads 10,000 rows at a time
    actual = read(make_dataset_v1(data_files=write("a.csv", as_csv(texts))))
    assert actual.texts == texts


# --- invalid settings


@pytest.mark.parametrize("extension", ["jsonl", "csv", "parquet", "arrow"])
def test_a_wrong_text_field_lists_the_columns(write, extension):
    source = make_dataset_v1(data_files=write(f"a.{extension}", WRITE[extension](TEXTS)), text_field="txt")
    message = r"text_field must be a column of the dataset \(id, text\), was: txt\. Did you mean 'text'\?"
    with pytest.raises(CorpusError, match=message):
        read(source)


def test_text_files_have_one_column(write):
    path = write("a.txt", b"one\n")
    message = rf"must be a column of the dataset \({re.escape(path)}: text\), was: body"
    with pytest.raises(CorpusError, match=message):
        read(make_dataset_v1(data_files=path, text_field="body"))


@pytest.mark.parametrize(
    ("split", "message"),
    [
        ("trian", r"split must be one of train, was: trian\. Did you mean 'train'\?"),
        ("dev", r"split must be one of train, was: dev\.$"),
        ("train[:2]", r"split must be the name of a split, was: train\[:2\]\."),
    ],
)
def test_a_wrong_split_is_refused(write, split, message):
    with pytest.raises(CorpusError, match=message):
        read(rows_source(write, split=split))


@pytest.mark.parametrize("name", ["no.txt", "no.jsonl", "no*.txt", "no*.jsonl", "no*.parquet"])
def test_missing_files_are_named_by_the_fingerprint(tmp_path, name):
    path = str(tmp_path / name)
    with pytest.raises(CorpusError, match=rf"data_files must be existing files, was: {re.escape(path)}"):
        make_dataset_v1(data_files=path).fingerprint()


@pytest.mark.parametrize("name", ["nobody/has-this", "has-this"])
def test_an_unreachable_hub_is_reported(name):
    assert os.environ["HF_HUB_OFFLINE"] == "1"
    message = (
        rf"^The Hugging Face Hub must be reachable for the dataset {name}, but is not: .* HF_HUB_OFFLINE is not set"
    )
    with pytest.raises(CorpusError, match=message):
        make_dataset_v1(path=name).fingerprint()


def test_an_unknown_dataset_of_the_hub_is_refused(monkeypatch):
    def refuse(*arguments, **options):
        raise datasets.exceptions.DatasetNotFoundError("Dataset 'nobody/this' doesn't exist on the Hub.")

    monkeypatch.setattr(datasets, "load_dataset_builder", refuse)
    message = (
        r"^path must be a dataset on the Hugging Face Hub, .*was: nobody/this\. Dataset 'nobody/this' doesn't exist"
    )
    with pytest.raises(CorpusError, match=message):
        make_dataset_v1(path="nobody/this").fingerprint()


@pytest.mark.parametrize("name", ["hf://datasets/x/y/z.parquet", "https://nowhere.invalid/a.jsonl"])
def test_unreachable_files_are_named(monkeypatch, name):
    class ConnectError(Exception):
        """As httpx's, which is neither an OSError nor a ConnectionError."""

    def fail(*arguments, **options):
        try:
            raise socket.gaierror(-2, "Name or service not known")
        except OSError as error:
            raise ConnectError(str(error)) from error

    monkeypatch.setattr("datasets.data_files.url_to_fs", fail)
    monkeypatch.setattr("datasets.data_files.resolve_pattern", fail)
    message = rf"^data_files must be reachable, but {name} is not: .*not known. Check the network"
    with pytest.raises(CorpusError, match=message) as raised:
        make_dataset_v1(data_files=name).fingerprint()
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("missing", ["aiohttp", "s3fs"])
def test_a_package_that_remote_files_need_is_named(monkeypatch, missing):
    url = {"aiohttp": "https://nowhere.invalid/a.jsonl", "s3fs": "s3://bucket/a.jsonl"}[missing]
    for module in [name for name in sys.modules if name in ("fsspec.implementations.http", "s3fs")]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, missing, None)
    for protocol in ("https", "s3"):
        monkeypatch.delitem(sys.modules["fsspec.registry"]._registry, protocol, raising=False)
    with pytest.raises(
        CorpusError,
        match=rf"^Reading {url} needs a package that is not installed.*Install it with: pip install {missing}$",
    ):
        make_dataset_v1(data_files=url).fingerprint()


@pytest.mark.parametrize(("path", "format_"), [("txt", "text"), ("jsonl", "json"), ("tsv", "csv")])
def test_extensions_instead_of_formats_are_refused(path, format_):
    with pytest.raises(CorpusError, match=rf"was a file extension: {path}\. Did you mean '{format_}'\?"):
        make_dataset_v1(path=path, data_files="texts.txt")


def test_a_misspelt_format_is_found_after_the_hub():
    with pytest.raises(
        CorpusError, match=r"must be reachable for the dataset parqet, but is not: .* Did you mean 'parquet'\?"
    ):
        make_dataset_v1(path="parqet", data_files="texts.bin").fingerprint()


@pytest.mark.parametrize("path", ["hf://datasets/x/y/z.parquet", "https://nowhere.invalid/a.jsonl"])
def test_urls_of_files_belong_in_data_files(path):
    with pytest.raises(CorpusError, match=rf'was the URL of a file: {path}\. Set data_files = "{path}"'):
        make_dataset_v1(path=path)


def test_a_file_in_place_of_a_dataset_is_not_looked_for_on_the_hub(tmp_path):
    path = tmp_path / "t.jsonl"
    path.write_text('{"text": "a b"}\n', encoding="utf-8")
    with pytest.raises(CorpusError, match=rf'was a file: {re.escape(str(path))}\. Set data_files = "'):
        make_dataset_v1(path=str(path))


@pytest.mark.parametrize("path", [None, "text"])
@pytest.mark.parametrize(("file", "example"), [("a.txt", "*.txt"), ("a.jsonl", "*.jsonl"), ("a", "*.txt")])
def test_a_folder_is_not_a_file(tmp_path, path, file, example):
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / file).write_text("a")
    with pytest.raises(CorpusError) as raised:
        make_dataset_v1(path=path, data_files=str(tmp_path / "texts"))
    folder = tmp_path / "texts"
    assert str(raised.value) == (
        f'data_files must be files, but {folder} is a folder. Set data_files = "{folder}/{example}".'
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "A dataset needs path or data_files, but has neither"),
        ({"path": "text", "max_documents": 0}, r"max_documents must be at least 1, was: 0"),
        ({"path": "text", "encoding_errors": "hope"}, r"encoding_errors must be strict, replace or ignore, was: hope"),
    ],
)
def test_wrong_arguments_are_refused(arguments, message):
    with pytest.raises(CorpusError, match=message):
        make_dataset_v1(**arguments)


# --- damaged files


INVALID = {
    "txt": b"good\nbad \xff line\n",
    "csv": b"text\nbad \xff line\n",
    "jsonl": b'{"text": "good"}\n{"text": "bad \xff line"}\n',
}


@pytest.mark.parametrize("extension", INVALID)
@pytest.mark.parametrize("compression", ["", "gz"])
def test_invalid_utf8_is_named_with_file_and_position(write, extension, compression):
    content = INVALID[extension]
    good = write(f"1.{extension}", WRITE[extension](["good"]).replace(b"id,text\n0,", b"text\n"))
    name = f"2.{extension}.{compression}".rstrip(".")
    bad = write(name, COMPRESS[compression](content) if compression else content)
    message = rf"valid utf-8, but \S*{name} has the byte 0xff at position {content.index(0xFF)}, in line 2"
    with pytest.raises(CorpusError, match=message):
        read(make_dataset_v1(data_files=[good, bad]))


@pytest.mark.parametrize("extension", INVALID)
def test_invalid_utf8_can_be_replaced(write, extension):
    path = write(f"a.{extension}", INVALID[extension])
    assert read(make_dataset_v1(data_files=path, encoding_errors="replace")).texts[-1] == "bad \ufffd line"


@pytest.mark.parametrize("extension", INVALID)
def test_the_encoding_can_be_named(write, extension):
    path = write(f"a.{extension}", INVALID[extension])
    assert read(make_dataset_v1(data_files=path, encoding="latin-1")).texts[-1] == "bad ÿ line"


DAMAGED = {
    "cut.txt.gz": COMPRESS["gz"](bytes(range(32, 128)) * 100)[:-20],
    "cut.jsonl.gz": COMPRESS["gz"](as_jsonl(map(str, range(1000))))[:-20],
    "cut.txt.xz": COMPRESS["xz"](bytes(range(32, 128)) * 100)[:-20],
    "plain.txt.gz": b"not compressed\n",
    "plain.txt.zst": b"not compressed\n",
    "plain.jsonl.bz2": b"not compressed\n",
    "cut.jsonl": b'{"text": "a"}\n{"text": ',
    "cut.csv": b'text\n"a\n',
    "text.parquet": b"not a table\n",
    "text.arrow": b"not a table\n",
    "empty.parquet": b"",
}


@pytest.mark.parametrize("name", DAMAGED)
def test_a_damaged_file_is_named(write, name):
    source = make_dataset_v1(data_files=write(name, DAMAGED[name]))
    with pytest.raises(CorpusError, match=re.escape(name)):
        read(source)


def test_files_with_other_columns_are_read(write):
    names = [write("a.jsonl", b'{"text": "a"}\n'), write("b.jsonl", b'{"text": "b", "label": 1}\n')]
    assert read(make_dataset_v1(data_files=names)).texts == ["a", "b"]


@pytest.mark.parametrize("name", ["a.txt", "a.jsonl"])
def test_an_empty_file_has_no_documents(write, name):
    assert read(make_dataset_v1(data_files=write(name, b"")))[:4] == ([], 0, 0, 0)


def test_an_empty_file_that_needs_a_header_is_named(write):
    with pytest.raises(CorpusError, match=r"a\.csv"):
        read(make_dataset_v1(data_files=write("a.csv", b"")))


def test_invalid_utf8_of_a_table_is_refused(tmp_path):
    path = tmp_path / "a.parquet"
    strings = pa.Array.from_buffers(
        pa.string(), 2, [None, pa.array([0, 1, 3], pa.int32()).buffers()[1], pa.py_buffer(b"ab\xff")]
    )
    pq.write_table(pa.table({"text": strings}), path)
    message = r"valid UTF-8, but column 'text' is not: .* Correct the data.* in .*a\.parquet, in the rows 0 to 2"
    with pytest.raises(CorpusError, match=message):
        read(make_dataset_v1(data_files=str(path)))


# --- fingerprints


@pytest.mark.parametrize("extension", ["txt", "jsonl", "parquet"])
def test_the_fingerprint_changes_when_a_file_changes(write, extension):
    def fingerprint(**arguments):
        return make_dataset_v1(data_files=[first, second], **arguments).fingerprint()

    first = write(f"1.{extension}", WRITE[extension](["one"]))
    second = write(f"2.{extension}", WRITE[extension](["two"]))
    before = fingerprint()
    assert fingerprint() == before
    write(f"2.{extension}", WRITE[extension](["Two"]))
    assert fingerprint() != before, "same size"
    write(f"2.{extension}", WRITE[extension](["two", "three"]))
    assert fingerprint() != before, "other size"


@pytest.mark.parametrize(
    "arguments",
    [{"max_documents": 3}, {"text_field": "id"}, {"encoding": "latin-1"}, {"encoding_errors": "replace"}],
    ids=lambda arguments: next(iter(arguments)),
)
def test_the_fingerprint_changes_with_what_is_read(write, arguments):
    assert rows_source(write).fingerprint() != rows_source(write, **arguments).fingerprint()


def test_the_fingerprint_of_a_glob_changes_with_a_new_file(write, tmp_path):
    write("1.jsonl", as_jsonl(["one"]))
    before = make_dataset_v1(data_files=str(tmp_path / "*.jsonl")).fingerprint()
    write("2.jsonl", as_jsonl(["two"]))
    assert make_dataset_v1(data_files=str(tmp_path / "*.jsonl")).fingerprint() != before


def test_a_source_can_be_read_twice(write):
    source = rows_source(write)
    assert isinstance(source, DatasetSource)
    assert read(source) == read(source)


# --- datasets of a program


def make_rows():
    yield from ({"id": i, "text": text} for i, text in enumerate(TEXTS))


DATASET = datasets.Dataset.from_list(list(make_rows()))


@pytest.mark.parametrize(
    ("dataset", "expected"),
    [
        (lambda: DATASET, TEXTS),
        (lambda: DATASET.select([2, 0]), [TEXTS[2], TEXTS[0]]),
        (lambda: DATASET.filter(lambda row: row["id"] > 1), TEXTS[2:]),
        (lambda: DATASET.with_format("numpy"), TEXTS),
        (lambda: DATASET.to_iterable_dataset(num_shards=2), TEXTS),
        (lambda: datasets.IterableDataset.from_generator(make_rows), TEXTS),
        (
            lambda: DATASET.to_iterable_dataset().map(lambda row: {"text": row["text"].upper()}),
            [t.upper() for t in TEXTS],
        ),
    ],
    ids=["Dataset", "select", "filter", "format", "IterableDataset", "generator", "map"],
)
def test_datasets_of_a_program_are_sources(dataset, expected):
    source = as_source(dataset())
    assert (source.fingerprint() is None) == isinstance(source.dataset, datasets.IterableDataset)
    assert read(source).texts == expected
    assert read(source).texts == expected, "the second time"


def test_text_field_names_the_column_of_a_dataset_of_a_program():
    assert read(as_source(DATASET.rename_column("text", "body"), text_field="body")).texts == TEXTS


@pytest.mark.parametrize(
    "dataset",
    [DATASET, DATASET.to_iterable_dataset(), datasets.IterableDataset.from_generator(make_rows)],
    ids=["Dataset", "IterableDataset", "generator"],
)
def test_a_wrong_text_field_is_refused_by_the_fingerprint(dataset):
    with pytest.raises(CorpusError, match=r"must be a column of the dataset \(id, text\), was: body"):
        as_source(dataset, text_field="body").fingerprint()


def test_nulls_of_a_dataset_of_a_program_are_counted():
    actual = read(as_source(datasets.Dataset.from_dict({"text": ["a", None, "b"]})))
    assert (actual.texts, actual.n_null) == (["a", "b"], 1)


@pytest.mark.parametrize("kind", [datasets.DatasetDict, datasets.IterableDatasetDict])
def test_a_dict_of_splits_is_refused(kind):
    message = r"must be one split of a dataset, was all splits: train, test\. Choose one by name"
    with pytest.raises(CorpusError, match=message):
        as_source(kind({"train": DATASET, "test": DATASET}))


def test_zst_without_zstandard_names_the_extra(tmp_path, monkeypatch):
    (tmp_path / "texts.txt.zst").write_bytes(b"not read")
    monkeypatch.setattr("spacy_w2v.sources._local_files.find_spec", lambda name: None)
    source = make_dataset_v1(data_files=str(tmp_path / "texts.txt.zst"))
    with pytest.raises(CorpusError, match=r'needs zstandard. Install it with: pip install "spacy-w2v\[zstd\]"'):
        source.fingerprint()
