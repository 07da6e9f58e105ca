"""The tables for TensorBoard's Embedding Projector: numbers, and words with their counts."""

import numpy as np
import pytest
from helpers_model import make_model
from helpers_plots import vectors_of

from spacy_w2v.config._schema import ExportSettings
from spacy_w2v.errors import StorageError
from spacy_w2v.formats._exporting import check_not_existing, export

ODD = ["king", "New York", "a\tb", "c\r\nd", '"', "漢字", "😀", "</script>", "\u2028", "é"]


def exported(vectors, path, **settings):
    export("projector", vectors, path, settings=ExportSettings(formats=["projector"], **settings))
    lines = path.with_name("metadata.tsv").read_bytes().decode().split("\n")
    assert lines.pop() == ""
    return np.loadtxt(path, delimiter="\t", dtype=np.float32, ndmin=2), lines


def test_numbers_and_words_are_those_of_the_vectors(tmp_path):
    model = make_model(range(10, 0, -1), words=ODD)
    matrix, lines = exported(model.word_vectors(), tmp_path / "vectors.tsv")
    np.testing.assert_array_equal(matrix, model.input_vectors)
    words = ["king", "New York", "a b", "c  d", '"', "漢字", "😀", "</script>", " ", "é"]
    assert lines == ["word\tcount", *(f"{word}\t{count}" for word, count in zip(words, range(10, 0, -1), strict=True))]


def test_a_single_column_has_no_header(tmp_path):
    matrix, lines = exported(vectors_of(np.eye(4), words=list("abcd")), tmp_path / "x.tsv", max_vectors=3)
    np.testing.assert_array_equal(matrix, np.eye(4)[:3])
    assert lines == ["a", "b", "c"]


@pytest.mark.parametrize("has_counts", [False, True])
def test_the_tables_are_those_that_tensorboardx_writes(tmp_path, has_counts):
    embedding = pytest.importorskip("tensorboardX.embedding")
    vectors = vectors_of(np.random.default_rng(0).normal(size=(3, 4)), counts=[3, 2, 1] if has_counts else None)
    export("projector", vectors, tmp_path / "vectors.tsv", settings=ExportSettings())
    rows = list(zip(vectors.words, vectors.counts.tolist(), strict=True)) if has_counts else vectors.words
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    embedding.make_tsv(rows, str(theirs), metadata_header=["word", "count"] if has_counts else None)
    embedding.make_mat(vectors.matrix, str(theirs))
    assert (tmp_path / "metadata.tsv").read_bytes() == (theirs / "metadata.tsv").read_bytes()
    expected = np.loadtxt(theirs / "tensors.tsv", delimiter="\t", dtype=np.float32)
    np.testing.assert_array_equal(np.loadtxt(tmp_path / "vectors.tsv", delimiter="\t", dtype=np.float32), expected)


def test_neither_file_is_replaced_without_asking(tmp_path):
    vectors = vectors_of(np.eye(2))
    (tmp_path / "metadata.tsv").write_text("mine")
    with pytest.raises(StorageError, match=r"must be new, but .*metadata"):
        check_not_existing("projector", tmp_path / "vectors.tsv", vectors, ExportSettings())
    with pytest.raises(StorageError, match=r"must have another name than the file of words, metadata\.tsv"):
        export("projector", vectors, tmp_path / "Metadata.tsv", settings=ExportSettings())
