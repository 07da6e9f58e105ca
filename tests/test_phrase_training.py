"""Training with phrases: as on texts whose phrases are tokens, in all losses; resuming, files, names and commands."""

import json
import re
import shutil
from collections import Counter

import numpy as np
import pytest
import spacy
from gensim.models import KeyedVectors, Phrases, Word2Vec
from helpers_cli import spacy_command, w2v, w2v_here
from helpers_joined import PHRASE_BLOCK, PHRASES, joined_tokens, phrase_lines, write_phrase_lines
from numpy.testing import assert_array_equal

import spacy_w2v
from spacy_w2v.cluster._local import LocalCluster
from spacy_w2v.config._loading import load_config
from spacy_w2v.config._phrases import PhraseSettings
from spacy_w2v.config._schema import parse_settings
from spacy_w2v.corpus import _store as store
from spacy_w2v.errors import ConfigError
from spacy_w2v.formats._names import names_of_phrases, names_without_spaces
from spacy_w2v.model._run_record import RunRecord, parse_record
from spacy_w2v.phrases._table import PhraseTable
from spacy_w2v.sources._iterables import as_source
from spacy_w2v.training._run import TrainingRun
from spacy_w2v.training.callbacks._callback import RunCallback

SETTINGS = {"vector_size": 12, "epochs": 2, "min_count": 2, "workers": 1}

TABLE = PhraseTable(
    PhraseSettings(connector_words=("of",), passes=2),
    [("new", "york"), ("san", "francisco"), ("bank", "of", "england"), ("new", "york", "times")],
    np.ones(4),
    np.ones(4, np.int64),
    np.array([1, 1, 1, 2], np.uint8),
)
"""PHRASES, as they are found by PHRASE_BLOCK."""

CONFIG = """
[nlp]
lang = "en"

[w2v]

[w2v.corpus]
@readers = "spacy_w2v.Dataset.v1"
data_files = "texts.txt"

[w2v.phrases]
scoring = "default"
threshold = 1.5
connector_words = "english"
passes = 2

[w2v.vocabulary]
min_count = 2

[w2v.model]
vector_size = 8

[w2v.training]
epochs = 2
workers = 1

[w2v.export]
formats = ["spacy", "gensim", "gensim-model", "word2vec-text", "word2vec-binary", "safetensors", "model2vec"]
"""


@pytest.fixture(scope="module")
def texts(tmp_path_factory):
    path = tmp_path_factory.mktemp("texts") / "texts.txt"
    write_phrase_lines(path)
    return path


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


def joined_documents(path):
    """Return the tokens of each line, in which phrases are one token."""
    sentences = [[(word, word.lower()) for word in line.split()] for line in path.read_text().splitlines()]
    return [[text for text, _ in joined_tokens(sentence, TABLE)] for sentence in sentences]


class Recorder(RunCallback):
    """Keeps messages, and ends the run after a number of tasks."""

    def __init__(self, stop_after=None):
        self.messages, self.progress, self.n_tasks, self.stop_after = [], [], 0, stop_after

    def on_message(self, text):
        self.messages.append(text)

    def on_phrases(self, progress):
        self.progress.append(progress)

    def on_task_end(self, result):
        self.n_tasks += 1
        if self.n_tasks == self.stop_after:
            raise StoppedError


class StoppedError(Exception):
    """The end of a run."""


# --- the same as on texts whose phrases are one token each


@pytest.mark.parametrize(
    "model",
    [
        {},
        {"architecture": "cbow", "loss": "hierarchical-softmax"},
        {"loss": "glove"},
        {"loss": "ppmi-svd", "epochs": 1},
        {"subwords": {"mode": "fasttext", "buckets": 500}},
    ],
    ids=["skip-gram", "cbow", "glove", "ppmi-svd", "subwords"],
)
def test_phrases_are_learned_as_tokens_are(texts, cache, model):
    settings = {**SETTINGS, **model}
    expected = spacy_w2v.train(joined_documents(texts), attr="LOWER", **settings)
    actual = spacy_w2v.train(texts, cache_dir=cache, phrases=PHRASE_BLOCK, **settings)
    assert {word for word in actual.words if " " in word} == PHRASES
    assert actual.words == expected.words
    assert_array_equal(actual.vocabulary.counts, expected.vocabulary.counts)
    assert actual.vocabulary.forms.equals(expected.vocabulary.forms)
    for name, parameter in expected.parameters.items():
        assert_array_equal(actual.parameters[name], parameter)
    assert actual.record.results[-1].loss == expected.record.results[-1].loss


