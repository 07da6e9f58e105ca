"""Key functions: the keys that they yield, and sense2vec's for the same texts."""

import pickle

import pytest
import spacy
from helpers_keys import SENTENCES, annotated_doc, parsed_english, rule_pipeline
from spacy.tokens import Doc, Span

from spacy_w2v.config._words import TokensSettings
from spacy_w2v.errors import ConfigError
from spacy_w2v.keys._lemmas import LemmaKeys, LemmaPosKeys
from spacy_w2v.keys._requirements import expanded, is_annotated
from spacy_w2v.keys._resolution import key_function_of
from spacy_w2v.keys._senses import SenseKeys
from spacy_w2v.keys._spelling import in_sentence_case, with_sense
from spacy_w2v.keys._use import key_of, phrases_in
from spacy_w2v.tokenization._components import check_annotation


def words_of(function, doc):
    return [key for start, end, key in function(doc) if end - start == 1]


def phrases_of(function, doc):
    return [(doc[start:end].text, key) for start, end, key in function(doc) if end - start > 1]


def test_lemmas():
    doc = annotated_doc()
    assert words_of(LemmaKeys(), doc)[:6] == ["the", "duck", "duck", "in", "new", "york"]
    assert words_of(LemmaKeys(lower=False), doc)[4:6] == ["New", "York"]
    assert words_of(LemmaPosKeys(), doc)[:3] == ["the|DET", "duck|NOUN", "duck|VERB"]


def test_tokens_without_lemma_keep_their_text():
    doc = Doc(spacy.blank("en").vocab, words=["Ducks", " ", "duck"])
    assert list(LemmaKeys()(doc)) == [(0, 1, "ducks"), (2, 3, "duck")]
    assert list(LemmaPosKeys()(doc)) == [(0, 1, "ducks|?"), (2, 3, "duck|?")]


def test_senses():
    doc = annotated_doc()
    assert words_of(SenseKeys(), doc) == [
        "the|DET", "ducks|NOUN", "ducked|VERB", "in|ADP", "New|PROPN", "York|PROPN", ".|PUNCT",
        "natural|ADJ", "language|NOUN", "processing|NOUN", "helps|VERB", "London|GPE", "at|ADP", "%%URL|X", ".|PUNCT",
    ]  # fmt: skip
    assert phrases_of(SenseKeys(), doc) == [
        ("New York", "New_York|GPE"), ("Natural language processing", "natural_language_processing|NOUN")
    ]  # fmt: skip


def test_kinds_of_phrases():
    doc = annotated_doc()
    assert phrases_of(SenseKeys(["ents"]), doc) == [("New York", "New_York|GPE")]
    assert phrases_of(SenseKeys([]), doc) == []
    of_chunks = SenseKeys(["noun_chunks"])
    assert phrases_of(of_chunks, doc)[0] == ("New York", "New_York|PROPN")
    assert "London|PROPN" in words_of(of_chunks, doc)
    assert "The|DET" in words_of(SenseKeys(true_case=False), doc)
    assert "duck|NOUN" in words_of(SenseKeys(lemma=True), doc)


def test_requirements_follow_the_settings():
    assert SenseKeys().requires == ("token.pos", "token.is_sent_start", "doc.ents", "doc.noun_chunks")
    assert SenseKeys(["ents"], lemma=True).requires == ("token.pos", "token.lemma", "doc.ents")
    assert LemmaPosKeys().requires == ("token.lemma", "token.pos")
    assert expanded(["doc.noun_chunks", "token.lemma_"]) == {"token.dep", "token.head", "token.pos", "token.lemma"}


def test_keys_of_places():
    doc, function = annotated_doc(), SenseKeys()
    assert [key_of(function, token) for token in doc] == words_of(function, doc)
    assert [span.text for span in phrases_in(function, doc)] == ["New York", "Natural language processing"]
    keys = {doc[start:end].text: key for start, end, key in function(doc)}
    for span in phrases_in(function, doc):
        assert key_of(function, span) == keys[span.text]
    assert key_of(function, doc[4:6]) == "New_York|GPE"  # a span without a label
    assert key_of(function, doc[11:12]) == "London|GPE"
    assert key_of(function, Span(doc, 0, 2, label="BIRDS")) == "the_ducks|BIRDS"
    assert key_of(function, next(doc.noun_chunks)) == "the_ducks|NOUN"  # not "|NP"
    assert key_of(LemmaKeys(), doc[1:2]) == "duck"
    assert key_of(LemmaKeys(), doc[1:3]) is None


def test_white_space_is_trimmed_and_has_no_key():
    vocab = spacy.blank("en").vocab
    words, ents = ["In", "New", "\n", "York", "\n", "\n"], ["O", "B-GPE", "I-GPE", "I-GPE", "I-GPE", "B-DATE"]
    doc = Doc(vocab, words=words, pos=["ADP", "PROPN", "SPACE", "PROPN", "SPACE", "SPACE"], ents=ents)
    keys = list(SenseKeys()(doc))
    assert keys == [(0, 1, "In|ADP"), (1, 2, "New|PROPN"), (3, 4, "York|PROPN"), (1, 4, "New_York|GPE")]
    assert key_of(SenseKeys(), doc[1]) == "New|PROPN"
    assert key_of(SenseKeys(), doc[2]) is None
    assert key_of(SenseKeys(), doc[1:5]) == "New_York|GPE"
    assert key_of(SenseKeys(), doc[4:6]) is None


