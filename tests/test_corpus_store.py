"""An encoded corpus on disk, the counts of its types, and the cache of corpora."""

import json
import random
from collections import Counter
from contextlib import contextmanager
from itertools import pairwise

import numpy as np
import pytest
import spacy
from helpers_corpus import ListSource, batch_of
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.util import import_file

from spacy_w2v.config.schema import TokensSettings
from spacy_w2v.corpus import store
from spacy_w2v.corpus.cache import (
    CACHE_TAG,
    EncodingListener,
    default_cache_dir,
    prepared_corpus,
    tokenizer_fingerprint,
)
from spacy_w2v.corpus.store import ChunkWriter, CorpusWriter, open_corpus
from spacy_w2v.corpus.tokens import EncodedBatch, Types
from spacy_w2v.corpus.type_counts import TypeCounts
from spacy_w2v.errors import CorpusError, CorpusWarning, StorageError

seeded = settings(derandomize=True, deadline=None, max_examples=100)

WHITESPACE = TokensSettings(tokenizer="whitespace")
NLP = spacy.blank("en")


@pytest.fixture(autouse=True)
def no_old_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("SPACY_W2V_CACHE", str(tmp_path / "cache"))


def encoded(sentences: list[list[str]]) -> EncodedBatch:
    """Return a batch of words, in lower case as their keys."""
    words = [word for sentence in sentences for word in sentence]
    types = list(dict.fromkeys(words))
    return EncodedBatch(
        Types(types, [word.lower() for word in types]),
        np.arange(len(types), dtype=np.uint32),
        np.array([types.index(word) for word in words], np.uint32),
        np.array([len(sentence) for sentence in sentences], np.int64),
    )


def write_corpus(directory, batches: list[list[list[str]]], *, max_types: int | None = None):
    directory.mkdir(parents=True)
    writer = CorpusWriter(directory, max_types=max_types)
    for sentences in batches:
        writer.add(encoded(sentences))
    facts = {"n_documents": 7, "n_null": 2, "n_not_text": 1}
    writer.close(source="test", fingerprint={"source": "f"}, **facts)
    return open_corpus(directory)


def words_of(corpus) -> list[list[str]]:
    """Return the sentences of a corpus as words; "?" for tokens of types that were dropped."""
    types = corpus.read_types().to_pylist()
    text = {type_["id"]: type_["orth"] for type_ in types}
    return [[text.get(type_id, "?") for type_id in sentence.tolist()] for sentence in corpus.sentences()]


def counts_of(corpus) -> dict[str, int]:
    return {type_["orth"]: type_["count"] for type_ in corpus.read_types().to_pylist()}


# --- chunks


def chunks_of(lengths: list[int], chunk_tokens: int) -> list[list[int]]:
    """Return the lengths of the sentences of each chunk, filled one sentence after the other."""
    chunks: list[list[int]] = []
    room = 0
    for length in lengths:
        if chunks and length <= room:
            chunks[-1].append(length)
            room -= length
            continue
        while length > chunk_tokens:
            chunks.append([chunk_tokens])
            length -= chunk_tokens
        chunks.append([length])
        room = chunk_tokens - length
    return chunks


@given(
    batches=st.lists(st.lists(st.integers(1, 25), max_size=8), max_size=8),
    chunk_tokens=st.sampled_from([1, 7, 10, 1000]),
)
@seeded
def test_chunks_hold_whole_sentences_and_every_token(tmp_path_factory, batches, chunk_tokens):
    path = tmp_path_factory.mktemp("chunks") / "tokens.arrow"
    lengths = [length for batch in batches for length in batch]
    tokens = np.arange(sum(lengths), dtype=np.uint32)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store, "CHUNK_TOKENS", chunk_tokens)
        writer = ChunkWriter(path)
        for batch in batches:
            writer.add(tokens[writer.n_tokens : writer.n_tokens + sum(batch)], np.array(batch, np.int64))
        writer.close()
    reader = store.ChunkReader(path)
    chunks = [reader.read(number) for number in range(len(writer.chunk_tokens))]
    assert [np.diff(chunk.offsets).tolist() for chunk in chunks] == chunks_of(lengths, chunk_tokens)
    assert [token for chunk in chunks for token in chunk.tokens.tolist()] == tokens.tolist()
    assert writer.chunk_tokens == [chunk.tokens.size for chunk in chunks]
    assert (writer.n_tokens, writer.n_sentences) == (len(tokens), len(lengths))


