"""Counting of co-occurrences: exact, in order, and the same for any number of threads and any memory."""

from fractions import Fraction

import numpy as np
import pytest
from helpers_cooccurrence import UNKNOWN, expected_cells, in_order, make_corpus, random_sentences, read_all
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_w2v.config._cooccurrence import CooccurrenceSettings
from spacy_w2v.cooccurrence import _counting, _groups, _memory
from spacy_w2v.cooccurrence._cache import counted
from spacy_w2v.cooccurrence._counting import CountingCallback, batch_cells_of
from spacy_w2v.cooccurrence._groups import group_ends
from spacy_w2v.cooccurrence._memory import MemoryPlan
from spacy_w2v.cooccurrence._weights import fixed_point_weights, weight_at
from spacy_w2v.corpus import _store
from spacy_w2v.errors import ConfigError

KINDS = ["harmonic", "linear", "flat"]


class Recorded(CountingCallback):
    """Keeps what it receives."""

    def __init__(self):
        self.messages = []
        self.progress = []

    def on_message(self, text):
        self.messages.append(text)

    def on_counting(self, progress):
        self.progress.append(progress)


@pytest.fixture
def little_memory(monkeypatch):
    """Let memory be bounded as closely as small corpora need it for several parts."""
    monkeypatch.setattr(_memory, "OTHER_BYTES", 0)


def count(corpus, cache, word_of_type, *, window=5, n_workers=1, callback=None, **changes):
    """Return the words, contexts and counts of a corpus, and the number of cells of each batch."""
    word_of_type = np.asarray(word_of_type, np.uint32)
    n_words = int(word_of_type[word_of_type != UNKNOWN].max()) + 1
    with counted(
        corpus, word_of_type, n_words, window=window, settings=CooccurrenceSettings(**changes),
        n_workers=n_workers, cache_dir=cache, callback=callback,
    ) as matrix:  # fmt: skip
        return *read_all(matrix), matrix.batch_cells.tolist()


def check(actual, expected):
    """Compare cells with those of the reference: all of them, in order, and each count to the last bit but one."""
    words, contexts, counts = actual[:3]
    pairs = in_order(expected)
    assert list(zip(words.tolist(), contexts.tolist(), strict=True)) == pairs
    exact = np.array([float(expected[pair]) for pair in pairs])
    # A weight is rounded to a multiple of 2 ** -28, a count to float32.
    np.testing.assert_allclose(counts, exact, rtol=2**-24 + 2**-29 * 20)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("symmetric", [True, False])
@pytest.mark.parametrize("window", [1, 4, 30])
def test_counts_equal_the_reference(tmp_path, kind, symmetric, window):
    """With sentences shorter and longer than the window, and types that are not in the vocabulary."""
    sentences = random_sentences(1, n_types=40, n_sentences=60, longest=25)
    word_of_type = np.arange(40)
    word_of_type[[2, 17, 39]] = UNKNOWN
    word_of_type[38] = 5  # two types of one word
    corpus = make_corpus(tmp_path / "corpus", sentences, 40)
    actual = count(corpus, tmp_path / "cache", word_of_type, window=window, distance_weights=kind, symmetric=symmetric)
    check(actual, expected_cells(sentences, word_of_type, window=window, kind=kind, symmetric=symmetric))


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.lists(st.integers(0, 5), min_size=1, max_size=12), max_size=8),
    st.lists(st.sampled_from([0, 1, 2, 3, UNKNOWN]), min_size=6, max_size=6),
    st.integers(1, 15),
    st.sampled_from(KINDS),
    st.booleans(),
)
def test_counts_of_any_corpus(tmp_path_factory, sentences, word_of_type, window, kind, symmetric):
    place = tmp_path_factory.mktemp("any")
    word_of_type = [3, *word_of_type]  # type 0 is a word
    corpus = make_corpus(place / "corpus", sentences, 7, source=None)
    actual = count(corpus, place / "cache", word_of_type, window=window, distance_weights=kind, symmetric=symmetric)
    check(actual, expected_cells(sentences, word_of_type, window=window, kind=kind, symmetric=symmetric))


def test_a_vocabulary_of_one_word(tmp_path):
    corpus = make_corpus(tmp_path / "corpus", [[0, 1, 0, 0], [0], [1, 1]], 2)
    actual = count(corpus, tmp_path / "cache", [0, UNKNOWN], window=2)
    check(actual, {(0, 0): Fraction(5)})


def test_a_corpus_without_pairs_has_no_cells(tmp_path):
    corpus = make_corpus(tmp_path / "corpus", [[0], [1, 2]], 3)
    words, contexts, counts, batches = count(corpus, tmp_path / "cache", [0, 1, UNKNOWN])
    assert (words.size, contexts.size, counts.size, batches) == (0, 0, 0, [])


@pytest.fixture(scope="module")
def larger(tmp_path_factory):
    """A corpus of several chunks, whose vocabulary has three bands of rows."""
    place = tmp_path_factory.mktemp("larger")
    before, _store.CHUNK_TOKENS = _store.CHUNK_TOKENS, 500
    try:
        sentences = random_sentences(2, n_types=1100, n_sentences=800, longest=30)
        corpus = make_corpus(place / "corpus", sentences, 1100, source=None)
    finally:
        _store.CHUNK_TOKENS = before
    assert corpus.n_chunks > 20
    return corpus, sentences


def test_the_order_of_tiles(larger, tmp_path):
    corpus, sentences = larger
    actual = count(corpus, tmp_path, np.arange(1100))
    check(actual, expected_cells(sentences, np.arange(1100), window=5))
    assert actual[3][:-1] == [batch_cells_of(corpus.counts.n_tokens)] * (len(actual[3]) - 1)
    assert sum(actual[3]) == actual[0].size


