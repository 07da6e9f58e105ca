"""Long pre-tokens: up to the maximum, tokens are exactly those of spaCy. Longer pre-tokens are cut, with a warning."""

import io
import time
import warnings

import pytest
import spacy
from helpers_corpus import arrow, batch_of, sentences_of
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_w2v.config._schema import TokensSettings
from spacy_w2v.errors import CorpusWarning
from spacy_w2v.sources import _text_files as text_files
from spacy_w2v.sources._text_files import read_text
from spacy_w2v.tokenization._encode import encode_stream
from spacy_w2v.tokenization._long_pretokens import MAX_PRETOKEN, cut_long_pretokens

NLP = spacy.blank("en")
seeded = settings(derandomize=True, deadline=None, max_examples=100)


def encoded(*texts, **tokens):
    batches = encode_stream(iter([batch_of(list(texts))]), NLP, TokensSettings(n_process=1, attr="ORTH", **tokens))
    return [[orth for orth, _ in sentence] for _, batch in batches for sentence in sentences_of(batch)]


@pytest.mark.parametrize("boundary", ["line", "sentence"], ids=["by pre-tokens", "by documents"])
def test_pretokens_up_to_the_bound_have_the_tokens_of_spacy(boundary):
    text = "before " + ("(a" * MAX_PRETOKEN)[:MAX_PRETOKEN] + " after"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        actual = encoded(text, boundary=boundary)
    assert [token for sentence in actual for token in sentence] == [token.text for token in NLP(text)]


@pytest.mark.parametrize("boundary", ["line", "sentence"], ids=["by pre-tokens", "by documents"])
def test_longer_pretokens_are_cut_with_a_warning(boundary):
    text = "before\n" + "(" * (2 * MAX_PRETOKEN + 5) + " after"
    with pytest.warns(CorpusWarning, match=r"at most 1,000 characters.* cut: 1. .* begins with: '\(\(\("):
        actual = encoded(text, "short", boundary=boundary)
    tokens = [token for sentence in actual for token in sentence]
    assert tokens == ["before", *["("] * (2 * MAX_PRETOKEN + 5), "after", "short"]


def test_200_kb_of_brackets_are_tokenized_quickly():
    start = time.process_time()
    with pytest.warns(CorpusWarning, match="Longer sections that were cut: 1"):
        actual = encoded("(" * 200_000)
    assert actual == [["("] * 200_000]
    assert time.process_time() - start < 60


@given(texts=st.lists(st.text("ab é.\n\u00a0\u3000", max_size=60), max_size=8), limit=st.integers(4, 12))
@seeded
def test_only_long_pretokens_are_changed(texts, limit):
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        patch.setattr("spacy_w2v.tokenization._long_pretokens.MAX_PRETOKEN", limit)
        batches = list(cut_long_pretokens(iter([batch_of(texts), batch_of(["x", *texts])._replace()]), NLP))
    for batch, given_texts in zip(batches, (texts, ["x", *texts]), strict=True):
        for actual, text in zip(batch.texts.to_pylist(), given_texts, strict=True):
            assert all(len(pretoken) <= limit for pretoken in actual.split())
            assert actual.replace(" ", "") == text.replace(" ", "")
            if all(len(pretoken) <= limit for pretoken in text.split()):
                assert actual == text


def test_slices_of_batches_are_cut_too():
    texts = arrow(["a", "b" * 1500, "c"]).slice(1)
    with pytest.warns(CorpusWarning, match="Longer sections that were cut: 1"):
        (batch,) = cut_long_pretokens(iter([batch_of([])._replace(texts=texts)]), NLP)
    assert batch.texts.to_pylist() == ["b" * 1000 + " " + "b" * 500, "c"]


def test_a_cut_avoids_splitting_words():
    text = "x" * 950 + "." + "y" * 500
    with pytest.warns(CorpusWarning):
        (batch,) = cut_long_pretokens(iter([batch_of([text])]), NLP)
    assert batch.texts[0].as_py() == text.replace(".", ". ")


def test_other_tokenizers_get_longer_texts():
    nlp = spacy.blank("zh")
    assert next(cut_long_pretokens(iter([batch_of(["中" * 5000])]), nlp)).texts[0].as_py() == "中" * 5000
    nlp.max_length = 2000
    with pytest.warns(CorpusWarning, match="at most 2,000 characters"):
        (batch,) = cut_long_pretokens(iter([batch_of(["中" * 5000])]), nlp)
    assert batch.texts[0].as_py().split() == ["中" * 2000, "中" * 2000, "中" * 1000]


@pytest.mark.parametrize("character", ["x", "é", "中", "𝒳"])
def test_a_line_without_white_space_is_read_in_bounded_memory(monkeypatch, character):
    monkeypatch.setattr(text_files, "BATCH_BYTES", 1000)
    monkeypatch.setattr(text_files, "MAX_PENDING_BYTES", 4000)
    batches = list(read_text(io.BytesIO((character * 20_000 + "\nlast").encode()), name="a"))
    texts = [text for batch in batches for text in batch.texts.to_pylist()]
    assert "".join(texts) == character * 20_000 + "last"
    assert max(len(text.encode()) for text in texts) <= 4000 + 1000
    assert sum(batch.n_documents for batch in batches) == 2


def test_a_line_of_encoded_characters_is_not_cut_within_one(monkeypatch):
    monkeypatch.setattr(text_files, "BATCH_BYTES", 1001)
    monkeypatch.setattr(text_files, "MAX_PENDING_BYTES", 3001)
    content = ("中" * 10_000).encode("gbk")
    texts = [
        text for batch in read_text(io.BytesIO(content), name="a", encoding="gbk") for text in batch.texts.to_pylist()
    ]
    assert "".join(texts) == "中" * 10_000