def test_a_chunk_of_the_shipped_size_is_cut_at_the_border(tmp_path):
    writer = ChunkWriter(tmp_path / "tokens.arrow")
    writer.add(np.zeros(250_000, np.uint32), np.array([100_000, 1, 149_999], np.int64))
    writer.close()
    assert writer.chunk_tokens == [100_000, 1, 100_000, 49_999]


def test_chunks_are_read_only_arrays_of_the_declared_types(tmp_path):
    corpus = write_corpus(tmp_path / "corpus", [[["a", "b"], ["a"]]])
    chunk = corpus.open_chunks().read(0)
    assert (chunk.tokens.dtype, chunk.offsets.dtype) == (np.uint32, np.int64)
    assert not chunk.tokens.flags.writeable
    assert not chunk.offsets.flags.writeable
    assert chunk.offsets.tolist() == [0, 2, 3]


# --- the whole corpus


WORDS = st.sampled_from(["a", "A", "b", "é", "𝒳", "c d", "e"])


@given(sentences=st.lists(st.lists(WORDS, min_size=1, max_size=6), max_size=12), cuts=st.sets(st.integers(0, 12)))
@seeded
def test_a_corpus_is_read_back_whatever_its_batches(tmp_path_factory, sentences, cuts):
    borders = [0, *sorted(cut for cut in cuts if cut < len(sentences)), len(sentences)]
    batches = [sentences[start:end] for start, end in pairwise(borders)]
    corpus = write_corpus(tmp_path_factory.mktemp("store") / "corpus", batches)
    expected = Counter(word for sentence in sentences for word in sentence)
    assert words_of(corpus) == sentences
    assert counts_of(corpus) == expected
    types = corpus.read_types().to_pylist()
    assert [type_["id"] for type_ in types] == list(range(len(expected))), "ids in order of first appearance"
    assert [type_["orth"] for type_ in types] == list(expected)
    assert [type_["key"] for type_ in types] == [word.lower() for word in expected]
    assert corpus.n_type_ids == corpus.counts.n_types == len(expected)
    assert corpus.counts.n_tokens == corpus.chunk_tokens.sum() == sum(expected.values())
    assert corpus.counts.n_sentences == len(sentences)


def test_the_counts_and_origin_of_a_corpus_are_read_back(tmp_path):
    corpus = write_corpus(tmp_path / "corpus", [[["a", "b"]], [], [["b"]]])
    assert (corpus.source, corpus.fingerprint, corpus.n_chunks) == ("test", {"source": "f"}, 1)
    assert corpus.counts == store.CorpusCounts(
        n_documents=7,
        n_null=2,
        n_not_text=1,
        n_sentences=2,
        n_tokens=3,
        n_types=2,
        n_dropped_types=0,
        n_dropped_tokens=0,
    )


def test_a_sentence_over_several_chunks_loses_no_token(tmp_path, monkeypatch):
    monkeypatch.setattr(store, "CHUNK_TOKENS", 4)
    corpus = write_corpus(tmp_path / "corpus", [[["a"], list("bcdefghijk"), ["l", "m"]]])
    assert words_of(corpus) == [["a"], list("bcde"), list("fghi"), ["j", "k"], ["l", "m"]]
    assert corpus.counts.n_sentences == 3


