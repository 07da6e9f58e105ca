"""Models on disk: writing, checking, reading models of other versions, and the functions that a config may call."""

import dataclasses
import json
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import spacy
from helpers_cli import CONFIG, files_below, w2v_here, write_texts
from helpers_model import make_model, markdown_report

import spacy_w2v
from spacy_w2v._atomic import describe_files, write_manifest
from spacy_w2v.config._keywords import settings_from_keywords
from spacy_w2v.corpus import _store as store
from spacy_w2v.corpus._fingerprint import corpus_fingerprint
from spacy_w2v.errors import ConfigError, StorageError
from spacy_w2v.objectives._huffman import balanced_tree, check_tree, huffman_tree
from spacy_w2v.sources._iterables import as_source
from spacy_w2v.training._checkpoint import read_checkpoint

OLD = Path(__file__).parent / "data/before_checksums"
COUNTS = [9, 7, 4, 3, 2]


@pytest.fixture
def model(tmp_path):
    """The directory of a model of five words in ten dimensions."""
    make_model(COUNTS).save(tmp_path / "model")
    return tmp_path / "model"


@pytest.fixture
def tree_model(tmp_path):
    """The same with a stored tree, as in models from gensim."""
    made = make_model(COUNTS, loss="hierarchical-softmax")
    dataclasses.replace(made, stored_tree=balanced_tree(5)).save(tmp_path / "tree")
    return tmp_path / "tree"


def seal(directory):
    """Correct all checksums, as a person who forges a model would."""
    meta = read_manifest_as_it_is(directory)
    meta["files"] = describe_files(directory, meta["files"])
    write_manifest(directory / "meta.json", meta)


def read_manifest_as_it_is(directory):
    meta = json.loads((directory / "meta.json").read_text(encoding="utf-8"))
    meta.pop("checksum", None)
    return meta


def change_meta(directory, change):
    meta = read_manifest_as_it_is(directory)
    change(meta)
    write_manifest(directory / "meta.json", meta)


# --- checksums


@pytest.mark.parametrize("mmap", [False, True])
@pytest.mark.parametrize("name", ["config.cfg", "forms.arrow", "vocabulary.arrow", "input_vectors.npy", "tree.npz"])
def test_one_changed_bit_is_found(tree_model, name, mmap):
    content = bytearray((tree_model / name).read_bytes())
    content[len(content) // 2] ^= 16
    (tree_model / name).write_bytes(content)
    with pytest.raises(StorageError, match=rf"{name} must have the checksum \w+, but its content has changed\."):
        spacy_w2v.load(tree_model, mmap=mmap)


def test_a_changed_number_in_meta_is_found(model):
    text = (model / "meta.json").read_text()
    (model / "meta.json").write_text(text.replace('"n_documents": 1', '"n_documents": 2'))
    with pytest.raises(StorageError, match=r"meta\.json must match its own checksum"):
        spacy_w2v.load(model)


def test_checksums_are_required(model):
    meta = read_manifest_as_it_is(model)
    (model / "meta.json").write_text(json.dumps(meta))
    with pytest.raises(StorageError, match=r"meta\.json must match its own checksum"):
        spacy_w2v.load(model)
    del meta["files"]["forms.arrow"]
    write_manifest(model / "meta.json", meta)
    with pytest.raises(StorageError, match=r"must name the file forms\.arrow"):
        spacy_w2v.load(model)


# --- what no checksum tells: files that hold together, but not with each other


def matrix(shape, dtype=np.float32, order="C", fill=0.5):
    return np.full(shape, fill, dtype, order=order)


ARRAYS = {
    "rows": (matrix((4, 10)), r"must have the shape \(5, 10\) and the type <f4, was: \(4, 10\) and <f4"),
    "columns": (matrix((5, 11)), r"was: \(5, 11\)"),
    "flat": (matrix(50), r"was: \(50,\)"),
    "int32": (matrix((5, 10), np.int32), r"was: \(5, 10\) and <i4"),
    "float64": (matrix((5, 10), np.float64), r"was: \(5, 10\) and <f8"),
    "big-endian": (matrix((5, 10), ">f4"), r"was: \(5, 10\) and >f4"),
    "by columns": (matrix((5, 10), order="F"), "must be an array in NumPy's format"),
    "nan": (matrix((5, 10), fill=np.nan), "must have finite numbers, but row 0 has NaN or infinity"),
    "inf": (
        np.vstack([matrix((4, 10)), matrix((1, 10), fill=-np.inf)]),
        "finite numbers, but row 4 has NaN or infinity",
    ),
}


@pytest.mark.parametrize("mmap", [False, True])
@pytest.mark.parametrize("case", ARRAYS)
@pytest.mark.parametrize("name", ["input_vectors.npy", "output_vectors.npy"])
def test_invalid_matrices(model, name, case, mmap):
    array, message = ARRAYS[case]
    np.save(model / name, array)
    seal(model)
    with pytest.raises(StorageError, match=rf"{name}.* {message}|{name} {message}"):
        spacy_w2v.load(model, mmap=mmap)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "must be an array"),
        (b"\x93NUMPY", "must be an array"),
        (b"PK\x03\x04", "must be an array"),
        (b"\x93NUMPY\x02\x00" + b"\xff" * 4, "must be an array"),
        (b"\x93NUMPY\x01\x00\xff\xff" + b"{" * 600, "must be an array"),
        (b"\x93NUMPY\x01\x00\x28\x00" + b"(" * 40, "must be an array"),
    ],
)
def test_invalid_headers(model, content, message):
    (model / "input_vectors.npy").write_bytes(content)
    seal(model)
    with pytest.raises(StorageError, match=rf"input_vectors\.npy {message}"):
        spacy_w2v.load(model)


