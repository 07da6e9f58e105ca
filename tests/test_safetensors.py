"""Files of safetensors are what other programs read and write, and damaged ones are refused."""

import json

import numpy as np
import pytest
from helpers_cli import w2v_here
from helpers_model import make_model, with_record
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

import spacy_w2v
from spacy_w2v.config._schema import ExportSettings
from spacy_w2v.errors import ConfigError, StorageError
from spacy_w2v.formats._exporting import export
from spacy_w2v.formats._opening import open_vectors

WORDS = ["the", "naïve", "東京", "new york", "a\nb", '"', "\u2028", "[UNK]", "😀"]


@pytest.fixture
def model():
    made = make_model(range(90, 0, -10), words=WORDS)
    return with_record(made, tokens={"attr": "ORTH"})


# --- vectors


@pytest.mark.parametrize("dtype", ["float32", "float16"])
@pytest.mark.parametrize("n_words", [None, 4])
def test_exported_vectors_are_read_by_the_package_and_by_us(model, tmp_path, dtype, n_words):
    path = tmp_path / "v.safetensors"
    export("safetensors", model.word_vectors(), path, settings=ExportSettings(dtype=dtype, max_vectors=n_words))
    expected = model.input_vectors[:n_words].astype(dtype)
    arrays, rows = load_file(path), json.loads((tmp_path / "v.vocab.json").read_text(encoding="utf-8"))
    assert rows == {word: row for row, word in enumerate(WORDS[:n_words])}
    assert path.stat().st_mode == (tmp_path / "v.vocab.json").stat().st_mode
    np.testing.assert_array_equal(arrays["embeddings"], expected)
    np.testing.assert_array_equal(arrays["counts"], model.vocabulary.counts[:n_words])
    actual = open_vectors(path)
    assert (actual.words, actual.attr, actual.lang) == (WORDS[:n_words], "ORTH", "en")
    assert isinstance(actual.matrix, np.memmap)
    assert actual.matrix.dtype == dtype
    np.testing.assert_array_equal(actual.matrix, expected)
    np.testing.assert_array_equal(actual.counts, arrays["counts"])


def test_the_same_vectors_give_the_same_bytes(model, tmp_path):
    for name in ("a", "b"):
        export("safetensors", model.word_vectors("mean"), tmp_path / f"{name}.safetensors", settings=ExportSettings())
    assert (tmp_path / "a.safetensors").read_bytes() == (tmp_path / "b.safetensors").read_bytes()


@pytest.mark.parametrize("name", ["embeddings", "embedding.weight", "emb"])
def test_vectors_of_other_programs_are_read(tmp_path, name):
    matrix = np.arange(12, dtype=np.float32).reshape(4, 3)
    save_file({name: matrix, "other": np.ones(3, np.float32)}, tmp_path / "model.safetensors")
    (tmp_path / "vocab.json").write_text('{"c": 3, "a": 0, "A": 0}')
    actual = open_vectors(tmp_path)
    assert (actual.words, actual.rows.tolist()) == (["a", "A", "c"], [0, 0, 3])
    np.testing.assert_array_equal(actual["c"], matrix[3])
    assert (actual.attr, actual.counts) == (None, None)


def test_the_command_writes_both_files(model, tmp_path):
    model.save(tmp_path / "model")
    w2v_here("export", "model", "out", "--format", "safetensors", "--dtype", "float16", cwd=tmp_path)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["model.safetensors", "vocab.json"]
    assert open_vectors(tmp_path / "out").words == WORDS
    again = w2v_here("export", "model", "out", "--format", "safetensors", cwd=tmp_path)
    assert "The output must be new" in again.said


# --- models


@pytest.mark.parametrize("mmap", [False, True])
@pytest.mark.parametrize("loss", ["negative-sampling", "hierarchical-softmax", "glove"])
def test_a_model_with_safetensors_is_the_same_model(tmp_path, loss, mmap):
    texts = ["the king of the french city", "a queen of the city"] * 20
    made = spacy_w2v.train(texts, loss=loss, vector_size=6, min_count=1, epochs=1, workers=1)
    made.save(tmp_path / "m", safetensors=True)
    assert set(load_file(tmp_path / "m/model.safetensors")) == set(made.parameters)
    actual = spacy_w2v.load(tmp_path / "m", mmap=mmap)
    for name, array in made.parameters.items():
        np.testing.assert_array_equal(actual.parameters[name], array)
        assert isinstance(actual.parameters[name], np.memmap) == mmap
    assert (actual.meta, actual.words, actual.config) == (made.meta, made.words, made.config)
    del actual
    made.save(tmp_path / "m", overwrite=True)
    assert not (tmp_path / "m/model.safetensors").exists()


