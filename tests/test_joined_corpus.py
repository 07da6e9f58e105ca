"""The corpus in which phrases are joined: tokens, types and counts against a slow reference, and its cache entry."""

import random
from collections import Counter
from contextlib import contextmanager

import numpy as np
import pytest
import spacy
from helpers_corpus import ListSource
from helpers_joined import PHRASE_BLOCK, PHRASES, joined_tokens, phrase_lines
from numpy.testing import assert_array_equal

from spacy_w2v.config._phrases import PhraseSettings
from spacy_w2v.config._schema import TokensSettings
from spacy_w2v.corpus import _store
from spacy_w2v.corpus._cache import prepared_corpus
from spacy_w2v.corpus._cache_directory import CACHE_TAG
from spacy_w2v.errors import StorageError
from spacy_w2v.phrases import _joined_corpus
from spacy_w2v.phrases._finding import find_phrases
from spacy_w2v.phrases._joined_corpus import joined_corpus
from spacy_w2v.phrases._progress import PhraseCallback
from spacy_w2v.phrases._table import PhraseTable
from spacy_w2v.sources._huggingface import make_dataset_v1

NLP = spacy.blank("en")
SETTINGS = PhraseSettings(**PHRASE_BLOCK)
NONE_FOUND = PhraseSettings(scoring="default", threshold=1e9)


class Recorder(PhraseCallback):
    """Keeps messages and progress."""

    def __init__(self):
        self.messages, self.progress = [], []

    def on_message(self, text):
        self.messages.append(text)

    def on_phrases(self, progress):
        self.progress.append(progress)