def test_a_plain_function_has_phrases_and_keys():
    def function(doc):
        yield 0, 2, "The_ducks"
        yield from ((token.i, token.i + 1, token.text) for token in doc)

    doc = annotated_doc()
    assert [span.text for span in phrases_in(function, doc)] == ["The ducks"]
    assert key_of(function, doc[0:2]) == "The_ducks"
    assert key_of(function, doc[1]) == "ducks"
    assert key_of(function, doc[1:3]) is None


def test_remembered_keys_are_those_of_a_new_function():
    function, docs = SenseKeys(), list(parsed_english().pipe(SENTENCES))
    first = [list(function(doc)) for doc in docs]
    assert [list(function(doc)) for doc in docs] == first
    assert [list(SenseKeys()(doc)) for doc in docs] == first
    copy = pickle.loads(pickle.dumps(function))
    assert copy._keys == {}
    assert [list(copy(doc)) for doc in docs] == first


def test_spelling():
    assert with_sense("New \n York", "GPE") == "New_York|GPE"
    assert with_sense("duck", "") == "duck|?"
    cases = {"Ducks": "ducks", "NASA": "NASA", "I": "I", "It": "It", "A": "a", "iPhone": "iPhone", "": "", "1": "1"}
    assert {text: in_sentence_case(text) for text in cases} == {**cases}


def test_functions_by_name():
    assert key_function_of(TokensSettings()) is None
    assert isinstance(key_function_of(TokensSettings(attr="LEMMA")), LemmaKeys)
    block = {"@misc": "spacy_w2v.SenseKeys.v1", "phrases": ["ents"], "lemma": True}
    function = key_function_of(TokensSettings(keys=block))
    assert (function.kinds, function.lemma) == (("ents",), True)
    assert isinstance(key_function_of(TokensSettings(keys="spacy_w2v.LemmaPosKeys.v1"), trusted=False), LemmaPosKeys)


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"@misc": "spacy_w2v.SenseKey.v1"}, r"@misc must name a registered function, .* Did you mean 'spacy_w2v.Sen"),
        ({"@misc": "spacy_w2v.SenseKeys.v1", "phrases": ["verbs"]}, r"\[w2v.tokens.keys\] phrases"),
        ({"@misc": "spacy_w2v.LemmaKeys.v1", "lowr": True}, r"\[w2v.tokens.keys\] lowr"),
        ({"@misc": "spacy.ConsoleLogger.v3"}, "must name a registered function"),
        ({"@readers": "spacy_w2v.GensimWiki.v1"}, r"must name a function that returns a key function"),
    ],
)
def test_other_names(keys, message):
    with pytest.raises(ConfigError, match=message):
        key_function_of(TokensSettings(keys=keys))


def test_a_model_of_unknown_source_runs_functions_of_this_package_only():
    with pytest.raises(ConfigError, match=r"\[w2v.tokens.keys\] names another function: @misc = \"own\". If you trust"):
        key_function_of(TokensSettings(keys="own"), trusted=False)


def test_annotation_of_docs():
    doc = annotated_doc()
    assert is_annotated(doc, SenseKeys().requires)
    bare = Doc(doc.vocab, words=["Ducks", "duck"])
    assert not is_annotated(bare, LemmaKeys().requires)
    assert not is_annotated(bare, ["doc.ents"])
    assert not is_annotated(bare, ["doc._.unheard_of"])
    assert is_annotated(bare, None)
    assert is_annotated(rule_pipeline()("Ducks duck."), LemmaPosKeys().requires)


def sequence_of(function, doc):
    """Return the keys of a Doc with all of its phrases as one."""
    words = {start: (end, key) for start, end, key in function(doc) if end - start == 1}
    longer = {start: (end, key) for start, end, key in function(doc) if end - start > 1}
    place, keys = 0, []
    while place < len(doc):
        end, key = longer.get(place) or words.get(place) or (place + 1, None)
        keys += [key] if key is not None else []
        place = end
    return keys


def of_sense2vec(doc, *, lemma):
    util = pytest.importorskip("sense2vec.util", reason="sense2vec is not installed")
    merged = util.merge_phrases(doc)
    keys = (util.make_spacy_key(token, prefer_ents=True, lemmatize=lemma) for token in merged if not token.is_space)
    return [util.make_key(*key) for key in keys]


@pytest.mark.parametrize("lemma", [False, True])
def test_keys_are_those_of_sense2vec(lemma):
    """benchmarks/keys.py compares them on a thousand texts."""
    nlp, function = parsed_english(), SenseKeys(lemma=lemma)
    for doc in [*nlp.pipe(SENTENCES), annotated_doc(nlp)]:
        actual = sequence_of(function, doc)
        assert actual == of_sense2vec(doc, lemma=lemma)


def test_a_disabled_component_is_missed():
    nlp = rule_pipeline()
    nlp.disable_pipe("lemmatizer")
    nlp.get_pipe("attribute_ruler").add([[{"LOWER": "me"}]], {"LEMMA": "I"})  # no lemmatizer
    with pytest.raises(ConfigError, match=r"component that sets token\.lemma for keys is disabled"):
        check_annotation(nlp, LemmaKeys(), "keys")
    nlp.enable_pipe("lemmatizer")
    check_annotation(nlp, LemmaKeys(), "keys")


def test_a_disabled_component_that_other_components_need_is_missed():
    nlp = parsed_english()
    nlp.disable_pipe("tagger")  # the attribute ruler makes parts of speech of its tags
    try:
        with pytest.raises(ConfigError, match=r"that sets token\.tag for keys is disabled.*\"tagger\""):
            check_annotation(nlp, SenseKeys(), "keys")
    finally:
        nlp.enable_pipe("tagger")
    check_annotation(nlp, SenseKeys(), "keys")  # senter, which is disabled, is not needed