def test_a_saved_model_has_no_pickle(model, tmp_path):
    model.save(tmp_path / "m", safetensors=True)
    for path in (tmp_path / "m").iterdir():
        assert path.suffix in (".cfg", ".json", ".arrow", ".safetensors"), path


# --- damage


def shorten(path):
    path.write_bytes(path.read_bytes()[:-1])


def replace_header(path):
    content = path.read_bytes()
    path.write_bytes((1 << 62).to_bytes(8, "little") + content[8:])


def lengthen_span(path):
    path.write_bytes(path.read_bytes().replace(b'"data_offsets":[0,', b'"data_offsets":[1,'))


@pytest.mark.parametrize("damage", [shorten, replace_header, lengthen_span])
def test_a_damaged_file_is_refused(model, tmp_path, damage):
    path = tmp_path / "v.safetensors"
    export("safetensors", model.word_vectors(), path, settings=ExportSettings())
    damage(path)
    with pytest.raises(StorageError, match=r"v\.safetensors must be a file of safetensors, but is not readable"):
        open_vectors(path)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (None, r"The words of v\.safetensors must be in v\.vocab\.json beside it"),
        ('{"a": 99}', r"must have a row for each word, but there are 1 words with rows up to 99, and 9 rows"),
        ('{"a": -1}', r"must have a row for each word"),
        (f'{{"a": {10**30}}}', r"must have a row for each word"),
        ("{}", r"must have a row for each word, but there are 0 words"),
        ('{"a": 1.0}', r"must be an object with the row of each word, but is not"),
        ('["a"]', r"must be an object with the row of each word, but is not"),
        ('{"a"', r"must be JSON, but is damaged"),
    ],
)
def test_words_that_do_not_fit_are_refused(model, tmp_path, words, message):
    path, beside = tmp_path / "v.safetensors", tmp_path / "v.vocab.json"
    export("safetensors", model.word_vectors(), path, settings=ExportSettings())
    beside.unlink()
    if words is not None:
        beside.write_text(words)
    with pytest.raises(StorageError, match=message):
        open_vectors(path)


def test_a_file_without_a_matrix_is_refused(tmp_path):
    save_file({"a": np.ones((2, 2), np.float32), "b": np.ones((2, 2), np.float32)}, tmp_path / "v.safetensors")
    with pytest.raises(
        StorageError, match="must have a matrix of numbers with the name embeddings, but its arrays are: a, b"
    ):
        open_vectors(tmp_path / "v.safetensors")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda arrays: arrays.pop("output"), r"must have 'output' of the shape \(9, 10\) .*was: nothing"),
        (lambda arrays: arrays.update(input=np.ones((9, 9), np.float32)), r"'input' of the shape .*was: \(9, 9\)"),
        (lambda arrays: arrays["input"].__setitem__((3, 0), np.nan), r"row 3 of 'input' has NaN or infinity"),
    ],
)
def test_arrays_that_do_not_fit_a_model_are_refused(model, tmp_path, change, message):
    from spacy_w2v._atomic import describe_files, read_manifest, write_manifest

    model.save(tmp_path / "m", safetensors=True)
    path, meta = tmp_path / "m/model.safetensors", tmp_path / "m/meta.json"
    arrays = load_file(path)
    change(arrays)
    save_file(arrays, path)
    with pytest.raises(StorageError, match="damaged"):
        spacy_w2v.load(tmp_path / "m")
    values = read_manifest(meta)
    values["files"] |= describe_files(tmp_path / "m", [path.name])
    write_manifest(meta, values)
    with pytest.raises(StorageError, match=message):
        spacy_w2v.load(tmp_path / "m")


# --- model2vec


def static_model(model, directory, **settings):
    export("model2vec", model.word_vectors(), directory / "model.safetensors", settings=ExportSettings(**settings))
    return pytest.importorskip("model2vec").StaticModel.from_pretrained(directory)