def test_a_header_with_a_shape_larger_than_the_file(model):
    path = model / "input_vectors.npy"
    path.write_bytes(path.read_bytes()[:-4])
    seal(model)
    with pytest.raises(StorageError, match=r"input_vectors\.npy must have 328 bytes, but has: 324"):
        spacy_w2v.load(model)


def table(schema, **columns):
    return pa.table(
        [pa.array(values, field.type) for values, field in zip(columns.values(), schema, strict=True)], schema
    )


WORDS = pa.schema([("word", pa.large_string()), ("count", pa.int64())])
FORMS = pa.schema([("orth", pa.large_string()), ("word", pa.uint32()), ("count", pa.int64())])
A_TO_E = list("abcde")
TABLES = {
    "nulls": ("vocabulary", table(WORDS, word=["a", None, "c", "d", "e"], count=COUNTS), "missing values"),
    "twice": ("vocabulary", table(WORDS, word=["a", "b", "b", "d", "e"], count=COUNTS), "different words"),
    "rising": ("vocabulary", table(WORDS, word=A_TO_E, count=COUNTS[::-1]), "in decreasing order"),
    "negative": (
        "vocabulary",
        table(WORDS, word=A_TO_E, count=[3, 2, 1, 0, -1]),
        "counts of at least 0 in decreasing order",
    ),
    "overflow": (
        "vocabulary",
        table(WORDS, word=A_TO_E, count=[2**62] * 5),
        "counts of at least 0 in decreasing order",
    ),
    "none": ("vocabulary", table(WORDS, word=[], count=[]), "must have words"),
    "columns": ("vocabulary", table(FORMS, orth=A_TO_E, word=range(5), count=COUNTS), "its columns are orth"),
    "fewer": ("vocabulary", table(WORDS, word=A_TO_E[:4], count=COUNTS[:4]), r"the shape \(4, 10\)|has higher ones"),
    "small strings": (
        "vocabulary",
        table(pa.schema([("word", pa.string()), ("count", pa.int64())]), word=A_TO_E, count=COUNTS),
        "its columns are word: string",
    ),
    "no such word": ("forms", table(FORMS, orth=A_TO_E, word=[0, 1, 2, 3, 5], count=COUNTS), "must have ranks below 5"),
    "negative forms": (
        "forms",
        table(FORMS, orth=A_TO_E, word=range(5), count=[1, 1, 1, 1, -1]),
        "has negative ones",
    ),
    "null forms": ("forms", table(FORMS, orth=A_TO_E, word=[0, 1, None, 3, 4], count=COUNTS), "missing values"),
}


