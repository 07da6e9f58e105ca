"""Training by keys within a pipeline: initialization of w2v, the callback, further training, and spacy train."""

import pickle

import numpy as np
import pytest
import spacy
from helpers_corpus import ListSource
from numpy.testing import assert_allclose, assert_array_equal
from spacy.tokens import Doc
from spacy.training import Example
from spacy.training.initialize import init_nlp
from spacy.training.loop import train
from spacy.util import load_config_from_str
from test_component_keys import SENSES, TEXT, annotating, keys_of

import spacy_w2v
from spacy_w2v.errors import ConfigError
from spacy_w2v.formats.spacy._key_block import find_key_block
from spacy_w2v.pipeline._annotating import is_untrained
from spacy_w2v.pipeline._pooling import common_components

D = 10
TEXTS = [
    "the duck saw New York and they duck in the pond",
    "they duck near the pond",
    "the pond in New York saw the duck",
] * 20
TRAINING = {
    "tokens": {"keys": SENSES},
    "vocabulary": {"min_count": 2},
    "model": {"vector_size": D},
    "training": {"epochs": 2, "workers": 1, "sample": 0},
}


def make_pipeline(nlp=None, *, initialize=None, texts=TEXTS, **config):
    nlp = nlp or annotating()
    component = nlp.add_pipe("w2v", config={"n_common": 0, **config})
    component.initialize(list, nlp=nlp, corpus=ListSource(texts), progress=False, **(initialize or TRAINING))
    return nlp


@pytest.fixture(scope="module")
def trained():
    return make_pipeline()


def test_the_component_trains_by_keys(trained):
    keys = [trained.vocab.strings[key] for key in trained.vocab.vectors.key2row]
    assert {"duck|NOUN", "duck|VERB", "New_York|GPE", "duck", "New York"} <= set(keys)
    assert not {"York|PROPN", "York"} & set(keys)  # within the phrase
    assert find_key_block(trained.vocab) == SENSES
    doc = trained(TEXT)
    assert_array_equal(doc[7].vector, trained.vocab.vectors["duck|VERB"])
    assert [span.text for span in doc._.w2v_phrases] == ["New York"]
    assert trained.vocab["duck"].vector.any()
    assert trained.meta["w2v"]["tokens"]["keys"] == SENSES


def test_rare_phrases_are_tokens():
    nlp = make_pipeline(initialize=TRAINING | {"vocabulary": {"min_count": 2, "min_phrase_count": 1000}})
    doc = nlp(TEXT)
    assert doc._.w2v_phrases == []
    assert doc[4]._.w2v_key == "York|PROPN"
    assert not doc[4]._.w2v_oov


def test_common_components_are_those_of_annotated_texts():
    texts = [*TEXTS, *("they duck near New York",) * 12]
    nlp = make_pipeline(texts=texts, n_common=1, pooling="sif")
    fitted = nlp.get_pipe("w2v").doc_vectors.fitted
    pooled = make_pipeline(texts=texts, pooling="sif")
    assert_array_equal(pooled.vocab.vectors.data, nlp.vocab.vectors.data)
    vectors = np.stack([pooled(text).vector for text in texts])
    assert_allclose(np.abs(common_components(vectors, n=1)), np.abs(fitted.common), rtol=1e-4, atol=1e-5)


def test_a_saved_component_trains_nothing(trained, tmp_path):
    trained.to_disk(tmp_path)
    nlp = spacy.load(tmp_path)
    component, before = nlp.get_pipe("w2v"), nlp.vocab.vectors
    component.initialize(list, nlp=nlp, progress=False)
    assert nlp.vocab.vectors is before
    assert keys_of(nlp(TEXT)) == keys_of(trained(TEXT))


def test_vectors_of_initialize_bring_their_keys(trained, tmp_path):
    bare = spacy.blank("en")
    bare.vocab.from_bytes(trained.vocab.to_bytes())
    bare.to_disk(tmp_path)
    nlp = annotating()
    nlp.add_pipe("w2v", config={"n_common": 0, "pooling": "mean"})
    nlp.config["initialize"]["vectors"] = str(tmp_path)
    nlp.initialize()
    assert find_key_block(nlp.vocab) == SENSES
    assert nlp(TEXT)[7]._.w2v_key == "duck|VERB"


# Trained components


def tagged(nlp, text):
    """Return an example with the parts of speech of the rules."""
    words = nlp.make_doc(text)
    gold = annotating()(text)
    return Example(words, Doc(nlp.vocab, words=[t.text for t in gold], pos=[t.pos_ for t in gold]))


