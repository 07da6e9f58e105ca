"""Phrases of a corpus: the same as gensim's, with the same scores, for any memory; and joining them."""

import numba
import numpy as np
import pytest
from gensim.models.phrases import Phrases
from helpers_phrases import corpus_of, gensim_phrases, scores_of_gensim
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from spacy_w2v.config._phrases import PhraseSettings
from spacy_w2v.corpus import _store
from spacy_w2v.errors import ConfigError
from spacy_w2v.phrases import _counting, _sequences
from spacy_w2v.phrases._counting import MOST_HASH, PairCounter, most_slots_of
from spacy_w2v.phrases._finding import empty_table, find_phrases, score_pass
from spacy_w2v.phrases._joining import Joiner
from spacy_w2v.phrases._progress import PhraseCallback
from spacy_w2v.phrases._sequences import SequenceList
from spacy_w2v.phrases.kernels._pairs import NUMBER_MASK

WORDS = ["new", "york", "city", "times", "the", "of", "bank", "america", "machine", "learning"]


def random_sentences(seed, *, n_sentences, longest=25, n_words=200):
    """Return sentences of words "w0", "w1" and so on, of which low ones are more frequent."""
    generator = np.random.default_rng(seed)
    numbers = [
        np.minimum(n_words * generator.random(generator.integers(1, longest + 1)) ** 3, n_words - 1).astype(int)
        for _ in range(n_sentences)
    ]
    return [[f"w{number}" for number in sentence] for sentence in numbers]


def check_as_gensim(corpus, sentences, phrase_settings):
    """Compare the phrases of one pass, their scores and the joined sentences with gensim's."""
    table = find_phrases(corpus, phrase_settings)
    expected = gensim_phrases(sentences, phrase_settings, phrase_settings.thresholds[0])
    assert dict(zip(table.texts("_"), table.scores.tolist(), strict=True)) == scores_of_gensim(expected)
    assert [table.join(sentence) for sentence in sentences] == [expected[sentence] for sentence in sentences]
    check_joined(corpus, sentences, table)
    return table


def check_joined(corpus, sentences, table):
    """Compare the units of the compiled joiner with the sentences that the table joins."""
    joiner = Joiner.of(table, corpus)
    texts = [*joiner.keys.texts.to_pylist(), *table.texts(table.settings.delimiter)]
    actual, reader, n_tokens = [], corpus.open_chunks(), 0
    for number in range(corpus.n_chunks):
        chunk = reader.read(number)
        units = joiner.join(chunk)
        words = units.plain_words()
        for begin, end in zip(units.offsets[:-1], units.offsets[1:], strict=True):
            actual.append([texts[word] for word in words[begin:end]])
        lengths = [len(table.words[w - len(joiner.keys)]) if w >= len(joiner.keys) else 1 for w in words.tolist()]
        assert np.array_equal(np.diff(units.starts), lengths)
        assert (units.starts[0], units.starts[-1]) == (0, chunk.tokens.size)
        n_tokens += chunk.tokens.size
    assert actual == [table.join([word.lower() for word in sentence]) for sentence in sentences if sentence]
    assert n_tokens == sum(map(len, sentences))


SENTENCES = st.lists(st.lists(st.sampled_from(WORDS), max_size=12), min_size=1, max_size=12)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    SENTENCES,
    st.sampled_from(["default", "npmi"]),
    st.integers(1, 3),
    st.integers(0, 9),
    st.sampled_from([(), ("of", "the"), tuple(WORDS[:5]), "english"]),
)
def test_phrases_are_those_of_gensim(tmp_path_factory, sentences, scoring, min_count, level, connector_words):
    assume(any(sentences))
    threshold = {"default": 0.05 + 0.4 * level, "npmi": level / 5 - 0.9}[scoring]
    phrase_settings = PhraseSettings(
        scoring=scoring, min_count=min_count, threshold=threshold, connector_words=connector_words
    )
    corpus = corpus_of(tmp_path_factory.mktemp("corpus"), sentences)
    check_as_gensim(corpus, sentences, phrase_settings)


