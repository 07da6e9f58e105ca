"""The components of a pipeline that run for keys, and what is said if none provides some annotation."""

import pytest
import spacy
from helpers_keys import parsed_english, rule_pipeline
from spacy.language import Language

from spacy_w2v.errors import ConfigError
from spacy_w2v.keys._lemmas import LemmaKeys, LemmaPosKeys
from spacy_w2v.keys._senses import SenseKeys
from spacy_w2v.tokenization._components import check_annotation, needed_components

ENTITIES = SenseKeys(["ents"])


@Language.component("w2v_test_unknown")
def unknown_component(doc):
    return doc


@Language.component("w2v_test_declared", assigns=["token.lemma"], requires=["token.pos"])
def declared_component(doc):
    return doc


def test_rules():
    nlp = rule_pipeline()
    assert needed_components(nlp, LemmaKeys()) == ["lemmatizer"]
    assert needed_components(nlp, LemmaPosKeys()) == ["attribute_ruler", "lemmatizer"]
    assert needed_components(nlp, ENTITIES) == ["sentencizer", "attribute_ruler", "entity_ruler"]
    assert needed_components(nlp, lambda doc: []) == nlp.pipe_names
    for function in (LemmaKeys(), LemmaPosKeys(), ENTITIES):
        check_annotation(nlp, function, "own")


def test_a_lemmatizer_by_rules_reads_parts_of_speech():
    nlp = spacy.blank("en")
    nlp.add_pipe("morphologizer")
    nlp.add_pipe("lemmatizer", config={"mode": "rule"})
    assert needed_components(nlp, LemmaKeys()) == ["morphologizer", "lemmatizer"]


def test_components_that_declare_what_they_do():
    nlp = rule_pipeline()
    nlp.remove_pipe("lemmatizer")
    nlp.add_pipe("w2v_test_declared")
    nlp.add_pipe("doc_cleaner")
    assert needed_components(nlp, LemmaKeys()) == ["attribute_ruler", "w2v_test_declared"]


def test_a_component_that_declares_nothing_runs_with_all_before_it():
    nlp = rule_pipeline()
    nlp.add_pipe("w2v_test_unknown", before="lemmatizer")
    assert needed_components(nlp, ENTITIES) == ["sentencizer", "attribute_ruler", "w2v_test_unknown", "entity_ruler"]
    nlp.remove_pipe("sentencizer")
    check_annotation(nlp, ENTITIES, "own")  # it may set sentences


def test_components_that_merge_tokens_run():
    nlp = rule_pipeline()
    nlp.add_pipe("merge_entities")
    assert needed_components(nlp, LemmaKeys()) == ["lemmatizer", "entity_ruler", "merge_entities"]


def test_shared_vectors_run_for_those_who_listen():
    nlp = spacy.blank("en")
    nlp.add_pipe("tok2vec")
    listener = {"@architectures": "spacy.Tok2VecListener.v1", "width": 96, "upstream": "tok2vec"}
    model = {"@architectures": "spacy.Tagger.v2", "nO": None, "tok2vec": listener}
    nlp.add_pipe("tagger", config={"model": model}).add_label("NN")
    nlp.add_pipe("sentencizer")
    nlp.initialize()
    assert needed_components(nlp, SenseKeys([], true_case=False)) == []
    by_tag = type("ByTag", (), {"requires": ["token.tag"], "__call__": lambda self, doc: []})()
    assert needed_components(nlp, by_tag) == ["tok2vec", "tagger"]


def test_components_of_a_real_pipeline():
    nlp = parsed_english()
    tagging = ["tok2vec", "tagger", "parser", "attribute_ruler"]  # whose rules have dependencies
    assert needed_components(nlp, LemmaKeys()) == [*tagging, "lemmatizer"]
    assert needed_components(nlp, SenseKeys()) == [*tagging, "ner"]
    check_annotation(nlp, SenseKeys(lemma=True), "spacy_w2v.SenseKeys.v1")


@pytest.mark.parametrize(
    ("removed", "function", "message"),
    [
        ("lemmatizer", LemmaKeys(), r"this one lacks token.lemma for keys\. .* component \"lemmatizer\" or \"train"),
        ("attribute_ruler", LemmaPosKeys(), r"lacks token.pos for keys\. .* \"tagger\" with \"attribute_ruler\"\.$"),
        ("entity_ruler", ENTITIES, r"Its components: sentencizer, attribute_ruler, lemmatizer\. .* \"ner\" or \"ent"),
        ("sentencizer", ENTITIES, r"lacks token.is_sent_start"),
    ],
)
def test_missing_annotation(removed, function, message):
    nlp = rule_pipeline()
    nlp.remove_pipe(removed)
    with pytest.raises(ConfigError, match=message):
        check_annotation(nlp, function, "keys")


def test_missing_parse():
    with pytest.raises(ConfigError, match=r"lacks doc.noun_chunks, which needs token.dep for keys\. .*\"parser\"\.$"):
        check_annotation(rule_pipeline(), SenseKeys(), "keys")


def test_a_disabled_component_is_named():
    nlp = rule_pipeline()
    nlp.disable_pipe("lemmatizer")
    with pytest.raises(ConfigError, match=r'Enable the component that provides it: nlp.enable_pipe\("lemmatizer"\)\.$'):
        check_annotation(nlp, LemmaKeys(), "keys")


def test_a_pipeline_without_components():
    with pytest.raises(
        ConfigError, match=r"Its components: none\. Name one that does, .* by pipeline, or pass it as nlp"
    ):
        check_annotation(spacy.blank("en"), LemmaKeys(), "keys")


def test_sentences_are_needed_for_case_only():
    nlp = rule_pipeline()
    nlp.remove_pipe("sentencizer")
    with pytest.raises(ConfigError, match=r"or set true_case = false for spacy_w2v.SenseKeys.v1\.$"):
        check_annotation(nlp, ENTITIES, "spacy_w2v.SenseKeys.v1")
    check_annotation(nlp, SenseKeys(["ents"], true_case=False), "spacy_w2v.SenseKeys.v1")


def test_languages_without_noun_chunks():
    nlp = spacy.blank("zh")
    nlp.add_pipe("sentencizer")
    nlp.add_pipe("attribute_ruler").add([[{"ORTH": "a"}]], {"POS": "NOUN"})
    nlp.add_pipe("entity_ruler").add_patterns([{"label": "GPE", "pattern": "b"}])
    with pytest.warns(UserWarning, match=r'no noun chunks for the language "zh"\. Noun phrases have no keys'):
        check_annotation(nlp, SenseKeys(), "senses")
    assert needed_components(nlp, SenseKeys()) == nlp.pipe_names
    assert [key for _, _, key in SenseKeys()(nlp("a"))] == ["a|NOUN"]
    needs_them = type("Chunks", (), {"requires": ["doc.noun_chunks"], "__call__": lambda self, doc: []})()
    with pytest.raises(ConfigError, match=r'no noun chunks for the language "zh"\. Choose other keys'):
        check_annotation(nlp, needs_them, "chunks")
