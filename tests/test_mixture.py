"""Several sources as one."""

import itertools
import json
import math

import pytest
from confection import Config
from helpers_corpus import ListSource, batch_of, read
from spacy.util import registry

import spacy_w2v
from spacy_w2v.errors import CorpusError
from spacy_w2v.sources._mixture import make_concatenate_v1, make_interleave_v1
from spacy_w2v.sources._source import TextSource


def numbered(letter: str, n_documents: int, *, batch: int = 700, fingerprint: str | None = None) -> ListSource:
    """Return a source of the documents "a0", "a1" and so on."""
    texts = [f"{letter}{i}" for i in range(n_documents)]
    return ListSource(
        *(texts[start : start + batch] for start in range(0, n_documents, batch)), fingerprint=fingerprint
    )


def of_letter(texts: list[str], letter: str) -> list[str]:
    return [text for text in texts if text.startswith(letter)]


# --- concatenated


def test_concatenated_sources_are_read_in_order():
    source = make_concatenate_v1({"first": numbered("a", 3), "none": ListSource(), "second": numbered("b", 2)})
    assert isinstance(source, TextSource)
    assert source.name == "first + none + second"
    actual = read(source)
    assert actual.texts == ["a0", "a1", "a2", "b0", "b1"]
    assert actual.n_documents == 5


def test_the_fraction_of_concatenated_sources_rises_to_one():
    class Halves(ListSource):
        def batches(self):
            yield batch_of(["x"])._replace(fraction=0.5)
            yield batch_of(["x"])._replace(fraction=1.0)

    assert read(make_concatenate_v1({"a": Halves(), "b": Halves()})).fractions == [0.25, 0.5, 0.75, 1.0]


# --- mixed


def test_interleaved_documents_follow_the_weights():
    source = make_interleave_v1({"a": numbered("a", 40_000), "b": numbered("b", 40_000)}, {"a": 3, "b": 1})
    assert isinstance(source, TextSource)
    assert source.name == "3 a + 1 b"
    texts = read(source).texts
    # The standard deviation of a share of n documents is sqrt(0.75 · 0.25 / n); draws are of 1,000 documents.
    for n_documents, deviations in ((1_000, 5), (20_000, 5), (len(texts), 5)):
        expected = pytest.approx(0.75, abs=deviations * math.sqrt(0.75 * 0.25 / n_documents))
        assert len(of_letter(texts[:n_documents], "a")) / n_documents == expected


def test_interleaving_keeps_the_order_within_a_source():
    texts = read(make_interleave_v1({"a": numbered("a", 3_000), "b": numbered("b", 5_000)}, {"a": 1, "b": 2})).texts
    for letter in "ab":
        actual = of_letter(texts, letter)
        assert actual == [f"{letter}{i}" for i in range(len(actual))]


def test_interleaving_depends_on_the_seed_and_not_on_batches():
    def mixture(seed: int, batch: int) -> list[str]:
        sources = {"a": numbered("a", 4_000, batch=batch), "b": numbered("b", 4_000, batch=batch)}
        return read(make_interleave_v1(sources, {"a": 1, "b": 1}, seed=seed)).texts

    assert mixture(0, 700) == mixture(0, 700)
    assert mixture(0, 700) == mixture(0, 33)
    assert mixture(0, 700) != mixture(1, 700)


def test_interleaving_ends_with_the_first_source_that_ends():
    texts = read(make_interleave_v1({"a": numbered("a", 1_500), "b": numbered("b", 90_000)}, {"a": 1, "b": 1})).texts
    assert len(of_letter(texts, "a")) == 1_500
    # A negative binomial distribution of mean n and variance 2 · n.
    assert len(of_letter(texts, "b")) == pytest.approx(1_500, abs=5 * math.sqrt(2 * 1_500))


def test_interleaving_mixes_sources_of_few_documents():
    texts = read(make_interleave_v1({"a": numbered("a", 100), "b": numbered("b", 100)}, {"a": 1, "b": 1})).texts
    counts = sorted(len(of_letter(texts, letter)) for letter in "ab")
    assert counts[1] == 100
    assert counts[0] > 100 - 5 * math.sqrt(2 * 100)


@pytest.mark.parametrize("sizes", [(1_500, 9_000, 10), (0, 1, 2), (2_000, 2_000, 2_000)])
def test_interleaving_can_read_each_document_once(sizes):
    sources = {letter: numbered(letter, size) for letter, size in zip("abc", sizes, strict=True)}
    actual = read(make_interleave_v1(sources, {"a": 1, "b": 1, "c": 0.5}, stop="all_exhausted"))
    assert sorted(actual.texts) == sorted(
        f"{letter}{i}" for letter, n in zip("abc", sizes, strict=True) for i in range(n)
    )
    assert actual.n_documents == sum(sizes)


def test_interleaving_counts_what_is_left_out():
    class WithNulls(ListSource):
        def batches(self):
            for texts in self._batches:
                yield batch_of(texts, n_null=2, n_not_text=1)

    actual = read(make_interleave_v1({"a": WithNulls(["x"], [], ["y"])}, {"a": 1}, stop="all_exhausted"))
    assert actual[:4] == (["x", "y"], 2, 6, 3)


# --- fingerprints


@pytest.mark.parametrize("make", [make_concatenate_v1, lambda sources: make_interleave_v1(sources, {"a": 1, "b": 2})])
def test_the_joint_fingerprint_is_unknown_if_one_is(make):
    assert make({"a": numbered("a", 1, fingerprint="f"), "b": numbered("b", 1)}).fingerprint() is None
    assert make({"a": numbered("a", 1, fingerprint="f"), "b": numbered("b", 1, fingerprint="g")}).fingerprint()


