"""The stock tokenizer with functions as affix rules: the same tokens, different states, and what cannot be saved."""

import functools
import re

import pytest
import spacy

import spacy_w2v
from spacy_w2v.config._schema import TokensSettings
from spacy_w2v.corpus._fingerprint import tokenizer_fingerprint
from spacy_w2v.errors import ConfigError
from spacy_w2v.formats.spacy._writing import check_can_be_saved
from spacy_w2v.tokenization._affix_rules import METHODS

TEXTS = ["A well-known dog, and (the) cat's home: http://a.b/c-d! ab-cd", "don't x-y well-known."]


def dashes(text):
    return re.finditer("-", text)


def nothing(text):
    return None


class Search:
    """A callable object that cannot be hashed."""

    __hash__ = None

    def __init__(self, pattern):
        self.pattern = pattern

    def __eq__(self, other):
        return False

    def __call__(self, text):
        return re.search(self.pattern, text)

    def search(self, text):
        return self(text)


def with_function(name, function):
    nlp = spacy.blank("en")
    setattr(nlp.tokenizer, name, function)
    return nlp


FUNCTIONS = {
    "function": ("infix_finditer", dashes),
    "lambda": ("suffix_search", lambda text: re.search(r"[.!,]$", text)),
    "nothing": ("prefix_search", nothing),
    "partial": ("suffix_search", functools.partial(re.search, r"[.!]$")),
    "object": ("prefix_search", Search(r"^[(x]")),
    "method": ("suffix_search", Search(r"[)d]$").search),
    "token_match": ("token_match", re.compile(r"\w+-known").fullmatch),
    "url_match": ("url_match", lambda text: re.match(r"ab-.*", text)),
    "flags": ("prefix_search", re.compile("^[a]", re.IGNORECASE).search),
    "none": ("url_match", None),
}


@pytest.mark.parametrize("case", FUNCTIONS)
def test_tokens_are_those_of_the_tokenizer(case):
    nlp = with_function(*FUNCTIONS[case])
    model = spacy_w2v.train(TEXTS, nlp=nlp, attr="ORTH", vector_size=4, min_count=1, epochs=1, workers=1)
    expected = {token.text for text in TEXTS for token in nlp(text) if not token.is_space}
    assert set(model.vocabulary.words) == expected
    if case not in ("none", "nothing"):
        assert expected != {token.text for text in TEXTS for token in spacy.blank("en")(text)}, "as the test believes"


def test_methods_of_the_package_regex_are_supported():
    regex = pytest.importorskip("regex")
    nlp = with_function("infix_finditer", regex.compile(r"(?V1)[-~&&[^~]]").finditer)
    model = spacy_w2v.train(TEXTS, nlp=nlp, attr="ORTH", vector_size=4, min_count=1, epochs=1, workers=1)
    assert {"well", "-", "known"} <= set(model.vocabulary.words)


def fingerprint(name, function):
    return tokenizer_fingerprint(with_function(name, function), TokensSettings())


def test_different_functions_have_different_states():
    def searching(pattern):
        return lambda text: re.search(pattern, text)

    functions = [
        re.compile("a$").search,
        re.compile("a$").match,
        re.compile("a$", re.IGNORECASE).search,
        nothing,
        searching("a$"),
        searching("b$"),
        functools.partial(re.search, "a$"),
        functools.partial(re.search, "b$"),
        Search("a$"),
        Search("b$"),
        None,
    ]
    fingerprints = [fingerprint("suffix_search", function) for function in functions]
    assert len(set(fingerprints)) == len(functions)
    again = [fingerprint("suffix_search", function) for function in functions]
    assert again == fingerprints
    assert fingerprint("suffix_search", searching("a$")) == fingerprints[4], "equal code and data"


def test_a_tokenizer_without_to_bytes_has_a_state():
    def made(separator):
        nlp = spacy.blank("en")
        nlp.tokenizer = Search(separator)
        nlp.tokenizer.vocab = nlp.vocab
        return tokenizer_fingerprint(nlp, TokensSettings())

    assert made("a") == made("a") != made("b")


@pytest.mark.parametrize(
    ("case", "reason"),
    [
        ("function", "infix_finditer is a function other than re.compile(...).finditer"),
        ("partial", "suffix_search is a function other than re.compile(...).search"),
        ("token_match", "token_match is the method fullmatch of a regular expression, not match"),
        ("flags", "prefix_search has flags, which must be part of the pattern, for example (?i)"),
    ],
)
def test_rules_that_spacy_cannot_save_are_refused_before_training(case, reason):
    nlp = with_function(*FUNCTIONS[case])
    with pytest.raises(ConfigError) as error:
        check_can_be_saved(nlp)
    assert f"to be saved for spaCy, but {reason}. Change it, or remove" in str(error.value)


@pytest.mark.parametrize("language", ["en", "de", "fr", "hu", "xx"])
def test_tokenizers_of_languages_can_be_saved(language):
    nlp = spacy.blank(language)
    check_can_be_saved(nlp)
    assert set(METHODS) <= set(dir(nlp.tokenizer))