@pytest.fixture(scope="module")
def larger(tmp_path_factory):
    """A corpus of several chunks, with thousands of pairs."""
    before, _store.CHUNK_TOKENS = _store.CHUNK_TOKENS, 1000
    try:
        sentences = random_sentences(3, n_sentences=900)
        corpus = corpus_of(tmp_path_factory.mktemp("larger"), sentences)
    finally:
        _store.CHUNK_TOKENS = before
    assert corpus.n_chunks > 10
    return corpus, sentences


@pytest.mark.parametrize("scoring", ["default", "npmi"])
@pytest.mark.parametrize("connector_words", [(), ("w1", "w7", "w20")])
def test_phrases_of_several_chunks_are_those_of_gensim(larger, scoring, connector_words):
    threshold = {"default": 0.6, "npmi": 0.05}[scoring]
    table = check_as_gensim(
        *larger, PhraseSettings(scoring=scoring, min_count=2, threshold=threshold, connector_words=connector_words)
    )
    assert len(table) > 100


@pytest.mark.parametrize("scoring", ["default", "npmi"])
def test_later_passes_are_those_of_gensim_for_pairs_with_a_phrase(larger, scoring):
    """Gensim's phrases of the joined sentences, less those of two single words."""
    corpus, sentences = larger
    thresholds = {"default": (0.8, 0.4, 0.2), "npmi": (0.2, 0.1, 0.0)}[scoring]
    phrase_settings = PhraseSettings(
        scoring=scoring, min_count=1, threshold=thresholds, passes=3, connector_words=("w1", "w7"), delimiter=" "
    )
    table = find_phrases(corpus, phrase_settings)
    check_joined(corpus, sentences, table)
    first = np.flatnonzero(table.passes == 1)
    once = find_phrases(corpus, phrase_settings.model_copy(update={"passes": 1, "threshold": thresholds[0]}))
    assert table.words[: first.size] == once.words
    joined = [once.join(sentence, "+") for sentence in sentences]
    expected: dict[str, float] = {}
    for text, score in scores_of_gensim(gensim_phrases(joined, phrase_settings, thresholds[1])).items():
        if "+" in text:  # of two pairs with the same words, the higher score counts
            plain = text.replace("+", " ")
            expected[plain] = max(score, expected.get(plain, score))
    second = np.flatnonzero(table.passes == 2)
    assert {" ".join(table.words[row]): table.scores[row] for row in second} == expected
    assert second.size > 20
    assert np.count_nonzero(table.passes == 3) > 2


def test_thousands_of_pairs_in_little_memory_are_the_same(larger, monkeypatch):
    """The corpus is read several times, and nothing else changes."""
    corpus, _ = larger
    phrase_settings = PhraseSettings(scoring="default", min_count=1, threshold=0.5, connector_words=("w1",))
    expected = score_pass(corpus, empty_table(phrase_settings), number=1)
    monkeypatch.setattr(_counting, "most_slots_of", lambda memory_gb: 1 << 10)
    actual = score_pass(corpus, empty_table(phrase_settings), number=1)
    assert expected.n_readings == 1
    assert actual.n_readings > 4
    assert actual.words == expected.words
    assert np.array_equal(actual.scores, expected.scores)
    assert np.array_equal(actual.counts, expected.counts)


@pytest.mark.parametrize("most_slots", [1 << 8, 1 << 10, 1 << 14])
def test_every_pair_is_counted_in_one_range(most_slots):
    generator = np.random.default_rng(4)
    keys = generator.integers(0, 1000, 8000).astype(np.uint64) * np.uint64(1 << 32)
    between = generator.integers(0, 2, 8000).astype(np.uint32)
    found = {}
    counter = PairCounter(n_slots=1 << 5, most_slots=most_slots)
    while True:
        for begin in range(0, keys.size, 1500):
            counter.add(keys[begin : begin + 1500], between[begin : begin + 1500])
        pairs = counter.frequent(1).reshape(-1, 2)
        assert len(pairs) == counter.n_pairs
        for key, value in pairs.tolist():
            pair = (key, value >> 40)
            assert pair not in found
            found[pair] = value & int(NUMBER_MASK)
        if counter.high == MOST_HASH:
            break
        counter.start_next_range()
    distinct, counts = np.unique(np.stack([keys, between.astype(np.uint64)]), axis=1, return_counts=True)
    assert found == dict(zip(map(tuple, distinct.T.tolist()), counts.tolist(), strict=True))


