"""Vector files of other programs are read rightly, or refused with the line and the reason."""

import bz2
import gzip
import io
import json
import lzma
import re
import struct
import zipfile

import numpy as np
import pyarrow as pa
import pytest
from gensim.models import KeyedVectors
from helpers_cli import needs_links

from spacy_w2v.errors import StorageError
from spacy_w2v.formats._opening import open_vectors
from spacy_w2v.formats.kernels._vector_files import POWERS, SPACE, read_lines
from spacy_w2v.formats.word2vec import _contents as contents
from spacy_w2v.formats.word2vec._reading import read_vector_file

ROWS = {"the": [0.1, -0.2, 3e-05], "straße": [4, 0.5, -0.6], ". . .": [1.5, 2.25, -3.125], "at name@x": [7, 8, 9.5]}
LINES = "".join(f"{word} {' '.join(map(str, row))}\n" for word, row in ROWS.items())
TEXT = f"{len(ROWS)} 3\n{LINES}"


def write(path, content):
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def check(path, rows=ROWS, n_repeated=0):
    actual = read_vector_file(path)
    assert actual.words == list(rows)
    assert actual.vectors.dtype == np.float32
    np.testing.assert_array_equal(actual.vectors, np.array(list(rows.values()), np.float32))
    assert actual.n_repeated == n_repeated


def zipped(text, *names):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name in names:
            archive.writestr(name, text)
    return stream.getvalue()


def zstd(text):
    stream = pa.BufferOutputStream()
    with pa.CompressedOutputStream(stream, "zstd") as compressed:
        compressed.write(text.encode())
    return stream.getvalue().to_pybytes()


GOOD = {
    "word2vec": TEXT,
    "GloVe": LINES,
    "trailing spaces, as word2vec.c writes them": TEXT.replace("\n", " \n"),
    "Windows": TEXT.replace("\n", "\r\n"),
    "BOM": "\ufeff" + TEXT,
    "BOM without a header": "\ufeff" + LINES,
    "blank lines at the end": TEXT + "\n\r\n \n",
    "tabs": TEXT.replace(" . .", "~.~.").replace("at n", "at~n").replace(" ", "\t").replace("~", " "),
    "gzip by content": gzip.compress(TEXT.encode()),
    "bzip2": bz2.compress(LINES.encode()),
    "xz": lzma.compress(TEXT.encode()),
    "Zstandard": zstd(TEXT),
    "compressed without a last line break": gzip.compress(TEXT[:-1].encode()),
    "zip": zipped(TEXT, "glove/vectors.txt"),
    "many digits": TEXT.replace("0.5", "0.50000000000000000000001").replace("2.25", "+225000000000000000000e-20"),
}


def shorten_blocks(monkeypatch, n_bytes=64):
    """Read so many bytes at a time, so that few make several blocks."""
    for module in ("_text", "_reading", "_binary"):
        monkeypatch.setattr(f"spacy_w2v.formats.word2vec.{module}.BLOCK_BYTES", n_bytes)
    read = contents.Content.read
    monkeypatch.setattr(contents.Content, "read", lambda content, most=n_bytes: read(content, most))


@pytest.mark.parametrize("kind", list(GOOD))
@pytest.mark.parametrize("block_bytes", [64, 1 << 22])
def test_known_layouts_are_read(kind, block_bytes, tmp_path, monkeypatch):
    shorten_blocks(monkeypatch, block_bytes)
    check(write(tmp_path / "vectors.dat", GOOD[kind]))


def test_of_words_that_come_twice_the_first_is_taken_and_it_is_told(tmp_path):
    import spacy_w2v

    path = write(tmp_path / "vectors", f"6 3\n{LINES}the 7 7 7\nstraße 8 8 8\n")
    check(path, n_repeated=2)
    model = spacy_w2v.train(["the house"] * 5, initial=path, tokenizer="whitespace", min_count=1, workers=1, sample=0)
    assert model.meta["initial"]["n_source_repeated"] == 2


@pytest.mark.parametrize("word", ["PAR1", "BZh", "PK", "%PDF", "Rar!", "{", "[", "0.5", "nan", "#", "\u00a0"])
def test_the_first_word_may_be_any(word, tmp_path):
    check(write(tmp_path / "vectors", f"{word} 0.5 0.25\nthe 1.5 2.5\n"), {word: [0.5, 0.25], "the": [1.5, 2.5]})


