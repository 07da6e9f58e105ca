"""What is written to files in little memory is what the other programs write themselves, to the byte."""

import dataclasses
import filecmp
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pytest
import spacy
from gensim.models import KeyedVectors, Word2Vec
from helpers_cli import w2v_here
from helpers_model import make_model, with_record
from spacy.symbols import IDS
from spacy.training.initialize import convert_vectors

import spacy_w2v
from spacy_w2v._system.memory import release_mapped
from spacy_w2v.config._export import check_fits
from spacy_w2v.config._schema import ExportSettings
from spacy_w2v.errors import ConfigError, StorageError
from spacy_w2v.formats import _matrices as matrices
from spacy_w2v.formats._exporting import export, files_of
from spacy_w2v.formats._opening import open_vectors
from spacy_w2v.formats.gensim import _models as to_gensim_model
from spacy_w2v.formats.spacy import _keys as spacy_keys
from spacy_w2v.formats.spacy import _table as spacy_files
from spacy_w2v.model import _row_slices
from spacy_w2v.model._vocabulary import Vocabulary

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
    monkeypatch.setattr(_row_slices, "FLOATS_PER_BLOCK", 30)
    for module in (spacy_keys, spacy_files):
        monkeypatch.setattr(module, "WORDS_PER_BLOCK", 7)


def model_of(words, *, attr="ORTH", forms=None, **settings):
    """A model of words by falling count. forms: (orth, word, count) of the corpus; None for the words themselves."""
    counts = list(range(len(words) + 4, 4, -1))
    model = make_model(counts, words=list(words), **settings)
    columns = zip(*(forms or [(word, rank, counts[rank]) for rank, word in enumerate(words)]), strict=True)
    types = {"orth": pa.large_string(), "word": pa.uint32(), "count": pa.int64()}
    table = pa.table({name: pa.array(column, types[name]) for name, column in zip(types, columns, strict=True)})
    vocabulary = Vocabulary(model.words, model.vocabulary.counts, table)
    return dataclasses.replace(with_record(model, tokens={"attr": attr}), vocabulary=vocabulary)


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
        {"vector_kind": "mean"},
        {"max_vectors": 3},
        {"max_vectors": 3, "merge_rare": True, "vector_kind": "output"},
    ],
    ids=str,
)
@pytest.mark.parametrize("name", MODELS)
def test_a_pipeline_is_written_as_spacy_writes_it(name, settings, tmp_path):
    model = MODELS[name]()
    export("spacy", model.word_vectors(), tmp_path / "ours", settings=ExportSettings(**settings))
    model.to_spacy(**settings).to_disk(tmp_path / "spacys")
    same_files(tmp_path / "ours", tmp_path / "spacys")


@pytest.mark.parametrize("words", [ODD_WORDS, WITH_SPACE], ids=["odd", "with white space"])
def test_odd_words_come_back_from_a_pipeline(words, tmp_path):
    model = model_of(words)
    export("spacy", model.word_vectors(), tmp_path / "spacy", settings=ExportSettings())
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
    for block in matrices.streamed_blocks(mapped.word_vectors("mean")):
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


