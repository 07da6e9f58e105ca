"""Directories of sense2vec: sense2vec itself reads what is written, and what it writes is read."""

import json
import pickle

import numpy as np
import pytest
import sense2vec
import spacy
import srsly
from helpers_cli import CONFIG, w2v_here, write_texts
from helpers_model import make_model

from spacy_w2v.config._schema import ExportSettings
from spacy_w2v.errors import ConfigError, StorageError
from spacy_w2v.formats._exporting import export, files_of, n_bytes
from spacy_w2v.formats._opening import open_vectors
from spacy_w2v.formats.sense2vec import _cache
from spacy_w2v.formats.sense2vec._words import describe_left_out
from spacy_w2v.model._word_vectors import WordVectors

KEYS = [
    "the|DET",
    "duck|NOUN",
    "New_York|GPE",
    "duck|VERB",
    "Duck|PERSON",
    "DUCK|ORG",
    "natural_language_processing|NOUN",
    "||PUNCT",
    "naïve|ADJ",
    "東京|GPE",
    "n't|PART",
    "new_york|NOUN",
    "duck|ADJ",
]
COUNTS = [900, 800, 500, 300, 200, 90, 80, 70, 60, 50, 40, 30, 30]


@pytest.fixture
def model():
    return make_model(COUNTS, words=KEYS, vector_size=12)


def loaded(path):
    return sense2vec.Sense2Vec().from_disk(path)


def write(vectors, path, **settings):
    export("sense2vec", vectors, path, settings=ExportSettings(formats=["sense2vec"], **settings))
    return path


@pytest.mark.parametrize(("dtype", "n_words"), [("float32", None), ("float16", None), ("float32", 5)])
def test_sense2vec_reads_what_is_written(model, tmp_path, dtype, n_words):
    vectors = model.word_vectors()
    found = loaded(write(vectors, tmp_path / "s2v", dtype=dtype, max_vectors=n_words))
    kept = KEYS[:n_words]
    assert list(found.keys()) == kept
    assert [found.vectors.find(key=key) for key in kept] == list(range(len(kept)))
    np.testing.assert_array_equal(found.vectors.data, vectors[kept].astype(dtype))
    assert found.frequencies == list(zip(kept, COUNTS, strict=False))
    assert all(type(count) is int for count in found.freqs.values())
    senses = sorted({key.rpartition("|")[2] for key in kept})
    assert found.cfg == {"senses": senses, "make_key": "default", "split_key": "default"}
    assert found.cache is None


def test_vectors_keep_their_lengths(model, tmp_path):
    """sense2vec's similarity is 1.0 for all vectors of equal length."""
    found = loaded(write(model.word_vectors(), tmp_path / "s2v"))
    expected = model.similarity("duck|NOUN", "the|DET")
    assert found.similarity("duck|NOUN", "the|DET") == pytest.approx(expected, abs=1e-6)
    assert abs(expected) < 0.99


def test_the_files_are_those_that_sense2vec_writes(model, tmp_path):
    write(model.word_vectors(), tmp_path / "ours")
    loaded(tmp_path / "ours").to_disk(tmp_path / "theirs")
    names = {path.name for path in (tmp_path / "theirs").iterdir()}
    assert {path.name for path in (tmp_path / "ours").iterdir()} == names
    for name in ("vectors", "key2row", "vectors.cfg", "strings.json"):
        assert (tmp_path / "ours" / name).read_bytes() == (tmp_path / "theirs" / name).read_bytes(), name
    for name in ("cfg", "freqs.json"):
        ours, theirs = (json.loads((tmp_path / by / name).read_text("utf-8")) for by in ("ours", "theirs"))
        assert ours == theirs


def test_its_component_loads_a_directory(model, tmp_path):
    nlp = spacy.blank("en")
    component = nlp.add_pipe("sense2vec").from_disk(write(model.word_vectors(), tmp_path / "s2v"))
    assert component.s2v.get_best_sense("duck") == "duck|NOUN"
    assert [key for key, _ in component.s2v.most_similar("duck|NOUN", n=3)] == [
        key for key, _ in model.most_similar("duck|NOUN", topn=3)
    ]


