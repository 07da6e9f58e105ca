"""Annotated texts and small pipelines for tests of keys."""

from functools import cache

import pytest
import spacy
from spacy.lookups import Lookups
from spacy.tokens import Doc
from spacy.training import Example
from spacy.util import fix_random_seed

SENTENCES = [
    "The ducks ducked in New York. Natural language processing helps London at www.example.com.",
    "Rats, mould and broken furniture: the scandal of the UK's refugee housing. I saw it.",
    "Angela Merkel met Barack Obama in the old town of Berlin on 3 May 2011.",
    "It was Apple's first very expensive mobile phone, and NASA bought five hundred of them.",
]


@cache
def parsed_english():
    """Return en_core_web_sm. Skips the test if it is not installed, as in CI, where nothing is downloaded."""
    if not spacy.util.is_package("en_core_web_sm"):
        pytest.skip("en_core_web_sm is not installed: python -m spacy download en_core_web_sm")
    return spacy.load("en_core_web_sm")


def annotated_doc(nlp=None):
    """Return an English Doc of two sentences that is annotated by hand, with all that keys need."""
    rows = [  # word, lemma, part of speech, head, dependency, entity
        ("The", "the", "DET", 1, "det", "O"),
        ("ducks", "duck", "NOUN", 2, "nsubj", "O"),
        ("ducked", "duck", "VERB", 2, "ROOT", "O"),
        ("in", "in", "ADP", 2, "prep", "O"),
        ("New", "New", "PROPN", 5, "compound", "B-GPE"),
        ("York", "York", "PROPN", 3, "pobj", "I-GPE"),
        (".", ".", "PUNCT", 2, "punct", "O"),
        ("Natural", "natural", "ADJ", 8, "amod", "O"),
        ("language", "language", "NOUN", 9, "compound", "O"),
        ("processing", "processing", "NOUN", 10, "nsubj", "O"),
        ("helps", "help", "VERB", 10, "ROOT", "O"),
        ("London", "London", "PROPN", 10, "dobj", "B-GPE"),
        ("at", "at", "ADP", 10, "prep", "O"),
        ("www.example.com", "www.example.com", "X", 12, "pobj", "O"),
        (".", ".", "PUNCT", 10, "punct", "O"),
    ]
    words, lemmas, pos, heads, deps, ents = (list(column) for column in zip(*rows, strict=True))
    vocab = (nlp or spacy.blank("en")).vocab
    return Doc(vocab, words=words, lemmas=lemmas, pos=pos, heads=heads, deps=deps, ents=ents)


PARTS_OF_SPEECH = {
    "the": "DET", "a": "DET", "ducks": "NOUN", "duck": "VERB", "swim": "VERB", "swam": "VERB", "in": "ADP",
    "old": "ADJ", "park": "NOUN", "new": "PROPN", "york": "PROPN", "london": "PROPN", ".": "PUNCT",
}  # fmt: skip
LEMMAS = {"ducks": "duck", "swam": "swim", "swims": "swim"}
PLACES = ["New York", "London"]


def small_pipeline():
    """Return a pipeline that sets all annotation, as en_core_web_sm does, and is trained on two sentences in a second.

    Its parse is poor. A word that no rule knows is a noun.
    """
    nlp = rule_pipeline()
    ruler = nlp.get_pipe("attribute_ruler")
    known = list(ruler.patterns)
    ruler.clear()
    ruler.add([[{}]], {"POS": "NOUN"})
    ruler.add_patterns(known)
    parser = nlp.add_pipe("parser", after="sentencizer", config={"min_action_freq": 1})
    reference = annotated_doc(nlp)
    example = Example(Doc(nlp.vocab, words=[token.text for token in reference]), reference)
    fix_random_seed(0)
    parser.initialize(lambda: [example], nlp=nlp)
    optimizer = parser.create_optimizer()
    for _ in range(20):
        parser.update([example], sgd=optimizer)
    return nlp


def rule_pipeline():
    """Return an English pipeline of rules, which downloads and trains nothing.

    It sets sentences, entities of places, parts of speech, and lemmas by a table.
    """
    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    ruler = nlp.add_pipe("attribute_ruler")
    for word, part in PARTS_OF_SPEECH.items():
        ruler.add([[{"LOWER": word}]], {"POS": part})
    lemmatizer = nlp.add_pipe("lemmatizer", config={"mode": "lookup"})
    lookups = Lookups()
    lookups.add_table("lemma_lookup", LEMMAS)
    lemmatizer.initialize(lookups=lookups)
    nlp.add_pipe("entity_ruler").add_patterns([{"label": "GPE", "pattern": place} for place in PLACES])
    return nlp