def test_model2vec_has_the_mean_of_the_words_vectors(tmp_path):
    made = make_model([9, 8, 7, 6], words=["the", "king", "u.s.", "n't"])
    static = static_model(made, tmp_path)
    np.testing.assert_allclose(static.encode("King"), made["king"], rtol=1e-6)
    expected = (made["the"] + made["king"] + made["u.s."]) / 3
    np.testing.assert_allclose(
        static.encode("The king, unheard-of, of the-U.S.")[None], [(expected * 3 + made["the"]) / 4], rtol=1e-6
    )
    assert not static.encode("unheard of").any()
    assert static.dim == 10
    actual = open_vectors(tmp_path)
    assert (actual.words, actual.attr) == (made.words, "LOWER")
    np.testing.assert_array_equal(actual.matrix[:4], made.input_vectors)


def test_every_word_of_the_vocabulary_is_a_token_of_its_own(model, tmp_path):
    """However odd: with capitals, a space, or the name that stands for unknown words. But not if it is white space."""
    static = static_model(model, tmp_path)
    with safe_open(tmp_path / "model.safetensors", framework="numpy") as opened:
        assert opened.get_slice("embeddings").get_shape() == [10, 10]
    assert static.tokens == (*WORDS, "[[UNK]]")
    for rank, word in enumerate(WORDS):
        assert static.tokenize([f"{word} {word}"]) == ([[rank, rank]] if word.strip() else [[]]), word


TEXT = (
    "The king can't go: he's near the U.S. City, the city's 1,000 houses (e.g. £50 at 10:30 p.m.)... mother-in-law -- "
    "isn’t it? Don't! We'll see 3.5 C++ users; \"they\" aren't in o'clock/today's 2010s snake_case naïve café"
)


def test_texts_are_split_as_spacy_splits_them(tmp_path):
    tokenizers = pytest.importorskip("tokenizers")
    model = spacy_w2v.train([TEXT] * 6, vector_size=4, min_count=1, epochs=1, workers=1, tokenizer="pipeline")
    export("model2vec", model.word_vectors(), tmp_path / "model.safetensors", settings=ExportSettings())
    tokenizer = tokenizers.Tokenizer.from_file(str(tmp_path / "tokenizer.json"))
    import spacy

    expected = [token.lower_ for token in spacy.blank("en")(TEXT)]
    assert tokenizer.encode(TEXT, add_special_tokens=False).tokens == expected


def test_clitics_before_a_word_are_split_off(tmp_path):
    tokenizers = pytest.importorskip("tokenizers")
    made = make_model(range(9, 3, -1), words=["l'", "eau", "qu'", "il", "aujourd'hui", "a"])
    export("model2vec", made.word_vectors(), tmp_path / "model.safetensors", settings=ExportSettings())
    tokenizer = tokenizers.Tokenizer.from_file(str(tmp_path / "tokenizer.json"))
    tokens = tokenizer.encode("L'eau qu'il a aujourd'hui", add_special_tokens=False).tokens
    assert tokens == ["l'", "eau", "qu'", "il", "a", "aujourd'hui"]


def test_sentence_transformers_loads_a_static_model(tmp_path):
    sentence_transformers = pytest.importorskip("sentence_transformers", reason="needs torch, which is large")
    made = make_model([9, 8], words=["the", "king"])
    export("model2vec", made.word_vectors(), tmp_path / "model.safetensors", settings=ExportSettings())
    loaded = sentence_transformers.SentenceTransformer(str(tmp_path), device="cpu")
    np.testing.assert_allclose(loaded.encode("the king"), (made["the"] + made["king"]) / 2, rtol=1e-6)


def test_the_main_file_of_a_static_model_has_one_name(model, tmp_path):
    with pytest.raises(ConfigError, match=r"must have the name model\.safetensors, was: v\.safetensors\. Name the"):
        export("model2vec", model.word_vectors(), tmp_path / "v.safetensors", settings=ExportSettings())


def test_tokenizers_of_parts_of_words_are_refused(tmp_path):
    save_file({"embeddings": np.ones((2, 2), np.float32)}, tmp_path / "model.safetensors")
    (tmp_path / "tokenizer.json").write_text('{"model": {"type": "WordPiece", "vocab": {"a": 0, "##b": 1}}}')
    with pytest.raises(StorageError, match=r"must have a tokenizer of words \(WordLevel\), was: 'WordPiece'"):
        open_vectors(tmp_path)
