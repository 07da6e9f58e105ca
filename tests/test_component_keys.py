"""The component w2v with vectors of keys: duck|NOUN and duck|VERB, New_York|GPE, and lemmas."""

import copy
import gc
import pickle
import warnings
import weakref

import numpy as np
import pytest
import spacy
from helpers_keys import parsed_english
from numpy.testing import assert_allclose, assert_array_equal
from spacy.language import Language
from spacy.tokens import Doc, DocBin, Span, Token
from spacy.vectors import Vectors

from spacy_w2v.errors import ConfigError, ConfigWarning
from spacy_w2v.formats.spacy._key_block import find_key_block, store_key_block

SENSES = {"@misc": "spacy_w2v.SenseKeys.v1", "phrases": ["ents"]}
LEMMAS = {"@misc": "spacy_w2v.LemmaKeys.v1"}
KEYS = [
    "the|DET",
    "duck|NOUN",
    "duck|VERB",
    "pond|NOUN",
    "New_York|GPE",
    "York|PROPN",
    "in|ADP",
    "near|ADP",
    "swim|VERB",
]
"""In the order of frequency: the form "duck" has the row of the noun."""
FORMS = {"duck": "duck|NOUN", "ducks": "duck|NOUN", "pond": "pond|NOUN", "New York": "New_York|GPE", "the": "the|DET"}
D = 6
TEXT = "the duck saw New York and they duck in the pond"
POS = {"the": "DET", "they": "PRON", "saw": "VERB", "and": "CCONJ", "in": "ADP", "near": "ADP"}
POS |= {"New": "PROPN", "York": "PROPN"}


@Language.component("word_classes", assigns=["token.pos"])
def word_classes(doc):
    """Set the part of speech of each token: a verb after a pronoun, and otherwise by a list."""
    for token in doc:
        after_pronoun = token.i > 0 and doc[token.i - 1].pos_ == "PRON"
        token.pos_ = "VERB" if after_pronoun else "SPACE" if token.is_space else POS.get(token.text, "NOUN")
    return doc


@Language.component("places", assigns=["doc.ents"])
def places(doc):
    """Set the entities New York and Apple."""
    found = [Span(doc, i, i + 2, label="GPE") for i in range(len(doc) - 1) if doc[i : i + 2].text == "New York"]
    doc.set_ents([*found, *(Span(doc, token.i, token.i + 1, label="ORG") for token in doc if token.text == "Apple")])
    return doc


def annotating():
    """Return a pipeline that sets parts of speech and entities by rules."""
    nlp = spacy.blank("en")
    for name in ("word_classes", "sentencizer", "places"):
        nlp.add_pipe(name)
    return nlp


def set_table(nlp, keys=KEYS, forms=FORMS, block=SENSES):
    """Give a pipeline vectors of keys: a row for each, and forms of words as further keys of the rows."""
    data = np.random.default_rng(1).normal(size=(len(keys), D)).astype(np.float32)
    rows = {key: row for row, key in enumerate(keys)}
    table = Vectors(data=data, strings=nlp.vocab.strings)
    for text, row in [*((form, rows[key]) for form, key in forms.items()), *rows.items()]:
        table.key2row[nlp.vocab.strings.add(text)] = row  # the name of a row comes last
    nlp.vocab.vectors = table
    store_key_block(nlp.vocab, block)
    return {key: data[row] for key, row in rows.items()}


def make_pipeline(*, pooling="mean", **config):
    nlp = annotating()
    vectors = set_table(nlp)
    nlp.add_pipe("w2v", config={"pooling": pooling, **config})
    return nlp, vectors


@pytest.fixture(scope="module")
def made():
    return make_pipeline()


@pytest.fixture(scope="module")
def nlp(made):
    return made[0]


@pytest.fixture(scope="module")
def vectors(made):
    return made[1]


@pytest.fixture
def doc(nlp):
    return nlp(TEXT)


def keys_of(doc):
    return [token._.w2v_key for token in doc]


EXPECTED_KEYS = "the|DET duck|NOUN saw|VERB New|PROPN York|PROPN and|CCONJ they|PRON duck|VERB in|ADP the|DET pond|NOUN"


# Tokens


