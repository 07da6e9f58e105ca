"""JSON files in all layouts. Only the field matters, and errors have the line."""

import json
import tracemalloc

import numpy as np
import pytest
from helpers_corpus import collect, read
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_w2v.errors import CorpusError, CorpusWarning
from spacy_w2v.sources import _local_files as local_files
from spacy_w2v.sources._huggingface import make_dataset_v1
from spacy_w2v.sources._json_files import read_json

seeded = settings(derandomize=True, deadline=None, max_examples=60)

ROWS = [{"text": "one", "n": 1}, {"text": "two", "n": [{"a": [2]}]}, {"n": None, "text": 'th"r}]{[ee\\'}]


def source_of(tmp_path, content, name="a.json", **arguments):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return make_dataset_v1(data_files=str(path), **arguments)


def blocks_of(content, size):
    return [content[i : i + size] for i in range(0, len(content), size)]


LAYOUTS = {
    "lines": "\n".join(map(json.dumps, ROWS)),
    "carriage returns": "\r\n".join(map(json.dumps, ROWS)) + "\r\n",
    "blank lines": "\n\n".join(map(json.dumps, ROWS)) + "\n\n",
    "side by side": "".join(map(json.dumps, ROWS)),
    "pretty": "\n".join(json.dumps(row, indent=2) for row in ROWS),
    "array": json.dumps(ROWS),
    "tight array": json.dumps(ROWS, separators=(",", ":")),
    "pretty array": json.dumps(ROWS, indent=4),
    "arrays": json.dumps(ROWS[:1]) + "\n" + json.dumps(ROWS[1:]),
    "byte order mark": "\ufeff" + json.dumps(ROWS),
    "empty arrays": "[]\n" + json.dumps(ROWS) + "[]",
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("size", [5, 7, 1000])
def test_every_layout_is_read(tmp_path, monkeypatch, layout, size):
    monkeypatch.setattr(local_files, "BLOCK_BYTES", size)
    assert read(source_of(tmp_path, LAYOUTS[layout])).texts == [row["text"] for row in ROWS]


@given(
    rows=st.lists(
        st.dictionaries(
            st.sampled_from(["text", "other"]), st.one_of(st.text(), st.none(), st.integers(), st.lists(st.integers()))
        ),
        max_size=6,
    ),
    indent=st.sampled_from([None, 1]),
    size=st.integers(1, 50),
)
@seeded
def test_any_rows_are_read_as_the_json_module_reads_them(rows, indent, size):
    content = "\n".join(json.dumps(row, indent=indent, ensure_ascii=False) for row in [{"text": "first"}, *rows])
    batches = read_json(blocks_of(content.encode("utf-8", "replace"), size), name="a", fields=["text"])
    actual = collect(batch for batch, _ in batches)
    values = [row.get("text") for row in rows]
    assert actual.texts == ["first", *(value for value in values if isinstance(value, str))]
    assert actual.n_null == values.count(None)


@pytest.mark.parametrize("other", ["NaN", "-Infinity", "1e400", "{}", "[[[]]]", '"\\ud800"', "12345678901234567890123"])
def test_other_fields_may_hold_anything(tmp_path, other):
    content = f'{{"text": "one", "x": {other}}}\n{{"x": {other}, "text": "two"}}\n{{"text": "three", "x": "s"}}'
    assert read(source_of(tmp_path, content)).texts == ["one", "two", "three"]


def test_the_last_of_two_equal_fields_is_used(tmp_path):
    assert read(source_of(tmp_path, '{"text": "one", "text": "two"}')).texts == ["two"]


def test_control_characters_within_strings_are_read(tmp_path):
    assert read(source_of(tmp_path, '{"text": "a\tb\x01"}')).texts == ["a\tb\x01"]


@pytest.mark.parametrize("field", ["text", "other"])
@pytest.mark.parametrize("brackets", ["[]", '{"a":}'], ids=["lists", "objects"])
def test_deep_brackets_are_refused_before_they_are_parsed(tmp_path, field, brackets):
    opening, closing = brackets[:-1], brackets[-1]
    deep = opening * 100_000 + ("1" if closing == "}" else "") + closing * 100_000
    content = f'{{"text": "fine"}}\n{{"text": "fine", "{field}": {deep}}}\n'
    with pytest.raises(
        CorpusError, match=r"a\.json must be JSON with at most 500 levels of brackets, but has more, line 2\."
    ):
        read(source_of(tmp_path, content))


def test_brackets_within_strings_are_not_counted(tmp_path):
    text = "[{" * 5000 + '\\"'
    assert read(source_of(tmp_path, f'{{"text": "{text}"}}\n')).texts == [text.replace("\\", "")]


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ('{"text": "one"}\n{"text": "tw\n{"text": "three"}\n', 2),
        ('{"text": "one"}\n{"text": "two"\n{"text": "three"}\n', 3),
        ('{"text": "one"}\n\n"two"\n', 3),
        ('{"text": "one"}\nnull\n', 2),
        ('{"text": "one"}\ntext\n', 2),
        ('{"text": "one"}}\n', 1),
        ('[{"text": "one"}, ["two"]]', 1),
        ('{"text": "one"}\n{"text" "two"}\n', 2),
        ('{"text": "one"}\n{"text": "two",}\n', 2),
        ('{"text": "one"}\n{"text": two}\n', 2),
        ('{"text": "one"}\n{"text": ["two"}]\n', 2),
        ('{"text": "one"}\n{"text": "two"', 2),
        ('{"text": "one"}\n{"text": "two', 2),
    ],
)
def test_invalid_json_is_refused_with_its_line(tmp_path, content, line):
    with pytest.raises(CorpusError, match=rf"a\.json must .* line {line}\b"):
        read(source_of(tmp_path, content))


