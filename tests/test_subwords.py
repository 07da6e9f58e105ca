"""n-grams of words, their buckets and rows, and the vectors that are composed from them."""

import warnings
from itertools import pairwise

import numpy as np
import pytest
from gensim.models.fasttext import ft_ngram_hashes
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from spacy.vectors import Vectors

from spacy_w2v.config._subwords import DEFAULTS, HASH_SEED, SubwordSettings
from spacy_w2v.subwords._ngrams import bucket_ids, utf8_of
from spacy_w2v.subwords._rows import composed, rows_of_words
from spacy_w2v.subwords._table import SubwordTable
from spacy_w2v.subwords.kernels._rows import NO_ROW

ALPHABETS = [
    "abcdefghijklmnopqrstuvwxyz",
    "äöüßéèçñåøœ",
    "<>/s_ \t\n\u00a0",
    "東京都大阪府北海道",
    "안녕하세요",
    "🙂👩‍👩‍👧‍👦🇩🇪🏴",
    "e\u0301a\u0308o\u0302\u0323",
    "мир\u200d\u200c\u0000",
]
BY_HAND = [
    "",
    " ",
    "<",
    ">",
    "<>",
    "</s>",
    "a",
    "ä",
    "京",
    "🙂",
    "\u0301",
    "new york",
    "x" * 500,
    "京" * 99,
    "\x7f\x80ÿ",
]


def hostile_strings(n: int) -> list[str]:
    """Return strings of several scripts and lengths, some of which look like marks of words."""
    rng = np.random.default_rng(5)
    strings = list(BY_HAND)
    while len(strings) < n:
        letters = ALPHABETS[rng.integers(len(ALPHABETS))]
        if rng.random() < 0.3:
            letters += ALPHABETS[rng.integers(len(ALPHABETS))]
        strings.append("".join(rng.choice(list(letters), rng.integers(1, 25))))
    return strings


STRINGS = hostile_strings(1_000)
LENGTHS = [(1, 1), (1, 3), (2, 3), (3, 6), (4, 5), (5, 5), (1, 1000), (1000, 1000)]


def floret_vectors(subwords: SubwordSettings, matrix=None) -> Vectors:
    """Return spaCy's table with the same subwords."""
    return Vectors(
        mode="floret",
        data=np.zeros((subwords.buckets, 1), np.float32) if matrix is None else matrix,
        minn=subwords.min_n,
        maxn=subwords.max_n,
        hash_count=subwords.hashes,
        hash_seed=subwords.hash_seed,
        bow=subwords.bow,
        eow=subwords.eow,
    )


def buckets_by_spacy(word: str, vectors: Vectors) -> list[int]:
    if not word:
        return []  # Vectors.get_batch
    return [int(h) % len(vectors.data) for ngram in vectors._get_ngrams(word) for h in vectors._get_ngram_hashes(ngram)]


def split(offsets, values) -> list[list[int]]:
    return [values[start:end].tolist() for start, end in pairwise(offsets)]


@pytest.mark.parametrize("lengths", LENGTHS, ids=str)
@pytest.mark.parametrize("hashes", [1, 2, 3, 4])
def test_buckets_are_those_of_spacy(lengths, hashes):
    subwords = SubwordSettings(mode="floret", min_n=lengths[0], max_n=lengths[1], hashes=hashes, buckets=4999)
    vectors = floret_vectors(subwords)
    some = STRINGS if lengths == (4, 5) else STRINGS[:150]
    assert split(*bucket_ids(some, subwords)) == [buckets_by_spacy(word, vectors) for word in some]


@pytest.mark.parametrize("lengths", LENGTHS, ids=str)
def test_buckets_are_those_of_gensim(lengths):
    subwords = SubwordSettings(mode="fasttext", min_n=lengths[0], max_n=lengths[1], buckets=4999)
    expected = [ft_ngram_hashes(word, *lengths, 4999) if word != "</s>" else [] for word in STRINGS]
    assert split(*bucket_ids(STRINGS, subwords)) == expected


@settings(max_examples=40, deadline=None)
@given(
    word=st.text(max_size=12),
    min_n=st.integers(1, 8),
    more=st.integers(0, 8),
    hashes=st.integers(1, 4),
    seed=st.integers(0, 2**32 - 1),
    mark=st.text(st.characters(categories=["L", "S"]), min_size=1, max_size=3),
)
@example(word="a", min_n=3, more=0, hashes=2, seed=HASH_SEED, mark="<")  # the whole word counts twice
def test_buckets_of_any_string(word, min_n, more, hashes, seed, mark):
    floret = SubwordSettings(
        mode="floret", min_n=min_n, max_n=min_n + more, hashes=hashes, hash_seed=seed, bow=mark, eow=mark, buckets=997
    )
    assert bucket_ids([word], floret)[1].tolist() == buckets_by_spacy(word, floret_vectors(floret))
    fasttext = SubwordSettings(mode="fasttext", min_n=min_n, max_n=min_n + more, buckets=997)
    assert bucket_ids([word], fasttext)[1].tolist() == ft_ngram_hashes(word, min_n, min_n + more, 997)


