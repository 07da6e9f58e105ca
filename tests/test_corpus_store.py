"""An encoded corpus on disk, the counts of its types, and the cache of corpora."""

import json
import random
from collections import Counter
from contextlib import contextmanager
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
import spacy
from helpers_corpus import ListSource, batch_of
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.util import import_file

from spacy_w2v._atomic import describe_files, read_manifest, write_manifest
from spacy_w2v.config._schema import TokensSettings
from spacy_w2v.corpus import _store as store
from spacy_w2v.corpus._arrow_files import TYPES_SCHEMA
from spacy_w2v.corpus._cache import prepared_corpus
from spacy_w2v.corpus._cache_directory import CACHE_TAG, default_cache_dir
from spacy_w2v.corpus._counts import DocumentCounts
from spacy_w2v.corpus._encoding import EncodingCallback
from spacy_w2v.corpus._fingerprint import CorpusFingerprint, tokenizer_fingerprint
from spacy_w2v.corpus._store import ChunkWriter, CorpusWriter, open_corpus
from spacy_w2v.corpus._type_counts import TypeCounts
from spacy_w2v.corpus.parts._merged_types import MergedTypes
from spacy_w2v.errors import CorpusError, CorpusWarning, StorageError
from spacy_w2v.tokenization._tokens import EncodedBatch, Types

seeded = settings(derandomize=True, deadline=None, max_examples=100)

WHITESPACE = TokensSettings(tokenizer="whitespace")
NLP = spacy.blank("en")
FINGERPRINT = CorpusFingerprint(format=3, source="f", tokenizer="t", tokens={"attr": "LOWER"}, max_vocab_size=None)


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
    writer.close(
        source="test", fingerprint=FINGERPRINT, documents=DocumentCounts(n_documents=7, n_null=2, n_not_text=1)
    )
    return open_corpus(directory)


def words_of(corpus) -> list[list[str]]:
    """Return the sentences of a corpus as words, with "?" for tokens of dropped types."""
    types = corpus.read_types().to_pylist()
    text = {type_["id"]: type_["orth"] for type_ in types}
    return [[text.get(type_id, "?") for type_id in sentence.tolist()] for sentence in corpus.sentences()]


def counts_of(corpus) -> dict[str, int]:
    return {type_["orth"]: type_["count"] for type_ in corpus.read_types().to_pylist()}


# --- chunks


def chunks_of(lengths: list[int], chunk_tokens: int) -> list[list[int]]:
    """Return the lengths of the sentences of each chunk, computed one sentence at a time."""
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
    reader = store.ChunkReader(path, n_type_ids=max(tokens.size, 1))
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
    assert (corpus.source, corpus.fingerprint, corpus.n_chunks) == ("test", FINGERPRINT, 1)
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
    expected: Counter[str] = Counter()  # in order of first appearance after the last drop
    reduce, n_ids, n_dropped_types, n_dropped_tokens = 1, 0, 0, 0
    for words in batches:
        counts = Counter(words)
        given_ids = types.add(
            Types(list(counts), list(counts)), np.arange(len(counts)), np.array(list(counts.values()))
        )
        for word, count in counts.items():
            if word not in expected:  # a new type, or a dropped one that occurs again
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
    counted = types.counted
    assert (counted.n_ids, counted.n_dropped_types, counted.n_dropped_tokens) == (
        n_ids,
        n_dropped_types,
        n_dropped_tokens,
    )