PEAK = """
import re, sys
from pathlib import Path
import spacy, spacy_w2v
from spacy_w2v.config._schema import ExportSettings
from spacy_w2v.formats._exporting import export
def peak():
    return int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]) / 1024
model = spacy_w2v.load("model", mmap=True)
if "gensim" in sys.argv[1]:
    import gensim
before = peak()
settings = ExportSettings(formats=[sys.argv[1]])
export(sys.argv[1], model.word_vectors(), Path("exported-" + sys.argv[1]), settings=settings)
print(peak() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="/proc tells the peak of a process")
def test_exports_take_little_more_memory_than_their_words(tmp_path, monkeypatch):
    monkeypatch.undo()  # blocks as large as they are
    words = [f"{rank:x}abcdef"[::-1] for rank in range(120_000)]
    model = model_of(words, attr="LOWER", vector_size=96)
    model.save(tmp_path / "model")
    table_mb = model.input_vectors.nbytes / 2**20
    assert table_mb > 40
    # with spaCy's own table, its lexemes, and copies of the matrices for gensim, these took 429 and 200 MB
    for format_, most in (("spacy", 220), ("gensim-model", 60)):
        command = [sys.executable, "-c", PEAK, format_]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
        assert float(done.stdout) < most, format_


# gensim


def same_keyed_vectors(actual, model, kind="input", n=None, dtype="float32"):
    assert actual.index_to_key == model.words[:n]
    assert actual.key_to_index == {word: rank for rank, word in enumerate(model.words[:n])}
    np.testing.assert_array_equal(actual.vectors, model.vectors(kind)[:n].astype(dtype))
    assert [actual.get_vecattr(word, "count") for word in model.words[:n]] == model.vocabulary.counts[:n].tolist()


@pytest.mark.parametrize("name", ["vectors.kv", "vectors.kv.gz", "vectors.kv.bz2"])
@pytest.mark.parametrize("mmap", [None, "r"])
def test_odd_words_come_back_from_keyed_vectors(name, mmap, tmp_path):
    if mmap and name != "vectors.kv":
        pytest.skip("gensim maps no compressed files")
    model = model_of(ODD_WORDS + WITH_SPACE + [""])
    settings = ExportSettings(vector_kind="mean", max_vectors=40, dtype="float16")
    export("gensim", model.word_vectors(), tmp_path / name, settings=settings)
    same_keyed_vectors(KeyedVectors.load(str(tmp_path / name), mmap=mmap), model, "mean", 40, "float16")
    # the first two: the others are those of subwords
    assert set(tmp_path.iterdir()) == set(files_of("gensim", tmp_path / name)[:2])


@pytest.mark.parametrize("limit", [0, 10**9], ids=["files beside it", "one file"])
@pytest.mark.parametrize("loss", ["negative-sampling", "hierarchical-softmax"])
def test_a_whole_model_of_gensim_comes_back(limit, loss, tmp_path, monkeypatch):
    monkeypatch.setattr(to_gensim_model, "FLOATS_IN_ONE_FILE", limit)
    model = model_of(ODD_WORDS + WITH_SPACE, loss=loss)
    path = tmp_path / "word2vec.model"
    export("gensim-model", model.word_vectors(), path, settings=ExportSettings(formats=["gensim-model"]))
    actual, expected = Word2Vec.load(str(path)), model.to_gensim()
    same_keyed_vectors(actual.wv, model)
    for name in ("syn1neg", "syn1", "cum_table"):
        assert hasattr(actual, name) == hasattr(expected, name)
        if hasattr(actual, name):
            np.testing.assert_array_equal(getattr(actual, name), getattr(expected, name))
    for name in ("sample_int", "count"):
        np.testing.assert_array_equal(actual.wv.expandos[name], expected.wv.expandos[name])
    assert actual.corpus_total_words == expected.corpus_total_words
    before = actual.wv.vectors.copy()
    actual.train([ODD_WORDS] * 20, total_examples=20, epochs=1)
    assert not np.array_equal(before, actual.wv.vectors)
    written = set(tmp_path.iterdir())
    assert len(written) == (1 if limit else 3)
    assert written <= set(files_of("gensim-model", path))


# word2vec


def word2vec_files(model, path, binary, **settings):
    format_ = "word2vec-binary" if binary else "word2vec-text"
    export(format_, model.word_vectors(), path, settings=ExportSettings(formats=[format_], **settings))
    return KeyedVectors.load_word2vec_format(str(path), fvocab=str(path.with_suffix(".vocab")), binary=binary)


@pytest.mark.parametrize("binary", [False, True])
@pytest.mark.parametrize("name", ["vectors.w2v", "vectors.w2v.gz", "vectors.w2v.xz"])
def test_odd_words_come_back_from_the_formats_of_word2vec(name, binary, tmp_path):
    model = model_of(ODD_WORDS)
    same_keyed_vectors(word2vec_files(model, tmp_path / name, binary), model)
    assert set(tmp_path.iterdir()) == set(files_of("word2vec-text", tmp_path / name))


@pytest.mark.parametrize("binary", [False, True])
def test_our_reader_and_spacys_take_them_too(binary, tmp_path):
    words = [word for word in ODD_WORDS if word.isprintable()]
    model = model_of(words)
    word2vec_files(model, tmp_path / "v.w2v", binary)
    assert open_vectors(str(tmp_path / "v.w2v")).words == words
    if not binary:
        nlp = spacy.blank("en")
        convert_vectors(nlp, tmp_path / "v.w2v", truncate=0, prune=-1)
        for word in words:
            np.testing.assert_array_equal(nlp.vocab[word].vector, model[word])


@pytest.mark.parametrize("numbers", [[0.1, -1e-7, 3e38, 1e-45, 16777217, 1 / 3, 0, -0.0, 123456.7, 2**-126]])
def test_numbers_of_texts_are_read_back_as_the_same(numbers, tmp_path):
    weights = np.array([numbers, numbers[::-1]], np.float32)
    model = make_model([3, 2], weights=[weights, weights])
    actual = word2vec_files(model, tmp_path / "v.txt", False)
    assert actual.vectors.tobytes() == weights.tobytes()


@pytest.mark.parametrize("binary", [False, True])
def test_words_with_white_space_have_underscores(binary, tmp_path):
    words = ["new york", "new_york", "new  york", "new\u00a0york", "new__york", "a\tb", "a\nb", "the", *WITH_SPACE[5:]]
    words = list(dict.fromkeys(words))
    model = model_of(words)
    actual = word2vec_files(model, tmp_path / "v.w2v", binary)
    names = actual.index_to_key
    assert names[:8] == ["new___york", "new_york", "new____york", "new_____york", "new__york", "a_b", "a__b", "the"]
    assert len(set(names)) == len(words)
    np.testing.assert_array_equal(actual.vectors, model.input_vectors)
    assert [actual.get_vecattr(name, "count") for name in names] == model.vocabulary.counts.tolist()


@pytest.mark.parametrize("binary", [False, True])
@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["a", "New\u2028York"],
            r"must not have white space in .*, but the vocabulary has 'New\\u2028York'.*\"underscore\"",
        ),
        (["a", ""], "must not be empty in the word2vec formats, but the vocabulary has one"),
    ],
)
def test_words_that_are_refused(binary, words, message, tmp_path):
    with pytest.raises(ConfigError, match=message):
        word2vec_files(model_of(words), tmp_path / "v.w2v", binary, whitespace="refuse")
    assert list(tmp_path.iterdir()) == []
    word2vec_files(model_of(words), tmp_path / "v.w2v", binary, whitespace="refuse", max_vectors=1)


def test_the_name_of_the_counts_is_taken(tmp_path):
    with pytest.raises(
        StorageError, match=r"must have another name than the file of word counts, x\.vocab, was: x\.vocab\. Name"
    ):
        word2vec_files(model_of(["a"]), tmp_path / "x.vocab", False)
    assert list(tmp_path.iterdir()) == []


# Known before training


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"formats": ["word2vec-text"], "dtype": "float16"},
            "is for spacy and gensim and safetensors and model2vec and sense2vec, was: float16",
        ),
        (
            {"formats": ["gensim"], "max_vectors": 3, "merge_rare": True},
            "merge_rare is for spacy, was: True",
        ),
        ({"formats": ["gensim-model"], "max_vectors": 3}, "whole model, so max_vectors must be left out, was: 3"),
        (
            {"formats": ["gensim-model"], "vector_kind": "mean"},
            "whole model, so vector_kind must be left out, was: mean",
        ),
    ],
)
def test_settings_of_no_effect_are_refused(settings, message):
    with pytest.raises(ConfigError, match=message):
        check_fits(ExportSettings(**settings))
    check_fits(ExportSettings(**settings | {"formats": [*settings["formats"], "spacy"]}))
    check_fits(ExportSettings(**settings | {"formats": []}))
    check_fits(ExportSettings(**settings), also=["spacy"])


CONFIG = """
[nlp]
lang = "en"
[nlp.after_creation]
@callbacks = "test_export_files.names"
[w2v]
[w2v.corpus]
@readers = "spacy_w2v.Dataset.v1"
data_files = "t.txt"
[w2v.model]
vector_size = 4
[w2v.training]
epochs = 1
[w2v.export]
formats = ["spacy", "word2vec-text", "word2vec-binary"]
"""
CODE = """
import spacy
from spacy.symbols import ORTH
@spacy.registry.callbacks("test_export_files.names")
def names():
    def change(nlp):
        nlp.tokenizer.add_special_case("New York", [{ORTH: "New York"}])
        return nlp
    return change
