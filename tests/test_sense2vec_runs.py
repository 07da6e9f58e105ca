"""From raw texts to a directory of sense2vec: its component finds the vectors of the keys that it makes itself."""

from collections import Counter

import numpy as np
import pytest
import sense2vec
import spacy
from helpers_cli import w2v_here
from helpers_keys import rule_pipeline
from spacy.tokens.underscore import Underscore

import spacy_w2v
from spacy_w2v.config._schema import ExportSettings, parse_settings
from spacy_w2v.errors import ConfigError
from spacy_w2v.formats._exporting import export

TEXTS = [
    "The ducks swam in London. The old ducks duck in New York.",
    "A duck swim in the old park. London in New York.",
    "Ducks swam in the park in New York.",
] * 4
KEYS = {"@misc": "spacy_w2v.SenseKeys.v1", "phrases": ["ents"]}


@pytest.fixture
def pipeline():
    return rule_pipeline()


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("SPACY_W2V_CACHE", str(tmp_path / "cache"))


@pytest.fixture(autouse=True)
def own_extensions(monkeypatch):
    """sense2vec's component can be used once in a process: it sets its extensions again and fails."""
    for name in ("doc_extensions", "span_extensions", "token_extensions"):
        monkeypatch.setattr(Underscore, name, dict(getattr(Underscore, name)))


def trained(pipeline, **settings):
    return spacy_w2v.train(TEXTS, pipeline, min_count=1, vector_size=8, epochs=1, workers=1, **settings)


@pytest.mark.parametrize("lemma", [False, True])
def test_sense2vecs_component_knows_all_keys_of_the_texts(pipeline, cache, tmp_path, lemma):
    """With its own functions, after the same components. With lemmas, the directory tells it to look these up."""
    model = trained(pipeline, keys={**KEYS, "lemma": lemma})
    export("sense2vec", model.word_vectors(), tmp_path / "s2v", settings=ExportSettings(formats=["sense2vec"]))
    pipeline.add_pipe("sense2vec", config={"merge_phrases": True}).from_disk(tmp_path / "s2v")
    found = Counter()
    for doc in pipeline.pipe(TEXTS):
        for token in doc:
            np.testing.assert_array_equal(token._.s2v_vec, model[token._.s2v_key])
            found[token._.s2v_key] += 1
    table = sense2vec.Sense2Vec().from_disk(tmp_path / "s2v")
    assert dict(table.frequencies) == dict(found)
    assert ("ducks|NOUN" in table) != lemma


def test_the_command_train_writes_a_directory(pipeline, tmp_path, cache):
    pipeline.to_disk(tmp_path / "rules")
    (tmp_path / "texts.txt").write_text("\n".join(TEXTS), encoding="utf-8")
    (tmp_path / "config.cfg").write_text(
        """
[nlp]
lang = "en"

[w2v]

[w2v.corpus]
@readers = "spacy_w2v.Dataset.v1"
path = "text"
data_files = "texts.txt"

[w2v.tokens]
pipeline = "rules"
n_process = 1

[w2v.tokens.keys]
@misc = "spacy_w2v.SenseKeys.v1"
phrases = ["ents"]

[w2v.vocabulary]
min_count = 2

[w2v.model]
vector_size = 8

[w2v.export]
formats = ["sense2vec", "spacy"]
sense2vec_neighbors = 3
""",
        encoding="utf-8",
    )
    run = w2v_here("train", "config.cfg", "--output", "vectors", cwd=tmp_path)
    assert run.code == 0, run.said
    table = sense2vec.Sense2Vec().from_disk(tmp_path / "vectors/sense2vec")
    assert table.get_best_sense("new york") == "New_York|GPE"
    assert table.cache["indices"].shape == (len(table), 3)
    nlp = spacy.load(tmp_path / "vectors")
    np.testing.assert_array_equal(nlp.vocab.get_vector("DUCKS"), table["ducks|NOUN"])


@pytest.mark.parametrize("tokens", [{"attr": "LEMMA"}, {"keys": "spacy_w2v.LemmaKeys.v1"}], ids=str)
def test_lemmas_without_senses_are_refused_before_texts_are_read(tokens):
    with pytest.raises(ConfigError, match=r"needs keys with a sense, .* was: \"spacy_w2v.LemmaKeys.v1\""):
        parse_settings({"tokens": tokens, "export": {"formats": ["sense2vec"]}})