def test_tokens_have_the_vectors_of_their_keys(doc, vectors):
    assert keys_of(doc) == EXPECTED_KEYS.split()
    assert_array_equal(doc[1].vector, vectors["duck|NOUN"])
    assert_array_equal(doc[7].vector, vectors["duck|VERB"])
    assert [token._.w2v_oov for token in doc] == [key not in vectors for key in keys_of(doc)]
    assert [token.has_vector for token in doc] == [key in vectors for key in keys_of(doc)]
    assert_array_equal(doc[2].vector, np.zeros(D))
    assert_allclose(doc[7].vector_norm, np.linalg.norm(vectors["duck|VERB"]), rtol=1e-6)


def test_the_same_word_in_two_senses_is_not_the_same(doc, vectors):
    expected = cosine(vectors["duck|NOUN"], vectors["duck|VERB"])
    assert_allclose(doc[1].similarity(doc[7]), expected, rtol=1e-5)
    assert_allclose(doc[1:2].similarity(doc[7:8]), expected, rtol=1e-5)
    assert_allclose(doc[1].similarity(doc[1:2]), 1, rtol=1e-5)
    assert doc[1:2].similarity(doc[1:2]) == 1
    assert doc[2].similarity(doc[1]) == 0


def cosine(first, second):
    return first @ second / (np.linalg.norm(first) * np.linalg.norm(second))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The pond", ["the|DET", "pond|NOUN"]),  # another case of the key
        ("they pond", ["they|PRON", "pond|NOUN"]),  # another sense, by the form
        ("they PONDS", ["they|PRON", "PONDS|VERB"]),  # neither: the key that it would have
        ("swim", ["swim|NOUN"]),
        ("Apple duck", ["Apple|ORG", "duck|NOUN"]),  # a token that is an entity
        (" \n duck", [None, "duck|NOUN"]),
    ],
)
def test_a_key_that_the_table_lacks(nlp, text, expected):
    doc = nlp(text)
    assert keys_of(doc) == expected
    assert [token._.w2v_oov for token in doc] == [not token.has_vector and not token.is_space for token in doc]


def test_a_table_without_forms_falls_back_to_the_most_frequent_sense(vectors):
    nlp = annotating()
    vectors = set_table(nlp, forms={})
    nlp.add_pipe("w2v", config={"pooling": "mean"})
    doc = nlp("swim and Duck ponds")
    assert keys_of(doc) == ["swim|VERB", "and|CCONJ", "duck|NOUN", "ponds|NOUN"]
    assert_array_equal(doc[0].vector, vectors["swim|VERB"])
    doc = nlp("they New York")  # an entity, though the key function sees a verb first
    assert_array_equal(doc[1:3].vector, vectors["New_York|GPE"])


def test_edits_come_last():
    nlp, vectors = make_pipeline(max_edits=1)
    doc = nlp("they pondd the pond")
    assert_array_equal(doc[1].vector, vectors["pond|NOUN"])
    assert doc[1]._.w2v_key == "pond|NOUN"
    assert not doc[1]._.w2v_oov


# Spans and documents


def test_phrases_count_once(doc, vectors):
    assert [(span.text, span.label_) for span in doc._.w2v_phrases] == [("New York", "New_York|GPE")]
    assert_array_equal(doc[3:5].vector, vectors["New_York|GPE"])
    assert doc[3:5]._.w2v_key == "New_York|GPE"
    assert_array_equal(doc[4].vector, vectors["York|PROPN"])
    units = ["the|DET", "duck|NOUN", "New_York|GPE", "duck|VERB", "in|ADP", "the|DET", "pond|NOUN"]
    expected = sum(vectors[key] for key in units) / 10  # eleven tokens, of which two are one phrase
    assert_allclose(doc.vector, expected, rtol=1e-5, atol=1e-7)
    assert_allclose(doc[0:4].vector, (vectors["the|DET"] + vectors["duck|NOUN"]) / 4, rtol=1e-5)  # half a phrase
    assert_allclose(doc[2:5].vector, vectors["New_York|GPE"] / 2, rtol=1e-5)
    assert doc[2:5].has_vector
    assert not doc[5:7].has_vector
    assert_allclose(doc[3:5].vector_norm, np.linalg.norm(doc[3:5].vector), rtol=1e-6)
    assert doc[3:5].similarity(doc[3:5]) == 1