SURROGATE = '{"text": "fine"}\n{"text": "a \\ud800 b \\ud83d\\ude00"}\n'


def test_encoding_errors_apply_to_lone_surrogates(tmp_path):
    with pytest.raises(CorpusError, match=r"valid Unicode, but \S*a\.json has the lone surrogate '\\ud800' in line 2"):
        read(source_of(tmp_path, SURROGATE))
    assert read(source_of(tmp_path, SURROGATE, encoding_errors="replace")).texts == ["fine", "a \ufffd b 😀"]
    assert read(source_of(tmp_path, SURROGATE, encoding_errors="ignore")).texts == ["fine", "a  b 😀"]


def test_encoding_errors_apply_to_lone_surrogates_in_tokens(tmp_path):
    content = '{"text": ["a\\udc00", "b"]}\n'
    with pytest.raises(CorpusError, match=r"lone surrogate '\\udc00' in line 1"):
        read(source_of(tmp_path, content))
    assert read(source_of(tmp_path, content, encoding_errors="replace")).texts == [[["a\ufffd", "b"]]]


def test_invalid_bytes_of_other_fields_do_not_matter(tmp_path):
    assert read(source_of(tmp_path, b'{"text": "one", "x": "\xff"}\n')).texts == ["one"]


def test_invalid_bytes_can_be_ignored(tmp_path):
    assert read(source_of(tmp_path, b'{"text": "o\xffne"}\n', encoding_errors="ignore")).texts == ["one"]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32"])
def test_other_encodings_are_read(tmp_path, encoding):
    content = json.dumps([{"text": "größe"}], ensure_ascii=False).encode(encoding)
    assert read(source_of(tmp_path, content, encoding=encoding)).texts == ["größe"]


@pytest.mark.parametrize("name", ["a.json", "a.txt", "a.csv"])
def test_utf_16_is_detected_by_its_mark(tmp_path, name):
    content = 'text\n{"text": "one"}\n'.encode("utf-16")
    with pytest.raises(CorpusError, match=r'begins with the byte order mark of UTF-16\. Set encoding = "utf'):
        read(source_of(tmp_path, content, name=name))


