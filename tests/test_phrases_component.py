"""The component phrases: what it lists, vectors of spans, merging, serialization, and the component w2v beside it."""

import pickle
import warnings

import numpy as np
import pytest
import spacy
from helpers_model import make_model, with_record
from numpy.testing import assert_allclose, assert_array_equal
from spacy.tokens import Doc, DocBin
from spacy.vectors import Vectors

from spacy_w2v.errors import ConfigError, ConfigWarning

WORDS = [
    *("the", "i", "saw", "new", "york", "times", "bank", "of", "england", "."),
    *("new york", "new york times", "bank of england", "do n't"),
]
TEXT = "I saw new York and the Bank of England in the New York Times ."
FOUND = [("new York", "new york"), ("Bank of England", "bank of england"), ("New York Times", "new york times")]


def model_of(words=WORDS, attr="LOWER"):
    counts = range(2 * len(words), len(words), -1)
    model = make_model(list(counts), words=list(words), vector_size=8)
    phrases = {"scoring": "default", "n_phrases": sum(" " in word for word in words)}
    return with_record(model, tokens={"attr": attr}, phrases=phrases)


@pytest.fixture(scope="module")
def model():
    return model_of()


@pytest.fixture
def nlp(model):
    return model.to_spacy(spacy.blank("en"))


def listed(doc, key="phrases"):
    return [(span.text, span.label_) for span in doc.spans[key]]


def test_phrases_are_listed_the_longest_first(model, nlp):
    nlp.add_pipe("phrases")
    doc = nlp(TEXT)
    assert listed(doc) == FOUND
    assert len(doc) == len(nlp.make_doc(TEXT))
    for span in doc.spans["phrases"]:
        assert_array_equal(span.vector, model[span.label_])
        assert span.has_vector
        assert span.vector_norm == pytest.approx(np.linalg.norm(model[span.label_]))


def test_every_span_that_is_a_phrase_has_its_vector(model, nlp):
    """Also within a longer phrase. All other spans have the mean of their tokens, as without the component."""
    plain = nlp(TEXT)
    nlp.add_pipe("phrases")
    doc = nlp(TEXT)
    n_phrases = 0
    for start in range(len(doc)):
        for end in range(start + 1, len(doc) + 1):
            span, text = doc[start:end], doc[start:end].text.lower()
            if text in model and " " in text:
                assert_array_equal(span.vector, model[text])
                n_phrases += 1
            else:
                assert_array_equal(span.vector, plain[start:end].vector)
                assert span.has_vector == plain[start:end].has_vector
    assert n_phrases == 4
    assert_array_equal(doc.vector, plain.vector)
    assert_array_equal(doc[0:0].vector, np.zeros(8, np.float32))


def test_similarity_of_phrases(model, nlp):
    nlp.add_pipe("phrases")
    doc = nlp(TEXT)
    york, bank, _ = doc.spans["phrases"]
    left, right = model["new york"], model["bank of england"]
    cosine = left @ right / np.linalg.norm(left) / np.linalg.norm(right)
    assert york.similarity(bank) == pytest.approx(float(cosine), abs=1e-6)
    assert york.similarity(nlp.vocab["New York"]) == pytest.approx(1.0)
    assert york.similarity(nlp("The New York bank")[1:3]) == pytest.approx(1.0)


def test_words_that_have_no_vectors_of_their_own():
    """A phrase has a vector even if none of its words has."""
    nlp = spacy.blank("en")
    nlp.vocab.set_vector("Kuala Lumpur", np.ones(3, np.float32))
    nlp.add_pipe("phrases")
    doc = nlp("In Kuala Lumpur")
    assert doc[1:3].has_vector
    assert_array_equal(doc[1:3].vector, np.ones(3))
    assert not doc[0:2].has_vector


@pytest.mark.parametrize(
    ("attr", "text", "expected"),
    [
        ("ORTH", "New York, new york", ["New York"]),
        ("LOWER", "New York, new york", ["New York", "new york"]),
        ("NORM", "I don't know", ["don't"]),
    ],
)
def test_words_are_compared_by_the_attribute_of_the_vectors(attr, text, expected):
    words = {"ORTH": ["New York", "x"], "LOWER": ["new york", "x"], "NORM": ["do not", "x"]}[attr]
    nlp = model_of(words, attr=attr).to_spacy(spacy.blank("en"))
    nlp.add_pipe("phrases")
    doc = nlp(text)
    assert [span.text for span in doc.spans["phrases"]] == expected