@pytest.mark.parametrize("kind", ["input", "output", "mean"])
def test_kinds_and_post_processing_are_those_of_other_formats(model, tmp_path, kind):
    settings = ExportSettings(formats=["sense2vec"], vector_kind=kind, postprocess="center")
    export("sense2vec", model.word_vectors(), tmp_path / "s2v", settings=settings)
    expected = model.vectors(kind, postprocess="center")[:]
    np.testing.assert_array_equal(loaded(tmp_path / "s2v").vectors.data, expected)


def test_rows_are_in_the_order_of_counts(tmp_path):
    matrix = np.arange(12, dtype=np.float32).reshape(3, 4) + 1
    vectors = WordVectors("made", ["b|X", "a|X", "c|Y"], np.array([2, 0, 0]), matrix, counts=np.array([1, 9, 3]))
    found = loaded(write(vectors, tmp_path / "s2v"))
    assert list(found.keys()) == ["a|X", "c|Y", "b|X"]
    np.testing.assert_array_equal(found.vectors.data, matrix[[0, 0, 2]])


def test_white_space_in_keys_becomes_an_underscore(tmp_path):
    """sense2vec makes the key of a phrase with underscores, and looks it up only so."""
    vectors = WordVectors("made", ["new york|GPE", "tea|NOUN"], np.arange(2), np.eye(2, dtype=np.float32))
    found = loaded(write(vectors, tmp_path / "s2v"))
    assert found.get_best_sense("new york") == "new_york|GPE"


def test_words_without_a_sense_are_left_out(tmp_path):
    vectors = WordVectors("made", ["duck", "duck|NOUN", "|"], np.array([0, 0, 1]), np.eye(2, dtype=np.float32))
    found = loaded(write(vectors, tmp_path / "s2v"))
    assert list(found.keys()) == ["duck|NOUN"]
    assert found.freqs == {}


def test_words_need_a_sense(tmp_path):
    with pytest.raises(ConfigError, match=r"needs keys with a sense, such as \"duck\|NOUN\", but none of 4 words has"):
        write(make_model([4, 3, 2, 1]).word_vectors(), tmp_path / "s2v")
    assert not (tmp_path / "s2v").exists()


def test_a_token_with_a_bar_by_chance_is_no_sense():
    words = [f"word{number}" for number in range(500)] + ["style=|regular"]
    with pytest.raises(ConfigError, match="but only 1 of 501 words have one: 'word0'"):
        describe_left_out(words)


def test_words_without_a_sense_end_a_run_before_training(tmp_path):
    write_texts(tmp_path / "texts.txt")
    (tmp_path / "config.cfg").write_text(CONFIG.replace('["spacy"]', '["sense2vec"]'), encoding="utf-8")
    run = w2v_here("train", "config.cfg", "--output", "vectors", cwd=tmp_path)
    assert run.code == 1
    assert "needs keys with a sense" in run.said
    assert not (tmp_path / "vectors").exists()


@pytest.mark.parametrize("n_neighbours", [3, 100])
def test_the_cache_of_neighbours_is_that_of_sense2vecs_script(model, tmp_path, monkeypatch, n_neighbours):
    monkeypatch.setattr(_cache, "ROWS_AT_A_TIME", 5)
    directory = write(model.word_vectors(), tmp_path / "s2v", sense2vec_neighbors=n_neighbours)
    cache = srsly.read_msgpack(directory / "cache")
    matrix = model.input_vectors / np.linalg.norm(model.input_vectors, axis=1, keepdims=True)
    cosines = matrix @ matrix.T
    np.fill_diagonal(cosines, -np.inf)
    n = min(n_neighbours, len(KEYS) - 1)
    expected = np.argsort(-cosines, axis=1)[:, :n]
    np.testing.assert_array_equal(cache["indices"], expected)
    assert cache["indices"].dtype == np.int32
    assert cache["scores"].dtype == np.float16
    np.testing.assert_allclose(cache["scores"], np.take_along_axis(cosines, expected, axis=1), atol=1e-3)
    assert {name: cache[name] for name in ("start", "end", "cutoff")} == {"start": 0, "end": 13, "cutoff": 13}