@pytest.mark.parametrize("case", TABLES)
def test_invalid_tables(model, case):
    name, content, message = TABLES[case]
    with pa.ipc.new_file(str(model / f"{name}.arrow"), content.schema) as writer:
        writer.write_table(content)
    seal(model)
    with pytest.raises(StorageError, match=message):
        spacy_w2v.load(model)


@pytest.mark.parametrize("name", ["vocabulary", "forms"])
def test_offsets_that_point_elsewhere(model, name):
    """Such strings used to crash the interpreter."""
    path = model / f"{name}.arrow"
    content = path.read_bytes()
    offsets = np.array([0, 2, 4, 6, 8, 10], np.int64).tobytes()  # of w0, w1, ...
    assert content.count(offsets) == 1
    path.write_bytes(content.replace(offsets, np.array([0, 2, 2**40, 6, 8, 10], np.int64).tobytes()))
    seal(model)
    with pytest.raises(StorageError, match=rf"{name}\.arrow must be a table of words, but is damaged"):
        spacy_w2v.load(model)


def test_strings_that_are_not_unicode(model):
    path = model / "vocabulary.arrow"
    path.write_bytes(path.read_bytes().replace(b"w0w1", b"w0\xff1"))
    seal(model)
    with pytest.raises(StorageError, match=r"vocabulary\.arrow must be a table of words, but is damaged"):
        spacy_w2v.load(model)


# --- trees


def swapped(array, first, second):
    array = array.copy()
    array[[first, second]] = array[[second, first]]
    return array


@pytest.mark.parametrize("n_words", [1, 2, 3, 10])
def test_valid_trees(n_words):
    for tree in (huffman_tree(np.arange(n_words, 0, -1)), balanced_tree(n_words)):
        assert check_tree(tree) == tree.longest


TREES = {
    "a node too high": (
        lambda t: t._replace(nodes=np.where(t.nodes == 3, 4, t.nodes).astype(np.uint32)),
        "invalid nodes or codes",
    ),
    "a code too high": (lambda t: t._replace(codes=t.codes + np.uint8(1)), "nodes or codes"),
    "another root": (lambda t: t._replace(nodes=(3 - t.nodes.astype(int)).astype(np.uint32)), "start at the root"),
    "codes exchanged": (
        lambda t: t._replace(codes=swapped(t.codes, 0, -1)),
        "several children, or children with several parents",
    ),
    "an empty path": (lambda t: t._replace(offsets=np.array([0, 0, *t.offsets[2:]])), "lengths do not match its nodes"),
    "paths back": (lambda t: t._replace(offsets=swapped(t.offsets, 1, 2)), "lengths do not match its nodes"),
    "offsets behind": (
        lambda t: t._replace(offsets=np.array([0, 2**63 - 1, *t.offsets[2:]])),
        "lengths do not match its nodes",
    ),
    "fewer codes": (lambda t: t._replace(codes=t.codes[:-1]), "nodes or codes"),
}


@pytest.mark.parametrize("case", TREES)
def test_invalid_trees(tree_model, case):
    change, message = TREES[case]
    tree = change(balanced_tree(5))
    with pytest.raises(ValueError, match=message):
        check_tree(tree)
    np.savez(tree_model / "tree.npz", offsets=tree.offsets, nodes=tree.nodes, codes=tree.codes)
    seal(tree_model)
    with pytest.raises(StorageError, match=rf"tree\.npz must be a tree of 5 words, but it has .*{message}"):
        spacy_w2v.load(tree_model)


def test_archives_without_a_tree(tree_model):
    path = tree_model / "tree.npz"
    for write, message in (
        (lambda: path.write_bytes(b"no archive"), "archive of three arrays"),
        (lambda: np.savez(path, offsets=np.arange(3)), "archive of three arrays"),
        (lambda: np.savez_compressed(path, offsets=np.arange(6), nodes=np.arange(6), codes=np.arange(6)), "archive"),
        (lambda: np.savez(path, offsets=np.array({}), nodes=np.arange(6), codes=np.arange(6)), "must have the shape"),
        (lambda: np.savez(path, offsets=np.arange(6), nodes=np.eye(2), codes=np.arange(6)), "nodes.npy must have"),
    ):
        write()
        seal(tree_model)
        with pytest.raises(StorageError, match=rf"tree\.npz.*{message}"):
            spacy_w2v.load(tree_model)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:  # a few bytes on disk, a gigabyte in memory
        archive.writestr("offsets.npy", bytes(1 << 20))
    seal(tree_model)
    with pytest.raises(StorageError, match="archive of three arrays"):
        spacy_w2v.load(tree_model)