@given(
    batches=st.lists(st.lists(st.text("abcdefgh", min_size=1, max_size=1), min_size=1, max_size=10), max_size=10),
    max_types=st.integers(1, 6),
)
@seeded
def test_the_rarest_types_are_dropped_as_word2vec_does(batches, max_types):
    types = TypeCounts(max_types)
    ids: dict[str, int] = {}
    expected: Counter[str] = Counter()  # in order of first appearance, since the last drop
    reduce, n_ids, n_dropped_types, n_dropped_tokens = 1, 0, 0, 0
    for words in batches:
        counts = Counter(words)
        given_ids = types.add(
            Types(list(counts), list(counts)), np.arange(len(counts)), np.array(list(counts.values()))
        )
        for word, count in counts.items():
            if word not in expected:  # a new type, or one that was dropped and comes again
                ids[word] = n_ids
                n_ids += 1
            expected[word] += count
        assert given_ids.tolist() == [ids[word] for word in counts]
        while len(expected) > max_types:  # ReduceVocab of word2vec.c
            rare = [word for word, count in expected.items() if count <= reduce]
            n_dropped_types += len(rare)
            n_dropped_tokens += sum(expected.pop(word) for word in rare)
            reduce += 1
    kept, kept_ids, kept_counts = types.items()
    assert kept.orths == kept.keys == list(expected)
    assert kept_ids.tolist() == [ids[word] for word in expected]
    assert kept_counts.tolist() == list(expected.values())
    assert len(types) == len(expected) <= max_types
    assert (types.n_ids, types.n_dropped_types, types.n_dropped_tokens) == (n_ids, n_dropped_types, n_dropped_tokens)


def test_more_types_than_first_allotted_are_counted():
    types = TypeCounts()
    for start in (0, 50_000, 200_000, 0):
        words = [str(i) for i in range(start, start + 60_000)]
        types.add(Types(words, words), np.arange(len(words)), np.full(len(words), 2))
    _, ids, counts = types.items()
    assert ids.tolist() == list(range(170_000))
    assert counts.sum() == 2 * 240_000
    assert counts.tolist() == [4] * 50_000 + [6] * 10_000 + [2] * 50_000 + [2] * 60_000


def test_tokens_of_dropped_types_stay_in_the_corpus(tmp_path):
    corpus = write_corpus(tmp_path / "corpus", [[["a", "a", "b"]], [["c", "a", "a", "d"]]], max_types=2)
    assert words_of(corpus) == [["a", "a", "?"], ["?", "a", "a", "?"]]
    assert counts_of(corpus) == {"a": 4}
    assert (corpus.counts.n_dropped_types, corpus.counts.n_dropped_tokens, corpus.n_type_ids) == (3, 3, 4)


# --- damage


def edit_manifest(directory, **changes):
    path = directory / "manifest.json"
    manifest = json.loads(path.read_text())
    for key, value in changes.items():
        if value is None:
            del manifest[key]
        else:
            manifest[key] = value
    path.write_text(json.dumps(manifest))