def test_the_table_fits_into_the_memory():
    for memory_gb in (0.05, 0.3, 1, 7.5):
        n_slots = most_slots_of(memory_gb)
        assert 0.5 < n_slots * 16 * 1.5 / (memory_gb * 1e9) * 2 <= 2


def test_pairs_are_counted_by_key(tmp_path):
    sentences = [["New", "York"], ["new", "york"], ["NEW", "York"], ["a"]] * 2
    corpus = corpus_of(tmp_path / "corpus", sentences)
    phrase_settings = PhraseSettings(scoring="default", min_count=5, threshold=0.01)
    assert find_phrases(corpus, phrase_settings).words == [("new", "york")]
    apart = corpus_of(tmp_path / "apart", sentences, lower=False)
    assert len(find_phrases(apart, phrase_settings)) == 0


def test_punctuation_is_at_no_end_unless_asked_for(tmp_path):
    """Scores are the same: those of gensim, to which it is words."""
    sentences = [["so", ",", "but", "new", "york"], [",", "but", "afro", "-", "asiatic", "«", "2024"]] * 4
    corpus = corpus_of(tmp_path, sentences)
    found = {}
    for punctuation in (False, True):
        phrase_settings = PhraseSettings(
            scoring="default", min_count=1, threshold=0.1, connector_words=("-",), punctuation=punctuation
        )
        table = find_phrases(corpus, phrase_settings)
        found[punctuation] = dict(zip(table.texts("_"), table.scores.tolist(), strict=True))
    assert {",_but", "asiatic_«", "«_2024"} < found[True].keys() - found[False].keys()
    assert {"new_york", "afro_-_asiatic", "but_new"} <= found[False].keys()
    assert found[False].items() < found[True].items()
    assert found[True] == scores_of_gensim(gensim_phrases(sentences, phrase_settings, 0.1))


def test_scores_by_hand(tmp_path):
    """Six words, eight tokens: a 3 times, b twice, "a b" twice; pairs are "a b", "b c", "c a", "a d", "e f"."""
    sentences = [["a", "b"], ["a", "b", "c", "a", "d"], ["e", "f"]]
    corpus = corpus_of(tmp_path, sentences)
    table = find_phrases(corpus, PhraseSettings(scoring="default", min_count=1, threshold=0.1))
    assert table.words == [("a", "b")]
    assert table.scores.tolist() == [(2 - 1) / (3 * 2) * (6 + 5)]
    assert table.counts.tolist() == [2]
    table = find_phrases(corpus, PhraseSettings(scoring="npmi", min_count=2, threshold=0))
    assert table.scores == pytest.approx(np.log((2 / 9) / ((3 / 9) * (2 / 9))) / -np.log(2 / 9))


def test_npmi_is_at_most_one(larger):
    corpus, _ = larger
    found = score_pass(corpus, empty_table(PhraseSettings(scoring="npmi", min_count=1)), number=1)
    assert -1 <= found.scores.min() < found.scores.max() <= 1


def test_phrases_do_not_cross_boundaries(tmp_path):
    corpus = corpus_of(tmp_path, [["x", "new"], ["york", "y"]] * 5)
    assert len(find_phrases(corpus, PhraseSettings(scoring="default", min_count=1, threshold=0.01))) == 2