@pytest.fixture(scope="module")
def morphologizer_path(tmp_path_factory):
    """A pipeline with a morphologizer that is trained on the spot."""
    nlp = spacy.blank("en")
    nlp.add_pipe("morphologizer")
    examples = [tagged(nlp, text) for text in TEXTS[:3]]
    optimizer = nlp.initialize(lambda: examples)
    for _ in range(12):
        nlp.update(examples, sgd=optimizer)
    path = tmp_path_factory.mktemp("pipelines") / "morphologizer"
    nlp.to_disk(path)
    return path


def test_components_that_are_not_trained_annotate_nothing():
    nlp = spacy.blank("en")
    for name in ("morphologizer", "sentencizer", "places"):
        nlp.add_pipe(name)
    nlp.add_pipe("w2v", config={"n_common": 0})
    assert is_untrained(nlp.get_pipe("morphologizer"))
    nlp.config["initialize"]["components"]["w2v"] = {"corpus": TEXTS, "progress": False, **TRAINING}
    with pytest.raises(ConfigError, match=r"'morphologizer' is not\. Take it from a trained pipeline"):
        nlp.initialize(lambda: [tagged(nlp, text) for text in TEXTS[:3]])


def test_components_that_come_too_late():
    nlp = spacy.blank("en")
    component = nlp.add_pipe("w2v", config={"n_common": 0})
    for name in ("sentencizer", "word_classes", "places"):
        nlp.add_pipe(name)
    message = r"'w2v' must come after the components that keys need, but 'sentencizer' comes after it"
    with pytest.raises(ConfigError, match=message):
        component.initialize(list, nlp=nlp, corpus=TEXTS, progress=False, **TRAINING)
    nlp = spacy.blank("en")
    component = nlp.add_pipe("w2v", config={"n_common": 0})
    with pytest.raises(ConfigError, match=r"A pipeline must provide the annotation that keys need"):
        component.initialize(list, nlp=nlp, corpus=TEXTS, progress=False, **TRAINING)


def test_annotated_documents_need_no_components(trained):
    nlp = spacy.blank("en")
    component = nlp.add_pipe("w2v", config={"n_common": 0})
    docs = list(annotating().pipe(TEXTS))
    component.initialize(list, nlp=nlp, corpus=docs, progress=False, **TRAINING)
    assert_array_equal(nlp.vocab.vectors.data, trained.vocab.vectors.data)


def test_another_pipeline_is_refused():
    nlp = annotating()
    component = nlp.add_pipe("w2v", config={"n_common": 0})
    tokens = {"keys": SENSES, "pipeline": "en_core_web_sm"}
    with pytest.raises(ConfigError, match=r'pipeline in \[.*w2v\.tokens\] must be null, was: "en_core_web_sm"'):
        component.initialize(list, nlp=nlp, corpus=TEXTS, tokens=tokens, progress=False)


CONFIG = """
[nlp]
lang = "en"
pipeline = ["morphologizer", "sentencizer", "places", "w2v"]

[components]

[components.morphologizer]
source = "{path}"

[components.sentencizer]
factory = "sentencizer"

[components.places]
factory = "places"

[components.w2v]
factory = "w2v"
update = true
n_common = 0

[corpora]

[corpora.train]
@readers = "spacy_w2v.DatasetCorpus.v1"
data_files = "{texts}"

[corpora.dev]
@readers = "spacy_w2v.DatasetCorpus.v1"
data_files = "{texts}"

[training]
seed = 0
gpu_allocator = null
max_steps = 3
eval_frequency = 2
frozen_components = ["morphologizer"]
annotating_components = ["morphologizer", "sentencizer", "places"]

[initialize]

[initialize.components]

[initialize.components.w2v]
progress = false

[initialize.components.w2v.corpus]
@readers = "spacy_w2v.Dataset.v1"
data_files = "{texts}"

[initialize.components.w2v.tokens]
boundary = "line"

[initialize.components.w2v.tokens.keys]
@misc = "spacy_w2v.SenseKeys.v1"
phrases = ["ents"]

[initialize.components.w2v.vocabulary]
min_count = 2

[initialize.components.w2v.model]
vector_size = 10

[initialize.components.w2v.training]
workers = 1
"""


def test_spacy_train_with_a_frozen_tagger(morphologizer_path, tmp_path):
    texts = tmp_path / "texts.txt"
    texts.write_text("\n".join(TEXTS))
    config = load_config_from_str(CONFIG.format(path=morphologizer_path, texts=texts), interpolate=False)
    nlp = init_nlp(config)
    component = nlp.get_pipe("w2v")
    before = nlp.vocab.vectors.data.copy()
    assert nlp.vocab.has_vector("duck|VERB")
    (tmp_path / "out").mkdir()
    train(nlp, tmp_path / "out")
    assert component.continued.n_steps >= 3
    assert (nlp.vocab.vectors.data != before).any()
    other = spacy.load(tmp_path / "out/model-last")
    doc = other(TEXT)
    assert (doc[1]._.w2v_key, doc[7]._.w2v_key) == ("duck|NOUN", "duck|VERB")
    assert other.get_pipe("w2v").is_trainable