def make_run(texts, cache, *, cluster=None, joined=False):
    blocks = {
        "tokens": {"n_process": 1},
        "phrases": {} if joined else PHRASE_BLOCK,
        "vocabulary": {"min_count": 2},
        "model": {"vector_size": 12},
        "training": {"epochs": 2, "workers": 1},
        "distributed": {"rounds": 4},
    }
    source = as_source(joined_documents(texts) if joined else str(texts))
    return TrainingRun(source, spacy.blank("en"), parse_settings(blocks), cache_dir=cache, cluster=cluster)


def test_replicas_train_phrases(texts, tmp_path, monkeypatch):
    monkeypatch.setattr(store, "CHUNK_TOKENS", 600)
    expected = make_run(texts, tmp_path, cluster=LocalCluster(2), joined=True).execute()
    actual = make_run(texts, tmp_path, cluster=LocalCluster(2)).execute()
    assert_array_equal(actual.input_vectors, expected.input_vectors)


def test_a_stopped_run_resumes_to_the_same_bits(texts, tmp_path, monkeypatch):
    monkeypatch.setattr(store, "CHUNK_TOKENS", 600)
    settings = {**SETTINGS, "phrases": PHRASE_BLOCK, "cache_dir": tmp_path / "cache", "checkpoint_every_s": 0}
    expected = spacy_w2v.train(texts, **settings)
    stopping, resumed = Recorder(stop_after=9), Recorder()
    with pytest.raises(StoppedError):
        spacy_w2v.train(texts, **settings, checkpoint=tmp_path / "run", callbacks=[stopping])
    for name, changed in (("threshold", {"threshold": 2.0}), ("passes", {"passes": 1})):
        other = settings | {"phrases": PHRASE_BLOCK | changed}
        with pytest.raises(ConfigError, match=rf"w2v\.phrases\.{name} was "):
            spacy_w2v.train(texts, **other, checkpoint=tmp_path / "run", resume=True)
    actual = spacy_w2v.train(texts, **settings, checkpoint=tmp_path / "run", resume=True, callbacks=[resumed])
    assert_array_equal(actual.input_vectors, expected.input_vectors)
    assert any("Using the corpus with phrases" in message for message in resumed.messages)
    assert resumed.progress == []
    assert 0 < resumed.n_tasks < 40


def test_without_phrases_nothing_changes(texts, cache):
    recorder = Recorder()
    expected = spacy_w2v.train(texts, cache_dir=cache, **SETTINGS)
    phrases = {"scoring": "default", "threshold": 1e9}
    actual = spacy_w2v.train(texts, cache_dir=cache, phrases=phrases, callbacks=[recorder], **SETTINGS)
    assert_array_equal(actual.input_vectors, expected.input_vectors)
    assert any("The corpus has no phrases by the settings of [w2v.phrases]" in text for text in recorder.messages)
    assert actual.meta["phrases"]["threshold"] == 1e9
    assert "n_phrases" not in actual.meta["phrases"]
    assert actual.meta["corpus_fingerprint"] == expected.meta["corpus_fingerprint"]


# --- records and settings


def test_a_record_says_what_was_joined(texts, cache, tmp_path):
    recorder = Recorder()
    model = spacy_w2v.train(texts, cache_dir=cache, phrases=PHRASE_BLOCK, callbacks=[recorder], **SETTINGS)
    found = model.record.phrases
    n_found = {word: int(model.vocabulary.counts[model.rank(word)]) for word in PHRASES}
    assert found.n_phrases == len(PHRASES)
    assert found.n_phrase_tokens == sum(n_found.values())
    assert found.most_frequent == sorted(PHRASES, key=lambda word: -n_found[word])
    assert found.connector_words == "english"
    assert model.record.corpus.n_tokens == sum(map(len, joined_documents(texts)))
    model.save(tmp_path / "model")
    assert spacy_w2v.load(tmp_path / "model").record == model.record
    assert parse_record(RunRecord, json.loads(json.dumps(model.meta)), path="meta.json").phrases == found
    assert model.to_spacy().meta["w2v"]["phrases"]["n_phrases"] == len(PHRASES)


def test_records_of_earlier_versions_have_no_phrases(texts, cache):
    meta = spacy_w2v.train(texts, cache_dir=cache, **SETTINGS).meta
    del meta["phrases"]
    assert parse_record(RunRecord, meta, path="meta.json").phrases.n_phrases == 0


