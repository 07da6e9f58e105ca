"""Files of fastText, floret and gensim with subwords: read and written, and read by the other program."""

import bz2
import gzip
import random
import shutil
import struct
import warnings

import numpy as np
import pytest
import spacy
from gensim.models import FastText, KeyedVectors
from gensim.models.fasttext import FastTextKeyedVectors, load_facebook_model, load_facebook_vectors
from helpers_damage import damaged
from spacy.training.initialize import convert_vectors
from spacy.vectors import Vectors

from spacy_w2v.config._schema import ExportSettings
from spacy_w2v.config._subwords import SubwordSettings
from spacy_w2v.errors import ConfigError, StorageError, Word2VecError
from spacy_w2v.formats._exporting import FORMATS, export
from spacy_w2v.formats._opening import open_vectors
from spacy_w2v.formats.fasttext._opening import without_words
from spacy_w2v.formats.fasttext._reading import read_fasttext
from spacy_w2v.formats.gensim._keyed_vectors import make_keyed_vectors
from spacy_w2v.model._word_vectors import WordVectors
from spacy_w2v.subwords._rows import rows_of_words
from spacy_w2v.subwords._table import SubwordTable

WORDS = ["the", "house", "straße", "東京都", "new york", "a", "🙂"]
COUNTS = np.array([50, 20, 10, 5, 5, 3, 1])
UNKNOWN = ["houses", "Straßen", "東京", "york", "🙂🙂", "xyz", "b"]
D = 6


def table_of(subwords: SubwordSettings) -> SubwordTable:
    """Return a table of random rows, with those buckets only that the words fall into."""
    rows = rows_of_words(WORDS, COUNTS, subwords)
    matrix = np.random.default_rng(1).normal(size=(rows.n_rows, D), scale=0.5).astype(np.float32)
    return SubwordTable(subwords, rows.buckets, matrix, rows.n_own)


@pytest.fixture(scope="module")
def of_fasttext():
    table = table_of(SubwordSettings(mode="fasttext", min_n=2, max_n=4, buckets=211))
    matrix = table.vectors_of_words(WORDS)
    return WordVectors("ours", WORDS, np.arange(len(WORDS)), matrix, counts=COUNTS, trained_subwords=table)


@pytest.fixture(scope="module")
def of_floret():
    return without_words(table_of(SubwordSettings(mode="floret", min_n=2, max_n=3, buckets=211, hashes=3)), "ours")


def write(name, vectors, path, **settings):
    export(name, vectors, path, settings=ExportSettings(formats=[name], **settings))
    return path


def vector_of(vectors: WordVectors, string: str):
    """Return the vector of any string; zeros for one without a trained subword, which `vectors[string]` refuses."""
    known = string in vectors or vectors.composes(string)
    return vectors[string] if known else vectors.subwords.vectors([string])[0]


def assert_same(actual: WordVectors, expected: WordVectors, strings=(*WORDS, *UNKNOWN)):
    assert actual.words == expected.words
    for string in strings:
        np.testing.assert_allclose(vector_of(actual, string), vector_of(expected, string), atol=1e-6)


# fastText's .bin


def test_fasttext_file_is_read_back(of_fasttext, tmp_path):
    read = open_vectors(write("fasttext", of_fasttext, tmp_path / "model.bin"))
    assert_same(read, of_fasttext)
    assert read.counts.tolist() == COUNTS.tolist()
    assert read.subwords.settings == of_fasttext.subwords.settings
    order = np.argsort(of_fasttext.subwords.buckets)
    assert read.subwords.buckets.tolist() == of_fasttext.subwords.buckets[order].tolist()  # untrained ones are left out
    assert (read.subwords.bucket_rows == of_fasttext.subwords.bucket_rows[order]).all()


@pytest.mark.parametrize("compress", [gzip.compress, bz2.compress])
def test_compressed_fasttext_file(of_fasttext, tmp_path, compress):
    path = write("fasttext", of_fasttext, tmp_path / "model.bin")
    (tmp_path / "model.bin.x").write_bytes(compress(path.read_bytes()))
    assert_same(open_vectors(tmp_path / "model.bin.x"), of_fasttext)


