"""The corpus in which the frequent phrases of a key function are one token each."""

from collections import Counter

import pytest
from helpers_spans import (
    FINGERPRINT,
    Sentence,
    phrase,
    random_sentences,
    sentences_of_corpus,
    token,
    types_by_id,
    write_sentences,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_w2v.config._phrases import PhraseSettings
from spacy_w2v.config._schema import VocabularySettings
from spacy_w2v.corpus import _store as store
from spacy_w2v.corpus._store import open_corpus
from spacy_w2v.model._vocabulary import build_vocabulary
from spacy_w2v.phrases._joined_corpus import joined_corpus
from spacy_w2v.phrases._joined_spans import joined_spans
from spacy_w2v.phrases._progress import PhraseCallback

seeded = settings(derandomize=True, deadline=None, max_examples=60)


class Recorder(PhraseCallback):
    """Keeps messages and progress."""

    def __init__(self):
        self.messages = []
        self.progress = []

    def on_message(self, text):
        self.messages.append(text)

    def on_phrases(self, progress):
        self.progress.append(progress)


@pytest.fixture(autouse=True)
def new_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("SPACY_W2V_CACHE", str(tmp_path / "cache"))


def of_counts(min_count=5, min_phrase_count=None, max_final_vocab=None) -> VocabularySettings:
    return VocabularySettings(min_count=min_count, min_phrase_count=min_phrase_count, max_final_vocab=max_final_vocab)


def joined_slowly(sentences: list[Sentence], least: int) -> list[list]:
    """Return the tokens of sentences, in which phrases with a frequent key are one."""
    counts = Counter(of[1] for sentence in sentences for _, _, of in sentence.phrases)
    joined = []
    for tokens, phrases in sentences:
        of_start = {start: (length, of) for start, length, of in phrases if counts[of[1]] >= least}
        found, place = [], 0
        while place < len(tokens):
            length, of = of_start.get(place, (1, tokens[place]))
            found.append(of)
            place += length
        joined.append(found)
    return joined


def tokens_of(corpus) -> list[list]:
    return [sentence.tokens for sentence in sentences_of_corpus(corpus)]


@seeded
@given(
    seed=st.integers(0, 10**6),
    n=st.integers(1, 120),
    size=st.integers(12, 300),
    least=st.integers(1, 12),
    longest=st.integers(1, 12),
)
def test_frequent_phrases_become_tokens(tmp_path_factory, seed, n, size, least, longest):
    sentences = random_sentences(n, seed=seed, n_words=8, longest=longest)
    place = tmp_path_factory.mktemp("corpus")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store, "CHUNK_TOKENS", size)
        corpus = write_sentences(place / "c", sentences)
        with joined_spans(corpus, of_counts(least), cache_dir=place / "cache") as joined:
            expected = joined_slowly(sentences, least)
            assert tokens_of(joined) == expected
            order = list(dict.fromkeys(of for tokens in expected for of in tokens))
            table = joined.read_types()
            assert types_by_id(table) == dict(enumerate(order))
            counts = Counter(of for tokens in expected for of in tokens)
            assert table["count"].to_pylist() == [counts[of] for of in order]
            keys = Counter(of[1] for sentence in sentences for _, _, of in sentence.phrases)
            frequent = [key for key, count in keys.items() if count >= least]
            if not frequent:
                assert joined is corpus
                return
            assert joined.phrases.n_phrases == len(frequent)
            assert joined.phrases.n_tokens == sum(keys[key] for key in frequent)
            assert joined.phrases.n_split == len(keys) - len(frequent)
            assert joined.phrases.most_frequent[0] == max(frequent, key=keys.__getitem__)
            assert joined.counts.n_sentences == corpus.counts.n_sentences == n


def test_it_is_found_in_the_cache_and_another_limit_is_another_corpus(tmp_path):
    corpus = write_sentences(tmp_path / "c", random_sentences(300, seed=1))
    first, second = Recorder(), Recorder()
    with joined_spans(corpus, of_counts(3), callback=first) as joined:
        path = joined.directory
        files = {file.name: file.read_bytes() for file in path.iterdir()}
    assert path.parent == tmp_path / "cache"
    assert [progress.step for progress in first.progress] == ["joining"] * corpus.n_chunks
    assert first.progress[-1].fraction == 1
    with joined_spans(corpus, of_counts(3), callback=second) as again:
        assert again.directory == path
    assert second.messages == [f"Using the corpus with phrases {path}"]
    assert second.progress == []
    with joined_spans(corpus, of_counts(5, min_phrase_count=3)) as other:
        assert other.fingerprint.phrases == {"version": 1, "min_count": 5}
    with joined_spans(corpus, of_counts(3, min_phrase_count=6)) as other:
        assert other.fingerprint.digest() != joined.fingerprint.digest()
        assert other.fingerprint.phrases == {"version": 1, "min_count": 6}
    (path / "tokens.arrow").write_bytes(files["tokens.arrow"][:-9])
    third = Recorder()
    with joined_spans(corpus, of_counts(3), callback=third) as mended:
        assert {file.name: file.read_bytes() for file in mended.directory.iterdir()} == files
    assert third.messages[0].startswith("Joining the phrases of the corpus again, because the cache is damaged")