"""


@pytest.fixture
def project(tmp_path):
    (tmp_path / "t.txt").write_text("New York is big and I met James Bond in New York City\n" * 300)
    (tmp_path / "code.py").write_text(CODE)
    (tmp_path / "c.cfg").write_text(CONFIG)
    return tmp_path


def test_training_writes_words_with_white_space(project):
    done = w2v_here("train", "c.cfg", "-o", "out", "--code", "code.py", cwd=project)
    assert done.code == 0, done.said
    assert "in 1 of 10 words is replaced with underscores: 'new york' becomes 'new_york'" in done.said
    for name in ("vectors.txt", "vectors.bin"):
        read = KeyedVectors.load_word2vec_format(str(project / "out/word2vec" / name), binary=name.endswith("bin"))
        assert "new_york" in read
    assert spacy.load(project / "out/spacy").vocab["New York"].has_vector


def test_what_an_export_refuses_is_known_before_training(project):
    train = ("train", "c.cfg", "-o", "out", "--code", "code.py")
    done = w2v_here(*train, "--w2v.export.whitespace", "refuse", cwd=project)
    assert done.code == 1
    assert "Words must not have white space in the word2vec formats, but the vocabulary has 'new york'" in done.said
    assert "Trained" not in done.said
    assert "loss" not in done.said
    assert {path.name for path in project.iterdir()} == {"t.txt", "code.py", "c.cfg"}
    options = ("--w2v.export.dtype", "float16", "--w2v.export.formats", '["word2vec-text"]')
    done = w2v_here(*train, *options, cwd=project)
    assert (done.code, "dtype is for spacy and gensim" in done.said) == (1, True)


def test_the_command_export_asks_before_it_writes(tmp_path):
    model_of(["new york", "the"]).save(tmp_path / "model")
    export = ("export", "model")
    done = w2v_here(*export, "x.txt", "-f", "word2vec-text", "--whitespace", "refuse", cwd=tmp_path)
    assert (done.code, "must not have white space" in done.said) == (1, True)
    done = w2v_here(*export, "x.vocab", "-f", "word2vec-text", cwd=tmp_path)
    assert (done.code, "than the file of word counts, x.vocab, was: x.vocab" in done.said) == (1, True)
    for format_, beside, path in (
        ("word2vec-text", "x.vocab", "x.txt"),
        ("word2vec-binary", "x.vocab", "x.bin"),
        ("gensim", "x.kv.vectors.npy", "x.kv"),
        ("gensim-model", "x.model.syn1neg.npy", "x.model"),
    ):
        (tmp_path / beside).write_text("mine")
        done = w2v_here(*export, path, "-f", format_, cwd=tmp_path)
        assert (done.code, f"must be new, but {beside} exists" in done.said) == (1, True), done.said
        assert (tmp_path / beside).read_text() == "mine"
        assert not (tmp_path / path).exists()
    done = w2v_here(*export, "x.txt", "-f", "word2vec-text", "--overwrite", cwd=tmp_path)
    assert (done.code, "'new york' becomes 'new_york'" in done.said) == (0, True)
    assert (tmp_path / "x.vocab").read_text() == "new_york 6\nthe 5\n"
    done = w2v_here(*export, "x.bin", "-f", "word2vec-binary", cwd=tmp_path)
    assert done.code == 0, done.said  # counts that are the same are no loss
    done = w2v_here(*export, "y.vocab", "-f", "word2vec-binary", "--overwrite", cwd=tmp_path)
    assert (done.code, "than the file of word counts, y.vocab, was: y.vocab" in done.said) == (1, True)