def test_a_preset_counts_the_tokens_of_the_joined_corpus(texts, cache):
    recorder = Recorder()
    settings = {"vector_size": 8, "epochs": 1, "min_count": 2, "phrases": PHRASE_BLOCK}
    model = spacy_w2v.train(texts, cache_dir=cache, optimize="efficiency", callbacks=[recorder], **settings)
    assert any(f"on {model.record.corpus.n_tokens:,} tokens" in text for text in recorder.messages)
    assert set(model.words) > PHRASES


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"threshold": 3.0}, r'threshold must be given in its block: phrases=\{"threshold": \.\.\.\}'),
        ({"phrases": "default"}, r'phrases must be a block of settings, such as \{"scoring": \.\.\.\}, was: '),
        ({"phrases": {"scoring": "pmi"}}, "scoring must be one of 'default' or 'npmi', was: 'pmi'"),
        ({"phrases": {"scoring": "npmi", "path": "x.json"}}, 'scoring must be null with path = "x.json"'),
        ({"phrases": {"passes": True}}, "passes must be a whole number"),
        ({"phrases": {"threshold": 3.0}}, "^threshold needs phrases.scoring or phrases.path, was: 3.0"),
        ({"phrases": {"connector_words": "english"}}, "connector_words needs phrases.scoring or phrases.path"),
    ],
)
def test_invalid_settings_are_refused(settings, message):
    with pytest.raises(ConfigError, match=message):
        spacy_w2v.train(["a b c"], **settings)


def test_min_count_still_is_that_of_the_vocabulary(texts, cache):
    model = spacy_w2v.train(texts, cache_dir=cache, **SETTINGS | {"min_count": 7}, phrases=PHRASE_BLOCK)
    assert model.record.vocabulary.min_count == 7
    assert model.record.phrases.min_count == 5


# --- a table that exists already


def test_a_saved_table_is_joined(texts, cache, tmp_path):
    TABLE.write(tmp_path / "phrases.json")
    phrases = {"path": str(tmp_path / "phrases.json")}
    expected = spacy_w2v.train(texts, cache_dir=cache, phrases=PHRASE_BLOCK, **SETTINGS)
    actual = spacy_w2v.train(texts, cache_dir=cache, phrases=phrases, **SETTINGS)
    assert_array_equal(actual.input_vectors, expected.input_vectors)
    assert actual.record.phrases.path == phrases["path"]
    assert actual.meta["corpus_fingerprint"]["phrases"] == {"version": 1, "table": TABLE.digest()}


def test_phrases_of_gensim_are_joined(texts, cache, tmp_path):
    """As gensim joins the words itself."""
    sentences = [line.lower().split() for line in texts.read_text().splitlines()]
    found = Phrases(sentences, min_count=5, threshold=1.5, connector_words=frozenset(["of"])).freeze()
    found.save(str(tmp_path / "phrases.pkl"))
    model = spacy_w2v.train(texts, cache_dir=cache, phrases={"path": str(tmp_path / "phrases.pkl")}, **SETTINGS)
    expected = Counter(word.replace("_", " ") for sentence in sentences for word in found[sentence])
    assert dict(zip(model.words, model.vocabulary.counts.tolist(), strict=True)) == {
        word: count for word, count in expected.items() if count >= SETTINGS["min_count"]
    }
    assert "bank of england" in model


def test_the_component_w2v_trains_phrases(texts):
    """With phrases merged before it, documents have the vectors of phrases."""
    nlp = spacy.blank("en")
    nlp.add_pipe("phrases", config={"merge": True})
    component = nlp.add_pipe("w2v", config={"pooling": "mean"})
    blocks = {"model": {"vector_size": 8}, "training": {"epochs": 1, "workers": 1}, "phrases": PHRASE_BLOCK}
    component.initialize(list, nlp=nlp, corpus=spacy_w2v.dataset(data_files=str(texts)), progress=False, **blocks)
    doc = nlp("New York")
    assert len(doc) == 1
    assert_array_equal(doc.vector, nlp.vocab["new york"].vector)
    assert component.record.phrases.n_phrases == len(PHRASES)


# --- names in other programs


@pytest.mark.parametrize(
    ("words", "delimiter", "expected"),
    [
        (["new york", "new", "new_york"], "_", ["new__york", "new", "new_york"]),
        (["new york", "new york_city", "new_york city"], "_", ["new_york", "new_york_city", "new__york"]),
        (["new york times", "\n", " x"], "_", ["new_york_times", "\n", " x"]),
        (["new york", "a b c"], "##", ["new##york", "a##b##c"]),
        (["new york"], None, ["new york"]),
    ],
)
def test_names_of_phrases_are_those_of_no_other_word(words, delimiter, expected):
    actual = names_of_phrases(words, delimiter)
    if "new_york city" in words:
        expected = ["new_york", "new_york_city", "new_york__city"]
    assert actual == expected
    assert len(set(actual)) == len(words)