def test_short_words_count_twice_in_floret():
    subwords = SubwordSettings(mode="floret", min_n=3, max_n=3, hashes=1)
    once, twice = split(*bucket_ids(["ab", "a"], subwords))
    assert len(once) == 3
    assert len(twice) == 2
    assert twice[0] == twice[1]


def test_lone_marks_are_no_ngrams_in_fasttext():
    subwords = SubwordSettings(mode="fasttext", min_n=1, max_n=1)
    assert [len(buckets) for buckets in split(*bucket_ids(["", "a", "ab", "<"], subwords))] == [0, 1, 2, 1]


def test_half_a_surrogate_pair_is_one_character():
    subwords = SubwordSettings(mode="fasttext", min_n=1, max_n=1)
    assert [len(buckets) for buckets in split(*bucket_ids(["a\ud800b", "b"], subwords))] == [3, 1]


def test_no_words():
    for mode in DEFAULTS:
        offsets, buckets = bucket_ids([], SubwordSettings(mode=mode))
        assert offsets.tolist() == [0]
        assert len(buckets) == 0
    assert utf8_of([""])[1].tolist() == [0, 0]


def test_buckets_are_those_of_fasttext(tmp_path):
    fasttext = pytest.importorskip("fasttext")
    model = trained_by(fasttext, tmp_path, minn=1, maxn=4, bucket=997)
    subwords = SubwordSettings(mode="fasttext", min_n=1, max_n=4, buckets=997)
    words = [word for word in STRINGS if word and not set(word) & set(" \t\n\0")]
    known = model.get_words()
    assert "</s>" in known  # the word that has no n-grams
    for word, expected in zip(words, split(*bucket_ids(words, subwords)), strict=True):
        own = [known.index(word)] if word in known else []
        assert model.get_subwords(word)[1].tolist() == [*own, *(bucket + len(known) for bucket in expected)]


def test_vectors_are_those_of_floret(tmp_path):
    floret = pytest.importorskip("floret")
    model = trained_by(floret, tmp_path, mode="floret", minn=2, maxn=4, hashCount=3, bucket=199)
    model.save_floret_vectors(str(tmp_path / "table.floret"))
    rows = (tmp_path / "table.floret").read_text(encoding="utf-8").splitlines()[1:]
    matrix = np.array([row.split(" ")[1:5] for row in rows], np.float32)
    subwords = SubwordSettings(mode="floret", min_n=2, max_n=4, hashes=3, buckets=199)
    table = SubwordTable(subwords, np.arange(199, dtype=np.uint32), matrix)
    # floret has no n-grams for </s>, where spaCy has some, and a row for its first word that is not in the file
    others = {"</s>", model.get_words()[0]}
    words = [word for word in STRINGS if word and not set(word) & set(" \t\n\0") and word not in others]
    expected = np.array([model.get_word_vector(word) for word in words])
    assert np.abs(table.vectors(words) - expected).max() < 1e-4  # floret writes five digits


def trained_by(module, tmp_path, **options):
    """Return a small model of fastText or floret."""
    text = tmp_path / "text.txt"
    text.write_text("die häuser 東京都 🙂 ab a </s>x\n" * 20, encoding="utf-8")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return module.train_unsupervised(
            str(text), dim=4, minCount=1, epoch=1, thread=1, verbose=0, model="skipgram", **options
        )


WORDS = ["the", "house", "houses", "häuser", "a", "house"[:4]]
COUNTS = np.array([50, 20, 10, 5, 3, 1])


@pytest.mark.parametrize("mode", DEFAULTS)
def test_rows_by_falling_use(mode):
    subwords = SubwordSettings(mode=mode, min_n=1, max_n=3, buckets=50)
    rows = rows_of_words(WORDS, COUNTS, subwords)
    by_word = split(*bucket_ids(WORDS, subwords))
    n_own = len(WORDS) if mode == "fasttext" else 0
    assert rows.n_own == n_own
    assert rows.n_rows == n_own + len(rows.buckets)
    uses = dict.fromkeys(sorted({bucket for buckets in by_word for bucket in buckets}), 0)
    for buckets, count in zip(by_word, COUNTS.tolist(), strict=True):
        for bucket in buckets:
            uses[bucket] += count
    expected = sorted(uses, key=lambda bucket: -uses[bucket])
    assert rows.buckets.tolist() == expected
    own = [[word] if n_own else [] for word in range(len(WORDS))]
    assert split(rows.layer.offsets, rows.layer.rows) == [
        [*own[word], *(n_own + expected.index(bucket) for bucket in buckets)] for word, buckets in enumerate(by_word)
    ]