def source_of(lines, fingerprint="lines"):
    return ListSource(lines[: len(lines) // 2], lines[len(lines) // 2 :], fingerprint=fingerprint)


@contextmanager
def encoded(source, cache, *, attr="LOWER", max_vocab_size=None, **arguments):
    tokens = TokensSettings(attr=attr)
    with prepared_corpus(source, NLP, tokens, max_vocab_size=max_vocab_size, cache_dir=cache, **arguments) as corpus:
        yield corpus


def entries_of(cache):
    return {path.name for path in cache.iterdir()} - {CACHE_TAG}


def tokens_of(corpus):
    """Return the sentences as texts and keys of tokens, with None for those of dropped types."""
    types = corpus.read_types()
    names = zip(types["orth"].to_pylist(), types["key"].to_pylist(), strict=True)
    of_id = dict(zip(types["id"].to_pylist(), names, strict=True))
    return [[of_id.get(number) for number in sentence.tolist()] for sentence in corpus.sentences()]


def check_joined(corpus, joined, table):
    """Check the content of a joined corpus, its counts and the order of its types."""
    expected = [joined_tokens(sentence, table) for sentence in tokens_of(corpus)]
    actual = tokens_of(joined)
    assert actual == expected
    flat = [token for sentence in actual for token in sentence]
    counts, types = Counter(token for token in flat if token is not None), joined.read_types()
    names = list(zip(types["orth"].to_pylist(), types["key"].to_pylist(), strict=True))
    assert dict(zip(names, types["count"].to_pylist(), strict=True)) == counts
    assert names == list(counts), "types must be in the order of first appearance"
    assert joined.counts.n_tokens == len(flat) == joined.chunk_tokens.sum()
    assert joined.counts.n_types == len(counts)
    assert joined.counts.n_dropped_tokens == flat.count(None) == corpus.counts.n_dropped_tokens
    assert joined.counts.n_sentences == corpus.counts.n_sentences
    phrases = [token for token in flat if token is not None and " " in token[1]]
    assert joined.phrases.n_tokens == len(phrases)
    assert joined.phrases.n_phrases == len({key for _, key in phrases})
    by_key = Counter(key for _, key in phrases)
    assert [by_key[key] for key in joined.phrases.most_frequent] == sorted(by_key.values(), reverse=True)[:10]


@pytest.mark.parametrize("attr", ["LOWER", "ORTH", "NORM"])
def test_phrases_are_types_of_their_own(tmp_path, attr):
    lines = phrase_lines()
    with (
        encoded(source_of(lines), tmp_path, attr=attr) as corpus,
        joined_corpus(corpus, SETTINGS, cache_dir=tmp_path) as joined,
    ):
        table = find_phrases(corpus, SETTINGS)
        assert len(table) >= len(PHRASES)
        check_joined(corpus, joined, table)
        before, after = corpus.read_types(), joined.read_types()
        of_key = Counter(dict(zip(after["orth"].to_pylist(), after["count"].to_pylist(), strict=True)))
        n_york = dict(zip(before["orth"].to_pylist(), before["count"].to_pylist(), strict=True))["York"]
        assert of_key["York"] == n_york - sum(n for orth, n in of_key.items() if " York" in orth or "York " in orth)


def test_case_makes_types_but_not_phrases(tmp_path):
    with (
        encoded(source_of(phrase_lines()), tmp_path) as corpus,
        joined_corpus(corpus, SETTINGS, cache_dir=tmp_path) as joined,
    ):
        types = joined.read_types().to_pylist()
        assert set(joined.phrases.most_frequent) == PHRASES
        assert {row["orth"] for row in types if row["key"] == "new york"} == {"New York", "new york", "NEW YORK"}
        assert {row["orth"] for row in types if row["key"] == "bank of england"} == {
            "Bank of England",
            "bank of England",
        }


def test_several_parts_become_one_corpus_with_the_same_tokens(tmp_path):
    for number in range(3):
        lines = phrase_lines(400, seed=number)
        (tmp_path / f"{number}.txt").write_text("\n".join(lines) + "\n")
    source = make_dataset_v1(data_files=str(tmp_path / "*.txt"))
    contents = []
    for name, part_bytes in (("one", 1 << 29), ("several", 9000)):
        with (
            encoded(source, tmp_path / name, part_bytes=part_bytes) as corpus,
            joined_corpus(corpus, SETTINGS, cache_dir=tmp_path / name) as joined,
        ):
            assert (len(corpus.parts) > 1) == (name == "several")
            assert joined.parts == ()
            check_joined(corpus, joined, find_phrases(corpus, SETTINGS))
            contents.append((tokens_of(joined), joined.read_types().to_pydict(), joined.counts, joined.phrases))
    assert contents[0] == contents[1]


@pytest.mark.parametrize("part_bytes", [1 << 29, 9000])
def test_dropped_types_keep_their_tokens_and_join_nothing(tmp_path, part_bytes):
    for number in range(3):
        lines = phrase_lines(400, seed=number, n_others=900)
        (tmp_path / f"{number}.txt").write_text("\n".join(lines) + "\n")
    source = make_dataset_v1(data_files=str(tmp_path / "*.txt"))
    with (
        encoded(source, tmp_path / "c", max_vocab_size=300, part_bytes=part_bytes) as corpus,
        joined_corpus(corpus, SETTINGS, cache_dir=tmp_path / "c") as joined,
    ):
        assert corpus.counts.n_dropped_tokens > 100
        check_joined(corpus, joined, find_phrases(corpus, SETTINGS))
        assert joined.counts.n_dropped_types == corpus.counts.n_dropped_types


def test_many_chunks_and_long_sentences(tmp_path, monkeypatch):
    monkeypatch.setattr(_store, "CHUNK_TOKENS", 50)
    lines = [*phrase_lines(300), " ".join(phrase_lines(40, seed=1))]
    with encoded(source_of(lines), tmp_path) as corpus, joined_corpus(corpus, SETTINGS, cache_dir=tmp_path) as joined:
        assert corpus.n_chunks > 30
        assert 20 < joined.n_chunks < corpus.n_chunks
        check_joined(corpus, joined, find_phrases(corpus, SETTINGS))


def test_given_phrases_are_joined_instead(tmp_path):
    given = PhraseTable(PhraseSettings(), [("new", "york")], np.ones(1), np.ones(1, np.int64), np.ones(1, np.uint8))
    callback = Recorder()
    with encoded(source_of(phrase_lines()), tmp_path) as corpus:
        with joined_corpus(corpus, PhraseSettings(), given=given, cache_dir=tmp_path) as joined:
            check_joined(corpus, joined, given)
            assert joined.phrases.most_frequent == ["new york"]
        with joined_corpus(corpus, PhraseSettings(), given=given, cache_dir=tmp_path, callback=callback) as again:
            assert again.directory == joined.directory
        assert callback.messages == [f"Using the corpus with phrases {joined.directory}"]


# --- the cache


def test_without_phrases_the_corpus_is_used_as_it_is(tmp_path):
    callback = Recorder()
    with encoded(source_of(phrase_lines(100)), tmp_path) as corpus:
        with joined_corpus(corpus, PhraseSettings(), cache_dir=tmp_path, callback=callback) as same:
            assert same is corpus
        assert callback.messages == []
        with joined_corpus(corpus, NONE_FOUND, cache_dir=tmp_path, callback=callback) as same:
            assert same is corpus
        assert callback.messages == [_joined_corpus.NO_PHRASES]
        unknown = PhraseTable(PhraseSettings(), [("x", "y")], np.ones(1), np.ones(1, np.int64), np.ones(1, np.uint8))
        with joined_corpus(corpus, PhraseSettings(), given=unknown, cache_dir=tmp_path) as same:
            assert same is corpus
        assert entries_of(tmp_path) == {corpus.directory.name}


def test_an_entry_is_used_again_for_the_same_corpus_and_settings(tmp_path, monkeypatch):
    source, first, second = source_of(phrase_lines()), Recorder(), Recorder()
    with (
        encoded(source, tmp_path) as corpus,
        joined_corpus(corpus, SETTINGS, cache_dir=tmp_path, callback=first) as joined,
    ):
        expected = tokens_of(joined), joined.phrases, joined.counts
        entries = {corpus.directory.name, joined.directory.name}
        assert joined.fingerprint.phrases["settings"]["threshold"] == 1.5
    assert entries_of(tmp_path) == entries
    (message,) = first.messages
    assert message.startswith("Joined 4 phrases, which are ")
    assert "new york" in message
    steps = [progress.step for progress in first.progress]
    assert set(steps) == {"counting", "joining"}
    assert first.progress[-1].fraction == 1.0
    monkeypatch.setattr(_joined_corpus, "find_phrases", None)
    same = SETTINGS.model_copy(update={"memory_gb": 0.5, "delimiter": "#"})
    with (
        encoded(source, tmp_path) as corpus,
        joined_corpus(corpus, same, cache_dir=tmp_path, callback=second) as joined,
    ):
        assert (tokens_of(joined), joined.phrases, joined.counts) == expected
    assert second.messages == [f"Using the corpus with phrases {joined.directory}"]
    assert source.n_read == 1


def test_other_settings_and_texts_have_other_entries(tmp_path):
    names = set()
    for lines, settings in (
        (phrase_lines(), SETTINGS),
        (phrase_lines(), SETTINGS.model_copy(update={"threshold": 2.0})),
        (phrase_lines(seed=1), SETTINGS),
    ):
        source = source_of(lines, fingerprint=lines[0])
        with encoded(source, tmp_path) as corpus, joined_corpus(corpus, settings, cache_dir=tmp_path) as joined:
            names.add(joined.directory.name)
    assert len(names) == 3


def test_a_corpus_without_a_fingerprint_leaves_nothing(tmp_path):
    with (
        encoded(source_of(phrase_lines(), fingerprint=None), tmp_path) as corpus,
        joined_corpus(corpus, SETTINGS, cache_dir=tmp_path) as joined,
    ):
        check_joined(corpus, joined, find_phrases(corpus, SETTINGS))
        assert len(entries_of(tmp_path)) == 4  # two directories and their locks
    assert entries_of(tmp_path) == set()


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError])
def test_nothing_half_written_is_left(tmp_path, error):
    class Stopping(Recorder):
        def on_phrases(self, progress):
            if progress.step == "joining":
                raise error("stopped")

    with encoded(source_of(phrase_lines()), tmp_path) as corpus:
        expected = StorageError if error is OSError else error
        with pytest.raises(expected), joined_corpus(corpus, SETTINGS, cache_dir=tmp_path, callback=Stopping()):
            pass
        assert entries_of(tmp_path) == {corpus.directory.name}
        with joined_corpus(corpus, SETTINGS, cache_dir=tmp_path) as joined:
            check_joined(corpus, joined, find_phrases(corpus, SETTINGS))