def test_words_may_end_in_a_number_where_tabs_leave_no_doubt(tmp_path):
    check(write(tmp_path / "b", "room 1\t0.5\nroom 2\t1.5\n"), {"room 1": [0.5], "room 2": [1.5]})


def test_numbers_and_words_of_any_kind_are_what_python_reads(tmp_path):
    generator = np.random.default_rng(0)
    bits = generator.integers(0, 2**32, 4000, np.uint32).view(np.float32)
    numbers = bits[np.isfinite(bits)][:3000].reshape(-1, 3)
    formats = (repr, "{:.3e}".format, "{:.17g}".format, "{:+.6f}".format, "{:g}".format, "{:.18e}".format)
    texts = [[formats[(i + j) % 6](float(number)) for j, number in enumerate(row)] for i, row in enumerate(numbers)]
    path = write(tmp_path / "vectors", "".join(f"{i} {' '.join(row)}\n" for i, row in enumerate(texts)))
    expected = np.array([[float(text) for text in row] for row in texts])
    np.testing.assert_array_equal(read_vector_file(path).vectors, expected.astype(np.float32))


def test_the_kernel_reads_numbers_exactly_or_leaves_them():
    texts = [
        "1",
        "-1.5",
        ".5",
        "5.",
        "1e5",
        "1E-05",
        "+2.5e+3",
        "0.1",
        "123456789.125",
        "999999999999999",
        "1e22",
        "-0",
    ]
    left = [
        "1e23",
        "1e-23",
        "9999999999999999",
        "nan",
        "inf",
        "1_0",
        "0x1",
        "",
        "-",
        "1e",
        "1.2.3",
        "e5",
        ".",
        "1,5",
        "--1",
    ]
    for text in texts + left:
        data = np.frombuffer(f"word {text}\nnext 1\n".encode(), np.uint8)
        words, rows, taken = np.zeros((1, 2), np.int64), np.zeros((1, 1), np.float32), np.zeros(2, np.int64)
        assert read_lines(data, SPACE, POWERS, words, rows, taken) == 1
        assert taken.tolist() == [len(text) + 6, int(text in left)]
        if text not in left:
            assert words.tolist() == [[0, 4]]
            assert rows[0, 0] == np.float32(float(text))