def test_a_tree_belongs_to_hierarchical_softmax(model):
    np.savez(model / "tree.npz", offsets=np.arange(6))
    change_meta(model, lambda meta: meta["files"].update(describe_files(model, ["tree.npz"])))
    with pytest.raises(StorageError, match=r"tree\.npz belongs to hierarchical softmax"):
        spacy_w2v.load(model)


# --- facts and config


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda meta: meta.pop("corpus"), "corpus is missing"),
        (lambda meta: meta["corpus"].update(n_tokens="9"), "corpus.n_tokens must be a whole number, was: '9'"),
        (lambda meta: meta["corpus"].update(n_tokens=0), "corpus.n_tokens must be at least 1, was: 0"),
        (lambda meta: meta.update(results={}), "results must be a list, was: {}"),
        (lambda meta: meta.update(results=[{}]), "results.0.epoch is missing"),
        (lambda meta: meta.update(tokens=[]), "tokens must be a block"),
        (
            lambda meta: meta["tokens"].update(attr="SHAPE"),
            "tokens.attr must be one of 'ORTH', 'LOWER', 'NORM', 'LEMMA' or 'KEY'",
        ),
        (lambda meta: meta["model"].update(loss="nce"), "model.loss must be one of .*, was: 'nce'. The file is"),
        (lambda meta: meta["model"].update(vector_size=-3), "model.vector_size must be at least 1, was: -3"),
        (lambda meta: meta["model"].update(vector_size=11), r"input_vectors.npy must have the shape \(5, 11\)"),
        (lambda meta: meta["model"].update(loss="hierarchical-softmax"), r"output_vectors.npy must .* shape \(4, 10\)"),
        (lambda meta: meta["training"].update(seed=None), "training.seed must be a whole number"),
        (lambda meta: meta.update(lang=3), "lang must be a string, was: 3"),
    ],
)
def test_required_values_of_the_record(model, change, message):
    change_meta(model, change)
    with pytest.raises(StorageError, match=message):
        spacy_w2v.load(model)


@pytest.mark.parametrize("text", [b"\xff\xfe[nlp]", b"[nlp\nx", b'[nlp]\nlang = "en"\n[nlp]\n', b"lang = 1"])
def test_a_config_must_be_one(model, text):
    (model / "config.cfg").write_bytes(text)
    seal(model)
    with pytest.raises(StorageError, match=r"config\.cfg must be a config, but is damaged"):
        spacy_w2v.load(model)


def test_entries_of_a_newer_version_are_kept(model, tmp_path):
    def add(meta):
        meta["subword"] = {"minn": 3}
        for block in ("tokens", "vocabulary", "model", "training", "corpus", "versions"):
            meta[block]["new_in_a_later_version"] = [1]
        meta["results"] = [
            dict.fromkeys(("loss", "seconds", "words_per_s", "alpha", "more"), 1.0)
            | dict.fromkeys(("epoch", "n_pairs", "n_kept"), 1)
        ]

    change_meta(model, add)
    for command in (
        ["most-similar", model, "w0"],
        ["report", model, "report.md"],
        ["export", model, "pipeline"],
        ["export", model, "gensim.model", "--format", "gensim-model"],
        ["export", model, "vectors.kv", "--format", "gensim"],
        ["evaluate", model, "--tokenize"],
    ):
        result = w2v_here(*command, cwd=tmp_path)
        assert (result.code, result.stderr) == (0, ""), (command, result.said)
    loaded = spacy_w2v.load(model)
    loaded.predict_context(["w0"])
    loaded.save(tmp_path / "again")
    assert spacy_w2v.load(tmp_path / "again").meta == loaded.meta
    assert loaded.meta["subword"] == {"minn": 3}
    assert loaded.meta["model"]["new_in_a_later_version"] == [1]