def test_small_blocks_of_a_fasttext_file(of_fasttext, tmp_path, monkeypatch):
    path = write("fasttext", of_fasttext, tmp_path / "model.bin")
    (tmp_path / "compressed.gz").write_bytes(gzip.compress(path.read_bytes()))
    for module in ("_stream", "_reading"):
        monkeypatch.setattr(f"spacy_w2v.formats.fasttext.{module}.BLOCK_BYTES", 100)
    assert_same(open_vectors(path), of_fasttext)
    assert_same(open_vectors(tmp_path / "compressed.gz"), of_fasttext)


def test_fasttext_reads_our_file(of_fasttext, tmp_path):
    fasttext = pytest.importorskip("fasttext")
    model = fasttext.load_model(str(write("fasttext", of_fasttext, tmp_path / "model.bin")))
    assert model.get_words() == WORDS
    for string in (*WORDS, *UNKNOWN):
        np.testing.assert_allclose(model.get_word_vector(string), vector_of(of_fasttext, string), atol=1e-6)


def test_gensim_reads_our_fasttext_file(of_fasttext, tmp_path):
    model = load_facebook_model(str(write("fasttext", of_fasttext, tmp_path / "model.bin")))
    assert model.wv.index_to_key == WORDS
    assert [model.wv.get_vecattr(word, "count") for word in WORDS] == COUNTS.tolist()
    for string in (*WORDS, *UNKNOWN):
        np.testing.assert_allclose(model.wv[string], vector_of(of_fasttext, string), atol=1e-6)


@pytest.fixture(scope="module")
def gensim_model():
    """A small FastText of gensim."""
    sentences = [[word for word in WORDS if " " not in word]] * 30
    return FastText(sentences, vector_size=D, min_count=1, epochs=1, workers=1, bucket=97, min_n=1, max_n=3)


def test_we_read_the_facebook_file_of_gensim(gensim_model, tmp_path):
    from gensim.models.fasttext import save_facebook_model

    save_facebook_model(gensim_model, str(tmp_path / "model.bin"))
    read = open_vectors(tmp_path / "model.bin")
    assert read.words == gensim_model.wv.index_to_key
    for string in (*read.words, *UNKNOWN):
        np.testing.assert_allclose(vector_of(read, string), gensim_model.wv[string], atol=1e-6)


def trained_by(module, tmp_path, text="the house straße 東京都 a 🙂 the the\n", supervised=False, **options):
    """Return a small model of fastText or floret."""
    (tmp_path / "text.txt").write_text(text * 30, encoding="utf-8")
    train = module.train_supervised if supervised else module.train_unsupervised
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return train(str(tmp_path / "text.txt"), dim=D, minCount=1, epoch=2, thread=1, verbose=0, **options)


@pytest.mark.parametrize("options", [{"minn": 2, "maxn": 4}, {"minn": 0, "maxn": 2}, {"maxn": 0}], ids=str)
def test_we_read_the_files_of_fasttext(options, tmp_path):
    fasttext = pytest.importorskip("fasttext")
    model = trained_by(fasttext, tmp_path, bucket=53, t=1, **options)
    model.save_model(str(tmp_path / "model.bin"))
    read = open_vectors(tmp_path / "model.bin")
    assert read.words == model.get_words()
    assert "</s>" in read.words
    strings = (*read.words, *UNKNOWN) if read.subwords is not None else read.words
    assert (read.subwords is None) == (options["maxn"] == 0)
    for string in strings:
        np.testing.assert_allclose(vector_of(read, string), model.get_word_vector(string), atol=1e-6)
    if read.subwords is not None:  # and written again, also with their word that has no n-grams
        again = fasttext.load_model(str(write("fasttext", read, tmp_path / "again.bin")))
        for string in strings:
            np.testing.assert_allclose(again.get_word_vector(string), vector_of(read, string), atol=1e-6)


def test_a_classifier_of_fasttext_has_words_and_ngrams(tmp_path):
    fasttext = pytest.importorskip("fasttext")
    text = "__label__a the house\n__label__b straße 東京都\n"
    model = trained_by(fasttext, tmp_path, text, supervised=True, bucket=53, minn=2, maxn=3, wordNgrams=2)
    model.save_model(str(tmp_path / "model.bin"))
    read = open_vectors(tmp_path / "model.bin")
    assert sorted(read.words) == sorted(["</s>", "the", "house", "straße", "東京都"])
    for string in (*read.words, *UNKNOWN):
        np.testing.assert_allclose(vector_of(read, string), model.get_word_vector(string), atol=1e-6)