def test_a_phrase_without_a_vector_is_its_tokens():
    nlp = annotating()
    keys = [key for key in KEYS if key != "New_York|GPE"]
    vectors = set_table(nlp, keys, {form: key for form, key in FORMS.items() if key in keys})
    nlp.add_pipe("w2v", config={"pooling": "mean"})
    doc = nlp("in New York")
    assert doc._.w2v_phrases == []
    assert_allclose(doc.vector, (vectors["in|ADP"] + vectors["York|PROPN"]) / 3, rtol=1e-5)
    assert doc[1:3]._.w2v_key == "New_York|GPE"


def test_spans_that_are_no_phrases(doc):
    assert doc[1:2]._.w2v_key == "duck|NOUN"
    assert doc[7:8]._.w2v_key == "duck|VERB"
    assert doc[3:3]._.w2v_key is None
    assert not doc[3:3].has_vector


def test_weights_are_those_of_keys(tmp_path):
    nlp, vectors = make_pipeline(pooling="sif", frequencies="zipf", n_common=0)
    n_keys = len(KEYS)
    shares = 1 / np.arange(1, n_keys + 1) / np.sum(1 / np.arange(1, n_keys + 1))
    weight = {key: 1e-3 / (1e-3 + share) for key, share in zip(KEYS, shares, strict=True)}
    doc = nlp("they duck near New York")
    expected = sum(weight[key] * vectors[key] for key in ["duck|VERB", "near|ADP", "New_York|GPE"]) / 4
    assert_allclose(doc.vector, expected, rtol=1e-4)


# Neighbours and senses


def test_neighbours_are_keys(doc, vectors):
    found = doc[1]._.w2v_most_similar(3)
    expected = sorted((cosine(vectors["duck|NOUN"], vectors[key]), key) for key in KEYS if key != "duck|NOUN")[::-1]
    assert [key for key, _ in found] == [key for _, key in expected[:3]]
    assert_allclose([score for _, score in found], [score for score, _ in expected[:3]], rtol=1e-5)
    assert len(doc[1]._.w2v_most_similar()) == len(KEYS) - 1
    assert doc[3:5]._.w2v_most_similar(2) == doc[3:5]._.w2v_most_similar(n=2)
    assert doc[2]._.w2v_most_similar() == []
    assert {key for key, _ in doc[0:2]._.w2v_most_similar()} == {*KEYS} - {"the|DET", "duck|NOUN"}


def test_other_senses(doc):
    assert doc[1]._.w2v_other_senses == ["duck|VERB"]
    assert doc[7:8]._.w2v_other_senses == ["duck|NOUN"]
    assert doc[2]._.w2v_other_senses == []
    assert doc[3:5]._.w2v_other_senses == []


def test_the_component_knows_senses(nlp):
    component = nlp.get_pipe("w2v")
    assert component.best_sense("duck") is not None
    assert component.best_sense("xyzzy") is None
    assert len(component.most_similar("duck|VERB", n=4)) == 4
    assert component.most_similar("New_York|GPE", n=1) == nlp("New York")[0:2]._.w2v_most_similar(1)


# Where hooks are lost


def in_bytes(nlp, doc):
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r"\[W109\]")  # hooks are lost
        return Doc(nlp.vocab).from_bytes(doc.to_bytes())


def in_docbin(nlp, doc):
    return next(DocBin(docs=[doc], attrs=["ORTH", "POS", "SENT_START", "ENT_IOB", "ENT_TYPE"]).get_docs(nlp.vocab))


@pytest.mark.parametrize("through", [in_bytes, in_docbin], ids=["bytes", "DocBin"])
def test_attributes_are_computed_without_hooks(nlp, doc, through):
    other = through(nlp, doc)
    assert not other.user_hooks
    assert_same_attributes(other, doc)


def assert_same_attributes(actual, expected):
    assert keys_of(actual) == keys_of(expected)
    assert [token._.w2v_other_senses for token in actual] == [token._.w2v_other_senses for token in expected]
    assert [(span.start, span.end, span.label_) for span in actual._.w2v_phrases] == [
        (span.start, span.end, span.label_) for span in expected._.w2v_phrases
    ]
    assert actual[3:5]._.w2v_key == expected[3:5]._.w2v_key
    assert actual[1]._.w2v_most_similar(2) == expected[1]._.w2v_most_similar(2)