@given(
    batches=st.lists(
        st.dictionaries(st.tuples(*2 * [st.text("aß\n\x00", max_size=2)]), st.integers(1, 5), max_size=10), max_size=10
    ),
    max_types=st.one_of(st.none(), st.integers(1, 6)),
)
@seeded
def test_types_of_parts_are_merged_as_types_of_texts_are_counted(batches, max_types):
    """The compiled table of merging, and the dictionaries of encoding, give the same ids and counts."""
    expected, actual = TypeCounts(max_types), MergedTypes(max_types)
    for batch in batches:
        orths, keys, counts = [orth for orth, _ in batch], [key for _, key in batch], list(batch.values())
        columns = {"id": range(len(batch)), "orth": orths, "key": keys, "count": counts}
        (record_batch,) = pa.table(columns, schema=TYPES_SCHEMA).to_batches() or [
            pa.RecordBatch.from_pylist([], schema=TYPES_SCHEMA)
        ]
        ids = expected.add(Types(orths, keys), np.arange(len(batch), dtype=np.uint32), np.array(counts, np.int64))
        assert actual.add(record_batch).tolist() == ids.tolist()
    types, ids, counts = expected.items()
    assert actual.types().to_pydict() == {
        "id": ids.tolist(), "orth": types.orths, "key": types.keys, "count": counts.tolist(),
    }  # fmt: skip
    for name in ("n_ids", "n_dropped_types", "n_dropped_tokens"):
        assert getattr(actual.counted, name) == getattr(expected.counted, name)


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
    """Change entries of a manifest (None deletes one), and correct its checksum."""
    path = directory / "manifest.json"
    manifest = {**read_manifest(path), **changes}
    write_manifest(path, {key: value for key, value in manifest.items() if value is not None})


def edit_counts(directory, **changes):
    edit_manifest(directory, counts={**read_manifest(directory / "manifest.json")["counts"], **changes})


def edit_types(directory, schema=TYPES_SCHEMA, **columns):
    """Replace columns of the types, and correct all checksums."""
    types = open_corpus(directory).read_types()
    table = pa.table({**dict(zip(types.column_names, types.columns, strict=True)), **columns}, schema=schema)
    write_arrow(directory, "types.arrow", table)


def edit_tokens(directory, tokens, offsets, kind=None):
    """Replace the tokens by one chunk, and correct all checksums."""
    values = pa.array(tokens, kind or pa.uint32())
    sentences = pa.LargeListArray.from_arrays(pa.array(offsets, pa.int64()), values)
    write_arrow(directory, "tokens.arrow", pa.table({"sentences": sentences}))


def replace_in_tokens(directory, old, new):
    """Replace numbers, and correct all checksums."""
    head, _, tail = (
        (directory / "tokens.arrow").read_bytes().rpartition(old.tobytes())
    )  # headers may contain them as well
    (directory / "tokens.arrow").write_bytes(head + new.tobytes() + tail)
    edit_manifest(directory, files=describe_files(directory, ["tokens.arrow", "types.arrow"]))


def write_arrow(directory, name, table):
    with pa.ipc.new_file(str(directory / name), table.schema) as writer:
        writer.write_table(table)
    edit_manifest(directory, files=describe_files(directory, ["tokens.arrow", "types.arrow"]))


def flip_bit(directory, name, place):
    content = bytearray((directory / name).read_bytes())
    content[place] ^= 128
    (directory / name).write_bytes(content)


DAMAGED_MANIFEST = r"manifest of .* must describe a corpus, but values are missing"
OTHER_COUNTS = r"counts of .* must match its tokens and types"