def test_sense2vec_looks_neighbours_up(model, tmp_path):
    directory = write(model.word_vectors(), tmp_path / "s2v", sense2vec_neighbors=5)
    found = loaded(directory)
    cached = found.most_similar("duck|NOUN", n=5)
    found.cache = None
    computed = found.most_similar("duck|NOUN", n=5)
    assert [key for key, _ in cached] == [key for key, _ in computed]
    np.testing.assert_allclose([score for _, score in cached], [score for _, score in computed], atol=1e-3)


def test_the_cache_must_fit_into_its_format(model, monkeypatch, tmp_path):
    monkeypatch.setattr(_cache, "MAX_BYTES", 600)
    with pytest.raises(ConfigError, match=r"sense2vec_neighbors must be at most 11 for 13 words, because .* was: 12"):
        write(model.word_vectors(), tmp_path / "s2v", sense2vec_neighbors=12)
    write(model.word_vectors(), tmp_path / "s2v", sense2vec_neighbors=11)


def test_neighbours_count_for_the_space_on_disk():
    sizes = {"n_words": 1000, "vector_size": 10, "subwords": make_model([2, 1]).settings.subwords}
    without, with_them = (
        n_bytes(ExportSettings(formats=["sense2vec"], sense2vec_neighbors=n), **sizes) for n in (0, 50)
    )
    assert (without, with_them) == (40_000, 340_000)


# --- reading


def test_a_directory_is_read_back(model, tmp_path):
    vectors = open_vectors(write(model.word_vectors(), tmp_path / "s2v"))
    assert vectors.words == KEYS
    assert vectors.counts.tolist() == COUNTS
    assert vectors.attr == "KEY"
    np.testing.assert_array_equal(vectors[KEYS], model[KEYS])
    assert vectors.most_similar("duck|NOUN", topn=3) == model.most_similar("duck|NOUN", topn=3)


def explosions(path):
    """A directory that sense2vec writes, with rows in another order than counts."""
    made = sense2vec.Sense2Vec(shape=(4, 3), senses=["NOUN", "VERB"])
    generator = np.random.default_rng(0)
    for key, count in (("duck|VERB", 10), ("duck|NOUN", 30), ("tea|NOUN", None), ("Duck|NOUN", 20)):
        made.add(key, generator.normal(size=3).astype(np.float32), count)
    made.cache = {"indices": np.zeros((4, 1), np.int32), "scores": np.ones((4, 1), np.float16)}
    made.to_disk(path)
    return made


def test_what_sense2vec_writes_is_read(tmp_path):
    (tmp_path / "s2v").mkdir()
    made = explosions(tmp_path / "s2v")
    vectors = open_vectors(tmp_path / "s2v")
    assert vectors.words == ["duck|NOUN", "Duck|NOUN", "duck|VERB", "tea|NOUN"]
    assert vectors.counts.tolist() == [30, 20, 10, 0]
    for key, vector in made.items():
        np.testing.assert_array_equal(vectors[key], vector)


def test_a_directory_without_counts_is_read_in_the_order_of_rows(tmp_path):
    (tmp_path / "s2v").mkdir()
    explosions(tmp_path / "s2v")
    (tmp_path / "s2v" / "freqs.json").unlink()
    vectors = open_vectors(tmp_path / "s2v")
    assert vectors.words == ["duck|VERB", "duck|NOUN", "tea|NOUN", "Duck|NOUN"]
    assert vectors.counts is None


def test_a_directory_of_a_component_has_no_names(tmp_path):
    (tmp_path / "s2v").mkdir()
    explosions(tmp_path / "s2v")
    (tmp_path / "s2v" / "strings.json").unlink()
    with pytest.raises(StorageError, match=r"must have the names of its 4 keys in strings.json, but has none"):
        open_vectors(tmp_path / "s2v")


class Evil:
    def __reduce__(self):
        return (pytest.fail, ("a pickle was loaded",))


def array_of_objects(path):
    """What srsly's reader of msgpack would unpickle."""
    data = pickle.dumps(Evil())
    with (path / "key2row").open("wb") as file:
        file.write(srsly.msgpack_dumps({b"nd": True, b"type": b"O", b"kind": b"O", b"shape": (1,), b"data": data}))


def replaced(name, content):
    return lambda path: (path / name).write_bytes(content)