HEADER = "Line {} of .*vectors must be a word and {} numbers?, but"
REFUSED = {
    "rows missing": (f"877 3\n{LINES * 3}", "must have 877 words of 3 dimensions as its first line says, at least"),
    "a row missing": (f"5 3\n{LINES}", "must have 5 words as its first line says, but has 4. It is truncated"),
    "a row too many": (f"3 3\n{LINES}", "must have 3 words as its first line says, but has more"),
    "fewer dimensions": (f"4 2\n{LINES}", HEADER.format(2, 2) + " has more, or its word ends in a number: 'the 0.1'"),
    "more dimensions": (f"4 4\n{LINES}", HEADER.format(2, 4) + " has only 3 numbers or no word"),
    "whole numbers, fewer dimensions": ("2 1\na 1 2\nb 3 4\n", HEADER.format(2, 1) + " has more"),
    "three numbers at the top": (f"4 3 1\n{LINES}", HEADER.format(2, 2) + " has more"),
    "decimals at the top": (f"4.0 3.0\n{LINES}", HEADER.format(2, 1) + " has more"),
    "no words": ("0 3\n", "must be the numbers of words and of dimensions"),
    "no dimensions": ("3 0\nthe\nof\nand\n", "must be the numbers of words and of dimensions"),
    "huge": (f"999999999999 300\n{LINES}", "must have 999,999,999,999 words of 300 dimensions .* but has"),
    "cut in a number": (TEXT[:-2], "Line 5 of .*, the last, must end in a line break"),
    "cut in a row": (LINES[:-6], "Line 4 of .*, the last, must end in a line break"),
    "cut at a line": (TEXT[: TEXT.rindex("at name")], "must have 4 words as its first line says, but has 3"),
    "two spaces": (TEXT.replace("the ", "the  "), HEADER.format(2, 3) + " has several separators in a row"),
    "two spaces between numbers": (TEXT.replace(" 0.5", "  0.5"), HEADER.format(3, 3) + " has '' instead of a number"),
    "no word": (TEXT.replace("the ", " "), HEADER.format(2, 3) + " has no word"),
    "white space for a word": (
        TEXT.replace("the ", "  "),
        HEADER.format(2, 3) + " has several separators in a row",
    ),
    "spaces and tabs": (
        TEXT.replace("straße ", "straße\t"),
        HEADER.format(3, 3) + " .* both spaces and tabs",
    ),
    "a tab in a word": (
        TEXT.replace("at name", "at\tname"),
        HEADER.format(5, 3) + " has both spaces and tabs as separators",
    ),
    "several words": (
        "king\tqueen\t8.5\ncity\triver\t1\n",
        HEADER.format(1, 1) + " has several words before",
    ),
    "a blank line": (TEXT.replace("straße", "\nstraße"), HEADER.format(3, 3) + " is empty"),
    "decimal commas": (TEXT.replace(".", ","), HEADER.format(2, 3) + " has '0,1' instead of a number. Replace decimal"),
    "a decimal comma in the first number": ("the 0,1 0.2\nof 0.3 0.4\n", HEADER.format(1, 1) + " has more"),
    "nan in the first row": (
        TEXT.replace("0.1", "nan"),
        HEADER.format(2, 3) + " has 'nan', which is not a finite float32 number",
    ),
    "inf": (TEXT.replace("-0.6", "-inf"), HEADER.format(3, 3) + " has '-inf', which is not a finite float32 number"),
    "overflow": (
        TEXT.replace("-0.6", "1e39"),
        HEADER.format(3, 3) + " has '1e39', which is not a finite float32 number",
    ),
    "a phrase with a number": (
        "1 2\nWindows 7 0.5 0.2\n",
        HEADER.format(2, 2) + " .*'Windows 7'. If that is a word, separate numbers",
    ),
    "a sign apart": ("1 2\nthe - 0.5 0.2\n", HEADER.format(2, 2) + " has more, or its word ends in a number: 'the -'"),
    "python's underscores": (TEXT.replace("e 4 ", "e 4_0 "), HEADER.format(3, 3) + " has '4_0' instead of a number"),
    "csv": (LINES.replace(" ", ","), "Line 1 .* separated by spaces or tabs, but is: 'the,0.1.* Replace its commas"),
    "json": (json.dumps({"the": [1, 2]}), "Line 1 .* It looks like JSON"),
    "page": ("\n<!DOCTYPE html><html>404</html>", "is an HTML or XML page, perhaps from a failed download"),
    "Latin-1": (TEXT.encode("latin-1"), r"Line 3 .* must be encoded in UTF-8, but has the word 'stra\\\\xdfe'"),
    "UTF-16": (TEXT.encode("utf-16"), "is encoded in UTF-16. Convert it"),
    "UTF-16 without a mark": (TEXT.encode("utf-16-le"), "Line 1 of "),
    "old line breaks": (TEXT.replace("\n", "\r"), "Line 1 of "),
    "a pointer of git": (
        "version https://git-lfs.github.com/spec/v1\noid sha256:0\n",
        "Git LFS pointer.* git lfs pull",
    ),
    "empty": ("", "must have a line for each word, but has none"),
    "blank": ("\n \n", "must have a line for each word, but has none"),
    "npz": (zipped("", "vectors.npy", "keys.npy"), r"is an archive of NumPy arrays \(.npz\): vectors.npy, keys.npy"),
    "npy": (b"\x93NUMPY\1\0", r"is a NumPy array \(.npy\)"),
    "a model of fastText": (b"\xba\x16\x4f\x2f\x0c\0\0\0", r"must have its hyper-parameters, but ends after 8"),
    "a zip of several": (zipped(TEXT, "a.txt", "b.txt"), "must contain one file, but .* has 2: a.txt, b.txt"),
    "a cut zip": (zipped(TEXT, "a.txt")[:-40], "must be readable to its end, but is damaged or truncated"),
    "a cut gzip": (gzip.compress(TEXT.encode())[:-10], "must be readable to its end, but is damaged or truncated"),
    "a cut xz": (lzma.compress(TEXT.encode())[:-10], "must be readable to its end, but is damaged or truncated"),
    "a cut zst": (zstd(TEXT)[:-10], "must be readable to its end, but is damaged or truncated"),
    "a zip in a gzip": (gzip.compress(zipped(TEXT, "a.txt")), "is compressed twice. Unpack it"),
    "a tar": (b"glove.txt".ljust(257, b"\0") + b"ustar\0", r"is an archive \(.tar\)"),
}