DAMAGE = {
    "no manifest": (lambda d: (d / "manifest.json").unlink(), r"manifest\.json must be readable, but is not"),
    "half a manifest": (lambda d: (d / "manifest.json").write_text('{"format"'), r"manifest\.json must be JSON"),
    "binary manifest": (lambda d: (d / "manifest.json").write_bytes(b"\xff\xfe"), r"manifest\.json must be JSON"),
    "list as manifest": (lambda d: (d / "manifest.json").write_text("[]"), r"must be a JSON object"),
    "deep manifest": (lambda d: (d / "manifest.json").write_text('{"a":' * 100_000), r"must be JSON"),
    "no checksum": (
        lambda d: (d / "manifest.json").write_text(json.dumps(read_manifest(d / "manifest.json"))),
        r"must match its own checksum",
    ),
    "changed manifest": (lambda d: flip_bit(d, "manifest.json", 150), r"manifest\.json must"),
    "foreign": (
        lambda d: edit_manifest(d, format="spacy-w2v model"),
        r"manifest of a spacy-w2v corpus, but has another format",
    ),
    "version": (
        lambda d: edit_manifest(d, format_version=99),
        r"must have format version 3, was: 99\. Encode the corpus again",
    ),
    "no version": (lambda d: edit_manifest(d, format_version=None), r"must have format version 3, was: unknown"),
    "no tokens": (lambda d: (d / "tokens.arrow").unlink(), r"tokens\.arrow must have \d+ bytes, but has: None"),
    "half the types": (
        lambda d: (d / "types.arrow").write_bytes(b"half"),
        r"types\.arrow must have \d+ bytes, but has: 4",
    ),
    "a bit of the tokens": (lambda d: flip_bit(d, "tokens.arrow", 300), r"tokens\.arrow must have the checksum"),
    "a bit of the types": (lambda d: flip_bit(d, "types.arrow", 300), r"types\.arrow must have the checksum"),
    "no source": (lambda d: edit_manifest(d, source=None), DAMAGED_MANIFEST),
    "no counts": (lambda d: edit_manifest(d, counts=None), DAMAGED_MANIFEST),
    "missing counts": (lambda d: edit_manifest(d, counts={"n_types": 1}), DAMAGED_MANIFEST),
    "other counts": (lambda d: edit_counts(d, n_words=1), DAMAGED_MANIFEST),
    "true as count": (lambda d: edit_counts(d, n_documents=True), DAMAGED_MANIFEST),
    "negative count": (lambda d: edit_counts(d, n_null=-1), DAMAGED_MANIFEST),
    "huge count": (lambda d: edit_counts(d, n_types=10**400), DAMAGED_MANIFEST),
    "no files": (lambda d: edit_manifest(d, files=None), r"manifest of .* must name its files"),
    "list of files": (lambda d: edit_manifest(d, files=["tokens.arrow"]), r"manifest of .* must name its files"),
    "other files": (lambda d: edit_manifest(d, files={}), r"manifest of .* must name the file tokens\.arrow"),
    "words as chunks": (lambda d: edit_manifest(d, chunk_tokens=["many"]), DAMAGED_MANIFEST),
    "number as chunks": (lambda d: edit_manifest(d, chunk_tokens=3), DAMAGED_MANIFEST),
    "more chunks": (lambda d: edit_manifest(d, chunk_tokens=[3, 0]), OTHER_COUNTS),
    "larger chunks": (lambda d: edit_manifest(d, chunk_tokens=[4]), OTHER_COUNTS),
    "fewer type ids": (lambda d: edit_manifest(d, n_type_ids=1), r"types\.arrow must have increasing type ids below 1"),
    "far more type ids": (lambda d: edit_manifest(d, n_type_ids=2**31 - 1), OTHER_COUNTS),
    "far more dropped types": (
        lambda d: (edit_counts(d, n_dropped_types=2**31 - 3), edit_manifest(d, n_type_ids=2**31 - 1)),
        OTHER_COUNTS,
    ),
    "other n_tokens": (lambda d: edit_counts(d, n_tokens=4), OTHER_COUNTS),
    "other n_types": (lambda d: edit_counts(d, n_types=1), OTHER_COUNTS),
    "other n_sentences": (lambda d: edit_counts(d, n_sentences=9), OTHER_COUNTS),
    "types of another schema": (
        lambda d: edit_types(d, schema=None, count=[2.0, 1.0]),
        r"types\.arrow must have the columns id: uint32",
    ),
    "null types": (lambda d: edit_types(d, orth=["a", None]), r"types\.arrow must have no nulls"),
    "types that are no text": (lambda d: edit_types(d, key=invalid_text(2)), r"types\.arrow must be a readable Arrow"),
    "equal type ids": (lambda d: edit_types(d, id=[0, 0]), r"must have increasing type ids below 2"),
    "high type ids": (lambda d: edit_types(d, id=[0, 2**31]), r"must have increasing type ids below 2"),
    "count of zero": (lambda d: edit_types(d, count=[3, 0]), r"must have counts of at least 1"),
    "other counts of types": (lambda d: edit_types(d, count=[2, 2]), OTHER_COUNTS),
    "high ids": (lambda d: edit_tokens(d, [0, 1, 2**31], [0, 3]), r"tokens\.arrow must have type ids below 2"),
    "falling offsets": (
        lambda d: edit_tokens(d, [0, 1, 0], [0, 2, 1, 3]),
        r"tokens\.arrow must have increasing offsets",
    ),
    "fewer tokens": (lambda d: edit_tokens(d, [0, 1], [0, 2]), OTHER_COUNTS),
    "offsets out of bounds": (
        lambda d: replace_in_tokens(d, np.array([0, 3]), np.array([0, 9])),
        r"tokens\.arrow must be a readable Arrow",
    ),
    "first offset": (
        lambda d: replace_in_tokens(d, np.array([0, 3]), np.array([1, 3])),
        r"tokens\.arrow must have increasing offsets",
    ),
    "null ids": (lambda d: edit_tokens(d, [0, None, 0], [0, 3]), r"tokens\.arrow must have no nulls"),
    "wide ids": (lambda d: edit_tokens(d, [0, 1, 0], [0, 3], pa.uint64()), r"tokens\.arrow must have the columns sen"),
    "no arrow": (
        lambda d: (
            (d / "tokens.arrow").write_bytes(b"ARROW1"),
            edit_manifest(d, files=describe_files(d, ["tokens.arrow", "types.arrow"])),
        ),
        r"tokens\.arrow must be a readable Arrow file, but is damaged",
    ),
}