def test_models_of_floret(tmp_path):
    floret = pytest.importorskip("floret")
    model = trained_by(floret, tmp_path, bucket=53, minn=2, maxn=4)
    model.save_model(str(tmp_path / "model.bin"))
    read = open_vectors(tmp_path / "model.bin")
    for string in (*read.words, *UNKNOWN):
        np.testing.assert_allclose(vector_of(read, string), model.get_word_vector(string), atol=1e-6)
    trained_by(floret, tmp_path, bucket=53, minn=2, maxn=4, mode="floret").save_model(str(tmp_path / "model.bin"))
    with pytest.raises(StorageError, match=r"is one of floret. Use its table instead: model.save_floret_vectors"):
        open_vectors(tmp_path / "model.bin")


def changed(content: bytes, place: int, layout: str, value) -> bytes:
    changed = bytearray(content)
    struct.pack_into(layout, changed, place, value)
    return bytes(changed)


FIRST_WORD = 8 + 56 + 28
DAMAGED = {
    "version": (lambda content: changed(content, 4, "<i", 11), "must be of version 12 .* was: 11"),
    "no dimensions": (lambda content: changed(content, 8, "<i", 0), "must have from 1 to 1,000,000 dimensions"),
    "buckets": (lambda content: changed(content, 8 + 32, "<i", 2**30), "up to 100,000,000 buckets, was: 6 and 1,073"),
    "other buckets": (lambda content: changed(content, 8 + 32, "<i", 210), r"\(217 of 6 numbers\).* but has 218"),
    "words": (lambda content: changed(content, 64, "<i", 2**31 - 1), r"as it says \(7 words and 0 labels, together"),
    "many words": (
        lambda content: changed(changed(content, 64, "<i", 10**9), 68, "<i", 10**9),
        "1,000,000,000 words and 0 labels, together 1,000,000,000",
    ),
    "labels": (lambda content: changed(content, 72, "<i", 3), "7 words and 3 labels"),
    "pruned": (lambda content: changed(content, 84, "<q", 5), r"but is quantized \(.ftz\). Use the .bin file"),
    "empty word": (lambda content: changed(content, FIRST_WORD, "<B", 0), "Word 1 of .* must be a word, but is empty"),
    "count": (lambda content: changed(content, FIRST_WORD + 4, "<q", -1), "Word 1 .* but is 'the' with the count -1"),
    "label": (lambda content: changed(content, FIRST_WORD + 12, "<b", 1), "Word 1 .* must be a new word"),
    "one byte more": (lambda content: content + b"\0", "must end after its 7 output vectors"),
    "one byte less": (lambda content: content[:-1], "output vectors that fit|must end after"),
    "header only": (lambda content: content[:20], "must have its hyper-parameters, but ends after 20 bytes"),
    "no words": (lambda content: content[: FIRST_WORD - 2], "must have the number of its words, but ends"),
    "magic only": (lambda content: content[:4], "must have a version, but ends after 4 bytes"),
}