# --- the versions before


def test_models_without_checksums_are_read_and_used(tmp_path):
    old = spacy_w2v.load(OLD / "model")
    assert (len(old), old.vector_size, old.words[:3]) == (17, 4, ["the", "king", "there"])
    assert old.input_vectors.sum() == pytest.approx(np.load(OLD / "model/input_vectors.npy").sum())
    assert "Trained" not in markdown_report(old)
    result = w2v_here("export", OLD / "model", "pipeline", cwd=tmp_path)
    assert result.code == 0, result.said
    np.testing.assert_array_equal(spacy.load(tmp_path / "pipeline")("king").vector, old["king"])
    old.save(tmp_path / "new")
    new = spacy_w2v.load(tmp_path / "new")
    assert new.meta == old.meta
    np.testing.assert_array_equal(new.output_vectors, old.output_vectors)


def test_models_with_trees_without_checksums_are_read():
    old = spacy_w2v.load(OLD / "model-with-tree", mmap=True)
    assert old.stored_tree is not None
    assert old.score([["the", "king"]])[0] < 0


def test_inconsistent_models_without_checksums_are_refused(tmp_path):
    shutil.copytree(OLD / "model", tmp_path / "model")
    vectors = np.load(tmp_path / "model/input_vectors.npy")
    vectors[3, 1] = np.nan
    np.save(tmp_path / "model/input_vectors.npy", vectors)
    with pytest.raises(
        StorageError, match=r"input_vectors\.npy must have finite numbers, but row 3 has NaN or infinity"
    ):
        spacy_w2v.load(tmp_path / "model")


def old_checkpoint(directory, texts, nlp):
    """Copy the checkpoint of the previous version, with the fingerprint of the installed spaCy."""
    shutil.copytree(OLD / "checkpoint", directory)
    path = directory / "progress.json"
    values = json.loads(path.read_text())
    settings = settings_from_keywords({"tokenizer": "whitespace"}).tokens
    now = corpus_fingerprint(as_source(texts), nlp, settings, max_vocab_size=10_000_000)
    values["corpus"]["fingerprint"]["tokenizer"] = now.tokenizer
    path.write_text(json.dumps(values))
    meta = json.loads((directory / "meta.json").read_text())
    meta["files"]["progress.json"] = path.stat().st_size
    (directory / "meta.json").write_text(json.dumps(meta))


def test_runs_of_the_previous_version_are_resumed(tmp_path, monkeypatch):
    monkeypatch.setattr(store, "CHUNK_TOKENS", 100)
    texts = (OLD / "texts.txt").read_text().splitlines()
    nlp = spacy.blank("en")
    old_checkpoint(tmp_path / "run.checkpoint", texts, nlp)
    settings = {"tokenizer": "whitespace", "vector_size": 4, "min_count": 1, "epochs": 2, "sample": 0, "workers": 1}
    model = spacy_w2v.train(
        texts, nlp, **settings, checkpoint=tmp_path / "run.checkpoint", resume=True, cache_dir=tmp_path / "cache"
    )
    expected = spacy_w2v.load(OLD / "model")
    assert model.meta["results"][0] == expected.meta["results"][0]
    assert model.meta["results"][1]["n_pairs"] == expected.meta["results"][1]["n_pairs"]
    np.testing.assert_allclose(model.input_vectors, expected.input_vectors, atol=1e-4)
    assert not (tmp_path / "run.checkpoint").exists()


def test_components_without_checksums_are_read():
    from_disk, from_bytes = (
        spacy.blank("xx").add_pipe("w2v", config={"update": True, "n_common": 1}) for _ in range(2)
    )
    from_disk.from_disk(OLD / "component")
    from_bytes.from_bytes((OLD / "component.msgpack").read_bytes())
    for component in (from_disk, from_bytes):
        state = component._state()
        np.testing.assert_array_equal(state.fitted.counts, np.load(OLD / "component/counts.npy"))
        np.testing.assert_array_equal(state.fitted.common, np.load(OLD / "component/common.npy"))
        np.testing.assert_array_equal(state.outputs.vectors, np.load(OLD / "component/output_vectors.npy"))
    assert from_disk.record == from_bytes.record
    assert from_disk.to_bytes() == from_bytes.to_bytes()