def invalid_text(n):
    offsets = pa.array(range(n + 1), pa.int64()).buffers()[1]
    return pa.LargeStringArray.from_buffers(n, offsets, pa.py_buffer(b"\xff" * n))


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_corpus_is_refused(tmp_path, damage):
    corpus = write_corpus(tmp_path / "corpus", [[["a", "b", "a"]]])
    apply, message = DAMAGE[damage]
    apply(corpus.directory)
    with pytest.raises(StorageError, match=message):
        open_corpus(corpus.directory)


@pytest.mark.parametrize("damage", ["high ids", "falling offsets", "offsets out of bounds", "a bit of the tokens"])
def test_damage_that_comes_after_opening_does_not_reach_the_kernels(tmp_path, damage):
    corpus = write_corpus(tmp_path / "corpus", [[["a", "b", "a"]]])
    DAMAGE[damage][0](corpus.directory)
    try:
        chunks = [corpus.open_chunks().read(number) for number in range(corpus.n_chunks)]
    except StorageError as error:
        assert "damaged" in str(error)  # noqa: PT017  # a flipped bit may also give another valid id
        return
    assert damage == "a bit of the tokens"
    assert all(chunk.tokens.max() < corpus.n_type_ids for chunk in chunks)


def test_types_that_are_damaged_after_opening_are_refused(tmp_path):
    corpus = write_corpus(tmp_path / "corpus", [[["a", "b", "a"]]])
    edit_types(corpus.directory, id=[0, 2**31])
    with pytest.raises(StorageError, match="must have increasing type ids below 2"):
        corpus.read_types()


# --- the cache


class Messages(list):
    """The messages and the progress of an encoding."""

    def __init__(self):
        self.progress = []
        self.callback = EncodingCallback()
        self.callback.on_message = self.append
        self.callback.on_encoding = self.progress.append