DAMAGE = {
    "no manifest": (lambda d: (d / "manifest.json").unlink(), r"must hold a manifest, but .*manifest\.json cannot be"),
    "half a manifest": (lambda d: (d / "manifest.json").write_text('{"format"'), r"manifest\.json cannot be read"),
    "binary manifest": (lambda d: (d / "manifest.json").write_bytes(b"\xff\xfe"), r"manifest\.json cannot be read"),
    "list as manifest": (
        lambda d: (d / "manifest.json").write_text("[]"),
        r"must be the manifest of a spacy-w2v corpus",
    ),
    "foreign": (
        lambda d: edit_manifest(d, format="spacy-w2v model"),
        r"manifest of a spacy-w2v corpus, but is of anoth",
    ),
    "version": (
        lambda d: edit_manifest(d, format_version=99),
        r"must have format version 2, was: 99\. Encode it again",
    ),
    "no version": (lambda d: edit_manifest(d, format_version=None), r"must have format version 2, was: None"),
    "no tokens": (lambda d: (d / "tokens.arrow").unlink(), r"tokens\.arrow must have \d+ bytes, but has: None"),
    "half the types": (
        lambda d: (d / "types.arrow").write_bytes(b"half"),
        r"types\.arrow must have \d+ bytes, but has: 4",
    ),
    "no counts": (lambda d: edit_manifest(d, counts=None), r"manifest of .* is damaged: .*counts"),
    "other counts": (lambda d: edit_manifest(d, counts={"n_words": 1}), r"manifest of .* is damaged"),
    "no files": (lambda d: edit_manifest(d, files=None), r"manifest of .* is damaged: .*files"),
    "list of files": (lambda d: edit_manifest(d, files=["tokens.arrow"]), r"manifest of .* is damaged"),
    "words as chunks": (lambda d: edit_manifest(d, chunk_tokens=["many"]), r"manifest of .* is damaged"),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_corpus_is_refused(tmp_path, damage):
    corpus = write_corpus(tmp_path / "corpus", [[["a", "b"]]])
    apply, message = DAMAGE[damage]
    apply(corpus.directory)
    with pytest.raises(StorageError, match=message):
        open_corpus(corpus.directory)


# --- the cache


class Told(list):
    """The messages and the progress of an encoding."""

    def __init__(self):
        self.progress = []
        self.listener = EncodingListener(self.append, self.progress.append)


@contextmanager
def prepare(source, tmp_path, *, nlp=NLP, tokens=WHITESPACE, max_vocab_size=None, told=None):
    listener = told.listener if told is not None else None
    arguments = {"max_vocab_size": max_vocab_size, "cache_dir": tmp_path / "cache", "listener": listener}
    with prepared_corpus(source, nlp, tokens, **arguments) as corpus:
        yield corpus


def entries(tmp_path) -> set[str]:
    return {path.name for path in (tmp_path / "cache").iterdir()} - {CACHE_TAG}


def source(*batches, fingerprint="f1", name="list"):
    return ListSource(*(batches or (["a b a", "c"],)), fingerprint=fingerprint, name=name)


def test_a_corpus_is_encoded_once(tmp_path):
    first, second, told = source(), source(), Told()
    with prepare(first, tmp_path) as corpus:
        assert words_of(corpus) == [["a", "b", "a"], ["c"]]
        assert corpus.source == "list"
        assert corpus.counts.n_documents == 2
    assert len(entries(tmp_path)) == 1
    with prepare(second, tmp_path, nlp=spacy.blank("en"), told=told) as corpus:
        assert words_of(corpus) == [["a", "b", "a"], ["c"]]
    assert (first.n_read, second.n_read) == (1, 0)
    assert told == [f"Using the encoded corpus {corpus.directory}"]


def test_a_corpus_that_another_process_was_faster_with_stays(tmp_path):
    """It may be read at the moment."""

    class Overtaken(ListSource):
        def batches(self):
            with prepare(source(), tmp_path) as corpus:
                self.files = {path: path.stat().st_ino for path in corpus.directory.iterdir()}
            yield from super().batches()

    slow = Overtaken(["a b a", "c"], fingerprint="f1")
    with prepare(slow, tmp_path) as corpus:
        assert words_of(corpus) == [["a", "b", "a"], ["c"]]
        assert {path: path.stat().st_ino for path in corpus.directory.iterdir()} == slow.files
    assert len(entries(tmp_path)) == 1


def test_the_number_of_processes_does_not_matter_to_the_cache(tmp_path):
    for n_process in (1, 2):
        with prepare(source(), tmp_path, tokens=WHITESPACE.model_copy(update={"n_process": n_process})):
            pass
    assert len(entries(tmp_path)) == 1


def with_special_case():
    nlp = spacy.blank("en")
    nlp.tokenizer.add_special_case("ab", [{"ORTH": "a"}, {"ORTH": "b"}])
    return nlp


STOCK = TokensSettings()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"source": source(fingerprint="f2")}, "the source has changed"),
        ({"nlp": with_special_case()}, "the tokenizer is another one"),
        ({"nlp": spacy.blank("de")}, "the tokenizer is another one"),
        ({"tokens": TokensSettings(min_tokens=2)}, "[w2v.tokens] has other settings"),
        ({"tokens": TokensSettings(max_tokens=2)}, "[w2v.tokens] has other settings"),
        ({"max_vocab_size": 5}, "max_vocab_size is another one"),
        (
            {"source": source(fingerprint="f2"), "max_vocab_size": 5},
            "the source has changed and max_vocab_size is another one",
        ),
    ],
)
def test_encoding_again_says_what_has_changed(tmp_path, changes, reason):
    with prepare(source(), tmp_path, tokens=STOCK):
        pass
    told = Told()
    with prepare(**{"source": source(), "tokens": STOCK, **changes}, tmp_path=tmp_path, told=told):
        pass
    assert told == [f"Encoding again what is in the cache already, since {reason}"]
    assert len(entries(tmp_path)) == 2