@pytest.mark.parametrize("case", list(REFUSED))
def test_what_does_not_parse_is_refused_with_line_and_reason(case, tmp_path):
    content, message = REFUSED[case]
    with pytest.raises(StorageError, match=message):
        open_vectors(write(tmp_path / "vectors", content))


@pytest.mark.parametrize("content", ["the " + "0.1 " * 100, f"4 3\n{LINES}{'x' * 400} 1 2 3\n"])
def test_lines_are_of_bounded_length(content, tmp_path, monkeypatch):
    shorten_blocks(monkeypatch)
    with pytest.raises(StorageError, match=r"Line \d of .* must be at most 64 bytes long. It is not text"):
        open_vectors(write(tmp_path / "vectors", content))


@needs_links
def test_only_regular_files_are_read(tmp_path):
    with pytest.raises(StorageError, match="must be in a regular file, but /dev/zero is not"):
        open_vectors("/dev/zero")


# binary

FLOATS = {"the": [0.5, -0.25], "straße": [1.5, 2.25], "of": [0.0, 4.5]}


def binary(rows=FLOATS, *, n=None, end=b""):
    records = (word.encode() + b" " + struct.pack(f"<{len(row)}f", *row) + end for word, row in rows.items())
    return f"{n or len(rows)} {len(next(iter(rows.values())))}\n".encode() + b"".join(records)


@pytest.mark.parametrize("end", [b"", b"\n"])
@pytest.mark.parametrize("compress", [bytes, gzip.compress])
def test_binary_files_are_read(end, compress, tmp_path, monkeypatch):
    shorten_blocks(monkeypatch)
    monkeypatch.setattr("spacy_w2v.formats.word2vec._binary.MAX_WORD_BYTES", 10)
    check(write(tmp_path / "vectors", compress(binary(end=end))), FLOATS)
    many = {f"w{i}": row for i, row in enumerate(np.random.default_rng(0).normal(size=(300, 20)).astype("f4").tolist())}
    check(write(tmp_path / "vectors", compress(binary(many, end=end))), many)


def test_of_binary_words_that_come_twice_the_first_is_taken(tmp_path):
    twice = binary(FLOATS, n=4) + b"the " + struct.pack("<2f", 9, 9)
    check(write(tmp_path / "vectors", twice), FLOATS, n_repeated=1)


def test_binary_files_of_gensim_are_read(tmp_path):
    vectors = KeyedVectors(2)
    vectors.add_vectors(list(FLOATS), np.array(list(FLOATS.values()), np.float32))
    vectors.save_word2vec_format(str(tmp_path / "vectors"), binary=True)
    check(tmp_path / "vectors", FLOATS)


CUT = "is too short. It is truncated, or in neither"
BINARY_REFUSED = {
    "huge": (binary(n=10**12), "must have 1,000,000,000,000 words .* at least"),
    "too few": (binary(n=4) + b"x " + b"\0" * 4, CUT),
    "cut": (binary()[:-3], "must have 3 words of 2 dimensions .*(too short|It is truncated)"),
    "too many": (binary() + b"and " + b"\0" * 8, "must end after the 3 words that its first line announces"),
    "no UTF-8": (binary().replace("ß".encode(), b"\xc3"), r"Word 2 of .* must be valid UTF-8, but is: b'stra\\xc3e'"),
    "nan": (
        binary({"a": [np.nan, 1.0], "b": [1.0, 1.0]}),
        "Vectors must be finite numbers, but that of word 1, 'a', in",
    ),
    "a line break missing": (binary(end=b"\n").replace(b"\nof", b"of"), CUT),
    "no word": (binary({"": [0.5, 0.5], "and": [1.0, 1.0]}), "Word 1 of .* must be a word, but is: ''"),
}