# Further training


def changed_keys(nlp, docs, n_steps=1):
    component, data = nlp.get_pipe("w2v"), nlp.vocab.vectors.data.copy()
    for _ in range(n_steps):
        component.update([Example(doc, doc) for doc in docs])
    changed = (nlp.vocab.vectors.data != data).any(axis=1)
    return {key for row, key in names_of(nlp).items() if changed[row]}


def names_of(nlp):
    return {row: nlp.vocab.strings[key] for key, row in nlp.vocab.vectors.key2row.items()}


def test_update_trains_by_keys():
    nlp = make_pipeline(update=True, alpha=0.05)
    with nlp.select_pipes(disable=["w2v"]):
        docs = [nlp("they duck in New York"), nlp("they duck near unheard-of places")]
    expected = {"they|PRON", "duck|VERB", "in|ADP", "New_York|GPE", "near|ADP"}
    assert changed_keys(nlp, docs, n_steps=10) == expected
    other = pickle.loads(pickle.dumps(nlp))
    for each in (nlp, other):
        with each.select_pipes(disable=["w2v"]):
            doc = each(TEXT)
        each.get_pipe("w2v").update([Example(doc, doc)])
    assert_array_equal(other.vocab.vectors.data, nlp.vocab.vectors.data)


def test_update_needs_annotation():
    nlp = make_pipeline(update=True)
    doc = nlp.make_doc(TEXT)
    with pytest.raises(ConfigError, match=r"SenseKeys\.v1 needs .*token\.pos, which a document of update lacks"):
        nlp.get_pipe("w2v").update([Example(doc, doc)])


# The callback


def test_the_callback_trains_by_keys(tmp_path):
    texts = tmp_path / "texts.txt"
    texts.write_text("\n".join(TEXTS))
    corpus = {"@readers": "spacy_w2v.Dataset.v1", "data_files": str(texts)}
    w2v = {name: block for name, block in TRAINING.items() if name != "training"}
    config = {
        "w2v": {"corpus": corpus, **w2v, "training": {"workers": 1}},
        "initialize": {"before_init": {"@callbacks": "spacy_w2v.train_vectors.v1", "progress": False}},
    }
    nlp = spacy.blank("en", config=config)
    for name in ("word_classes", "sentencizer", "places"):
        nlp.add_pipe(name)
    nlp.initialize()
    doc = nlp(TEXT)
    assert keys_of(doc)[7] == "duck|VERB"  # without the component w2v
    assert [span.text for span in doc._.w2v_phrases] == ["New York"]
    assert_array_equal(doc[7].vector, nlp.vocab.vectors["duck|NOUN"])  # spaCy's own look-up is by the form
    nlp.add_pipe("w2v", config={"pooling": "mean"})
    assert_array_equal(nlp(TEXT)[7].vector, nlp.vocab.vectors["duck|VERB"])


def test_a_model_as_path(tmp_path, trained):
    flat = {"keys": SENSES, "min_count": 2, "vector_size": D, "epochs": 2, "workers": 1, "sample": 0}
    model = spacy_w2v.train(TEXTS, nlp=annotating(), **flat)
    model.save(tmp_path / "model")
    nlp = annotating()
    nlp.add_pipe("w2v", config={"n_common": 0}).initialize(list, nlp=nlp, path=tmp_path / "model", progress=False)
    assert_array_equal(nlp.vocab.vectors.data, trained.vocab.vectors.data)
    assert keys_of(nlp(TEXT)) == keys_of(trained(TEXT))


# Subwords


@pytest.mark.parametrize("mode", ["floret", "fasttext"])
def test_unknown_lemmas_are_composed(mode):
    nlp = annotating()
    lemmatizer = nlp.add_pipe("lemmatizer", config={"mode": "lookup"})
    lemmatizer.lookups.add_table("lemma_lookup", {"ponds": "pond", "swans": "swan"})
    model = {"vector_size": D, "subwords": {"mode": mode, "buckets": 500}}
    make_pipeline(nlp, initialize=TRAINING | {"tokens": {"attr": "LEMMA"}, "model": model}, pooling="mean")
    doc = nlp("the ponds swans swan")
    assert keys_of(doc) == ["the", "pond", "swan", "swan"]
    assert [token.has_vector for token in doc] == [True] * 4
    assert_array_equal(doc[2].vector, doc[3].vector)  # of the subwords of the lemma
    assert_allclose(doc.vector, sum(token.vector for token in doc) / 4, rtol=1e-4, atol=1e-7)