@contextmanager
def prepare(source, tmp_path, *, nlp=NLP, tokens=WHITESPACE, max_vocab_size=None, messages=None):
    callback = messages.callback if messages is not None else None
    arguments = {"max_vocab_size": max_vocab_size, "cache_dir": tmp_path / "cache", "callback": callback}
    with prepared_corpus(source, nlp, tokens, **arguments) as corpus:
        yield corpus


def entries(tmp_path) -> set[str]:
    return {path.name for path in (tmp_path / "cache").iterdir()} - {CACHE_TAG}


def source(*batches, fingerprint="f1", name="list"):
    return ListSource(*(batches or (["a b a", "c"],)), fingerprint=fingerprint, name=name)


def test_a_corpus_is_encoded_once(tmp_path):
    first, second, messages = source(), source(), Messages()
    with prepare(first, tmp_path) as corpus:
        assert words_of(corpus) == [["a", "b", "a"], ["c"]]
        assert corpus.source == "list"
        assert corpus.counts.n_documents == 2
    assert len(entries(tmp_path)) == 1
    with prepare(second, tmp_path, nlp=spacy.blank("en"), messages=messages) as corpus:
        assert words_of(corpus) == [["a", "b", "a"], ["c"]]
    assert (first.n_read, second.n_read) == (1, 0)
    assert messages == [f"Using the encoded corpus {corpus.directory}"]


def test_a_corpus_that_another_process_added_first_is_kept(tmp_path):
    """Another process may be reading it."""

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


def test_the_cache_is_independent_of_the_number_of_processes(tmp_path):
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
        ({"source": source(fingerprint="f2")}, "the texts or the arguments of their reader have changed"),
        ({"nlp": with_special_case()}, "the tokenizer has changed"),
        ({"nlp": spacy.blank("de")}, "the tokenizer has changed"),
        ({"tokens": TokensSettings(min_tokens=2)}, "settings of [w2v.tokens] have changed"),
        ({"tokens": TokensSettings(max_tokens=2)}, "settings of [w2v.tokens] have changed"),
        ({"max_vocab_size": 5}, "max_vocab_size has changed"),
        (
            {"source": source(fingerprint="f2"), "max_vocab_size": 5},
            "the texts or the arguments of their reader have changed and max_vocab_size has changed",
        ),
    ],
)
def test_encoding_again_gives_the_reason(tmp_path, changes, reason):
    with prepare(source(), tmp_path, tokens=STOCK):
        pass
    messages = Messages()
    with prepare(**{"source": source(), "tokens": STOCK, **changes}, tmp_path=tmp_path, messages=messages):
        pass
    assert messages == [f"Encoding the corpus again, because {reason}"]
    assert len(entries(tmp_path)) == 2


def test_encoding_again_compares_the_most_similar_entry(tmp_path):
    for fingerprint, max_vocab_size in (("f1", None), ("f2", 5)):
        with prepare(source(fingerprint=fingerprint), tmp_path, max_vocab_size=max_vocab_size):
            pass
    messages = Messages()
    with prepare(source(fingerprint="f2"), tmp_path, messages=messages):
        pass
    assert len(messages) == 1
    assert messages[0].endswith(
        ("because the texts or the arguments of their reader have changed", "because max_vocab_size has changed")
    )


def test_encoding_again_reports_a_new_format(tmp_path):
    with prepare(source(), tmp_path) as corpus:
        old = corpus.directory
    edit_manifest(old, format_version=0, fingerprint={**corpus.fingerprint.to_json(), "format": 0})
    old.rename(old.with_name("0123456789abcdef"))
    messages = Messages()
    with prepare(source(), tmp_path, messages=messages):
        pass
    assert messages == ["Encoding the corpus again, because the format of the cache has changed"]


def test_a_new_source_is_encoded_without_a_message(tmp_path):
    with prepare(source(), tmp_path):
        pass
    messages = Messages()
    with prepare(source(name="other", fingerprint="f2"), tmp_path, messages=messages):
        pass
    assert messages == []