@pytest.mark.parametrize("case", list(BINARY_REFUSED))
def test_binary_files_that_do_not_parse_are_refused(case, tmp_path):
    content, message = BINARY_REFUSED[case]
    with pytest.raises(StorageError, match=message):
        open_vectors(write(tmp_path / "vectors", content))


@pytest.mark.parametrize("d", [2, 5, 50])
@pytest.mark.parametrize("words", ["New York", "at name@domain.com", "a b", "the cat sat", ". . ."])
@pytest.mark.parametrize("end", [b"", b"\n"])
def test_binary_words_with_spaces_are_never_read_wrongly(words, d, end, tmp_path):
    for seed in range(5):
        vectors = np.random.default_rng(seed).normal(scale=0.3, size=(6, d)).astype("f4")
        names = ["the", "of", words, "and", "to", "in"]
        with pytest.raises(StorageError):
            open_vectors(write(tmp_path / "vectors", binary(dict(zip(names, vectors.tolist(), strict=True)), end=end)))


# mutations

SEED = 20


def mutations(content, n):
    """Yield copies of some bytes, each with a byte changed, taken out or put in, a part cut out, or the end cut off."""
    generator = np.random.default_rng(SEED)
    for _ in range(n):
        changed, place = bytearray(content), int(generator.integers(len(content)))
        kind = generator.integers(5)
        if kind == 0:
            changed[place] ^= 1 << int(generator.integers(8))
        elif kind == 1:
            del changed[place]
        elif kind == 2:
            changed.insert(place, int(generator.integers(256)))
        elif kind == 3:
            del changed[place : place + int(generator.integers(1, 40))]
        else:
            del changed[place:]
        yield bytes(changed)


@pytest.mark.parametrize("layout", ["word2vec", "GloVe", "tabs"])
def test_changed_text_is_refused_or_has_the_change_where_it_was_made(layout, tmp_path):
    """A changed digit or letter cannot be noticed, but no other number or word may differ, nor rows be lost."""
    generator = np.random.default_rng(1)
    rows = {f"word{i}": row for i, row in enumerate(generator.normal(size=(12, 4)).round(5).tolist())}
    separator = "\t" if layout == "tabs" else " "
    text = "".join(separator.join([word, *map(str, row)]) + "\n" for word, row in rows.items())
    text = text if layout == "GloVe" else f"12 4\n{text}"
    for changed in mutations(text.encode(), 600):
        try:
            actual = open_vectors(write(tmp_path / "vectors", changed))
        except StorageError:
            continue
        n_lines = changed.rstrip(b"\n \t\r").count(b"\n") + (layout == "GloVe")
        assert len(actual.words) + actual.n_repeated == n_lines, changed
        assert actual.matrix.shape[1] == 4, changed
        assert not any(re.search(r"[ \t][-+.\d]+$", word) for word in actual.words), changed
        differing = sum(
            word not in rows or not np.array_equal(np.float32(rows[word]), vector)
            for word, vector in zip(actual.words, actual.matrix, strict=True)
        )
        assert differing <= 2, changed


@pytest.mark.parametrize("end", [b"", b"\n"])
def test_changed_binary_is_refused_or_has_the_change_where_it_was_made(end, tmp_path):
    generator = np.random.default_rng(1)
    rows = {f"word{i}": row for i, row in enumerate(generator.normal(size=(12, 20)).astype("f4").tolist())}
    for changed in mutations(binary(rows, end=end), 600):
        try:
            actual = open_vectors(write(tmp_path / "vectors", changed))
        except StorageError:
            continue
        assert len(actual.words) + actual.n_repeated == 12, changed
        differing = sum(
            word not in rows or not np.array_equal(np.float32(rows[word]), vector)
            for word, vector in zip(actual.words, actual.matrix, strict=True)
        )
        assert differing <= 2, changed


def test_memory_for_rows_grows_with_what_is_read(tmp_path, monkeypatch):
    shorten_blocks(monkeypatch)
    text = "".join(f"w{i} {i} 0.5\n" for i in range(500))
    check(write(tmp_path / "vectors", gzip.compress(text.encode())), {f"w{i}": [i, 0.5] for i in range(500)})