def test_dropped_types_are_not_joined_over(tmp_path):
    """Their tokens have provisional ids that are not in the table of types."""
    corpus = corpus_of(tmp_path, [["new", "rare", "york"], ["new", "york"]] * 3)
    types = corpus.read_types()
    joiner = Joiner.of(find_phrases(corpus, PhraseSettings(scoring="default", min_count=1, threshold=0.01)), corpus)
    keys = joiner.keys.of(types.filter([True, False, True]), n_type_ids=3, connectors=frozenset())
    table = joiner.table
    assert ("new", "york") in table
    units = Joiner(table, keys).join(corpus.open_chunks().read(0))
    texts = [*keys.texts.to_pylist(), *table.texts()]
    words = [texts[word] if word < len(texts) else None for word in units.words.tolist()]
    assert words == ["new", None, "york", "new york"] * 3


def test_a_corpus_without_pairs_has_no_phrases(tmp_path):
    corpus = corpus_of(tmp_path, [["a"], ["b"]])
    table = find_phrases(corpus, PhraseSettings(scoring="npmi", passes=2))
    assert len(table) == 0
    check_joined(corpus, [["a"], ["b"]], table)


def test_phrases_with_words_that_the_corpus_lacks_are_not_joined(tmp_path):
    table = find_phrases(
        corpus_of(tmp_path / "first", [["a", "b", "c"]] * 3),
        PhraseSettings(scoring="default", min_count=1, threshold=0.01),
    )
    assert len(table) == 2
    check_joined(corpus_of(tmp_path / "other", [["b", "c", "x"]]), [["b", "c", "x"]], table)


def test_sequences_of_connector_words_have_numbers():
    sequences = SequenceList()
    generator = np.random.default_rng(5)
    numbers = {}
    for _ in range(3000):
        words = tuple(generator.integers(0, 12, generator.integers(0, 6)).tolist())
        number = sequences.number_of(np.array(words, np.uint32))
        assert numbers.setdefault(words, number) == number
        assert sequences.words_of(number) == list(words)
    assert numbers[()] == 0
    assert len({*numbers.values()}) == len(numbers)


def test_too_many_sequences_are_refused(monkeypatch):
    monkeypatch.setattr(_sequences, "MOST_SEQUENCES", 5)
    sequences = SequenceList()
    for number in range(5):
        sequences.number_of(np.array([number], np.uint32))
    with pytest.raises(ConfigError, match="at most 5 different sequences"):
        sequences.number_of(np.array([9], np.uint32))


@pytest.mark.skipif(numba.config.DISABLE_JIT, reason="the sentences of gensim's article are many")
def test_bundled_text_has_the_phrases_of_gensim(tmp_path):
    from gensim.models.word2vec import Text8Corpus
    from gensim.test.utils import datapath

    sentences = list(Text8Corpus(datapath("lee_background.cor"), max_sentence_length=1000))
    for scoring, threshold in (("default", 10.0), ("npmi", 0.5)):
        phrase_settings = PhraseSettings(scoring=scoring, min_count=5, threshold=threshold, connector_words="english")
        corpus = corpus_of(tmp_path / scoring, sentences, lower=False)
        table = find_phrases(corpus, phrase_settings)
        expected = Phrases(
            sentences, scoring=scoring, threshold=threshold, connector_words=phrase_settings.connectors
        ).export_phrases()
        assert dict(zip(table.texts("_"), table.scores.tolist(), strict=True)) == expected
        assert len(table) > 100


class Recorded(PhraseCallback):
    """Keeps the progress that it receives."""

    def __init__(self):
        self.progress = []

    def on_phrases(self, progress):
        self.progress.append(progress)


def test_progress_is_reported(larger):
    corpus, _ = larger
    callback = Recorded()
    find_phrases(corpus, PhraseSettings(scoring="default", passes=2), callback=callback)
    n_tokens, n_chunks = corpus.counts.n_tokens, corpus.n_chunks
    assert [progress.fraction for progress in callback.progress] == [(i + 1) / n_chunks for i in range(n_chunks)] * 2
    assert {progress.step for progress in callback.progress} == {"counting"}
    assert [callback.progress[i].n_tokens for i in (n_chunks - 1, -1)] == [n_tokens, 2 * n_tokens]