@pytest.mark.parametrize("symmetric", [True, False])
def test_counts_depend_neither_on_threads_nor_on_memory(larger, tmp_path, monkeypatch, little_memory, symmetric):
    corpus, _ = larger
    runs = []
    append = _counting.Runs.append
    monkeypatch.setattr(_counting.Runs, "append", lambda *arguments: (runs.append(1), append(*arguments))[1])
    usual = count(corpus, tmp_path, np.arange(1100), symmetric=symmetric)
    assert not runs
    with pytest.raises(ConfigError, match="memory_gb must be at least") as error:
        count(corpus, tmp_path, np.arange(1100), memory_gb=1e-6, n_workers=3)
    least = float(str(error.value).split("at least ")[1].split()[0])
    n_runs = set()
    for memory_gb, n_workers in [
        (4, 2),
        (4, 3),
        (least, 1),
        (least, 3),
        (least * 1.05, 2),
        (least * 1.3, 1),
        (least * 2, 2),
    ]:
        runs.clear()
        actual = count(corpus, tmp_path, np.arange(1100), symmetric=symmetric, memory_gb=memory_gb, n_workers=n_workers)
        n_runs.add(len(runs))
        assert actual[3] == usual[3]
        for array, other in zip(actual[:3], usual[:3], strict=True):
            assert array.tobytes() == other.tobytes()
    assert len(n_runs) >= 3
    assert max(n_runs) > 30


def test_a_band_that_does_not_fit_is_merged(larger, tmp_path, monkeypatch):
    """The corpus fits into memory, but only some rows of the first bands do at a time."""
    corpus, _ = larger
    usual = count(corpus, tmp_path, np.arange(1100))
    plan = _counting.plan_memory
    monkeypatch.setattr(
        _counting,
        "plan_memory",
        lambda *arguments, **options: MemoryPlan(plan(*arguments, **options).part_entries, 1500),
    )
    cleared = []
    clear = _counting.Runs.clear
    monkeypatch.setattr(_counting.Runs, "clear", lambda runs: (cleared.append(runs.n_cells), clear(runs)))
    actual = count(corpus, tmp_path, np.arange(1100))
    assert len(cleared) == 3
    assert sum(cleared) == actual[0].size
    for array, other in zip(actual[:3], usual[:3], strict=True):
        assert array.tobytes() == other.tobytes()


def test_least_memory_is_enough_and_named(larger, tmp_path):
    corpus, _ = larger
    with pytest.raises(ConfigError, match=r"1,100 words and 2 threads, was: 1e-06\. Raise it, or use fewer"):
        count(corpus, tmp_path, np.arange(1100), memory_gb=1e-6, n_workers=2)


def test_progress_rises_to_the_end(larger, tmp_path, little_memory):
    corpus, _ = larger
    for memory_gb in (4, 0.0065):
        callback = Recorded()
        words = count(corpus, tmp_path, np.arange(1100), memory_gb=memory_gb, callback=callback)[0]
        fractions = [progress.fraction for progress in callback.progress]
        assert fractions == sorted(fractions)
        assert fractions[-1] == 1.0
        assert callback.progress[-1].n_tokens == corpus.counts.n_tokens
        assert callback.progress[-1].n_cells <= words.size


@given(st.lists(st.integers(0, 3000), min_size=1, max_size=2000), st.integers(3000, 100_000))
@settings(max_examples=100, deadline=None)
def test_groups_are_whole_bands_or_parts_of_one(bounds, group_cells):
    bounds = np.array(bounds)
    first = 0
    for end in group_ends(bounds, group_cells=group_cells):
        assert first < end
        assert bounds[first:end].sum() <= group_cells
        is_whole = first % 512 == 0 and (end % 512 == 0 or end == bounds.size)
        assert is_whole or (end - 1) // 512 == first // 512
        first = end
    assert first == bounds.size


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("window", [1, 7, 10_000])
@pytest.mark.parametrize("n_tokens", [1, 17_000_000, 10**12])
def test_sums_cannot_overflow(kind, window, n_tokens):
    weights, n_bits = fixed_point_weights(kind, window=window, n_tokens=n_tokens)
    weights = [int(weight) for weight in weights]
    assert weights[0] == 0
    assert 2 * n_tokens * sum(weights) < 2**64
    assert min(weights[1:]) >= 1
    assert n_bits == 28 or 4 * n_tokens * sum(weights) > 2**63  # no more bits than necessary are given up
    for distance in {1, window // 2 + 1, window}:
        exact = weight_at(distance, window=window, kind=kind)
        assert abs(Fraction(weights[distance], 2**n_bits) - exact) <= Fraction(1, 2**n_bits)


def test_batches_are_of_some_500_000_cells():
    assert [batch_cells_of(n) for n in (0, 10**6, 10**8)] == [4096, 31250, 1 << 19]


def test_ranges_of_threads_cover_a_group(larger, tmp_path, monkeypatch):
    """Rows without a position, and more ranges than rows."""
    seen = []
    ranges = _groups.RowCounter._ranges

    def recorded(self, first, end, counts):
        found = list(ranges(self, first, end, counts))
        seen.append((first, end, found))
        return iter(found)

    monkeypatch.setattr(_groups.RowCounter, "_ranges", recorded)
    monkeypatch.setattr(_groups, "USUAL_GROUP_CELLS", 10_000)
    count(larger[0], tmp_path, np.arange(1100), n_workers=3)
    assert len(seen) > 1
    for first, end, found in seen:
        assert [begin for begin, _ in found] == [first, *(stop for _, stop in found[:-1])]
        assert found[-1][1] == end
        assert all(begin < stop for begin, stop in found)