def test_encoding_again_names_the_least_that_has_changed(tmp_path):
    for fingerprint, max_vocab_size in (("f1", None), ("f2", 5)):
        with prepare(source(fingerprint=fingerprint), tmp_path, max_vocab_size=max_vocab_size):
            pass
    told = Told()
    with prepare(source(fingerprint="f2"), tmp_path, told=told):
        pass
    assert len(told) == 1
    assert told[0].endswith(("since the source has changed", "since max_vocab_size is another one"))


def test_encoding_again_says_that_the_format_has_changed(tmp_path):
    with prepare(source(), tmp_path) as corpus:
        old = corpus.directory
    edit_manifest(old, format_version=0, fingerprint={**corpus.fingerprint, "format": 0})
    old.rename(old.with_name("0123456789abcdef"))
    told = Told()
    with prepare(source(), tmp_path, told=told):
        pass
    assert told == ["Encoding again what is in the cache already, since the format of the cache has changed"]


def test_a_new_source_is_encoded_without_a_word(tmp_path):
    with prepare(source(), tmp_path):
        pass
    told = Told()
    with prepare(source(name="other", fingerprint="f2"), tmp_path, told=told):
        pass
    assert told == []


def test_what_cannot_be_known_again_is_removed_after_use(tmp_path):
    told = Told()
    with prepare(source(fingerprint=None), tmp_path, told=told) as corpus:
        assert words_of(corpus) == [["a", "b", "a"], ["c"]]
        assert corpus.directory.parent == tmp_path / "cache"
    assert entries(tmp_path) == set()
    assert told == []


def test_an_error_of_the_user_removes_a_temporary_corpus_but_no_other(tmp_path):
    for fingerprint, n_left in ((None, 0), ("f", 1)):
        with pytest.raises(KeyError, match="mine"), prepare(source(fingerprint=fingerprint), tmp_path):
            raise KeyError("mine")
        assert len(entries(tmp_path)) == n_left


@pytest.mark.parametrize("damage", [*DAMAGE, "no fingerprint"])
def test_a_damaged_entry_is_encoded_again(tmp_path, damage):
    with prepare(source(), tmp_path) as corpus:
        pass
    if damage == "no fingerprint":
        edit_manifest(corpus.directory, fingerprint=None)
    else:
        DAMAGE[damage][0](corpus.directory)
    told, again = Told(), source()
    with prepare(again, tmp_path, told=told) as corpus:
        assert words_of(corpus) == [["a", "b", "a"], ["c"]]
    assert again.n_read == 1
    assert told[0].startswith("Encoding again, since the cache is damaged. ")
    assert len(entries(tmp_path)) == 1


@pytest.mark.parametrize("fingerprint", [None, "text", {}])
def test_a_damaged_entry_does_not_hinder_others(tmp_path, fingerprint):
    with prepare(source(), tmp_path) as corpus:
        pass
    edit_manifest(corpus.directory, fingerprint=fingerprint)
    with prepare(source(fingerprint="f2"), tmp_path) as corpus:
        assert words_of(corpus) == [["a", "b", "a"], ["c"]]


class BrokenSource(ListSource):
    def __init__(self, error, **arguments):
        super().__init__(**arguments)
        self.error = error

    def batches(self):
        yield batch_of(["a b"] * 3)
        raise self.error