def test_a_cut_character_at_the_end_is_invalid(tmp_path):
    with pytest.raises(CorpusError, match=r"must be valid utf-16, but \S*a\.json is not"):
        read(source_of(tmp_path, '{"text": "one"}'.encode("utf-16")[:-1], encoding="utf-16"))


def test_invalid_bytes_beside_nulls_do_not_matter(tmp_path):
    assert read(source_of(tmp_path, b'{"text": null, "other": "\xff"}\n')).n_null == 1


def test_a_shard_without_the_field_is_reported(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"text": "one"}\n')
    (tmp_path / "b.jsonl").write_text('{"body": "two"}\n')
    source = make_dataset_v1(data_files=str(tmp_path / "*.jsonl"))
    with pytest.warns(
        CorpusWarning,
        match=r"b\.jsonl must have the field text, but seems to have only: body\. Its rows are left out as null",
    ):
        actual = read(source)
    assert (actual.texts, actual.n_null) == (["one"], 1)


def test_columns_that_are_joined(tmp_path):
    rows = [{"title": "T", "body": "B"}, {"title": None, "body": "C"}, {"title": "U"}, {"id": 1}]
    source = source_of(tmp_path, "\n".join(map(json.dumps, rows)), text_field=["title", "body"])
    actual = read(source)
    assert (actual.texts, actual.n_null) == (["T\nB", "C", "U"], 1)


def test_columns_of_mixed_values_are_joined(tmp_path):
    rows = [{"title": "T", "body": "B"}, {"title": 5, "body": "C"}, {"title": 5}]
    actual = read(source_of(tmp_path, "\n".join(map(json.dumps, rows)), text_field=["title", "body"]))
    assert (actual.texts, actual.n_null, actual.n_not_text) == (["T\nB", "C"], 0, 1)


def test_lists_of_strings_are_tokens(tmp_path):
    rows = [{"text": ["New York", "is"]}, {"text": None}, {"text": []}, {"text": ["big"]}]
    actual = read(source_of(tmp_path, "\n".join(map(json.dumps, rows))))
    assert actual.texts == [[["New York", "is"]], [[]], [["big"]]]
    assert actual.n_null == 1


def test_a_huge_record_is_read_in_linear_time_and_bounded_memory(monkeypatch):
    size = 1 << 22
    content = json.dumps({"text": "x" * size}).encode()
    tracemalloc.start()
    texts = [batch.texts for batch, _ in read_json(blocks_of(content, 4096), name="a", fields=["text"])]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert texts[0][0].as_py() == "x" * size
    assert peak < 6 * size
    monkeypatch.setattr("spacy_w2v.sources._records.MAX_RECORD_BYTES", 1 << 20)
    with pytest.raises(CorpusError, match=r"A record must have at most 1 MiB, but a has a longer one, .* line 1"):
        list(read_json(blocks_of(content, 4096), name="a", fields=["text"]))


def test_the_scan_does_not_depend_on_blocks():
    from spacy_w2v.sources.kernels._json_objects import scan_json
    from spacy_w2v.sources.kernels._records import start_of_file

    content = LAYOUTS["pretty array"].encode()
    state = start_of_file()
    starts, ends = np.empty(len(content), np.int64), np.empty(len(content), np.int64)
    expected = scan_json(np.frombuffer(content, np.uint8), 0, state, starts, ends)
    spans = list(zip(starts[:expected].tolist(), ends[:expected].tolist(), strict=True))
    state, found = start_of_file(), []
    for i, block in enumerate(blocks_of(content, 3)):
        n = scan_json(np.frombuffer(block, np.uint8), 3 * i, state, starts, ends)
        found += zip(starts[:n].tolist(), ends[:n].tolist(), strict=True)
    assert found == spans
    assert [json.loads(content[a:b]) for a, b in spans] == ROWS
