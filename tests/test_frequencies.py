"""The counts of words go with their vectors wherever these go, so that SIF weighting works there."""

import pickle

import numpy as np
import pytest
import spacy
from helpers_cli import needs_links
from spacy.lookups import Lookups
from spacy.training import Example
from spacy.vectors import Vectors

import spacy_w2v
from spacy_w2v.errors import ConfigError, StorageError
from spacy_w2v.formats.spacy._frequencies import find_frequencies
from spacy_w2v.formats.spacy._stored_counts import TABLE_NAME

WORDS = [f"word{letter}" for letter in "abcdefghijklmnop"]


def make_texts(n=150):
    """Texts in which each word is rarer than the one before."""
    weights = 1 / np.arange(1, len(WORDS) + 1)
    chooser = np.random.default_rng(0)
    return [" ".join(chooser.choice(WORDS, 9, p=weights / weights.sum())).capitalize() + " ." for _ in range(n)]


@pytest.fixture(scope="module")
def model():
    return spacy_w2v.train(make_texts(), vector_size=8, epochs=1, min_count=1, workers=1, seed=1)


@pytest.fixture(scope="module")
def exported(model, tmp_path_factory):
    path = tmp_path_factory.mktemp("exported")
    model.save(path / "model")
    model.to_spacy().to_disk(path / "spacy")
    return path


def examples_of(nlp):
    return [Example(nlp.make_doc(text), nlp.make_doc(text)) for text in make_texts(40)]


def initialized(nlp, **config):
    """A pipeline whose component finds all in the pipeline."""
    nlp.add_pipe("w2v", config=config)
    nlp.initialize(lambda: examples_of(nlp))
    return nlp


def counts_of(model, nlp):
    """The count of the word of each row of a pipeline's table, by the names of rows."""
    table = nlp.vocab.vectors
    names = {row: nlp.vocab.strings[key] for key, row in table.key2row.items()}
    return [int(model.vocabulary.counts[model.rank(names[row])]) for row in range(len(table.data))]


def assert_knows_frequencies(model, nlp):
    fitted = nlp.get_pipe("w2v").doc_vectors.fitted
    assert fitted.meta.n_tokens == model.meta["corpus"]["n_tokens"]
    assert fitted.counts.tolist() == counts_of(model, nlp)
    assert fitted.counts.min() > 0


# Ways by which vectors come into a pipeline


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"dtype": "float16"},
        {"vector_kind": "mean"},
        {"max_vectors": 5},
        {"max_vectors": 5, "merge_rare": True},
    ],
    ids=str,
)
@pytest.mark.parametrize("way", ["in memory", "spacy.load", "initialize.vectors"])
def test_the_component_finds_the_counts(model, way, settings, tmp_path):
    source = model.to_spacy(**settings)
    source.to_disk(tmp_path / "spacy")
    if way == "in memory":
        nlp = source
    elif way == "spacy.load":
        nlp = spacy.load(tmp_path / "spacy")
    else:
        nlp = spacy.blank("en")
        nlp.config["initialize"]["vectors"] = str(tmp_path / "spacy")
    assert_knows_frequencies(model, initialized(nlp))


def test_vectors_of_texts_are_those_of_a_component_that_was_given_the_model(exported):
    by_path = spacy.blank("en")
    by_path.add_pipe("w2v").initialize(lambda: examples_of(by_path), nlp=by_path, path=exported / "model")
    by_table = spacy.blank("en")
    by_table.config["initialize"]["vectors"] = str(exported / "spacy")
    initialized(by_table)
    text = "worda wordb wordp and wordc"
    np.testing.assert_array_equal(by_table(text).vector, by_path(text).vector)


@pytest.mark.parametrize("merge_rare", [False, True])
@pytest.mark.parametrize("prune", ["ours", "ours with texts", "spaCy's"])
def test_counts_stay_with_a_table_that_is_made_smaller(model, prune, merge_rare, tmp_path):
    nlp = model.to_spacy()
    if prune == "spaCy's":
        for lexeme in list(WORDS):
            assert nlp.vocab[lexeme].has_vector
        nlp.vocab.prune_vectors(6)
    else:
        spacy_w2v.prune_vectors(nlp, 6, merge_rare=merge_rare, texts=make_texts() if "texts" in prune else None)
    nlp.to_disk(tmp_path / "pruned")
    nlp = initialized(spacy.load(tmp_path / "pruned"))
    fitted = nlp.get_pipe("w2v").doc_vectors.fitted
    strings, rows = nlp.vocab.strings, nlp.vocab.vectors.key2row
    expected = [0] * len(nlp.vocab.vectors.data)
    for word in model.words:
        if (row := rows.get(strings[word])) is not None:
            expected[row] = max(expected[row], int(model.vocabulary.counts[model.rank(word)]))
    assert fitted.counts.tolist() == expected
    assert fitted.counts.min() > 0 or prune == "spaCy's"  # which gives a row of its own to "Worda", a form only