@pytest.mark.parametrize(("attr", "expected"), [("LOWER", ["New York", "new york"]), (None, ["New York"])])
def test_the_attribute_can_be_set_for_vectors_of_other_programs(attr, expected):
    nlp = spacy.blank("en")
    nlp.vocab.vectors = Vectors(strings=nlp.vocab.strings, data=np.eye(2, dtype="f"), keys=["New York", "x"])
    nlp.add_pipe("phrases", config={"attr": attr})
    doc = nlp("New York, new york")
    assert [span.text for span in doc.spans["phrases"]] == expected
    assert all(span.vector.tolist() == [1, 0] for span in doc.spans["phrases"])


def test_phrases_end_with_sentences(nlp):
    nlp.add_pipe("phrases")
    words = ["new", "york", "new", "york"]
    doc = Doc(nlp.vocab, words=words, sent_starts=[True, False, False, True])
    nlp.get_pipe("phrases")(doc)
    assert [(span.start, span.end) for span in doc.spans["phrases"]] == [(0, 2)]


# --- merging


def test_merged_phrases_are_tokens_with_their_vectors(model, nlp):
    nlp.add_pipe("phrases", config={"merge": True})
    shape = nlp.vocab.vectors.shape
    doc = nlp(TEXT)
    assert [token.text for token in doc] == [
        *("I", "saw", "new York", "and", "the", "Bank of England", "in", "the", "New York Times", ".")
    ]
    assert doc.text == TEXT
    assert listed(doc) == FOUND
    for span in doc.spans["phrases"]:
        assert len(span) == 1
        assert_array_equal(span[0].vector, model[span.label_])
        assert_array_equal(span.vector, model[span.label_])
    assert nlp.vocab.vectors.shape == shape
    assert nlp(TEXT).to_json() == doc.to_json()
    assert nlp.vocab.vectors.shape == shape


def test_merging_where_words_touch(nlp):
    """The text of "do n't" in a document has no space, and is a key of the phrase's row from then on."""
    nlp.add_pipe("phrases", config={"merge": True})
    shape = nlp.vocab.vectors.shape
    doc = nlp("I don't")
    assert [token.text for token in doc] == ["I", "don't"]
    assert_array_equal(doc[1].vector, nlp.vocab["do n't"].vector)
    assert nlp.vocab.vectors.shape == shape


def test_phrases_without_a_vector_are_not_merged(nlp):
    """SpaCy would add their means to the table, which would grow by a third."""
    row = nlp.vocab.vectors.find(key="new york")
    nlp.vocab.vectors.data[row] = 0
    nlp.add_pipe("phrases", config={"merge": True})
    shape = nlp.vocab.vectors.shape
    assert [token.text for token in nlp("new york and san francisco")] == ["new", "york", "and", "san", "francisco"]
    assert nlp.vocab.vectors.shape == shape


def test_a_document_is_processed_again(model, nlp):
    component = nlp.add_pipe("phrases")
    doc = component(component(nlp(TEXT)))
    assert listed(doc) == FOUND
    assert_array_equal(doc[2:4].vector, model["new york"])
    assert_allclose(doc[0:2].vector, (doc[0].vector + doc[1].vector) / 2, rtol=1e-6)


# --- with the component w2v


@pytest.mark.parametrize("order", [("w2v", "phrases"), ("phrases", "w2v")])
def test_beside_w2v_in_any_order(model, nlp, order):
    for name in order:
        nlp.add_pipe(name, config={"pooling": "mean"} if name == "w2v" else {})
    doc, alone = nlp(TEXT), model.to_spacy(spacy.blank("en"))
    alone.add_pipe("w2v", config={"pooling": "mean"})
    without = alone(TEXT)
    assert_array_equal(doc[2:4].vector, model["new york"])
    assert_array_equal(doc[0:3].vector, without[0:3].vector)
    assert_array_equal(doc.vector, without.vector)
    assert doc[0:3].has_vector
    assert doc[2:4].similarity(doc[0:3]) == pytest.approx(
        float(model["new york"] @ without[0:3].vector)
        / float(np.linalg.norm(model["new york"]) * np.linalg.norm(without[0:3].vector)),
        abs=1e-6,
    )
    nlp.get_pipe("w2v")(doc)
    assert_array_equal(doc[2:4].vector, model["new york"])