def test_without_a_fingerprint_it_is_temporary(tmp_path):
    corpus = write_sentences(tmp_path / "c", random_sentences(300, seed=1), fingerprint=FINGERPRINT.of(None))
    with joined_spans(corpus, of_counts(3)) as joined:
        assert joined.phrases.n_phrases > 3
        directory = joined.directory
    assert not directory.exists()


def test_the_message_has_the_numbers(tmp_path):
    common = Sentence([token("New"), token("York"), token("is")], [(0, 2, phrase("New", "York"))])
    rare = [Sentence([token("a"), token(of)], [(0, 2, phrase("a", of))]) for of in ("b", "c")]
    corpus = write_sentences(tmp_path / "c", [common] * 6 + rare)
    recorder = Recorder()
    with joined_spans(corpus, of_counts(5), callback=recorder) as joined:
        assert joined.counts.n_tokens == 16
    assert recorder.messages == [
        "Joined 1 phrase, which is 37.5% of the tokens: new_york|P. 2 rarer ones stay as their tokens"
    ]


def test_no_frequent_phrase_leaves_the_corpus(tmp_path):
    corpus = write_sentences(tmp_path / "c", random_sentences(20, seed=1))
    recorder = Recorder()
    with joined_spans(corpus, of_counts(1000), callback=recorder) as joined:
        assert joined is corpus
    assert recorder.messages[0].endswith(
        "phrases occurs 1,000 times, so all stay as their tokens. Lower min_phrase_count and min_count, or use more "
        "text, to join some"
    )


def test_a_phrase_with_the_text_and_key_of_a_token_is_the_same_type(tmp_path):
    both = ("U.S.", "U.S.|GPE")
    sentences = [Sentence([both, token("is")], []), Sentence([token("U"), token("S")], [(0, 2, both)])] * 5
    corpus = write_sentences(tmp_path / "c", sentences)
    with joined_spans(corpus, of_counts(5)) as joined:
        assert tokens_of(joined) == [[both, token("is")], [both]] * 5
        table = joined.read_types()
        assert table["orth"].to_pylist() == ["U.S.", "is"]
        assert table["count"].to_pylist() == [10, 5]


def test_dropped_types_stay_dropped(tmp_path):
    sentences = random_sentences(500, seed=3, n_words=200)
    corpus = write_sentences(tmp_path / "c", sentences, max_types=40)
    spans = sentences_of_corpus(corpus)
    with joined_spans(corpus, of_counts(4)) as joined:
        known = [
            Sentence(tokens, [(start, n, of) for start, n, of in phrases if of is not None])
            for tokens, phrases in spans
        ]
        counts = Counter(of[1] for sentence in known for _, _, of in sentence.phrases)
        assert tokens_of(joined) == joined_slowly(known, 4)
        assert joined.phrases.n_phrases == sum(count >= 4 for count in counts.values())
        assert 0 < joined.counts.n_dropped_tokens <= corpus.counts.n_dropped_tokens
        assert joined.phrases.n_split == len(counts) - joined.phrases.n_phrases + corpus.spans.n_dropped_types


@pytest.mark.parametrize("most", [3, 10, 25, 60, 10_000])
@pytest.mark.parametrize("min_phrase_count", [None, 1, 9])
def test_every_joined_phrase_is_a_word_of_the_vocabulary(tmp_path, most, min_phrase_count):
    corpus = write_sentences(tmp_path / "c", random_sentences(800, seed=8, n_words=40))
    chosen = of_counts(3, min_phrase_count, most)
    with joined_spans(corpus, chosen) as joined:
        vocabulary, _ = build_vocabulary(
            joined.read_types(), n_type_ids=joined.n_type_ids, min_count=3, max_final_vocab=most
        )
        assert len(vocabulary) <= most
        phrases = {of[1] for tokens in tokens_of(joined) for of in tokens if of[1].endswith("|P")}
        assert phrases <= set(vocabulary.words)
        assert bool(phrases) == (most > 3)


def test_phrases_of_the_corpus_are_found_in_the_joined_one(tmp_path):
    """A key function and [w2v.phrases] may both join."""
    sentences = random_sentences(600, seed=9, n_words=12)
    corpus = write_sentences(tmp_path / "c", sentences)
    both = PhraseSettings(scoring="default", threshold=0.1, min_count=2)
    with joined_spans(corpus, of_counts(3)) as joined, joined_corpus(joined, both) as twice:
        assert twice.fingerprint.phrases["of"] == joined.fingerprint.phrases
        assert any(" " in key for key in twice.read_types()["key"].to_pylist())
        assert open_corpus(twice.directory).counts == twice.counts
