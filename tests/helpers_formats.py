"""A model with keys such as "duck|NOUN", and the texts that each of them has in a corpus, made by hand."""

import dataclasses

import numpy as np
import pyarrow as pa
from helpers_model import make_model, with_record

from spacy_w2v.model._vocabulary import Vocabulary

FORMS = {
    "the|DET": {"the": 300, "The": 40, "THE": 2},
    "duck|NOUN": {"duck": 80, "Duck": 5},
    "ducks|NOUN": {"ducks": 60},
    "duck|VERB": {"duck": 30, "DUCK": 1},
    "New_York|GPE": {"New York": 28},
    "Duck|PERSON": {"Duck": 20},
    "York|PROPN": {"York": 9, "YORK": 3},
    "football|NOUN": {"football": 5, "Football": 2},
    "football|PROPN": {"FOOTBALL": 6},
    "naïve|ADJ": {"naïve": 5},
    "iPhone|PRODUCT": {"iPhone": 4},
    "saw|NOUN": {"saws": 3, "saw": 1},
}
"""The texts of each key with their counts, the most frequent key first."""

LEMMAS = {
    "the": {"the": 300, "The": 40},
    "see": {"saw": 90, "seen": 30, "see": 8, "Saw": 2},
    "duck": {"ducks": 60, "duck": 50, "Duck": 6},
    "go": {"went": 40},
    "Berlin": {"Berlin": 30},
    "saw": {"saws": 12, "saw": 11},
}

SENSE_KEYS = {"@misc": "spacy_w2v.SenseKeys.v1"}


def keyed_model(forms=FORMS, *, attr="KEY", keys=SENSE_KEYS, **model_settings):
    """Return a model of keys, whose record says that they are. With attr "LEMMA" there is no block of keys."""
    counts = [sum(of_key.values()) for of_key in forms.values()]
    assert counts == sorted(counts, reverse=True)
    model = make_model(counts, words=list(forms), **model_settings)
    rows = [(text, rank, n) for rank, of_key in enumerate(forms.values()) for text, n in of_key.items()]
    texts, ranks, numbers = zip(*rows, strict=True)
    table = {"orth": pa.array(texts, pa.large_string()), "word": pa.array(ranks, pa.uint32()), "count": list(numbers)}
    vocabulary = Vocabulary(list(forms), np.array(counts, np.int64), pa.table(table))
    tokens = {"attr": attr, "keys": keys if attr == "KEY" else None}
    return dataclasses.replace(with_record(model, tokens=tokens), vocabulary=vocabulary)