def test_processes(nlp, doc):
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r"\[W109\]")  # hooks are lost
        first, second = nlp.pipe([TEXT, "they duck"], n_process=2)
    assert_same_attributes(first, doc)
    assert_array_equal(first._.w2v_vector, doc.vector)
    assert [token._.w2v_oov for token in first] == [token._.w2v_oov for token in doc]
    nlp.get_pipe("w2v")(second)
    assert_array_equal(second[1].vector, nlp("they duck")[1].vector)


def test_pickled_documents_keep_their_hooks(doc, vectors):
    content = pickle.dumps(doc)
    other = pickle.loads(content)
    assert_array_equal(other[7].vector, vectors["duck|VERB"])
    assert_same_attributes(other, doc)


@pytest.mark.parametrize("through", ["disk", "bytes", "pickle"])
def test_saved_pipelines(nlp, doc, tmp_path, through):
    if through == "disk":
        nlp.to_disk(tmp_path)
        other = spacy.load(tmp_path)
    elif through == "bytes":
        other = annotating()
        other.add_pipe("w2v", config={"pooling": "mean"})
        other.from_bytes(nlp.to_bytes())
    else:
        other = pickle.loads(pickle.dumps(nlp))
    actual = other(TEXT)
    assert find_key_block(other.vocab) == SENSES
    assert_same_attributes(actual, doc)
    assert_array_equal(actual.vector, doc.vector)
    assert_array_equal([token.vector for token in actual], [token.vector for token in doc])
    assert other.get_pipe("w2v").best_sense("pond") == "pond|NOUN"


def test_two_pipelines_and_two_components(nlp, doc):
    other = annotating()
    set_table(other, ["sea|NOUN", "duck|VERB", "duck|NOUN"], {"duck": "duck|VERB"})
    other.add_pipe("w2v", config={"pooling": "mean"})
    other.add_pipe("w2v", name="again", config={"pooling": "mean"})
    sea = other("the sea duck")
    assert keys_of(sea) == ["the|DET", "sea|NOUN", "duck|NOUN"]
    assert keys_of(nlp(TEXT)) == keys_of(doc)
    assert sea[1]._.w2v_other_senses == []
    assert sea[2]._.w2v_other_senses == ["duck|VERB"]
    bare = Doc(other.vocab, words=["duck"], pos=["VERB"])
    bare.ents = []
    assert keys_of(bare) == ["duck|VERB"]
    without = Doc(spacy.blank("en").vocab, words=["duck"])
    assert without[0]._.w2v_key is None
    assert without[0]._.w2v_most_similar() == []
    assert without[0]._.w2v_other_senses == []
    assert without._.w2v_phrases == []


def test_keys_follow_the_annotation(nlp):
    doc = nlp("the duck")
    doc[1].pos_ = "VERB"
    assert doc[1]._.w2v_key == "duck|VERB"
    doc = nlp("in New York")
    with doc.retokenize() as retokenizer:
        retokenizer.merge(doc[1:3])
    assert keys_of(doc) == ["in|ADP", "New_York|GPE"]


def test_documents_and_vocabs_are_freed():
    nlp, _ = make_pipeline()
    doc = nlp(TEXT)
    keys_of(in_bytes(nlp, doc))
    table = weakref.ref(nlp.vocab.lookups)
    kept = weakref.ref(doc)
    del doc
    assert kept() is None
    del nlp
    gc.collect()
    assert table() is None


def test_memory_zone(nlp, doc):
    expected = keys_of(doc)
    for _ in range(2):
        with nlp.memory_zone():
            assert keys_of(nlp(TEXT)) == expected
            assert keys_of(nlp("an unheard of duck"))[-1] == "duck|NOUN"
            assert nlp(TEXT)._.w2v_phrases[0].label_ == "New_York|GPE"
    assert keys_of(nlp("an unheard of duck"))[1] == "unheard|NOUN"


def test_copies(doc):
    assert keys_of(copy.copy(doc)) == keys_of(doc)
    assert keys_of(doc.copy()) == keys_of(doc)
    assert_array_equal(doc.copy()[7].vector, doc[7].vector)