def test_a_damaged_entry_is_written_again(tmp_path):
    callback = Recorder()
    with encoded(source_of(phrase_lines()), tmp_path) as corpus:
        with joined_corpus(corpus, SETTINGS, cache_dir=tmp_path) as joined:
            content = (joined.directory / "tokens.arrow").read_bytes()
        (joined.directory / "tokens.arrow").write_bytes(content[:-100])
        with joined_corpus(corpus, SETTINGS, cache_dir=tmp_path, callback=callback) as again:
            check_joined(corpus, again, find_phrases(corpus, SETTINGS))
        assert (again.directory / "tokens.arrow").read_bytes() == content
    assert callback.messages[0].startswith("Joining the phrases of the corpus again, because the cache is damaged.")


def test_joined_entries_explain_no_difference(tmp_path):
    """A message says why texts are encoded again, by an entry for the same texts, which a joined one is not."""
    source = source_of(phrase_lines(100))
    with encoded(source, tmp_path) as corpus, joined_corpus(corpus, SETTINGS, cache_dir=tmp_path) as joined:
        other = joined.fingerprint
    from spacy_w2v.corpus._entries import why_not_found

    for path in corpus.directory.iterdir():
        path.unlink()
    corpus.directory.rmdir()
    assert why_not_found(tmp_path, "list", corpus.fingerprint) == ""
    assert other.phrases is not None


def test_random_texts_of_few_words(tmp_path):
    """Phrases of phrases, words in several phrases and phrases at the ends of sentences are met in all combinations."""
    chooser = random.Random(0)
    words = ["a", "A", "of", "b", "B", "c", "d"]
    settings = PhraseSettings(scoring="npmi", threshold=-0.4, min_count=1, connector_words=("of",), passes=3)
    for number in range(5):
        lines = [" ".join(chooser.choices(words, k=chooser.randrange(1, 12))) for _ in range(40)]
        with (
            encoded(source_of(lines, str(number)), tmp_path) as corpus,
            joined_corpus(corpus, settings, cache_dir=tmp_path) as joined,
        ):
            table = find_phrases(corpus, settings)
            assert table.passes.max() == 3
            check_joined(corpus, joined, table)
            assert_array_equal(joined.read_types()["id"].to_numpy(), np.arange(joined.n_type_ids))