@pytest.mark.parametrize("case", list(DAMAGED))
@pytest.mark.parametrize("compress", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_damaged_fasttext_files(case, compress, of_fasttext, tmp_path):
    damage, problem = DAMAGED[case]
    content = damage(write("fasttext", of_fasttext, tmp_path / "model.bin").read_bytes())
    (tmp_path / "damaged.bin").write_bytes(compress(content))
    if compress is gzip.compress and case in ("many words", "one byte less"):
        problem = "but ends after|Word 8 of .* must be a word"
    with pytest.raises(StorageError, match=problem):
        open_vectors(tmp_path / "damaged.bin")


def test_bytes_that_are_no_utf8_become_escapes_as_in_gensim(of_fasttext, tmp_path):
    path = write("fasttext", of_fasttext, tmp_path / "model.bin")
    path.write_bytes(changed(path.read_bytes(), FIRST_WORD, "<B", 255))
    assert load_facebook_vectors(str(path)).index_to_key[0] == "\\xffhe"
    assert open_vectors(path).words[0] == "\\xffhe"


def test_quantized_vectors_of_fasttext(of_fasttext, tmp_path):
    path = write("fasttext", of_fasttext, tmp_path / "model.bin")
    content = path.read_bytes()
    place = content.index(struct.pack("<b2q", 0, 218, D))
    path.write_bytes(changed(content, place, "<b", 1))
    with pytest.raises(StorageError, match=r"must have all numbers of its vectors, but is quantized. Use the .bin"):
        open_vectors(path)
    path.write_bytes(changed(content, place + 17 + 40, "<f", float("nan")))
    with pytest.raises(StorageError, match=r"Vectors of .* must be finite numbers, but are not"):
        open_vectors(path)


def test_fasttext_files_cut_anywhere(of_fasttext, tmp_path):
    content = write("fasttext", of_fasttext, tmp_path / "model.bin").read_bytes()
    for end in [*range(300), *range(300, len(content), 97)]:
        (tmp_path / "cut.bin").write_bytes(content[:end])
        with pytest.raises(StorageError):
            open_vectors(tmp_path / "cut.bin")


@pytest.mark.parametrize("kind", ["fasttext", "floret"])
def test_files_damaged_at_random(kind, of_fasttext, of_floret, tmp_path):
    """They are refused with an error of ours, or have words and rows of the same shape."""
    vectors = {"fasttext": of_fasttext, "floret": of_floret}[kind]
    content = write(kind, vectors, tmp_path / "file").read_bytes()
    chooser = random.Random(7)
    n_refused = 0
    for _ in range(200):
        (tmp_path / "damaged").write_bytes(damaged(content, chooser))
        try:
            assert open_vectors(tmp_path / "damaged")["house"].shape == (D,)
        except Word2VecError:
            n_refused += 1
    assert n_refused > 20


def test_what_the_format_fasttext_cannot_hold(of_fasttext, of_floret, tmp_path):
    table = of_fasttext.subwords
    plain = WordVectors("plain", WORDS, np.arange(len(WORDS)), of_fasttext.matrix, counts=COUNTS)
    with pytest.raises(ConfigError, match=r"fasttext needs vectors with the subwords of fasttext, but plain has none"):
        write("fasttext", plain, tmp_path / "x")
    with pytest.raises(ConfigError, match=r"but ours has those of floret. Export to floret, or train with"):
        write("fasttext", of_floret, tmp_path / "x")
    with pytest.raises(ConfigError, match=r"floret needs vectors with the subwords of floret, but ours has those of"):
        write("floret", of_fasttext, tmp_path / "x")
    uncounted = WordVectors("uncounted", WORDS, np.arange(len(WORDS)), of_fasttext.matrix, trained_subwords=table)
    with pytest.raises(ConfigError, match=r"needs the count of each word, but uncounted has none. Export to gensim"):
        write("fasttext", uncounted, tmp_path / "x")
    words = [*WORDS[:-1], "a\0b"]
    odd = WordVectors("odd", words, np.arange(len(words)), of_fasttext.matrix, counts=COUNTS, trained_subwords=table)
    with pytest.raises(ConfigError, match=r"must not be empty or have a zero byte .* has 'a\\x00b'"):
        write("fasttext", odd, tmp_path / "x")
    assert not (tmp_path / "x").exists()


def test_the_most_frequent_words_of_a_fasttext_file(of_fasttext, tmp_path):
    read = open_vectors(write("fasttext", of_fasttext, tmp_path / "model.bin", max_vectors=3))
    assert read.words == WORDS[:3]
    for word in read.words:
        np.testing.assert_allclose(vector_of(read, word), vector_of(of_fasttext, word), atol=1e-6)


# floret's table


def test_floret_file_is_read_back(of_floret, tmp_path):
    path = write("floret", of_floret, tmp_path / "vectors.floret")
    assert path.read_text(encoding="utf-8").startswith("211 6 2 3 3 2166136261 < >\n0 ")
    read = open_vectors(path)
    assert len(read) == 0
    assert read.vector_size == D
    assert read.subwords.settings == of_floret.subwords.settings
    for string in (*WORDS, *UNKNOWN):
        assert (vector_of(read, string) == vector_of(of_floret, string)).all()
    assert_same(open_vectors(write("floret", of_floret, tmp_path / "vectors.floret.gz")), of_floret)


def test_spacy_reads_our_floret_file(of_floret, tmp_path):
    path = write("floret", of_floret, tmp_path / "vectors.floret")
    nlp = spacy.blank("de")
    convert_vectors(nlp, path, truncate=0, prune=0, mode="floret", attr="LOWER")
    for string in (*WORDS, *UNKNOWN):
        np.testing.assert_allclose(nlp.vocab.vectors[string], vector_of(of_floret, string), atol=1e-6)
    nlp.to_disk(tmp_path / "pipeline")
    for source in (nlp, tmp_path / "pipeline"):
        read = open_vectors(source)
        assert (read.words, read.attr, read.lang) == ([], "LOWER", "de")
        assert read.subwords.settings == of_floret.subwords.settings
        for string in (*WORDS, *UNKNOWN):
            np.testing.assert_allclose(vector_of(read, string), vector_of(of_floret, string), atol=1e-6)


def test_we_read_the_tables_of_floret(tmp_path):
    floret = pytest.importorskip("floret")
    model = trained_by(floret, tmp_path, bucket=53, minn=2, maxn=4, mode="floret", hashCount=2)
    model.save_floret_vectors(str(tmp_path / "vectors.floret"))
    read = open_vectors(tmp_path / "vectors.floret")
    assert read.subwords.settings == SubwordSettings(mode="floret", min_n=2, max_n=4, buckets=53, hashes=2)
    for string in UNKNOWN:
        np.testing.assert_allclose(
            vector_of(read, string), model.get_word_vector(string), atol=1e-4
        )  # it writes five digits


def test_floret_vectors_of_spacy_that_floret_reads_otherwise():
    nlp = spacy.blank("en")
    nlp.vocab.vectors = Vectors(data=np.ones((8, D), np.float32), mode="floret", minn=0, maxn=3)
    with pytest.raises(ConfigError, match="must have settings that floret reads too: min_n must be at least 1"):
        open_vectors(nlp)


HEADER = "4 2 1 3 2 2166136261 < $\n"
ROWS = "0 1 2\n1 0 0\n2 0.5 -1\n3 3 4\n"


def test_floret_file_by_hand(tmp_path):
    (tmp_path / "x").write_text(HEADER + ROWS.replace("\n", " \n"))
    table = open_vectors(tmp_path / "x").subwords
    assert table.buckets.tolist() == [0, 2, 3]
    assert (table.settings.bow, table.settings.eow) == ("<", "$")
    assert table.matrix.tolist() == [[1, 2], [0.5, -1], [3, 4]]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (HEADER + ROWS[:-2], "Line 5 .* must end in a line break|has only"),
        (HEADER + "0 1 2\n1 0 0\n", "must have 4 words as its first line says, but has 2|at least"),
        (HEADER + ROWS + "4 1 1\n", "must have 4 words as its first line says, but has more"),
        (HEADER + ROWS.replace("2 0.5", "5 0.5"), "Line 4 of .* must begin with the number of its bucket, 2, was: '5'"),
        (HEADER + ROWS.replace("1 0 0\n", ""), "must have 4 words|at least"),
        (HEADER + ROWS.replace("0.5", "x"), "instead of a number"),
        (HEADER.replace("4 2", "0 2") + ROWS, "must be the numbers of words and of dimensions"),
        (HEADER.replace("4 2", "999999999 2") + ROWS, "must have 999,999,999 words of 2 dimensions"),
        (HEADER.replace(" 1 3 ", " 0 3 ") + ROWS, "settings of floret that spaCy reads: min_n must be at least 1"),
        (HEADER.replace(" 1 3 ", " 4 3 ") + ROWS, r"max_n must be at least min_n \(4\), was: 3"),
        (HEADER.replace(" 3 2 ", " 3 5 ") + ROWS, "hashes must be at most 4, was: 5"),
        (HEADER.replace("2166136261", "99999999999") + ROWS, "hash_seed must be at most 4294967295"),
    ],
    ids=str,
)
def test_damaged_floret_files(content, problem, tmp_path):
    (tmp_path / "x.floret").write_text(content)
    with pytest.raises(StorageError, match=problem):
        open_vectors(tmp_path / "x.floret")


