"""Models, checkpoints and components of the version before: they load, train on, are reported and exported."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import spacy

import spacy_w2v
from spacy_w2v._atomic.manifests import describe_files, parse_manifest, write_manifest
from spacy_w2v.config._keywords import settings_from_keywords
from spacy_w2v.corpus import _store as store
from spacy_w2v.corpus._fingerprint import corpus_fingerprint
from spacy_w2v.sources._iterables import as_source

DATA = Path(__file__).parent / "data/before_the_house"
TEXTS = (Path(__file__).parent / "data/before_checksums/texts.txt").read_text().splitlines()
MODELS = ("negative-sampling", "hierarchical-softmax", "warm-start", "checkpoint")
SETTINGS = {"tokenizer": "whitespace", "vector_size": 4, "min_count": 1, "epochs": 2, "sample": 0, "workers": 1}


@pytest.mark.parametrize("name", MODELS)
def test_models_load_and_are_saved_again(name, tmp_path):
    model = spacy_w2v.load(DATA / name)
    np.testing.assert_array_equal(model.input_vectors, np.load(DATA / name / "input_vectors.npy"))
    np.testing.assert_array_equal(model.output_vectors, np.load(DATA / name / "output_vectors.npy"))
    model.save(tmp_path / "model")
    again = spacy_w2v.load(tmp_path / "model")
    assert again.meta == model.meta
    assert again.words == model.words
    assert (tmp_path / "model/input_vectors.npy").read_bytes() == (DATA / name / "input_vectors.npy").read_bytes()


@pytest.mark.parametrize("name", MODELS)
def test_models_are_exported(name, tmp_path):
    model = spacy_w2v.load(DATA / name)
    nlp = model.to_spacy()
    assert nlp.meta["w2v"]["model"]["vector_size"] == 4
    np.testing.assert_array_equal(nlp.vocab["king"].vector, model["king"])
    np.testing.assert_array_equal(model.to_keyed_vectors()["king"], model["king"])
    assert model.to_gensim().wv.index_to_key == model.words


def test_trees_give_the_same_scores():
    model = spacy_w2v.load(DATA / "hierarchical-softmax")
    assert model.score([["the", "king", "ruled"]])[0] < 0


def test_checkpoints_go_on(tmp_path, monkeypatch):
    monkeypatch.setattr(store, "CHUNK_TOKENS", 100)
    nlp = spacy.blank("en")
    checkpoint = tmp_path / "run.checkpoint"
    shutil.copytree(DATA / "checkpoint", checkpoint)
    values = json.loads((checkpoint / "progress.json").read_text())
    tokens = {"tokenizer": "whitespace"}
    settings = settings_from_keywords(tokens).tokens
    now = corpus_fingerprint(as_source(TEXTS), nlp, settings, max_vocab_size=10_000_000)
    values["corpus"]["fingerprint"]["tokenizer"] = now.tokenizer  # of the spaCy that is installed here
    (checkpoint / "progress.json").write_text(json.dumps(values))
    meta = parse_manifest((checkpoint / "meta.json").read_bytes(), name="meta.json", checked=True)
    write_manifest(checkpoint / "meta.json", meta | {"files": describe_files(checkpoint, list(meta["files"]))})
    model = spacy_w2v.train(
        TEXTS, nlp, **SETTINGS, checkpoint_every_s=0, checkpoint=checkpoint, resume=True, cache_dir=tmp_path / "cache"
    )
    expected = spacy_w2v.load(DATA / "negative-sampling")
    assert model.meta["results"][0] == expected.meta["results"][0] | {
        name: model.meta["results"][0][name] for name in ("seconds", "words_per_s")
    }
    np.testing.assert_allclose(model.input_vectors, expected.input_vectors, atol=1e-4)  # on another processor too
    assert model.meta["run"] == spacy_w2v.load(DATA / "checkpoint").meta["run"]
    assert not checkpoint.exists()


def test_components_are_read():
    from_disk, from_bytes = (
        spacy.blank("xx").add_pipe("w2v", config={"update": True, "n_common": 1}) for _ in range(2)
    )
    from_disk.from_disk(DATA / "component")
    from_bytes.from_bytes((DATA / "component.msgpack").read_bytes())
    assert from_disk.to_bytes() == from_bytes.to_bytes()
    assert from_disk.record.vector_kind == "input"  # which the file calls vectors
    expected = np.load(DATA / "component/output_vectors.npy")
    np.testing.assert_array_equal(from_disk._state().outputs.vectors, expected)


def test_warm_starts_go_on():
    start = spacy_w2v.load(DATA / "warm-start")
    model = spacy_w2v.train(TEXTS, initial=start, keep_words=True, **SETTINGS)
    assert model.meta["initial"]["n_found"] == len(start)
