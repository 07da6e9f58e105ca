"""`tokenize` returns the words of training, for other programs."""

import gensim.models
import pytest
import spacy

import spacy_w2v
from spacy_w2v.corpus import _words
from spacy_w2v.errors import ConfigError, CorpusError

TEXTS = ["The cat can't\nsee 2 dogs.", "", "Dogs  see cats"]


def test_words_are_those_of_the_pipeline():
    expected = [["the", "cat", "ca", "n't"], ["see", "2", "dogs", "."], ["dogs", "see", "cats"]]
    assert list(spacy_w2v.tokenize(TEXTS)) == expected
    upper = list(spacy_w2v.tokenize(TEXTS, spacy.blank("xx"), attr="ORTH", boundary="document", numbers="drop"))
    assert upper[0][:3] == ["The", "cat", "can't"]
    assert [len(sentence) for sentence in upper] == [6, 3]


def test_training_has_the_same_vocabulary_and_uses_the_encoded_corpus(tmp_path):
    texts, cache = tmp_path / "texts.txt", tmp_path / "cache"
    texts.write_text("\n".join(TEXTS * 3), encoding="utf-8")
    words = [word for sentence in spacy_w2v.tokenize(texts, cache_dir=cache) for word in sentence]
    before = sorted(cache.iterdir())
    model = spacy_w2v.train(texts, min_count=1, sample=0, vector_size=3, epochs=1, workers=1, cache_dir=cache)
    assert {word: words.count(word) for word in words} == dict(
        zip(model.words, model.vocabulary.counts.tolist(), strict=True)
    )
    assert sorted(cache.iterdir()) == before


def test_types_past_the_bound_are_left_out(monkeypatch):
    monkeypatch.setattr(_words, "MAX_TYPES", 2)
    assert list(spacy_w2v.tokenize(["a a b c"], tokenizer="whitespace")) == [["a", "a"]]


def test_given_tokens_are_unchanged():
    sentences = [["New York", "IS"], ["big"]]
    assert list(spacy_w2v.tokenize(sentences)) == sentences
    assert list(spacy_w2v.tokenize(sentences, attr="LOWER")) == [["new york", "is"], ["big"]]


def test_gensim_trains_on_them():
    sentences = list(spacy_w2v.tokenize(TEXTS))
    assert "n't" in gensim.models.FastText(sentences, min_count=1, vector_size=3, epochs=1, bucket=10).wv.key_to_index


def test_invalid_arguments_are_refused_immediately():
    with pytest.raises(ConfigError, match=r"^tokens has no setting 'window'"):
        spacy_w2v.tokenize(TEXTS, window=3)
    with pytest.raises(CorpusError, match="texts must be an iterable"):
        spacy_w2v.tokenize(b"a.txt")
    with pytest.raises(ConfigError, match="nlp must be a spaCy pipeline"):
        spacy_w2v.tokenize(TEXTS, "en")