@pytest.mark.parametrize("name", [name for name, form in FORMATS.items() if name != "floret"])
def test_other_formats_need_words(name, of_floret, tmp_path):
    with pytest.raises(ConfigError, match=r"needs a list of words|needs vectors with the subwords|needs a model"):
        write(name, of_floret, tmp_path / "x")


# gensim's FastText


def test_gensim_has_our_subwords(of_fasttext, tmp_path):
    made = make_keyed_vectors(of_fasttext)
    loaded = KeyedVectors.load(str(write("gensim", of_fasttext, tmp_path / "vectors.kv")), mmap="r")
    compressed = KeyedVectors.load(str(write("gensim", of_fasttext, tmp_path / "vectors.kv.gz")))
    for keyed_vectors in (made, loaded, compressed):
        assert isinstance(keyed_vectors, FastTextKeyedVectors)
        assert keyed_vectors.index_to_key == WORDS
        assert keyed_vectors.get_vecattr("house", "count") == 20
        for string in (*WORDS, *UNKNOWN):
            np.testing.assert_allclose(keyed_vectors[string], vector_of(of_fasttext, string), atol=1e-6)
        assert all((a == b).all() for a, b in zip(keyed_vectors.buckets_word, made.buckets_word, strict=True))
        assert_same(open_vectors(keyed_vectors), of_fasttext)
    assert_same(open_vectors(tmp_path / "vectors.kv"), of_fasttext)
    assert (tmp_path / "vectors.kv.vectors_ngrams.npy").exists()