def test_a_callback_tells_the_component_of_the_counts(model, exported):
    nlp = spacy.blank("en")
    nlp.config["initialize"]["before_init"] = {
        "@callbacks": "spacy_w2v.load_vectors.v1",
        "path": str(exported / "model"),
        "max_vectors": 7,
    }
    assert_knows_frequencies(model, initialized(nlp))


def test_vectors_of_a_package(model, exported, tmp_path, monkeypatch):
    """As `spacy package` makes it, as far as spaCy looks."""
    nlp = spacy.load(exported / "spacy")
    nlp.meta.update(name="made_for_a_test", version="0.0.1")
    package = tmp_path / "en_made_for_a_test"
    package.mkdir()
    nlp.to_disk(package / "en_made_for_a_test-0.0.1")
    (package / "meta.json").write_bytes((package / "en_made_for_a_test-0.0.1/meta.json").read_bytes())
    (package / "__init__.py").write_text(
        "from spacy.util import load_model_from_init_py\n"
        "def load(**overrides): return load_model_from_init_py(__file__, **overrides)\n"
    )
    metadata = tmp_path / "en_made_for_a_test-0.0.1.dist-info/METADATA"
    metadata.parent.mkdir()
    metadata.write_text("Metadata-Version: 2.1\nName: en_made_for_a_test\nVersion: 0.0.1\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    nlp = spacy.blank("en")
    nlp.config["initialize"]["vectors"] = "en_made_for_a_test"
    assert_knows_frequencies(model, initialized(nlp))


@needs_links
def test_a_pipeline_that_was_trained_needs_the_export_no_more(model, exported, tmp_path):
    (tmp_path / "spacy").symlink_to(exported / "spacy")
    nlp = spacy.blank("en")
    nlp.config["initialize"]["vectors"] = str(tmp_path / "spacy")
    initialized(nlp).to_disk(tmp_path / "trained")
    (tmp_path / "spacy").unlink()
    assert_knows_frequencies(model, spacy.load(tmp_path / "trained"))


def test_counts_survive_as_bytes_and_rows_that_are_added(model):
    nlp = spacy.blank("en").from_bytes(model.to_spacy().to_bytes())
    assert find_frequencies(pickle.loads(pickle.dumps(nlp.vocab))).n_tokens == model.meta["corpus"]["n_tokens"]
    nlp.vocab.set_vector("newcomer", np.ones(8, np.float32))
    fitted = initialized(nlp).get_pipe("w2v").doc_vectors.fitted
    n_words = len(model)
    assert fitted.counts[:n_words].tolist() == model.vocabulary.counts.tolist()
    assert fitted.counts[n_words:].max(initial=0) == 0


# Tables of other origin


def test_counts_are_for_their_own_table(model):
    nlp = model.to_spacy()
    words = list(model.words)
    nlp.vocab.vectors = Vectors(data=np.ones((len(words), 8), "f4"), keys=[nlp.vocab.strings.add(w) for w in words])
    with pytest.raises(ConfigError, match=r"these vectors have none: they were not exported by spacy-w2v, or by an"):
        initialized(nlp)
    assert initialized(nlp_with(nlp.vocab.vectors, words), frequencies="zipf").get_pipe("w2v").doc_vectors.fitted


def nlp_with(table, words):
    nlp = spacy.blank("en")
    for word in words:
        nlp.vocab.strings.add(word)
    nlp.vocab.vectors = table
    return nlp


@pytest.mark.parametrize(
    "change",
    [
        lambda entries: entries.pop("counts") and None,
        lambda entries: entries.update(keys=entries["keys"][:-1]),
        lambda entries: entries.update(counts=entries["counts"][:-8]),
        lambda entries: entries.update(counts=b"\xff" * len(entries["counts"])),
        lambda entries: entries.update(checksums=3),
        lambda entries: entries.update(n_tokens=0),
    ],
)
def test_entries_that_are_damaged_count_as_none(model, change):
    nlp = model.to_spacy()
    entries = {name: nlp.vocab.lookups.get_table(TABLE_NAME)[name] for name in ("keys", "counts", "checksums")}
    entries["n_tokens"] = 5
    change(entries)
    nlp.vocab.lookups.remove_table(TABLE_NAME)
    nlp.vocab.lookups.add_table(TABLE_NAME, entries)
    assert find_frequencies(nlp.vocab) is None


def test_lookups_that_are_damaged_are_named(model, exported, tmp_path):
    (tmp_path / "vocab").mkdir()
    (tmp_path / "vocab/lookups.bin").write_bytes(b"\xc1\xc1")
    nlp = model.to_spacy()
    nlp.vocab.lookups = Lookups()
    with pytest.raises(StorageError, match=r"vocab/lookups\.bin is damaged: .*Export the vectors again"):
        find_frequencies(nlp.vocab, vectors=tmp_path)
    assert find_frequencies(nlp.vocab, vectors=exported / "spacy").counts.tolist() == model.vocabulary.counts.tolist()
