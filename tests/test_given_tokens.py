"""Tokenized documents: their words are exactly the given tokens, with any tokenizer."""

import numpy as np
import pyarrow as pa
import pytest
import spacy
from helpers_corpus import ListSource, batch_of, read, sentences_of
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.tokens import Doc

import spacy_w2v
from spacy_w2v.config._schema import TokensSettings
from spacy_w2v.pipeline._examples import ExamplesCorpus
from spacy_w2v.sources import _source as source
from spacy_w2v.sources._iterables import as_source
from spacy_w2v.sources._mixture import make_concatenate_v1, make_interleave_v1
from spacy_w2v.sources._source import GIVEN_TOKENS
from spacy_w2v.tokenization import _given_tokens as given_tokens
from spacy_w2v.tokenization._encode import encode_stream

NLP = spacy.blank("en")
seeded = settings(derandomize=True, deadline=None, max_examples=150)
tokens = st.text("aB \n1é", max_size=3)


def batch_of_documents(documents):
    return batch_of([])._replace(texts=pa.array(documents, GIVEN_TOKENS), n_documents=len(documents))


def encoded(*batches, **arguments):
    stream = encode_stream(iter(batches), NLP, TokensSettings(n_process=1, **arguments))
    return [sentence for _, batch in stream for sentence in sentences_of(batch)]


def expected(documents, *, attr="LOWER", boundary="line", min_tokens=1):
    sentences = []
    for document in documents:
        groups = [[]]
        for sentence in document:
            if boundary == "sentence":
                groups.append([])
            for token in sentence:
                if token and token.isspace() and boundary == "line" and "\n" in token:
                    groups.append([])
                if token and not token.isspace():
                    groups[-1].append((token, token.lower() if attr == "LOWER" else token))
        sentences += [group for group in groups if len(group) >= min_tokens]
    return sentences


@given(
    documents=st.lists(st.lists(st.lists(st.one_of(tokens, st.none()), max_size=5), max_size=3), max_size=5),
    attr=st.sampled_from(["ORTH", "LOWER"]),
    boundary=st.sampled_from(["line", "sentence", "document"]),
    min_tokens=st.integers(1, 3),
    first=st.integers(0, 2),
)
@seeded
def test_given_tokens_are_encoded_unchanged(documents, attr, boundary, min_tokens, first):
    batch = batch_of_documents([[], *documents])
    batch = batch._replace(texts=batch.texts.slice(first))
    actual = encoded(batch, batch, attr=attr, boundary=boundary, min_tokens=min_tokens)
    kept = documents[max(first - 1, 0) :]
    assert actual == 2 * expected(kept, attr=attr, boundary=boundary, min_tokens=min_tokens)


def test_numbers_and_urls_are_treated_as_those_of_texts():
    actual = encoded(batch_of_documents([[["A", "1,5", "http://a.b"]]]), numbers="shape", urls="drop")
    assert actual == [[("A", "a"), ("1,5", "d,d")]]


def test_texts_and_tokens_may_come_from_one_source():
    assert encoded(batch_of(["a b"]), batch_of_documents([[["b", "a b"]]]), batch_of(["b"])) == [
        [("a", "a"), ("b", "b")],
        [("b", "b"), ("a b", "a b")],
        [("b", "b")],
    ]


def test_tokens_are_evicted_beyond_the_maximum(monkeypatch):
    monkeypatch.setattr(given_tokens, "MAX_KNOWN_TOKENS", 3)
    batches = [batch_of_documents([[[f"w{i}", "x", f"w{i + 1}"]]]) for i in range(6)]
    assert encoded(*batches) == [[(w, w) for w in (f"w{i}", "x", f"w{i + 1}")] for i in range(6)]


def test_more_processes_give_the_same_tokens(tmp_path):
    rows = [["New York", "a"], ["b", "a"]] * 4000
    models = [spacy_w2v.train(rows, n_process=n, vector_size=2, epochs=1, workers=1) for n in (1, 2)]
    assert models[0].words == models[1].words
    assert np.array_equal(models[0].input_vectors, models[1].input_vectors)


def test_batches_of_texts_and_of_tokens_are_not_joined(monkeypatch):
    batches = [batch_of(["a"]), batch_of_documents([[["b"]]]), batch_of_documents([[["c"]]]), batch_of(["d"])]
    joined = list(source.coalesce(iter(batches)))
    assert [batch.texts.to_pylist() for batch in joined] == [["a"], [[["b"]], [["c"]]], ["d"]]


def test_sources_of_tokens_are_mixed():
    parts = {"a": as_source([["x"]] * 40), "b": ListSource(["y"] * 40)}
    assert sorted(map(str, read(make_interleave_v1(parts, {"a": 1, "b": 1}, stop="all_exhausted")).texts)) == (
        ["[['x']]"] * 40 + ["y"] * 40
    )
    both = make_concatenate_v1({"a": as_source([["x"]] * 3), "b": ListSource(["y"] * 3)})
    with pytest.raises(spacy_w2v.errors.CorpusError, match="must contain either texts or lists of tokens, but"):
        read(make_interleave_v1({"a": both}, {"a": 1}))


def test_examples_have_the_given_tokens():
    doc = Doc(NLP.vocab, words=["New York", "is"])
    (example,) = ExamplesCorpus(as_source([doc]))(NLP)
    assert [token.text for token in example.reference] == ["New York", "is"]


def test_huge_texts_are_cut_into_parts(monkeypatch):
    monkeypatch.setattr(source, "BATCH_BYTES", 50)
    monkeypatch.setattr(source, "LONGEST_TEXT", 100)
    texts = ["short", "é中 " * 200, "中" * 300, "", "last " * 21]
    batches = list(source.coalesce(iter([batch_of(texts, n_null=1)])))
    assert "".join(text for batch in batches for text in batch.texts.to_pylist()) == "".join(texts)
    assert max(len(text.encode()) for batch in batches for text in batch.texts.to_pylist()) <= 100
    assert sum(batch.n_documents for batch in batches) == 5
    assert sum(batch.n_null for batch in batches) == 1
    for limit in range(1, 6):
        taken = list(source.take_documents(source.coalesce(iter([batch_of(texts)])), limit))
        assert "".join(text for batch in taken for text in batch.texts.to_pylist()) == "".join(texts[:limit])


@pytest.mark.parametrize("given", ["model", "path"])
def test_given_tokens_are_unchanged_if_training_starts_from_vectors(tmp_path, given):
    arguments = {"min_count": 1, "vector_size": 4, "epochs": 1, "workers": 1, "sample": 0}
    lists = [["New York", "a"], ["a", "New York"]]
    model = spacy_w2v.train(lists, **arguments)
    model.save(tmp_path / "model")
    initial = model if given == "model" else tmp_path / "model"
    went_on = spacy_w2v.train([*lists, ["Oslo", "a"]], initial=initial, keep_words=True, **arguments)
    assert sorted(went_on.words) == ["New York", "Oslo", "a"]
    lowered = spacy_w2v.train(lists, initial=initial, attr="LOWER", **arguments)
    assert sorted(lowered.words) == ["a", "new york"]