@pytest.mark.parametrize("mode", DEFAULTS)
def test_overlap(mode):
    """The expectation, pair by pair."""
    subwords = SubwordSettings(mode=mode, min_n=2, max_n=3, buckets=30)
    rows = rows_of_words(WORDS, COUNTS, subwords)
    use = np.zeros((len(WORDS), rows.n_rows))
    for word, of_word in enumerate(split(rows.layer.offsets, rows.layer.rows)):
        np.add.at(use[word], of_word, 1)
    shares = COUNTS / COUNTS.sum()
    taken = use @ (use / use.sum(axis=1, keepdims=True)).T  # of a change of each word, by each word
    assert rows.layer.overlap == pytest.approx(shares @ taken @ shares, rel=1e-12)


def test_words_that_share_nothing_do_not_overlap():
    whole = SubwordSettings(mode="fasttext", min_n=1000, max_n=1000)
    rows = rows_of_words(["a", "b"], [3, 1], whole)
    assert rows.layer.overlap == pytest.approx((3 / 4) ** 2 + (1 / 4) ** 2)
    assert rows.n_rows == 2
    assert rows_of_words(["a", "b"], [0, 0], whole).layer.overlap == pytest.approx(0.5)


def test_extra_buckets_come_last():
    subwords = SubwordSettings(mode="floret", min_n=2, max_n=3, buckets=100)
    used = rows_of_words(WORDS, COUNTS, subwords).buckets
    others = np.setdiff1d(np.arange(100), used)[:3]
    extra = np.array([others[2], used[1], others[0], others[2]], np.uint32)
    rows = rows_of_words(WORDS, COUNTS, subwords, extra=extra)
    assert rows.buckets.tolist() == [*used.tolist(), others[0], others[2]]
    assert rows.buckets.dtype == np.uint32


