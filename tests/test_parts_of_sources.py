"""Parts of sources: which sources are cut, where, and that the parts have the documents of the whole."""

import os
import pickle

import datasets
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from helpers_corpus import COMPRESS, ListSource, read
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_w2v.errors import CorpusError
from spacy_w2v.sources._huggingface import make_dataset_v1
from spacy_w2v.sources._interleaving import make_interleave_v2
from spacy_w2v.sources._iterables import as_source
from spacy_w2v.sources._mixture import make_concatenate_v1
from spacy_w2v.sources._parts import divided, groups_of, stretches_of

seeded = settings(derandomize=True, deadline=None, max_examples=100)

TEXTS = [f"text {number} of some" for number in range(40)]


def parts_of(source, part_bytes):
    """Return the parts as another process gets them."""
    return [pickle.loads(pickle.dumps(part.source)) for part in divided(source, part_bytes)]


def texts_of(parts):
    return [read(part).texts for part in parts]


def all_texts_of(parts):
    return [text for part in parts for text in read(part).texts]


def write_texts(folder, *sizes, name="{}.txt"):
    """Write files with lines of ten bytes, and return all lines."""
    folder.mkdir(exist_ok=True)
    lines = []
    for number, size in enumerate(sizes):
        new = [f"line {len(lines) + i:04}" for i in range(size // 10)]
        (folder / name.format(number)).write_text("".join(f"{line}\n" for line in new))
        lines += new
    return lines


@given(sizes=st.lists(st.integers(0, 30), min_size=1), most=st.integers(1, 40))
@seeded
def test_groups_are_as_large_as_possible(sizes, most):
    groups = list(groups_of(sizes, most))
    assert [i for first, end in groups for i in range(first, end)] == list(range(len(sizes)))
    for (first, end), following in zip(groups, [*groups[1:], None], strict=True):
        assert sum(sizes[first:end]) <= most or end - first == 1
        if following is not None:
            assert sum(sizes[first:end]) + sizes[following.first] > most


@given(n_items=st.integers(1, 50), n_bytes=st.integers(0, 1000), part_bytes=st.integers(1, 300))
@seeded
def test_stretches_have_similar_numbers_of_items(n_items, n_bytes, part_bytes):
    stretches = stretches_of(n_items, n_bytes=n_bytes, part_bytes=part_bytes)
    assert [i for first, end in stretches for i in range(first, end)] == list(range(n_items))
    numbers = [end - first for first, end in stretches]
    assert max(numbers) - min(numbers) <= 1
    assert len(stretches) == max(1, min(-(-n_bytes // part_bytes), n_items))


# --- files


def test_small_files_are_one_part(tmp_path):
    write_texts(tmp_path, 100, 100)
    source = make_dataset_v1(data_files=str(tmp_path / "*.txt"))
    assert [part.source for part in source.parts(200)] == [source]
    assert [part.source for part in source.parts(1 << 29)] == [source]


def test_consecutive_files_are_grouped_by_their_bytes(tmp_path):
    lines = write_texts(tmp_path, 100, 100, 150, 0, 50, 200)
    parts = parts_of(make_dataset_v1(data_files=str(tmp_path / "*.txt")), 200)
    names = [[os.path.basename(file) for file in part.shards.files] for part in parts]
    assert names == [["0.txt", "1.txt"], ["2.txt", "4.txt"], ["5.txt"]]
    assert parts[0].name.endswith("1.txt")
    assert all_texts_of(parts) == lines
    assert [read(part).fractions[-1] for part in parts] == [1.0, 1.0, 1.0]


def test_a_new_file_changes_one_part(tmp_path):
    write_texts(tmp_path, 100, 100, 150, 30)
    source = {"data_files": str(tmp_path / "*.txt")}
    before = [part.fingerprint() for part in parts_of(make_dataset_v1(**source), 200)]
    (tmp_path / "4.txt").write_text("line new\n" * 20)
    after = [part.fingerprint() for part in parts_of(make_dataset_v1(**source), 200)]
    assert len(before) == 2
    assert after[:2] == before
    assert len(after) == 3


@pytest.mark.parametrize("change", ["content", "reading", "name"])
def test_the_fingerprint_of_a_part_tells_its_content(tmp_path, change):
    write_texts(tmp_path, 100, 100)
    source = {"data_files": str(tmp_path / "*.txt")}
    first, second = (part.fingerprint() for part in parts_of(make_dataset_v1(**source), 100))
    if change == "content":
        (tmp_path / "1.txt").write_text("line NEW!\n" * 10)
    elif change == "name":
        (tmp_path / "1.txt").rename(tmp_path / "2.txt")
    else:
        source["encoding_errors"] = "replace"
    changed = [part.fingerprint() for part in parts_of(make_dataset_v1(**source), 100)]
    assert first != second != changed[1]
    assert (changed[0] == first) == (change != "reading")


def test_a_part_of_large_files_has_the_same_fingerprint_beside_others(tmp_path):
    """The number of blocks that identify a file does not depend on the other files."""
    for number in range(3):
        (tmp_path / f"{number}.txt").write_bytes(b"word\n" * 200_000)
    source = {"data_files": str(tmp_path / "*.txt")}
    before = [part.fingerprint() for part in parts_of(make_dataset_v1(**source), 1_000_000)]
    (tmp_path / "3.txt").write_bytes(b"word\n" * 200_000)
    assert [part.fingerprint() for part in parts_of(make_dataset_v1(**source), 1_000_000)][:3] == before


@pytest.mark.parametrize("line", ["word", "größe", ""])
@pytest.mark.parametrize("ending", ["\n", "\r\n", ""])
@pytest.mark.parametrize("part_bytes", [1, 7, 50, 333])
def test_a_large_text_file_is_cut_at_line_breaks(tmp_path, line, ending, part_bytes):
    content = "\ufeff" + "\n".join(f"{line} {number}" * (number % 3) for number in range(30)) + ending
    (tmp_path / "a.txt").write_bytes(content.encode())
    source = make_dataset_v1(data_files=str(tmp_path / "a.txt"))
    whole, parts = read(source), [read(part) for part in parts_of(source, part_bytes)]
    assert len(parts) == -(-len(content.encode()) // part_bytes)
    assert [text for part in parts for text in part.texts] == whole.texts
    assert sum(part.n_documents for part in parts) == whole.n_documents
    assert {part.fractions[-1] for part in parts if part.fractions} == {1.0}


def test_text_that_has_no_line_breaks_of_one_byte_is_not_cut(tmp_path):
    (tmp_path / "a.txt").write_bytes("\n".join(TEXTS).encode("utf-16"))
    source = make_dataset_v1(data_files=str(tmp_path / "a.txt"), encoding="utf-16")
    assert len(parts_of(source, 100)) == 1


def test_an_invalid_byte_of_a_part_has_its_position_in_the_file(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"line\n" * 20 + b"bad \xff\n" + b"line\n" * 20)
    source = make_dataset_v1(data_files=str(tmp_path / "a.txt"))
    parts = parts_of(source, 50)
    message = r"a\.txt has the byte 0xff at position 104\. Correct the file"
    with pytest.raises(CorpusError, match=message):
        read(parts[2])
    with pytest.raises(CorpusError, match=r"at position 104, in line 21\. Correct the file"):
        read(source)
    assert read(parts[1]).texts == ["line"] * 10


@pytest.mark.parametrize("extension", ["parquet", "arrow"])
def test_large_tables_are_cut_by_row_groups_and_record_batches(tmp_path, extension):
    table = pa.table({"id": range(40), "text": TEXTS})
    path = tmp_path / f"a.{extension}"
    if extension == "parquet":
        pq.write_table(table, path, row_group_size=8)
    else:
        with pa.ipc.new_file(str(path), table.schema) as writer:
            writer.write_table(table, max_chunksize=8)
    source = make_dataset_v1(data_files=str(path))
    n_bytes = path.stat().st_size * (3 if extension == "parquet" else 1)
    parts = parts_of(source, -(-n_bytes // 3))
    assert texts_of(parts) == [TEXTS[:8], TEXTS[8:24], TEXTS[24:]]
    assert len({part.fingerprint() for part in parts}) == 3
    assert len(parts_of(source, 1)) == 5
    assert texts_of(parts_of(source, 1 << 29)) == [TEXTS]


def test_an_error_in_a_part_of_a_table_names_its_rows(tmp_path):
    invalid = pa.Array.from_buffers(
        pa.large_string(), 2, [None, pa.array([0, 1, 2], pa.int64()).buffers()[1], pa.py_buffer(b"a\xff")]
    )
    with pa.ipc.new_file(str(tmp_path / "a.arrow"), pa.schema([("text", pa.large_string())])) as writer:
        for column in (pa.array(["x", "y", "z"], pa.large_string()), invalid):
            writer.write_batch(pa.record_batch([column], names=["text"]))
    first, second = parts_of(make_dataset_v1(data_files=str(tmp_path / "a.arrow")), 1)
    assert read(first).texts == ["x", "y", "z"]
    with pytest.raises(CorpusError, match=r"It is in \S+a\.arrow, in the rows 3 to 5\."):
        read(second)


@pytest.mark.parametrize("compression", COMPRESS)
def test_a_compressed_file_is_one_part(tmp_path, compression):
    for number in range(2):
        content = COMPRESS[compression]("\n".join(TEXTS).encode())
        (tmp_path / f"{number}.txt.{compression}").write_bytes(content)
    parts = parts_of(make_dataset_v1(data_files=str(tmp_path / f"*.txt.{compression}")), 10)
    assert texts_of(parts) == [TEXTS, TEXTS]


@pytest.mark.parametrize("extension", ["jsonl", "csv"])
def test_each_json_or_csv_file_is_one_part(tmp_path, extension):
    for number in range(3):
        (tmp_path / f"{number}.{extension}").write_text(
            '{"text": "one"}\n{"text": "two"}\n' if extension == "jsonl" else "text\none\ntwo\n"
        )
    source = make_dataset_v1(data_files=str(tmp_path / f"*.{extension}"))
    assert texts_of(parts_of(source, 10)) == 3 * [["one", "two"]]


def test_a_limited_source_is_one_part(tmp_path):
    write_texts(tmp_path, 100, 100)
    source = make_dataset_v1(data_files=str(tmp_path / "*.txt"), max_documents=15)
    assert [part.source for part in source.parts(100)] == [source]


def test_all_files_are_checked_before_the_first_part_is_read(tmp_path):
    (tmp_path / "0.csv").write_text("text\none\n")
    (tmp_path / "1.csv").write_text("other\ntwo\n")
    source = make_dataset_v1(data_files=str(tmp_path / "*.csv"))
    assert len(parts_of(source, 5)) == 2
    with pytest.raises(CorpusError, match=r"every file, but \S+1\.csv has other columns"):
        source.check()


# --- datasets


@pytest.mark.parametrize("selection", ["all", "shuffled", "few"])
def test_rows_of_a_dataset_are_cut_by_bytes(selection):
    dataset = datasets.Dataset.from_dict({"id": range(40), "text": TEXTS})
    if selection != "all":
        dataset = dataset.shuffle(seed=1)
    expected = dataset["text"][:]
    n_bytes = dataset.data.column("text").nbytes
    if selection == "few":
        dataset, expected, n_bytes = dataset.select(range(10)), expected[:10], n_bytes // 4
    parts = parts_of(as_source(dataset), -(-n_bytes // 4))
    assert [len(texts) for texts in texts_of(parts)] == 4 * [len(expected) // 4] if selection != "few" else [2, 3, 2, 3]
    assert all_texts_of(parts) == expected
    assert len({part.fingerprint() for part in parts}) == 4


def test_a_saved_dataset_is_cut_by_rows(tmp_path):
    datasets.Dataset.from_dict({"text": TEXTS}).save_to_disk(str(tmp_path / "saved"), num_shards=3)
    source = make_dataset_v1(path=str(tmp_path / "saved"), split="train[:50%]")
    parts = parts_of(source, 150)
    assert len(parts) > 1
    assert all_texts_of(parts) == TEXTS[:20]
    assert parts[0].fingerprint() != parts[1].fingerprint()
    assert parts[0].name.endswith("(rows 0 to 6)")


def test_what_cannot_be_cut_is_one_part():
    stream = datasets.Dataset.from_dict({"text": TEXTS}).to_iterable_dataset(num_shards=4)
    for texts in (stream, TEXTS, iter(TEXTS), pa.table({"text": TEXTS}), ListSource(TEXTS, fingerprint="f")):
        source = as_source(texts)
        assert [part.source for part in divided(source, 1)] == [source]


# --- mixtures


def test_concatenated_sources_are_cut_where_they_are_large(tmp_path):
    few, many = write_texts(tmp_path / "few", 60, 30), write_texts(tmp_path / "many", 90, 90, 40)
    sources = {"few": str(tmp_path / "few" / "*.txt"), "many": str(tmp_path / "many" / "*.txt"), "mine": ["x", "y"]}
    source = make_concatenate_v1(sources)
    assert [part.source for part in source.parts(400)] == [source]
    parts = parts_of(source, 100)
    assert texts_of(parts) == [few, many[:9], many[9:18], [*many[18:], "x", "y"]]


def test_concatenated_sources_are_checked(tmp_path):
    (tmp_path / "0.csv").write_text("other\none\n")
    source = make_concatenate_v1({"list": ["x"], "files": str(tmp_path / "0.csv")})
    with pytest.raises(CorpusError, match="text_field must be a column of the dataset"):
        source.check()


def test_an_interleaved_mixture_is_one_part(tmp_path):
    write_texts(tmp_path, 100, 100)
    source = make_interleave_v2({"a": str(tmp_path / "*.txt"), "b": ["x"]}, weights={"a": 1, "b": 1})
    assert [part.source for part in divided(source, 100)] == [source]
