"""Interleave.v2 ends in the same way as datasets.interleave_datasets."""

from collections import Counter

import datasets
import pytest
from helpers_corpus import ListSource, batch_of, read

from spacy_w2v.errors import CorpusError
from spacy_w2v.sources._interleaving import make_interleave_v2
from spacy_w2v.sources._iterables import IterableSource
from spacy_w2v.sources._mixture import make_interleave_v1

SIZES = {"a": 2500, "b": 900, "c": 40}
WEIGHTS = {"a": 3.0, "b": 2.0, "c": 0.02}


def texts_of(name, size):
    return [f"{name}{i}" for i in range(size)]


def sources(sizes=None):
    return {
        name: ListSource(*(texts_of(name, size)[i : i + 700] for i in range(0, size, 700)), fingerprint=name)
        for name, size in (sizes or SIZES).items()
    }


def by_datasets(stop):
    parts = [datasets.Dataset.from_dict({"text": texts_of(name, size)}) for name, size in SIZES.items()]
    shares = [weight / sum(WEIGHTS.values()) for weight in WEIGHTS.values()]
    try:
        mixed = datasets.interleave_datasets(parts, probabilities=shares, seed=1, stopping_strategy=stop)
    except ValueError as error:
        pytest.skip(f"datasets {datasets.__version__} has no such strategy: {error}")
    return list(mixed["text"])


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("stop", ["first_exhausted", "all_exhausted", "all_exhausted_without_replacement"])
def test_ends_are_those_of_datasets(stop, seed):
    ours, theirs = read(make_interleave_v2(sources(), WEIGHTS, seed=seed, stop=stop)).texts, by_datasets(stop)
    for texts in (ours, theirs):
        counts = Counter(texts)
        read_whole = [name for name, size in SIZES.items() if all(text in counts for text in texts_of(name, size))]
        if stop == "first_exhausted":
            assert len(read_whole) == 1
            assert max(counts.values()) == 1
        else:
            assert read_whole == list(SIZES)
            assert (max(counts.values()) > 1) == (stop == "all_exhausted")
        if stop == "all_exhausted":  # it ends with the slowest source, which is read once
            assert sum(text.startswith("c") for text in texts) == SIZES["c"]
        if stop == "all_exhausted_without_replacement":
            assert len(texts) == sum(SIZES.values())
    if stop == "all_exhausted":  # some 2,000 times as many documents as "c" has, whose few draws vary
        assert 0.5 < len(ours) / len(theirs) < 2


def test_sources_start_again_at_the_first_document():
    texts = read(make_interleave_v2(sources({"a": 2000, "b": 3}), {"a": 1, "b": 1}, stop="all_exhausted")).texts
    again = [text for text in texts if text.startswith("b")]
    assert again == [f"b{i % 3}" for i in range(len(again))]
    assert len(again) > 1500
    assert [text for text in texts if text.startswith("a")] == texts_of("a", 2000)


def test_the_mixture_ends_with_the_first_source_that_ends():
    texts = read(make_interleave_v2(sources({"a": 5000, "b": 1000}), {"a": 1, "b": 1})).texts
    assert sum(text.startswith("b") for text in texts) == 1000
    assert 850 < sum(text.startswith("a") for text in texts) < 1150


def test_without_replacement_equals_all_exhausted_of_version_1():
    first = read(make_interleave_v1(sources(), WEIGHTS, seed=3, stop="all_exhausted"))
    second = read(make_interleave_v2(sources(), WEIGHTS, seed=3, stop="all_exhausted_without_replacement"))
    assert first == second


def test_mixtures_with_different_ends_have_different_fingerprints():
    makers = [
        make_interleave_v1(sources(), WEIGHTS, stop="first_exhausted"),
        make_interleave_v1(sources(), WEIGHTS, stop="all_exhausted"),
        make_interleave_v2(sources(), WEIGHTS, stop="first_exhausted"),
        make_interleave_v2(sources(), WEIGHTS, stop="all_exhausted"),
    ]
    assert len({source.fingerprint() for source in makers}) == 4


def test_a_source_that_can_be_read_once_cannot_start_again():
    once = {"a": ListSource(texts_of("a", 3000)), "b": IterableSource(iter(["x", "y"]))}
    with pytest.raises(
        CorpusError, match=r'sources must be readable again, but b can be read only once\. Set stop = "all_ex'
    ):
        read(make_interleave_v2(once, {"a": 1, "b": 1}, stop="all_exhausted"))


def test_a_source_without_documents_is_refused():
    with pytest.raises(CorpusError, match=r"must have documents, but b has none"):
        read(make_interleave_v2({"a": ListSource(["x"]), "b": ListSource()}, {"a": 1, "b": 1}))


def test_nulls_are_counted():
    class WithNulls(ListSource):
        def batches(self):
            yield batch_of(["x"] * 50, n_null=2, n_not_text=1)

    actual = read(make_interleave_v2({"a": WithNulls(), "b": WithNulls()}, {"a": 1, "b": 1}))
    assert (actual.n_null, actual.n_not_text) == (4, 2)


def test_an_invalid_stop_is_refused():
    with pytest.raises(CorpusError, match=r"stop must be one of first_exhausted, all_exhausted, all_.*, was: never"):
        make_interleave_v2(sources(), WEIGHTS, stop="never")


@pytest.mark.parametrize("make", [make_interleave_v1, make_interleave_v2])
def test_an_example_of_a_value_that_is_not_text_is_kept(make):
    mixed = make({"a": IterableSource(["a b", 3, "c"]), "b": IterableSource(["d"] * 9)}, {"a": 1.0, "b": 1.0})
    batches = list(mixed.batches())
    assert sum(batch.n_not_text for batch in batches) == 1
    assert [batch.example for batch in batches if batch.n_not_text] == ["int 3"]