def test_a_corpus_without_fingerprint_is_removed_after_use(tmp_path):
    messages = Messages()
    with prepare(source(fingerprint=None), tmp_path, messages=messages) as corpus:
        assert words_of(corpus) == [["a", "b", "a"], ["c"]]
        assert corpus.directory.parent == tmp_path / "cache"
    assert entries(tmp_path) == set()
    assert messages == []


def test_an_error_of_the_user_removes_a_temporary_corpus_but_no_other(tmp_path):
    for fingerprint, n_left in ((None, 0), ("f", 1)):
        with pytest.raises(KeyError, match="mine"), prepare(source(fingerprint=fingerprint), tmp_path):
            raise KeyError("mine")
        assert len(entries(tmp_path)) == n_left


@pytest.mark.parametrize("damage", [*DAMAGE, "no fingerprint"])
def test_a_damaged_entry_is_encoded_again(tmp_path, damage):
    with prepare(source(["a b a"]), tmp_path) as corpus:
        pass
    if damage == "no fingerprint":
        edit_manifest(corpus.directory, fingerprint=None)
    else:
        DAMAGE[damage][0](corpus.directory)
    messages, again = Messages(), source(["a b a"])
    with prepare(again, tmp_path, messages=messages) as corpus:
        assert words_of(corpus) == [["a", "b", "a"]]
    assert again.n_read == 1
    assert messages[0].startswith("Encoding the corpus again, because the cache is damaged. ")
    assert len(entries(tmp_path)) == 1


@pytest.mark.parametrize("fingerprint", [None, "text", {}])
def test_a_damaged_entry_does_not_affect_others(tmp_path, fingerprint):
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
    message = rf"must have tokens, but list has none in {n_documents} documents \(0 null, 0 not text\)\. Check text_f"
    with pytest.raises(CorpusError, match=message), prepare(empty, tmp_path, tokens=tokens):
        pytest.fail("there is no corpus")
    assert entries(tmp_path) == set()


def test_nulls_are_counted_in_the_corpus_and_in_the_error(tmp_path):
    class WithNulls(ListSource):
        def batches(self):
            for texts in self._batches:
                yield batch_of(texts, n_null=2, n_not_text=1)

    with (
        pytest.warns(CorpusWarning, match=r"Left out 4 of 8 documents, because they are null\."),
        pytest.warns(CorpusWarning, match="Left out 2 of 8 documents"),
        prepare(WithNulls(["a"], ["b"]), tmp_path) as corpus,
    ):
        assert (corpus.counts.n_documents, corpus.counts.n_null, corpus.counts.n_not_text) == (2, 4, 2)
    with (
        pytest.raises(CorpusError, match=r"none in 0 documents \(2 null, 1 not text\)"),
        prepare(WithNulls([]), tmp_path),
    ):
        pytest.fail("there is no corpus")


def test_a_directory_with_other_files_is_not_a_cache(tmp_path):
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "thesis.txt").write_text("precious")
    message = r"must be new, empty or a cache of spacy-w2v, but \S+cache has other files\. Choose another cache"
    with pytest.raises(StorageError, match=message), prepare(source(), tmp_path):
        pytest.fail("there is no corpus")
    assert entries(tmp_path) == {"thesis.txt"}


def test_a_file_is_not_a_cache(tmp_path):
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
    messages = Messages()
    with prepare(source(["a b"], ["a c", "d"], ["a"]), tmp_path, messages=messages):
        pass
    assert [(p.n_documents, p.n_tokens, p.n_types) for p in messages.progress] == [(1, 2, 2), (3, 5, 4), (4, 6, 4)]
    assert all(p.seconds >= 0 for p in messages.progress)


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


def test_a_tokenizer_is_identified_by_its_code(tmp_path):
    """This includes code that `spacy train --code` has imported, and the files of base classes."""
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