def test_w2v_pools_merged_phrases(model, nlp):
    nlp.add_pipe("phrases", config={"merge": True})
    nlp.add_pipe("w2v", config={"pooling": "mean"})
    doc = nlp("new York times bank")
    assert_allclose(doc.vector, (model["new york times"] + model["bank"]) / 2, rtol=1e-6)


# --- serialization


def test_pipelines_with_it_are_saved_and_loaded(nlp, tmp_path):
    nlp.add_pipe("phrases", config={"spans_key": "found"})
    nlp.to_disk(tmp_path / "pipeline")
    loaded = spacy.load(tmp_path / "pipeline")
    assert listed(loaded(TEXT), "found") == FOUND
    again = spacy.blank("en")
    again.add_pipe("phrases", config={"spans_key": "found"})
    assert listed(again.from_bytes(nlp.to_bytes())(TEXT), "found") == FOUND


def test_two_pipelines_in_one_process(nlp):
    other = model_of(["saw new", "x"]).to_spacy(spacy.blank("en"))
    nlp.add_pipe("phrases")
    other.add_pipe("phrases")
    assert [len(one(TEXT).spans["phrases"]) for one in (nlp, other, nlp, other)] == [3, 1, 3, 1]
    other.vocab.vectors = nlp.vocab.vectors
    assert len(other(TEXT).spans["phrases"]) == 3


@pytest.mark.filterwarnings("ignore:.*W109")  # hooks do not travel between processes, and spaCy says so
@pytest.mark.parametrize("merge", [False, True])
def test_several_processes(model, nlp, merge):
    component = nlp.add_pipe("phrases", config={"merge": merge})
    docs = list(nlp.pipe([TEXT] * 4, n_process=2, batch_size=2))
    assert [listed(doc) for doc in docs] == [FOUND] * 4
    for span in docs[3].spans["phrases"]:
        assert_array_equal(nlp.vocab[span.label_].vector, model[span.label_])
    if not merge:
        component(docs[3])
        assert_array_equal(docs[3][2:4].vector, model["new york"])


def test_documents_are_pickled_and_stored(model, nlp):
    nlp.add_pipe("phrases")
    doc = nlp(TEXT)
    copied = pickle.loads(pickle.dumps(doc))
    assert_array_equal(copied[2:4].vector, model["new york"])
    assert len(pickle.dumps(doc.user_span_hooks)) < 1000
    (stored,) = DocBin(docs=[doc]).get_docs(nlp.vocab)
    assert listed(stored) == FOUND


def test_the_component_is_pickled_without_its_pipeline(nlp):
    component = nlp.add_pipe("phrases")
    content = pickle.dumps(component)
    assert len(content) < 1000
    assert listed(pickle.loads(content)(nlp.make_doc(TEXT))) == FOUND


def test_what_is_wrong_is_said(nlp):
    plain = model_of(["new", "york"]).to_spacy(spacy.blank("en"))
    plain.add_pipe("phrases")
    with pytest.warns(ConfigWarning, match="finds nothing, because the vectors of the pipeline have no phrases"):
        assert listed(plain(TEXT)) == []
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert listed(plain(TEXT)) == []
    floret = spacy.blank("en")
    floret.vocab.vectors = Vectors(
        strings=floret.vocab.strings, mode="floret", data=np.ones((8, 2), np.float32), minn=4, maxn=5, hash_count=2
    )
    floret.add_pipe("phrases")
    with pytest.warns(ConfigWarning, match="a table in the mode floret has no list of phrases"):
        assert listed(floret(TEXT)) == []
    with pytest.raises(ConfigError, match="spans_key must be a name"):
        nlp.add_pipe("phrases", config={"spans_key": ""})