DAMAGES = {
    "vectors cut off": (lambda path: (path / "vectors").write_bytes((path / "vectors").read_bytes()[:-1]), "bytes"),
    "vectors of objects": (lambda path: np.save((path / "vectors").open("wb"), np.array([Evil()])), "matrix"),
    "no vectors": (replaced("vectors", b""), "NumPy's format"),
    "one dimension": (lambda path: np.save((path / "vectors").open("wb"), np.ones(4, np.float32)), "matrix"),
    "whole numbers": (lambda path: np.save((path / "vectors").open("wb"), np.ones((4, 3), np.int32)), "matrix"),
    "no map": (replaced("key2row", srsly.msgpack_dumps([1, 2])), "must have a row below 4"),
    "names as keys": (replaced("key2row", srsly.msgpack_dumps({"duck|NOUN": 0})), "must have a row below 4"),
    "row too high": (replaced("key2row", srsly.msgpack_dumps({5: 4})), "must have a row below 4"),
    "nested map": (replaced("key2row", srsly.msgpack_dumps({5: {6: 7}})), "must have a row below 4"),
    "deep": (replaced("key2row", b"\x91" * 2000), "msgpack's format"),
    "cut off": (replaced("key2row", srsly.msgpack_dumps({5: 1, 6: 2})[:-1]), "msgpack's format"),
    "a pickle": (array_of_objects, "must have a row below 4"),
    "no JSON": (replaced("strings.json", b'["duck|NOUN"'), "strings.json must be JSON"),
    "half of a character": (
        replaced("strings.json", b'["\\ud800", "duck|NOUN"]'),
        "strings.json must be a list of strings",
    ),
    "no strings": (replaced("strings.json", b"[1]"), "strings.json must be a list of strings"),
    "other strings": (replaced("strings.json", b'["tea"]'), "must have the names"),
    "no settings": (replaced("cfg", b"[]"), "cfg must be a JSON object"),
    "no counts": (replaced("freqs.json", b"{}"), "freqs.json must be a list"),
    "negative": (replaced("freqs.json", b"[[1, -2]]"), "freqs.json must be a list"),
    "huge": (replaced("freqs.json", b"[[1, 99999999999999999999]]"), "freqs.json must be a list"),
    "fraction": (replaced("freqs.json", b"[[1, 0.5]]"), "freqs.json must be a list"),
}


@pytest.mark.parametrize(("damage", "message"), DAMAGES.values(), ids=DAMAGES)
def test_damaged_and_hostile_files_are_refused(tmp_path, damage, message):
    directory = tmp_path / "s2v"
    directory.mkdir()
    explosions(directory)
    damage(directory)
    with pytest.raises(StorageError, match=message):
        open_vectors(directory)


# --- the command


@pytest.fixture
def saved(model, tmp_path):
    model.save(tmp_path / "model")
    return tmp_path


def command(directory, *arguments):
    return w2v_here("export", "model", *arguments, cwd=directory)


def test_the_command_writes_and_replaces_a_directory(saved):
    output = saved / "s2v"
    assert command(saved, "s2v", "--format", "sense2vec", "--sense2vec-neighbors", 3).code == 0
    assert loaded(output).cache["indices"].shape == (13, 3)
    (output / "mine.txt").write_text("kept", encoding="utf-8")
    assert "must be new or empty" in command(saved, "s2v", "--format", "sense2vec").said
    assert command(saved, "s2v", "--format", "sense2vec", "--overwrite").code == 0
    assert loaded(output).cache is None
    own = {file.name for file in files_of("sense2vec", output)}
    assert {path.name for path in output.iterdir()} == own - {"cache"} | {"mine.txt"}


def test_other_directories_are_not_replaced(saved):
    said = command(saved, "model", "-f", "sense2vec", "--overwrite").said
    assert "has no cfg, so it contains something else" in said


def test_the_output_is_no_file(saved):
    said = command(saved, "vectors.txt", "--format", "sense2vec").said
    assert "The output of --format sense2vec is a directory" in said


def test_neighbours_are_for_sense2vec(saved):
    said = command(saved, "x.kv", "-f", "gensim", "--sense2vec-neighbors", 3).said
    assert "sense2vec_neighbors is for sense2vec, was: 3 for gensim" in said