# --- checkpoints


def change_progress(directory, change):
    path = directory / "progress.json"
    values = json.loads(path.read_text())
    change(values)
    path.write_text(json.dumps(values))
    meta = json.loads((directory / "meta.json").read_text())
    meta["files"]["progress.json"] = path.stat().st_size
    (directory / "meta.json").write_text(json.dumps(meta))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda v: v["state"].update(epoch="2"), "state.epoch must be a whole number, was: '2'"),
        (lambda v: v["state"].update(n_tasks_done=-1), "state.n_tasks_done must be at least 0, was: -1"),
        (lambda v: v["state"].update(seconds=float("nan")), "state.seconds must be a finite number"),
        (lambda v: v["state"].update(epochs=[]), "of different epochs"),
        (lambda v: v["state"]["epochs"][0].update(loss=1.0), "its model and its progress.json are of different epochs"),
        (lambda v: v["state"]["epochs"][0].update(epoch=2), "state.epochs must be numbered from 1"),
        (lambda v: v["state"].update(running_epoch=[[1.0, 2]]), "state.running_epoch.0.2 is missing"),
        (lambda v: v["state"].update(running_epoch=[3]), "state.running_epoch.0"),
        (lambda v: v.update(learning_rates=[]), "learning_rates"),
        (lambda v: v["learning_rates"][0].update(alpha=float("inf")), "learning_rates.0.alpha must be a finite number"),
        (lambda v: v["learning_rates"][0].update(n_tasks_done=3), "learning_rates must begin with the run"),
        (lambda v: v["settings"].pop("model"), "settings.model is missing"),
        (lambda v: v["corpus"].update(fingerprint=None), "corpus.fingerprint must be a block"),
        (lambda v: v.update(format="x"), "must be a spacy-w2v checkpoint of version 1, was: "),
        (lambda v: v.update(format_version=9), "must be a spacy-w2v checkpoint of version 1, was: "),
    ],
)
def test_invalid_progress(tmp_path, change, message):
    shutil.copytree(OLD / "checkpoint", tmp_path / "run")
    assert read_checkpoint(tmp_path / "run").n_tasks_done == 7
    change_progress(tmp_path / "run", change)
    with pytest.raises(StorageError, match=rf"(?s){message}.*[Rr]emove the checkpoint, and start again"):
        read_checkpoint(tmp_path / "run")


@pytest.mark.parametrize(
    "change", [{"n_tasks_done": 8}, {"epoch": 1}, {"n_tasks_done": 6}, {"running_epoch": [[1.0, 2, 3]] * 6}], ids=str
)
def test_progress_that_does_not_match_the_corpus(tmp_path, monkeypatch, change):
    monkeypatch.setattr(store, "CHUNK_TOKENS", 100)
    texts = (OLD / "texts.txt").read_text().splitlines()
    nlp = spacy.blank("en")
    old_checkpoint(tmp_path / "run", texts, nlp)
    change_progress(tmp_path / "run", lambda values: values["state"].update(change))
    settings = {"tokenizer": "whitespace", "vector_size": 4, "min_count": 1, "epochs": 2, "sample": 0, "workers": 1}
    with pytest.raises(
        StorageError, match=r"must match its corpus, but is damaged: .* start again without resume=True"
    ):
        spacy_w2v.train(texts, nlp, **settings, checkpoint=tmp_path / "run", resume=True, cache_dir=tmp_path / "cache")


# --- files that stay open


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="only Linux tells what is mapped")
def test_only_the_vectors_remain_mapped(tree_model):
    def mapped():
        return {
            Path(line.split()[-1]).name
            for line in Path("/proc/self/maps").read_text().splitlines()
            if str(tree_model) in line
        }

    model = spacy_w2v.load(tree_model)
    assert mapped() == set()
    del model
    model = spacy_w2v.load(tree_model, mmap=True)
    assert mapped() == {"input_vectors.npy", "output_vectors.npy"}
    assert not model.input_vectors.flags.writeable