def test_word2vec_has_the_delimiter_too():
    assert names_without_spaces(["new york", "x\ty"], "underscore", delimiter="#") == ["new#york", "x#y"]
    assert names_without_spaces(["new york"], "underscore", delimiter=" ") == ["new_york"]
    with pytest.raises(ConfigError, match="must not have white space in the word2vec formats"):
        names_without_spaces(["new york"], "refuse", delimiter="#")


# --- by the command line


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A run by the command line: its directory, and what it said. One word is the name of a phrase in gensim."""
    directory = tmp_path_factory.mktemp("trained")
    lines = [*phrase_lines(), *["a new_york name"] * 3]
    (directory / "texts.txt").write_text("\n".join(lines) + "\n")
    (directory / "config.cfg").write_text(CONFIG)
    return directory, w2v("train", "config.cfg", "--output", "out", "--cache-dir", "cache", cwd=directory)


def test_a_run_says_what_it_joins(trained):
    directory, result = trained
    assert "Joined 4 phrases, which are " in result.said
    assert "In the word2vec formats, a space ends a word. White space in 4 of " in result.said
    event = json.loads((directory / "out/training.jsonl").read_text().splitlines()[0])
    assert event["phrases"]["n_phrases"] == 4
    again = w2v_here(
        *("train", "config.cfg", "--output", "again", "--cache-dir", "cache", "--w2v.training.epochs", 1), cwd=directory
    )
    assert "Using the corpus with phrases" in again.said
    assert re.search(r"Phrases 4 \(\d+\.\d% of the tokens\)", again.said)
    assert "Counting pairs" not in again.said


def test_all_files_have_the_phrases(trained):
    """In spaCy with a space, and in gensim and word2vec with an underscore, or two where one is a word already."""
    out = trained[0] / "out"
    model = spacy_w2v.load(out)
    vector = model["new york"]
    nlp = spacy.load(out)
    for text in ("new york", "New York", "NEW YORK", "New york"):
        assert_array_equal(nlp.vocab[text].vector, vector)
    assert nlp.vocab.has_vector("bank of England")
    keyed = KeyedVectors.load(str(out / "gensim/vectors.kv"))
    assert_array_equal(keyed["new__york"], vector)
    assert_array_equal(keyed["new_york"], model["new_york"])
    assert_array_equal(keyed["bank_of_england"], model["bank of england"])
    assert keyed.get_vecattr("san_francisco", "count") == model.vocabulary.counts[model.rank("san francisco")]
    assert_array_equal(Word2Vec.load(str(out / "gensim/word2vec.model")).wv["new__york"], vector)
    for name, binary in (("vectors.txt", False), ("vectors.bin", True)):
        read = KeyedVectors.load_word2vec_format(str(out / "word2vec" / name), binary=binary)
        assert read.index_to_key == keyed.index_to_key
        np.testing.assert_allclose(read["san_francisco"], model["san francisco"], rtol=1e-5, atol=1e-6)
    assert "new york" in json.loads((out / "safetensors/vocab.json").read_text())


def test_a_static_model_finds_phrases_in_texts(trained):
    tokenizers = pytest.importorskip("tokenizers")
    tokenizer = tokenizers.Tokenizer.from_file(str(trained[0] / "out/model2vec/tokenizer.json"))
    assert tokenizer.encode("new San Francisco name").tokens == ["new", "san francisco", "name"]


@pytest.mark.parametrize("place", ["out", "out/spacy", "out/gensim/vectors.kv", "out/word2vec/vectors.txt"])
def test_opened_again_phrases_are_found_by_their_text(trained, place):
    directory = trained[0]
    vectors = spacy_w2v.open_vectors(directory / place)
    names = ["San Francisco", "san francisco", "Bank of England"]
    assert (vectors.rows_of(names) >= 0).all()
    assert vectors.rows_of(names[:1]) == vectors.rows_of(names[1:2])
    model = spacy_w2v.load(directory / "out")
    np.testing.assert_allclose(vectors.vectors_at(vectors.rows_of(names))[2], model["bank of england"], rtol=1e-5)
    (directory / "pairs.txt").write_text(
        "San Francisco\tBank of England\t3.0\nnew york times\tnew\t1.0\nnew\tname\t2.0\n"
    )
    scores = spacy_w2v.evaluate(vectors, word_pairs=str(directory / "pairs.txt"), analogies=[])
    (score,) = scores.word_pairs.values()
    assert score.n_used == 3


@pytest.mark.parametrize("place", ["out", "out/gensim/vectors.kv"])
def test_neighbors_of_phrases(trained, place):
    result = w2v("neighbors", place, "San Francisco", "Bank of England - name", "-n", 2, "--json", cwd=trained[0])
    first, second = map(json.loads, result.stdout.splitlines())
    assert first["positive"] == ["San Francisco"]
    assert len(first["results"][0]["neighbors"]) == 2
    assert second["negative"] == ["name"]
    assert len(second["results"][0]["neighbors"]) == 2
    unknown = w2v("neighbors", place, "New Amsterdam", code=1, cwd=trained[0])
    assert "was: 'New Amsterdam'" in unknown.said


def test_the_exported_pipeline_finds_phrases(trained):
    nlp = spacy.load(trained[0] / "out")
    nlp.add_pipe("phrases")
    doc = nlp("The bank of ENGLAND and New York Times")
    assert [span.label_ for span in doc.spans["phrases"]] == ["bank of england", "new york times"]
    assert_array_equal(doc[1:4].vector, spacy_w2v.load(trained[0] / "out")["bank of england"])


def test_a_package_finds_phrases(trained, tmp_path):
    nlp = spacy.load(trained[0] / "out/spacy")
    nlp.add_pipe("phrases")
    nlp.to_disk(tmp_path / "pipeline")
    (tmp_path / "packages").mkdir()
    options = ["--build", "none", "--name", "phrasal", "--version", "1.0.0"]
    result = spacy_command("package", "pipeline", "packages", *options, cwd=tmp_path)
    assert result.code == 0, result.said
    loaded = spacy.load(tmp_path / "packages/en_phrasal-1.0.0/en_phrasal/en_phrasal-1.0.0")
    doc = loaded("in san FRANCISCO")
    assert [span.label_ for span in doc.spans["phrases"]] == ["san francisco"]


def test_encode_joins_phrases_for_train(trained, tmp_path):
    for name in ("texts.txt", "config.cfg"):
        shutil.copy(trained[0] / name, tmp_path)
    result = w2v_here("encode", "config.cfg", "--cache-dir", "cache", cwd=tmp_path)
    assert "Joined 4 phrases" in result.said
    assert "Phrases 4 (" in result.said
    assert len(list((tmp_path / "cache").glob("*/manifest.json"))) == 2
    trained_now = w2v_here("train", "config.cfg", "-o", "out", "--cache-dir", "cache", cwd=tmp_path)
    assert "Using the corpus with phrases" in trained_now.said


def test_configs_are_filled_with_the_settings(tmp_path):
    (tmp_path / "config.cfg").write_text(CONFIG)
    result = w2v_here("fill-config", "config.cfg", "filled.cfg", cwd=tmp_path)
    assert result.code == 0, result.said
    block = load_config(tmp_path / "filled.cfg")["w2v"]["phrases"]
    assert block["threshold"] == 1.5
    assert block["min_count"] == 5
    assert block["connector_words"] == "english"
    result = w2v_here("init-config", "new.cfg", "--lang", "en", cwd=tmp_path)
    assert result.code == 0, result.said
    assert "[w2v.phrases]" not in (tmp_path / "new.cfg").read_text()


def test_settings_can_be_overridden(trained, tmp_path):
    for name in ("texts.txt", "config.cfg"):
        shutil.copy(trained[0] / name, tmp_path)
    options = ["--w2v.phrases.threshold", "[1.5, 1000000]", "--w2v.phrases.connector_words", '["of"]']
    options += ["--w2v.export.formats", '["spacy"]', "--w2v.training.epochs", "1"]
    result = w2v_here("train", "config.cfg", "-o", "out", "--cache-dir", "cache", *options, cwd=tmp_path)
    assert result.code == 0, result.said
    model = spacy_w2v.load(tmp_path / "out")
    assert {word for word in model.words if " " in word} == PHRASES - {"new york times"}
    assert model.record.phrases.threshold == (1.5, 1e6)
    resumed = w2v_here(
        *("train", "config.cfg", "-o", "out", "--cache-dir", "cache", *options, "--resume"), cwd=tmp_path
    )
    assert "The run is already complete" in resumed.said