@pytest.mark.parametrize("fingerprint", [None, "f"])
@pytest.mark.parametrize(
    ("error", "kind", "message"),
    [
        (RuntimeError("of the user"), RuntimeError, "of the user"),
        (KeyboardInterrupt("enough"), KeyboardInterrupt, "enough"),
        (CorpusError("bad text"), CorpusError, "bad text"),
        (FileNotFoundError("gone.txt"), CorpusError, r"The corpus list cannot be read: gone\.txt"),
        (ConnectionError("no net"), CorpusError, r"The corpus list cannot be read: no net"),
        (OSError(28, "No space left on device"), StorageError, r"cannot be encoded to .*No space left"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_an_error_leaves_nothing_behind(tmp_path, fingerprint, error, kind, message):
    broken = BrokenSource(error, fingerprint=fingerprint)
    with pytest.raises(kind, match=message), prepare(broken, tmp_path):
        pytest.fail("there is no corpus")
    assert entries(tmp_path) == set()
    with prepare(source(fingerprint="f"), tmp_path) as corpus:
        assert corpus.counts.n_tokens == 4


@pytest.mark.parametrize(
    ("batches", "n_documents"), [((), 0), (([],), 0), ((["", " \n"], ["\t"]), 3)], ids=["none", "empty", "blank"]
)
@pytest.mark.parametrize("tokens", [WHITESPACE, TokensSettings(), TokensSettings(boundary="sentence")], ids=str)
def test_a_corpus_without_tokens_is_refused(tmp_path, batches, n_documents, tokens):
    empty = ListSource(*batches, fingerprint="f")
    message = rf"must hold tokens, but list has none in {n_documents} documents \(0 null, 0 no strings\)\. Check text_f"
    with pytest.raises(CorpusError, match=message), prepare(empty, tmp_path, tokens=tokens):
        pytest.fail("there is no corpus")
    assert entries(tmp_path) == set()


def test_nulls_are_counted_in_the_corpus_and_in_the_error(tmp_path):
    class WithNulls(ListSource):
        def batches(self):
            for texts in self._batches:
                yield batch_of(texts, n_null=2, n_not_text=1)

    with (
        pytest.warns(CorpusWarning, match="Left out 2 of 8 documents"),
        prepare(WithNulls(["a"], ["b"]), tmp_path) as corpus,
    ):
        assert (corpus.counts.n_documents, corpus.counts.n_null, corpus.counts.n_not_text) == (2, 4, 2)
    with (
        pytest.raises(CorpusError, match=r"none in 0 documents \(2 null, 1 no strings\)"),
        prepare(WithNulls([]), tmp_path),
    ):
        pytest.fail("there is no corpus")


def test_a_directory_with_other_files_is_no_cache(tmp_path):
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "thesis.txt").write_text("precious")
    message = r"must be new, empty or one of spacy-w2v, but \S+cache holds other files\. Name another with --cache-dir"
    with pytest.raises(StorageError, match=message), prepare(source(), tmp_path):
        pytest.fail("there is no corpus")
    assert entries(tmp_path) == {"thesis.txt"}


def test_a_file_is_no_cache(tmp_path):
    (tmp_path / "cache").write_text("precious")
    with (
        pytest.raises(StorageError, match=r"cache directory must be writable, but \S+cache is not: File exists"),
        prepare(source(), tmp_path),
    ):
        pytest.fail("there is no corpus")
    assert (tmp_path / "cache").read_text() == "precious"


def test_an_empty_directory_becomes_a_tagged_cache(tmp_path):
    (tmp_path / "cache").mkdir()
    with prepare(source(), tmp_path):
        pass
    tag = (tmp_path / "cache" / CACHE_TAG).read_text()
    assert tag.startswith("Signature: 8a477f597d28d172789f06886806bc55\n")


def test_the_environment_names_the_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("SPACY_W2V_CACHE", str(tmp_path / "named"))
    assert default_cache_dir() == tmp_path / "named"
    with prepared_corpus(source(), NLP, WHITESPACE, max_vocab_size=None) as corpus:
        assert corpus.directory.parent == tmp_path / "named"
    monkeypatch.delenv("SPACY_W2V_CACHE")
    assert default_cache_dir().parts[-2:] == ("spacy-w2v", "corpora")


def test_progress_rises_while_a_corpus_is_encoded(tmp_path):
    told = Told()
    with prepare(source(["a b"], ["a c", "d"], ["a"]), tmp_path, told=told):
        pass
    assert [(p.n_documents, p.n_tokens, p.n_types) for p in told.progress] == [(1, 2, 2), (3, 5, 4), (4, 6, 4)]
    assert all(p.seconds >= 0 for p in told.progress)


# --- the stream


@pytest.mark.parametrize("tokens", [WHITESPACE, TokensSettings(), TokensSettings(boundary="sentence", n_process=1)])
def test_the_batches_of_a_source_do_not_change_the_corpus(tmp_path, tokens):
    generator = random.Random(0)
    words = [*(f"w{i}" for i in range(50)), "don't", ":)", "x:)", ")", ".", "\n"]
    texts = [" ".join(generator.choices(words, k=generator.randint(0, 12))) for _ in range(150)]
    corpora = []
    for size in (1, 7, 150):
        batches = [texts[start : start + size] for start in range(0, len(texts), size)]
        with prepare(ListSource(*batches), tmp_path, tokens=tokens) as corpus:
            corpora.append((words_of(corpus), corpus.read_types().to_pylist(), corpus.n_type_ids, corpus.counts))
    assert corpora[0] == corpora[1] == corpora[2]
    assert corpora[0][3].n_documents == 150


@pytest.mark.parametrize("size", [1, 2, 5])
@pytest.mark.parametrize("max_tokens", [1, 3, 4, 6, 100])
def test_max_tokens_bounds_the_corpus(tmp_path, max_tokens, size):
    texts = ["a b c", "d", "a e", "f g h i", "j"]
    batches = [texts[start : start + size] for start in range(0, 5, size)]
    read_on = []

    class Watched(ListSource):
        def batches(self):
            for batch in super().batches():
                read_on.append(batch)
                yield batch

    tokens = WHITESPACE.model_copy(update={"max_tokens": max_tokens})
    with prepare(Watched(*batches), tmp_path, tokens=tokens) as corpus:
        actual = words_of(corpus)
        assert [word for sentence in actual for word in sentence] == " ".join(texts).split()[:max_tokens]
        assert actual[:-1] == [text.split() for text in texts][: len(actual) - 1]
        assert corpus.counts.n_tokens == min(max_tokens, 11)
        assert set(counts_of(corpus)) == {word for sentence in actual for word in sentence}
    n_tokens = np.cumsum([sum(len(text.split()) for text in batch) for batch in batches])
    n_needed = int(np.searchsorted(n_tokens, max_tokens)) + 1
    assert len(read_on) <= max(n_needed, 2), "no more is read than needed, save a second batch to begin with"


def test_max_vocab_size_bounds_the_types_of_the_corpus(tmp_path):
    batches = ["a a b"], ["c a a d"]
    with prepare(ListSource(*batches), tmp_path, max_vocab_size=2) as corpus:
        assert counts_of(corpus) == {"a": 4}
        assert corpus.counts.n_dropped_types == 3
        assert corpus.counts.n_tokens == 7


def test_a_tokenizer_is_known_by_its_code(tmp_path):
    """Also where spaCy has imported it, as by `spacy train --code`, and where a base class is written elsewhere."""
    fingerprints = []
    for body in ("string.split()", "string.split()", "string.upper().split()"):
        (tmp_path / "code.py").write_text(
            "from helpers_corpus import CommaTokenizer\n"
            f"class Changed(CommaTokenizer):\n    def words(self, string):\n        return {body}\n"
        )
        code = import_file("python_code", tmp_path / "code.py")
        nlp = spacy.blank("en")
        nlp.tokenizer = code.Changed(nlp)
        fingerprints.append(tokenizer_fingerprint(nlp, TokensSettings()))
    assert fingerprints[0] == fingerprints[1] != fingerprints[2]
