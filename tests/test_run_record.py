"""The record of a run: entries of newer versions are kept, and records of older versions are migrated."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import spacy
from helpers_cli import w2v_here
from helpers_model import make_model

import spacy_w2v
from spacy_w2v._atomic import describe_files, read_manifest, write_manifest
from spacy_w2v.config._schema import TokensSettings
from spacy_w2v.corpus import _store as store
from spacy_w2v.corpus._fingerprint import corpus_fingerprint
from spacy_w2v.errors import StorageError
from spacy_w2v.model._run_record import SCHEMA_VERSION, RunRecord, parse_record
from spacy_w2v.sources._iterables import as_source
from spacy_w2v.training._checkpoint import read_checkpoint

DATA = Path(__file__).parent / "data"
TEXTS = (DATA / "before_checksums/texts.txt").read_text().splitlines()
SETTINGS = {"tokenizer": "whitespace", "vector_size": 4, "min_count": 1, "epochs": 2, "sample": 0, "workers": 1}
KEY, VALUE = "of_a_newer_version", [{"minn": 3}]
BLOCKS = ("corpus", "vocabulary", "tokens", "model", "training", "initial", "versions")
MODELS = [
    *(DATA / "before_the_house" / name for name in ("negative-sampling", "hierarchical-softmax", "warm-start")),
    *(DATA / "before_checksums" / name for name in ("model", "model-with-tree", "checkpoint")),
]


def with_news(values):
    """Add unknown entries to JSON values: at the top level, in all blocks, and in the items of lists."""
    if isinstance(values, dict):
        news = {name: value if name == "shapes" else with_news(value) for name, value in values.items()}
        return news | {KEY: VALUE}
    if isinstance(values, list) and values and isinstance(values[0], dict):
        return [with_news(value) for value in values]
    return values


def make_newer(directory, name="meta.json", *, but=("files", "format", "format_version", "schema_version")):
    """Change a manifest on disk to one of a newer version."""
    meta = read_manifest(directory / name)
    kept = {key: meta[key] for key in but if key in meta}
    write_manifest(directory / name, with_news(meta) | kept)


def has_news(meta, *, blocks=BLOCKS):
    return all(part[KEY] == VALUE for part in (meta, *(meta[block] for block in blocks), *meta["results"]))


@pytest.fixture
def newer(tmp_path):
    """The directory of a model that a newer version has written."""
    shutil.copytree(DATA / "before_the_house/warm-start", tmp_path / "newer")
    make_newer(tmp_path / "newer")
    return tmp_path / "newer"


@pytest.mark.parametrize("directory", MODELS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_older_records_are_migrated_and_keep_their_entries(directory):
    meta = json.loads((directory / "meta.json").read_text())
    own = {name: value for name, value in meta.items() if name not in ("format", "format_version", "files", "checksum")}
    assert "schema_version" not in own
    record = spacy_w2v.load(directory).record
    assert record.to_json() == {"initial": {}} | own | {"schema_version": SCHEMA_VERSION}
    assert record.corpus.n_tokens == own["corpus"]["n_tokens"]


def test_records_from_before_there_were_initial_vectors():
    meta = make_model([3, 2, 1]).meta
    del meta["schema_version"], meta["initial"]
    record = parse_record(RunRecord, meta, path="meta.json")
    assert (record.initial.vectors, record.initial.n_found, record.schema_version) == (None, 0, SCHEMA_VERSION)
    meta["schema_version"] = SCHEMA_VERSION
    with pytest.raises(StorageError, match=r"meta\.json: initial is missing"):
        parse_record(RunRecord, meta, path="meta.json")


@pytest.mark.parametrize("version", [SCHEMA_VERSION + 1, 0, -1, "1", None, True, 1.0])
def test_unknown_schema_versions(version):
    meta = make_model([3, 2, 1]).meta | {"schema_version": version}
    with pytest.raises(
        StorageError, match=rf"meta\.json must have a schema_version .* {SCHEMA_VERSION}, was: {version!r}"
    ):
        parse_record(RunRecord, meta, path="meta.json")


def test_models_keep_entries_of_a_newer_version(newer, tmp_path):
    model = spacy_w2v.load(newer)
    assert has_news(model.meta)
    assert model.meta["corpus_fingerprint"][KEY] == VALUE
    model.save(tmp_path / "again")
    assert spacy_w2v.load(tmp_path / "again").meta == model.meta
    assert model.most_similar("king", topn=1)
    model.predict_context(["king"])
    assert has_news(model.to_spacy().meta["w2v"])
    assert model.to_gensim().wv.index_to_key == model.words


def test_commands_accept_entries_of_a_newer_version(newer, tmp_path):
    for command in (
        ["most-similar", "newer", "king"],
        ["report", "newer", "report.md"],
        ["export", "newer", "pipeline"],
        ["export", "newer", "gensim.model", "--format", "gensim-model"],
        ["export", "newer", "vectors.kv", "--format", "gensim"],
        ["evaluate", "newer", "--tokenize"],
    ):
        result = w2v_here(*command, cwd=tmp_path)
        assert (result.code, result.stderr) == (0, ""), (command, result.said)
    assert KEY in (tmp_path / "report.md").read_text()
    assert has_news(spacy.load(tmp_path / "pipeline").meta["w2v"])


def test_components_keep_entries_of_a_newer_version(newer, tmp_path):
    nlp = spacy.blank("en")
    component = nlp.add_pipe("w2v", config={"update": True, "n_common": 0})
    component.initialize(list, nlp=nlp, path=newer)
    assert has_news(component.record.to_json())
    assert has_news(nlp.meta["w2v"])
    nlp.to_disk(tmp_path / "pipeline")
    make_newer(tmp_path / "pipeline/w2v")
    loaded = spacy.load(tmp_path / "pipeline")
    assert has_news(loaded.get_pipe("w2v").record.to_json())
    assert has_news(loaded.meta["w2v"])
    losses = loaded.update([spacy.training.Example.from_dict(loaded.make_doc("the king ruled"), {})])
    assert "w2v" in losses
    loaded.to_disk(tmp_path / "again")
    meta = json.loads((tmp_path / "again/w2v/meta.json").read_text())
    assert has_news(meta["vectors"])
    other = spacy.blank("en").add_pipe("w2v", config={"update": True, "n_common": 0})
    other.from_bytes(loaded.get_pipe("w2v").to_bytes())
    assert other.record == loaded.get_pipe("w2v").record


def newer_checkpoint(directory, nlp):
    """Copy a checkpoint, as if from a newer version, with the fingerprint of the installed spaCy."""
    shutil.copytree(DATA / "before_the_house/checkpoint", directory)
    values = with_news(json.loads((directory / "progress.json").read_text()))
    settings = TokensSettings(tokenizer="whitespace")
    now = corpus_fingerprint(as_source(TEXTS), nlp, settings, max_vocab_size=10_000_000)
    values["corpus"]["fingerprint"]["tokenizer"] = now.tokenizer
    (directory / "progress.json").write_text(json.dumps(values))
    make_newer(directory)
    meta = read_manifest(directory / "meta.json")
    write_manifest(directory / "meta.json", meta | {"files": describe_files(directory, list(meta["files"]))})


def test_runs_resume_from_a_checkpoint_of_a_newer_version(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(store, "CHUNK_TOKENS", 100)
    nlp = spacy.blank("en")
    newer_checkpoint(tmp_path / "run", nlp)
    earlier = read_checkpoint(tmp_path / "run")
    assert has_news(earlier.record.to_json())
    model = spacy_w2v.train(
        TEXTS, nlp, **SETTINGS, checkpoint_every_s=0, checkpoint=tmp_path / "run", resume=True, progress=True
    )
    said = capsys.readouterr().err
    assert (
        f"These settings of a newer version have no effect from now on: w2v.tokens.{KEY}, w2v.vocabulary.{KEY}" in said
    )
    expected = spacy_w2v.load(DATA / "before_the_house/negative-sampling")
    np.testing.assert_allclose(model.input_vectors, expected.input_vectors, atol=1e-4)
    assert has_news(model.meta | {"results": []}, blocks=[block for block in BLOCKS if block != "versions"])
    assert model.meta["results"][0][KEY] == VALUE
    assert KEY not in model.meta["results"][1]
    assert model.record.run == earlier.record.run


def test_meta_is_plain_json_and_notes_are_kept_in_the_record(tmp_path):
    model = make_model([3, 2, 1])
    assert json.loads(json.dumps(model.meta)) == model.meta
    model.meta["corpus"]["n_tokens"] = 0
    assert model.record.corpus.n_tokens == 6
    model.record.comment = "of a test"
    model.save(tmp_path / "model")
    loaded = spacy_w2v.load(tmp_path / "model")
    assert loaded.record.comment == loaded.meta["comment"] == "of a test"
    with pytest.raises(ValueError, match="lang"):
        model.record.lang = 3


NEW_BLOCKS = {"cooccurrence", "distributed", "evaluation", "export", "phrases"}
NEW_KEYS = {
    "model": {"x_max", "weighting_exponent", "shift", "eigenvalue_exponent", "subwords"},
    "tokens": {"keys", "pipeline"},
    "vocabulary": {"min_phrase_count", "merge_rare_keys"},
    "training": {"shared_noise"},
}
"""Blocks, and keys by block, that came later than the previous version."""


def test_files_have_the_keys_of_the_previous_version():
    before = json.loads((DATA / "before_the_house/warm-start/meta.json").read_text())
    start = spacy_w2v.load(DATA / "before_the_house/negative-sampling")
    now = spacy_w2v.train(TEXTS, initial=start, **SETTINGS).meta
    assert set(now) - {"schema_version"} - NEW_BLOCKS == set(before) - {"format", "format_version", "files", "checksum"}
    for block in BLOCKS:
        assert set(now[block]) == set(before[block]) | NEW_KEYS.get(block, set()), block
    assert set(now["results"][0]) == set(before["results"][0])