@pytest.mark.parametrize("mode", ["fasttext", "floret"])
def test_buckets_of_words_without_tokens_have_no_row(mode):
    subwords = SubwordSettings(mode=mode, buckets=50_000)
    words, counts = ["river", "riverbed", "zzzzzz"], np.array([3, 2, 0])
    rows, expected = rows_of_words(words, counts, subwords), rows_of_words(words[:2], counts[:2], subwords)
    assert rows.buckets.tolist() == expected.buckets.tolist()
    assert rows.layer.overlap == pytest.approx(expected.layer.overlap)
    start, end = rows.layer.offsets[2:]
    assert rows.layer.rows[start:end].tolist() == [2] * (rows.n_own // 3) + [NO_ROW] * (end - start - rows.n_own // 3)
    matrix = np.ones((rows.n_rows, 4), np.float32)
    share = 1 / (end - start) if mode == "fasttext" else 0
    np.testing.assert_allclose(composed(rows.layer.offsets, rows.layer.rows, matrix)[2], share, rtol=1e-6)
    lacking = bucket_ids(["zzzzzz"], subwords)[1]
    kept = rows_of_words(words, counts, subwords, extra=lacking)
    assert set(kept.buckets.tolist()) == {*expected.buckets.tolist(), *lacking.tolist()}
    assert NO_ROW not in kept.layer.rows


def table_of(subwords: SubwordSettings, words=WORDS) -> SubwordTable:
    """Return a table of random rows, with those buckets only that the words fall into."""
    rows = rows_of_words(words, np.ones(len(words)), subwords)
    matrix = np.random.default_rng(1).normal(size=(rows.n_rows, 7), scale=0.1).astype(np.float32)
    return SubwordTable(subwords, rows.buckets, matrix, rows.n_own)


def test_composition_is_that_of_spacy():
    table = table_of(SubwordSettings(mode="floret", min_n=1, max_n=4, buckets=997))
    full = np.concatenate(list(table.blocks_of_all_buckets()))
    assert full.shape == (997, 7)
    assert (full[table.buckets] == table.matrix).all()
    vectors = floret_vectors(table.settings, full)
    expected = np.array([vectors[word] for word in STRINGS])
    assert np.abs(table.vectors(STRINGS) - expected).max() < 1e-6
    assert (table.vectors([""]) == 0).all()


def test_composition_is_the_mean_of_rows():
    subwords = SubwordSettings(mode="fasttext", min_n=2, max_n=3, buckets=97)
    table = table_of(subwords)
    row_of = {bucket: len(WORDS) + row for row, bucket in enumerate(table.buckets.tolist())}
    ranks = {word: rank for rank, word in enumerate(WORDS)}
    strings = [*WORDS, *STRINGS[:100]]
    expected = []
    for string, buckets in zip(strings, split(*bucket_ids(strings, subwords)), strict=True):
        rows = [table.matrix[row_of[bucket]] if bucket in row_of else np.zeros(7) for bucket in buckets]
        rows += [table.matrix[ranks[string]]] if string in ranks else []
        expected.append(np.mean(rows, axis=0, dtype=np.float64) if rows else np.zeros(7))
    actual = table.vectors(strings, ranks=np.array([ranks.get(string, -1) for string in strings]))
    assert np.abs(actual - expected).max() < 1e-6
    assert (actual[: len(WORDS)] == table.vectors_of_words(WORDS)).all()
    assert (table.vectors(["house"]) != actual[1]).any()  # without a rank it is an unknown word


def test_vectors_are_the_same_from_the_rows_of_words():
    subwords = SubwordSettings(mode="fasttext", min_n=2, max_n=4, buckets=97)
    rows = rows_of_words(WORDS, COUNTS, subwords)
    matrix = np.random.default_rng(2).normal(size=(rows.n_rows, 8)).astype(np.float32)
    table = SubwordTable(subwords, rows.buckets, matrix, rows.n_own)
    assert (composed(rows.layer.offsets, rows.layer.rows, matrix) == table.vectors_of_words(WORDS)).all()
    first = composed(rows.layer.offsets, rows.layer.rows, matrix, vector_size=5)
    assert (first == table.vectors_of_words(WORDS)[:, :5]).all()


def test_many_strings_are_composed_in_batches(monkeypatch):
    table = table_of(SubwordSettings(mode="fasttext", buckets=97))
    ranks = np.arange(len(STRINGS)) % 7 - 1
    expected = table.vectors(STRINGS, ranks=ranks)
    monkeypatch.setattr("spacy_w2v.subwords._table.STRINGS_AT_A_TIME", 64)
    assert (table.vectors(STRINGS, ranks=ranks) == expected).all()


def test_a_table_has_a_row_for_each_bucket():
    floret = SubwordSettings(mode="floret")
    with pytest.raises(ValueError, match=r"must have 0 \+ 3 rows, was: 2"):
        SubwordTable(floret, np.arange(3, dtype=np.uint32), np.zeros((2, 4), np.float32))
    with pytest.raises(ValueError, match="no rows of their own in floret, was: 1"):
        SubwordTable(floret, np.arange(1, dtype=np.uint32), np.zeros((2, 4), np.float32), 1)


def test_defaults_follow_the_mode():
    floret = SubwordSettings(mode="floret", max_n=6)
    assert (floret.min_n, floret.max_n, floret.buckets, floret.hashes) == (4, 6, 50_000, 2)
    fasttext = SubwordSettings(mode="fasttext")
    assert (fasttext.min_n, fasttext.max_n, fasttext.buckets, fasttext.hashes) == (3, 6, 2_000_000, 1)
    assert SubwordSettings().mode is None
    for each in (floret, fasttext, SubwordSettings()):
        assert SubwordSettings(**each.model_dump()) == each


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"min_n": 0}, "min_n must be at least 1, because floret and spaCy read lower values differently, was: 0"),
        ({"min_n": -3}, "min_n must be at least 1"),
        ({"min_n": 6}, r"max_n must be at least min_n \(6\), was: 5"),
        ({"max_n": 1001}, "less than or equal to 1000"),
        ({"buckets": 0}, "greater than or equal to 1"),
        ({"buckets": 100_000_001}, "less than or equal to 100000000"),
        ({"hashes": 5}, "less than or equal to 4"),
        ({"hash_seed": 2**32}, "less than or equal to 4294967295"),
        ({"bow": ""}, "at least 1 character"),
        ({"eow": "a b"}, "eow must not have white space, was: 'a b'"),
        ({"mode": "fasttext", "hashes": 2}, 'hashes needs mode = "floret", was: 2 with mode = "fasttext"'),
        ({"mode": "fasttext", "bow": "^"}, "bow needs mode = \"floret\", was: '\\^'"),
        ({"mode": "word2vec"}, "'fasttext' or 'floret'"),
        ({"min_n": 0}, "For words without n-grams, set min_n and max_n to 1000"),
        (
            {"mode": None, "buckets": 1000, "min_n": 3},
            'buckets needs mode = "fasttext" or "floret", was: 1000 with mode = null. Set mode, or leave buckets and '
            "min_n out",
        ),
    ],
    ids=str,
)
def test_absurd_settings(values, problem):
    with pytest.raises(ValidationError, match=problem):
        SubwordSettings(**{"mode": "floret", **values})