# Annotation that is missing


def test_without_a_tagger_tokens_have_the_vectors_of_their_forms():
    nlp = spacy.blank("en")
    vectors = set_table(nlp)
    nlp.add_pipe("w2v", config={"pooling": "mean"})
    with pytest.warns(ConfigWarning) as caught:
        doc = nlp("they duck near New York")
    assert len(caught) == 1
    assert "made of" in str(caught[0].message)
    assert "'w2v' without" in str(caught[0].message)
    assert "Put components that set it before 'w2v'" in str(caught[0].message)
    nlp("the duck")  # there is one warning
    assert_array_equal(doc[1].vector, vectors["duck|NOUN"])
    assert doc[1]._.w2v_key == "duck|NOUN"
    assert doc._.w2v_phrases == []
    assert_array_equal(doc[3:5].vector, doc[3].vector)
    assert nlp("").vector.shape == (D,)


def test_the_order_is_named():
    nlp = spacy.blank("en")
    set_table(nlp)
    nlp.add_pipe("w2v", config={"pooling": "mean"})
    nlp.add_pipe("word_classes")
    nlp.add_pipe("places")
    with pytest.warns(ConfigWarning, match="comes after 'w2v': put 'w2v' after it"):
        doc = nlp("they duck")
    assert doc[1]._.w2v_key == "duck|NOUN"
    doc[1].is_sent_start = False
    assert doc[1]._.w2v_key == "duck|VERB"  # as soon as it is annotated


def test_lemmas_work_by_forms():
    nlp = spacy.blank("en")
    vectors = set_table(nlp, ["go", "duck", "see", "saw"], {"went": "go", "ducks": "duck"}, LEMMAS)
    nlp.add_pipe("w2v", config={"pooling": "mean"})
    doc = nlp("Ducks went")
    assert keys_of(doc) == ["duck", "go"]
    assert_array_equal(doc[1].vector, vectors["go"])
    assert_array_equal(nlp.vocab["went"].vector, vectors["go"])


def test_lemmas_of_unknown_forms():
    nlp = spacy.blank("en")
    lemmatizer = nlp.add_pipe("lemmatizer", config={"mode": "lookup"})
    lemmatizer.lookups.add_table("lemma_lookup", {"going": "go", "saw": "see"})
    vectors = set_table(nlp, ["go", "duck", "see", "saw"], {"went": "go"}, LEMMAS)
    nlp.add_pipe("w2v", config={"pooling": "mean"})
    doc = nlp("went going saw Duck")
    assert keys_of(doc) == ["go", "go", "see", "duck"]
    assert_array_equal(doc[1].vector, vectors["go"])
    assert_array_equal(doc[2].vector, vectors["see"])  # the lemma comes before the form
    assert doc[3]._.w2v_other_senses == []


# Vectors without keys


def test_attributes_of_vectors_without_keys():
    nlp = spacy.blank("en")
    set_table(nlp, ["duck", "pond", "new york"], {"Ducks": "duck"}, None)
    doc = nlp("Ducks Pond new york xyzzy")
    assert keys_of(doc) == ["duck", "pond", "new", "york", "xyzzy"]
    assert doc[2:4]._.w2v_key == "new york"
    assert doc[0:2]._.w2v_key is None
    assert len(doc[0]._.w2v_most_similar()) == 2
    assert doc[0]._.w2v_other_senses == []
    assert doc._.w2v_phrases == []


def test_attributes_are_set_once():
    from spacy_w2v.pipeline._attributes import set_attributes

    set_attributes()
    for kind in (Token, Span):
        assert kind.has_extension("w2v_key")


# With a trained pipeline