def test_the_joint_fingerprint_changes_with_the_mixture():
    def sources(a="f", b="g"):
        return {"a": numbered("a", 1, fingerprint=a), "b": numbered("b", 1, fingerprint=b)}

    fingerprints = [
        make_concatenate_v1(sources()).fingerprint(),
        make_concatenate_v1(sources(b="h")).fingerprint(),
        make_concatenate_v1(dict(reversed(sources().items()))).fingerprint(),
        make_interleave_v1(sources(), {"a": 1, "b": 1}).fingerprint(),
        make_interleave_v1(sources(a="h"), {"a": 1, "b": 1}).fingerprint(),
        make_interleave_v1(sources(), {"a": 2, "b": 1}).fingerprint(),
        make_interleave_v1(sources(), {"a": 1, "b": 1}, seed=1).fingerprint(),
        make_interleave_v1(sources(), {"a": 1, "b": 1}, stop="all_exhausted").fingerprint(),
    ]
    assert all(one != other for one, other in itertools.combinations(fingerprints, 2))
    assert make_interleave_v1(sources(), {"a": 1, "b": 1}).fingerprint() == fingerprints[3]


# --- invalid settings


@pytest.mark.parametrize(
    ("weights", "stop", "message"),
    [
        ({"a": 1}, "first_exhausted", r"weights must have the same names as sources \(a, b\), was: a$"),
        ({"a": 1, "c": 1}, "first_exhausted", r"weights must have the same names .*was: a, c"),
        ({"a": 1, "b": 0}, "first_exhausted", r"weights must be greater than 0, was: \{'a': 1, 'b': 0\}"),
        ({"a": 1, "b": -1}, "first_exhausted", r"weights must be greater than 0"),
        ({"a": 1, "b": math.nan}, "first_exhausted", r"weights must be "),
        ({"a": 1, "b": math.inf}, "first_exhausted", r"weights must be "),
        ({"a": 1, "b": 1}, "never", r"stop must be first_exhausted or all_exhausted, was: never"),
    ],
)
def test_an_invalid_mixture_is_refused(weights, stop, message):
    with pytest.raises(CorpusError, match=message):
        make_interleave_v1({"a": ListSource(), "b": ListSource()}, weights, stop=stop)


@pytest.mark.parametrize("make", [make_concatenate_v1, lambda sources: make_interleave_v1(sources, {})])
def test_an_empty_mixture_is_refused(make):
    with pytest.raises(CorpusError, match=r"sources must have at least one source, was empty"):
        make({})


# --- from a config


@pytest.fixture
def files(tmp_path):
    for letter in "ab":
        lines = (json.dumps({"text": f"{letter}{i}"}) + "\n" for i in range(3_000))
        (tmp_path / f"{letter}.jsonl").write_text("".join(lines))
    return tmp_path


def dataset_block(path) -> dict[str, str]:
    return {"@readers": "spacy_w2v.Dataset.v1", "data_files": str(path)}


def test_a_config_names_interleaved_sources(files):
    block = {
        "@readers": "spacy_w2v.Interleave.v1",
        "sources": {letter: dataset_block(files / f"{letter}.jsonl") for letter in "ab"},
        "weights": {"a": 2, "b": 1},
        "seed": 7,
        "stop": "all_exhausted",
    }
    source = registry.resolve({"corpus": block})["corpus"]
    assert source.seed == 7
    assert source.fingerprint().startswith("mixture:")
    texts = read(source).texts
    assert sorted(texts) == sorted(f"{letter}{i}" for letter in "ab" for i in range(3_000))
    assert len(of_letter(texts[:1_000], "a")) == pytest.approx(667, abs=75)  # five standard deviations


def test_a_config_can_have_nested_mixtures(files):
    text = f"""
    [corpus]
    @readers = "spacy_w2v.Concatenate.v1"

    [corpus.sources]

    [corpus.sources.first]
    @readers = "spacy_w2v.Dataset.v1"
    data_files = "{files}/a.jsonl"
    max_documents = 2

    [corpus.sources.second]
    @readers = "spacy_w2v.Interleave.v1"
    weights = {{"only": 1.0}}

    [corpus.sources.second.sources]

    [corpus.sources.second.sources.only]
    @readers = "spacy_w2v.Dataset.v1"
    data_files = "{files}/b.jsonl"
    max_documents = 1
    """
    config = Config().from_str("\n".join(line.strip() for line in text.splitlines()))
    assert read(registry.resolve(config)["corpus"]).texts == ["a0", "a1", "b0"]


def test_mixtures_in_python_accept_all_forms_of_texts(tmp_path):
    (tmp_path / "a.txt").write_text("one\ntwo\n")
    both = spacy_w2v.concatenate({"list": ["three", "four"], "file": tmp_path / "a.txt", "reader": numbered("a", 2)})
    assert read(both).texts == ["three", "four", "one", "two", "a0", "a1"]
    mixed = spacy_w2v.interleave({"list": ["x"] * 3, "rows": [{"text": "y"}] * 3}, weights={"list": 1, "rows": 1})
    assert {*read(mixed).texts} == {"x", "y"}
    with pytest.raises(CorpusError, match="texts must be an iterable of strings or lists of tokens"):
        spacy_w2v.concatenate({"none": 3})