# --- how they look


def test_the_repr_of_a_model_is_one_line():
    model = make_model(range(20_000, 0, -1))
    assert repr(model) == (
        "Word2Vec(words=20000, vector_size=10, attr='LOWER', architecture='skip-gram', loss='negative-sampling')"
    )
    assert repr(model.vocabulary) == "Vocabulary(20000 words of 200010000 tokens)"


# --- what a config may run

RAN = []


@spacy.registry.callbacks("test.runs_code.v1")
def make_callback():
    RAN.append("made")
    return lambda nlp: RAN.append("called")


@spacy.registry.tokenizers("test.Tokenizer.v1")
def make_tokenizer():
    RAN.append("made")
    return lambda nlp: spacy.tokenizer.Tokenizer(nlp.vocab)


NLP = '[nlp]\nlang = "en"\n'
FUNCTIONS = {
    "before_init": f'{NLP}[initialize]\n[initialize.before_init]\n@callbacks = "test.runs_code.v1"\n',
    "after_creation": f'{NLP}[nlp.after_creation]\n@callbacks = "test.runs_code.v1"\n',
    "tokenizer": f'{NLP}[nlp.tokenizer]\n@tokenizers = "test.Tokenizer.v1"\n',
    "within the tokenizer": (
        f'{NLP}[nlp.tokenizer]\n@tokenizers = "spacy.Tokenizer.v1"\n[nlp.tokenizer.x]\n'
        '@callbacks = "test.runs_code.v1"\n'
    ),
    "initialize.tokenizer": f'{NLP}[initialize]\n[initialize.tokenizer]\nx = {{"@callbacks": "test.runs_code.v1"}}\n',
    "first": (
        f'{NLP}[initialize]\n[initialize.before_init]\n@callbacks = "spacy_w2v.train_vectors.v1"\n'
        '[initialize.before_init.first]\n@callbacks = "test.runs_code.v1"\n'
    ),
    "of spaCy": (
        f'{NLP}[initialize]\n[initialize.before_init]\n@callbacks = "spacy.copy_from_base_model.v1"\ntokenizer = "x"\n'
    ),
    "lookups": f'{NLP}[initialize]\n[initialize.lookups]\n@callbacks = "test.runs_code.v1"\n',
}


@pytest.mark.parametrize("case", FUNCTIONS)
def test_the_config_of_a_model_only_makes_its_tokenizer(tmp_path, case):
    RAN.clear()
    dataclasses.replace(make_model(COUNTS), config=FUNCTIONS[case]).save(tmp_path / "model")
    refused = r"may run only a tokenizer of spaCy unless you trust it, but \[.*\] names another function: @.*\.v1"
    model = spacy_w2v.load(tmp_path / "model")
    with pytest.raises(ConfigError, match=refused + r'".*import the module .*trust_config=True to load'):
        model.to_spacy()
    for command in (["export", "model", "out"], ["evaluate", "model", "--tokenize"]):
        result = w2v_here(*command, cwd=tmp_path)
        assert (result.code, result.stderr) == (1, "")
        assert "names another function" in result.said
    assert w2v_here("report", "model", "report.md", cwd=tmp_path).code == 0
    assert w2v_here("export", "model", "vectors.kv", "--format", "gensim", cwd=tmp_path).code == 0
    assert RAN == []
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("case", ["before_init", "tokenizer"])
def test_a_trusted_config_may_call_any_function(tmp_path, case):
    (tmp_path / "code.py").write_text("x = 1\n")
    dataclasses.replace(make_model(COUNTS), config=FUNCTIONS[case]).save(tmp_path / "model")
    for command in (
        ["export", "model", "out", "--trust-config"],
        ["export", "model", "out", "--overwrite", "-c", "code.py"],
        ["evaluate", "model", "--tokenize", "--code", "code.py"],
    ):
        RAN.clear()
        result = w2v_here(*command, cwd=tmp_path)
        assert result.code == 0, result.said
        assert RAN[0] == "made"
    RAN.clear()
    assert spacy_w2v.load(tmp_path / "model", trust_config=True).to_spacy().vocab.vectors.shape == (5, 10)
    assert RAN[0] == "made"