def test_some_words_of_gensim_subwords(of_fasttext, tmp_path):
    loaded = KeyedVectors.load(str(write("gensim", of_fasttext, tmp_path / "vectors.kv", max_vectors=3)))
    assert loaded.index_to_key == WORDS[:3]
    np.testing.assert_allclose(loaded["houses"], vector_of(of_fasttext, "houses"), atol=1e-6)
    np.testing.assert_allclose(loaded["house"], vector_of(of_fasttext, "house"), atol=1e-6)


@pytest.mark.parametrize("whole", [False, True])
def test_we_read_the_subwords_of_gensim(gensim_model, whole, tmp_path):
    saved = gensim_model if whole else gensim_model.wv
    saved.save(str(tmp_path / "saved"))
    for source in (saved, tmp_path / "saved"):
        read = open_vectors(source)
        assert read.words == gensim_model.wv.index_to_key
        for string in (*read.words, *UNKNOWN):
            np.testing.assert_allclose(vector_of(read, string), gensim_model.wv[string], atol=1e-6)


def test_gensim_without_ngrams():
    model = FastText([["a", "b"]] * 9, vector_size=D, min_count=1, epochs=1, workers=1, bucket=0)
    assert open_vectors(model).subwords is None
    model = FastText([["a", "b"]] * 9, vector_size=D, min_count=1, epochs=1, workers=1, bucket=9, max_n=0)
    assert open_vectors(model).subwords is None


def test_long_and_damaged_ngrams_of_gensim():
    model = FastText([["a", "b"]] * 9, vector_size=D, min_count=1, epochs=1, workers=1, bucket=9, max_n=5000)
    assert open_vectors(model).subwords.settings.max_n == 1000
    model.wv.vectors_ngrams[3, 1] = np.nan
    with pytest.raises(StorageError, match=r"The rows of n-grams of .* must be finite numbers"):
        open_vectors(model)


def test_subwords_of_gensim_that_do_not_fit(gensim_model, tmp_path):
    gensim_model.wv.save(str(tmp_path / "saved"), separately=["vectors_ngrams"])
    shutil.copy(tmp_path / "saved.vectors_ngrams.npy", tmp_path / "kept.npy")
    np.save(tmp_path / "saved.vectors_ngrams.npy", np.load(tmp_path / "kept.npy")[:, :-1])
    with pytest.raises(StorageError):
        open_vectors(tmp_path / "saved")


def test_files_that_begin_like_fasttext(tmp_path):
    (tmp_path / "x").write_bytes(struct.pack("<2i", 793712314, 11))
    with pytest.raises(StorageError, match="must be of version 12 of fastText's format, was: 11"):
        read_fasttext(tmp_path / "x")
