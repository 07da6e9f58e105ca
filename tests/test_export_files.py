"""What is written to files in little memory is what the other programs write themselves, to the byte."""

import dataclasses
import filecmp
import sys

import numpy as np
import pyarrow as pa
import pytest
import spacy
from helpers_model import make_model
from spacy.symbols import IDS

import spacy_w2v
from spacy_w2v.config.schema import ExportSettings
from spacy_w2v.export import get_exporter, matrices, spacy_keys
from spacy_w2v.memory import release_mapped
from spacy_w2v.model import trained
from spacy_w2v.model.vocabulary import Vocabulary

ODD_WORDS = [
    "the",
    '"',
    "\\",
    "'",
    "/",
    "naïve",
    "straße",
    "ﬁn",
    "i\u0307stanbul",
    "a\u0301",
    "\u0301",
    "😀",
    "👩‍👩‍👧",
    "東京",
    "\u202eabc",
    "\u200b",
    "\x00",
    "\x1b[31m",
    "\x7f",
    "1702",
    "3",
    "4",
    "-0.5",
    "nan",
    "1e5",
    "</s>",
    "<unk>",
    "#",
    "null",
    "True",
    "orth",
    "PERSON",  # a symbol of spaCy, which has a small number among its strings
    "nsubj",
    "word" * 500,
    "\ud7ff",
    "\uffff",
    "\U0010ffff",
]
WITH_SPACE = ["new york", "a\u00a0b", "x\u2028y", "x\u0085y", "a\tb", "a\nb", "a\rb", "\u3000", " ", "\x1c"]


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    """So small that each file is written in several."""
    monkeypatch.setattr(trained, "FLOATS_AT_A_TIME", 30)
    for module in (spacy_keys, __import__("spacy_w2v.export.spacy_files", fromlist=["spacy_files"])):
        monkeypatch.setattr(module, "WORDS_AT_A_TIME", 7)


def model_of(words, *, attr="ORTH", forms=None, **settings):
    """A model of words by falling count. forms: (orth, word, count) of the corpus; None for the words themselves."""
    counts = list(range(len(words) + 4, 4, -1))
    model = make_model(counts, words=list(words), **settings)
    columns = zip(*(forms or [(word, rank, counts[rank]) for rank, word in enumerate(words)]), strict=True)
    types = {"orth": pa.large_string(), "word": pa.uint32(), "count": pa.int64()}
    table = pa.table({name: pa.array(column, types[name]) for name, column in zip(types, columns, strict=True)})
    vocabulary = Vocabulary(model.words, model.vocabulary.counts, table)
    tokens = model.meta["tokens"] | {"attr": attr}
    return dataclasses.replace(model, vocabulary=vocabulary, meta=model.meta | {"tokens": tokens})


LOWER = ["the", "king", "straße", "iphone", "o'neil", "ǆ", "new york", "İ".lower(), "123", "ﬁn"]
LOWER_FORMS = [
    *((word, rank, 5) for rank, word in enumerate(LOWER)),
    ("The", 0, 4),
    ("KING", 1, 3),
    ("iPhone", 3, 7),
    ("O'Neil", 4, 2),
    ("ẞ", 2, 1),
]
NORM = ["not", "is", "he", "us", "will"]
NORM_FORMS = [("n't", 0, 9), ("not", 0, 3), ("'s", 1, 5), ("'s", 3, 6), ("is", 1, 2), ("us", 4, 1), ("He", 2, 1)]
MODELS = {
    "odd": lambda: model_of(ODD_WORDS + WITH_SPACE),
    "lower": lambda: model_of(LOWER, attr="LOWER", forms=LOWER_FORMS),
    "norm": lambda: model_of(NORM, attr="NORM", forms=NORM_FORMS),
    "one": lambda: model_of(["alone"]),
}


def same_files(left, right):
    """Whether two directories have the same files with the same content; asserts which differ."""
    names = {str(path.relative_to(left)) for path in left.rglob("*") if path.is_file()}
    assert names == {str(path.relative_to(right)) for path in right.rglob("*") if path.is_file()}
    for name in names:
        assert filecmp.cmp(left / name, right / name, shallow=False), name


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"dtype": "float16"},
        {"vectors": "mean"},
        {"max_vectors": 3},
        {"max_vectors": 3, "merge_rare": True, "vectors": "output"},
    ],
    ids=str,
)
@pytest.mark.parametrize("name", MODELS)
def test_a_pipeline_is_written_as_spacy_writes_it(name, settings, tmp_path):
    model = MODELS[name]()
    get_exporter("spacy")(model, tmp_path / "ours", ExportSettings(**settings))
    model.to_spacy(**settings).to_disk(tmp_path / "spacys")
    same_files(tmp_path / "ours", tmp_path / "spacys")