def test_callbacks_of_this_package_need_no_trust(tmp_path):
    config = (
        f'{NLP}[nlp.tokenizer]\n@tokenizers = "spacy.Tokenizer.v1"\n[nlp.vectors]\n@vectors = "spacy.Vectors.v1"\n'
        '[initialize]\n[initialize.before_init]\n@callbacks = "spacy_w2v.train_vectors.v1"\noutput = "out"\n'
    )
    dataclasses.replace(make_model(COUNTS), config=config).save(tmp_path / "model")
    assert spacy_w2v.load(tmp_path / "model").to_spacy().vocab.vectors.shape == (5, 10)


def test_variables_that_multiply_are_refused(tmp_path):
    """Eight lines that expand to half a gigabyte."""
    lines = "".join(f'x{i} = "{f"${{a.x{i - 1}}}" * 10}"\n' for i in range(1, 8))
    dataclasses.replace(make_model(COUNTS), config=f'{NLP}[a]\nx0 = "{"a" * 50}"\n{lines}').save(tmp_path / "model")
    model = spacy_w2v.load(tmp_path / "model")
    with pytest.raises(ConfigError, match=r"no variables unless you trust it, but has: '\$\{a\.x0"):
        model.to_spacy()


def test_missing_code_is_an_error_with_a_remedy(tmp_path):
    config = f'{NLP}[nlp.tokenizer]\n@tokenizers = "my.own.v1"\n'
    dataclasses.replace(make_model(COUNTS), config=config).save(tmp_path / "model")
    result = w2v_here("export", "model", "out", cwd=tmp_path)
    assert result.code == 1
    assert "--code" in result.said
    (tmp_path / "code.py").write_text(
        "import spacy\nfrom spacy.tokenizer import Tokenizer\n\n\n"
        "@spacy.registry.tokenizers('my.own.v1')\ndef make():\n    return lambda nlp: Tokenizer(nlp.vocab)\n"
    )
    result = w2v_here("export", "model", "out", "--code", "code.py", cwd=tmp_path)
    assert result.code == 0, result.said
    assert "my.own.v1" in (tmp_path / "out/config.cfg").read_text()


# --- one run, one pipeline

COUNTING = """
import spacy


@spacy.registry.callbacks("test.counts.v1")
def make():
    def call(nlp):
        with open(CALLS, "a") as file:
            file.write("called ")
        nlp.tokenizer.add_special_case("French", [{"ORTH": "Fren"}, {"ORTH": "ch"}])
        return nlp

    return call
"""


@pytest.mark.parametrize("section", ["initialize.before_init", "nlp.after_creation"])
def test_callbacks_run_once_in_a_run(tmp_path, section):
    """Their changes of the tokenizer are exported, with the same bytes as by `spacy w2v export`."""
    write_texts(tmp_path / "texts.txt", n_lines=30)
    (tmp_path / "code.py").write_text(f"CALLS = {str(tmp_path / 'calls.txt')!r}\n{COUNTING}")
    parts = "[initialize]\n\n" if section.startswith("initialize") else ""
    (tmp_path / "config.cfg").write_text(f'{CONFIG}\n{parts}[{section}]\n@callbacks = "test.counts.v1"\n')
    options = ("-c", "code.py", "--cache-dir", "cache")
    assert w2v_here("train", "config.cfg", "-o", "out", *options, cwd=tmp_path).code == 0
    assert (tmp_path / "calls.txt").read_text().split() == ["called"]
    nlp = spacy.load(tmp_path / "out/spacy")
    assert [(token.text, token.has_vector) for token in nlp("French")] == [("Fren", True), ("ch", True)]
    assert w2v_here("export", "out", "exported", "-c", "code.py", cwd=tmp_path).code == 0
    assert files_below(tmp_path / "out/spacy") == files_below(tmp_path / "exported")
    refused = w2v_here("export", "out", "again", cwd=tmp_path)
    assert refused.code == 1
    assert f"[{section}] names another function" in refused.said