def test_a_parsed_document():
    """The keys are those of sense2vec, of which the component looks up tokens, entities and noun phrases."""
    nlp = copy.deepcopy(parsed_english())
    vectors = set_table(nlp, ["duck|NOUN", "duck|VERB", "New_York|GPE", "old_town|NOUN"], {"duck": "duck|NOUN"}, None)
    store_key_block(nlp.vocab, {"@misc": "spacy_w2v.SenseKeys.v1"})
    nlp.add_pipe("w2v", config={"pooling": "mean"})
    doc = nlp("The ducks live in New York. They like the old town.")
    assert [(span.text, span.label_) for span in doc._.w2v_phrases] == [
        ("New York", "New_York|GPE"),
        ("old town", "old_town|NOUN"),
    ]
    (chunk,) = [chunk for chunk in doc.noun_chunks if chunk.text == "the old town"]
    assert_allclose(chunk.vector, vectors["old_town|NOUN"] / 2, rtol=1e-5)
    assert_array_equal(doc.ents[0].vector, vectors["New_York|GPE"])
    assert doc[1]._.w2v_key == "ducks|NOUN"


def test_languages_without_noun_chunks():
    nlp = spacy.blank("zh")
    assert nlp.vocab.get_noun_chunks is None  # doc.noun_chunks raises E894
    vectors = set_table(nlp, ["鸭|NOUN"], {}, {"@misc": "spacy_w2v.SenseKeys.v1"})
    nlp.add_pipe("w2v", config={"pooling": "mean"})
    doc = Doc(nlp.vocab, words=["鸭", "鸭"], pos=["NOUN", "VERB"], sent_starts=[True, False], ents=["O", "O"])
    nlp.get_pipe("w2v")(doc)
    assert keys_of(doc) == ["鸭|NOUN", "鸭|NOUN"]
    assert_array_equal(doc[0].vector, vectors["鸭|NOUN"])


def test_long_documents_take_linear_time(nlp):
    """Asking all tokens for their keys reads the document once."""
    component = nlp.get_pipe("w2v")
    doc = nlp(" ".join([TEXT] * 200))
    reader = component.doc_vectors.keyed(nlp.vocab).reader
    calls, function = [], reader.function
    reader.function = lambda doc: calls.append(doc) or function(doc)
    try:
        reader.forget(doc)
        assert keys_of(doc)[:3] == ["the|DET", "duck|NOUN", "saw|VERB"]
        assert len([token.vector for token in doc]) == len(doc)
    finally:
        reader.function = function
    assert len(calls) == 1


# Other key functions


@spacy.registry.misc("tests.last_letters.v1")
def make_last_letters():
    """Return a plain function: the key of each word is its last letter, and that of a pair of numbers is a phrase."""

    def last_letters(doc):
        for token in doc:
            if token.is_alpha:
                yield token.i, token.i + 1, token.text[-1]
            if token.like_num and token.i + 1 < len(doc) and doc[token.i + 1].like_num:
                yield token.i, token.i + 2, "##"

    return last_letters


def test_a_function_of_the_user():
    nlp = spacy.blank("en")
    vectors = set_table(nlp, ["a", "b", "##"], {}, {"@misc": "tests.last_letters.v1"})
    nlp.add_pipe("w2v", config={"pooling": "mean"})
    doc = nlp("web tuba 1 2 , web")
    assert keys_of(doc) == ["b", "a", None, None, None, "b"]
    assert [token._.w2v_oov for token in doc] == [False, False, True, True, True, False]
    assert doc[2:4]._.w2v_key == "##"
    assert [span.label_ for span in doc._.w2v_phrases] == ["##"]
    assert_allclose(doc.vector, (2 * vectors["b"] + vectors["a"] + vectors["##"]) / 5, rtol=1e-5)
    other = pickle.loads(pickle.dumps(doc))
    assert_array_equal(other[0].vector, vectors["b"])
    assert doc[0]._.w2v_other_senses == []


def test_a_function_that_is_not_registered():
    nlp = spacy.blank("en")
    set_table(nlp, block={"@misc": "tests.unknown.v1"})
    nlp.add_pipe("w2v", config={"pooling": "mean"})
    with pytest.raises(ConfigError, match=r"was: tests\.unknown\.v1.*first import the module that registers it"):
        nlp("a duck")


def test_the_component_phrases_finds_phrases_of_keys_too(vectors):
    nlp, vectors = make_pipeline()
    nlp.add_pipe("phrases")
    doc = nlp(TEXT)
    assert [span.text for span in doc.spans["phrases"]] == ["New York"]
    assert_array_equal(doc[3:5].vector, vectors["New_York|GPE"])
    assert_array_equal(doc[7:8].vector, vectors["duck|VERB"])