@pytest.mark.parametrize("words", [ODD_WORDS, WITH_SPACE], ids=["odd", "with white space"])
def test_odd_words_come_back_from_a_pipeline(words, tmp_path):
    model = model_of(words)
    get_exporter("spacy")(model, tmp_path / "spacy", ExportSettings())
    nlp = spacy.load(tmp_path / "spacy")
    for rank, word in enumerate(words):
        np.testing.assert_array_equal(nlp.vocab[word].vector, model.input_vectors[rank])
        assert nlp.vocab[word].rank == rank
        assert nlp.vocab.strings[nlp.vocab.strings[word]] == word
    assert "PERSON" in IDS


def test_keys_that_the_tables_of_words_have():
    keys = spacy_keys.spacy_keys(MODELS["lower"]().vocabulary, attr="LOWER")
    rows = dict(zip(keys.texts.to_pylist(), keys.rows.tolist(), strict=True))
    expected = {"The": 0, "THE": 0, "iPhone": 3, "IPHONE": 3, "Iphone": 3, "O'NEIL": 4, "O'neil": 4, "New York": 6}
    assert rows == rows | expected | {word: rank for rank, word in enumerate(LOWER)}
    assert "STRASSE" not in rows  # Python takes it back to another word
    assert keys.texts.to_pylist()[-len(LOWER) :] == LOWER
    assert len(set(keys.ids.tolist())) == len(rows) == len(keys.ids)


def test_keys_of_forms_that_stand_for_several_words():
    keys = spacy_keys.spacy_keys(MODELS["norm"]().vocabulary, attr="NORM")
    # "us" is a word, but as a form it stands for "will"; "'s" goes to the one it stands for most often
    expected = [("n't", 0), ("'s", 3), ("He", 2), ("us", 4), ("not", 0), ("is", 1), ("he", 2), ("will", 4)]
    assert list(zip(keys.texts.to_pylist(), keys.rows.tolist(), strict=True)) == expected


@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_a_matrix_is_written_as_numpy_writes_it(dtype, tmp_path):
    matrix = np.random.default_rng(0).normal(size=(50, 7)).astype("f4")
    matrices.write_matrix(tmp_path / "ours.npy", np.array_split(matrix, 9), shape=(50, 7), dtype=dtype)
    np.save(tmp_path / "numpys.npy", matrix.astype(dtype))
    assert (tmp_path / "ours.npy").read_bytes() == (tmp_path / "numpys.npy").read_bytes()


@pytest.mark.parametrize("mode", ["r", "c", None])
def test_memory_that_is_released_reads_the_same_again(mode, tmp_path):
    expected = np.random.default_rng(0).normal(size=(500, 20)).astype("f4")
    np.save(tmp_path / "m.npy", expected)
    matrix = np.load(tmp_path / "m.npy", mmap_mode=mode)
    if mode != "r":
        matrix[3] = expected[3] = 7
    release_mapped(matrix[:, :10])
    release_mapped(matrix)
    np.testing.assert_array_equal(matrix, expected)


@pytest.mark.skipif(sys.platform != "linux", reason="/proc tells how much of a mapped file is in memory")
def test_a_model_on_disk_leaves_memory_as_it_is_written(tmp_path):
    model = make_model(list(range(5000, 0, -1)), vector_size=200)
    model.save(tmp_path / "model")
    mapped = spacy_w2v.load(tmp_path / "model", mmap=True)
    for block in matrices.passing_blocks(mapped, "mean"):
        assert len(block) == 1
    pages = {}
    with open("/proc/self/smaps", encoding="utf-8") as file:
        for line in file:
            if "_vectors.npy" in line:
                name = line.split("/")[-1].strip()
            elif line.startswith("Rss:") and name is not None:
                pages[name] = int(line.split()[1])
                name = None
            elif "-" in line.split()[0]:
                name = None
    assert pages == {"input_vectors.npy": 0, "output_vectors.npy": 0}
