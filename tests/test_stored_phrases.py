"""Phrases of an encoded corpus: spans over its tokens, in files of their own."""

import numpy as np
import pytest
from helpers_spans import (
    Sentence,
    batch_of_sentences,
    count_phrases,
    phrase,
    random_sentences,
    sentences_of_corpus,
    token,
    types_by_id,
    write_sentences,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_w2v._atomic import describe_files, read_manifest, write_manifest
from spacy_w2v.corpus import _store as store
from spacy_w2v.corpus._counts import DocumentCounts
from spacy_w2v.corpus._encoding import first_tokens
from spacy_w2v.corpus._phrase_spans import PHRASE_TYPES_FILE, PHRASES_FILE
from spacy_w2v.corpus._store import open_corpus
from spacy_w2v.errors import StorageError

seeded = settings(derandomize=True, deadline=None, max_examples=60)


@seeded
@given(seed=st.integers(0, 10**6), n=st.integers(1, 60), per_batch=st.integers(1, 20), size=st.integers(12, 200))
def test_phrases_are_read_as_they_were_written(tmp_path_factory, seed, n, per_batch, size):
    sentences = random_sentences(n, seed=seed)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store, "CHUNK_TOKENS", size)
        corpus = write_sentences(tmp_path_factory.mktemp("corpus") / "c", sentences, per_batch=per_batch)
    assert sentences_of_corpus(corpus) == sentences
    expected = count_phrases(sentences)
    if not expected:
        assert corpus.spans is None
        return
    table = corpus.read_phrase_types()
    assert table["count"].to_pylist() == list(expected.values())
    assert list(types_by_id(table).items()) == list(enumerate(expected))
    assert corpus.spans.n_phrases == sum(expected.values())
    assert (corpus.spans.n_types, corpus.spans.n_dropped_types) == (len(expected), 0)


def test_a_corpus_without_phrases_has_the_files_and_bytes_of_before(tmp_path):
    sentences = [Sentence(sentence.tokens, []) for sentence in random_sentences(40, seed=1)]
    with_empty_spans = write_sentences(tmp_path / "spans", sentences)
    directory = tmp_path / "plain"
    directory.mkdir()
    writer = store.CorpusWriter(directory, max_types=None)
    for first in range(0, len(sentences), 7):
        writer.add(batch_of_sentences(sentences[first : first + 7])._replace(phrases=None))
    documents = DocumentCounts(n_documents=40, n_null=0, n_not_text=0)
    writer.close(source="test", fingerprint=with_empty_spans.fingerprint, documents=documents)
    files = {path.name for path in directory.iterdir()}
    assert files == {"tokens.arrow", "types.arrow", "manifest.json"}
    assert {path.name for path in with_empty_spans.directory.iterdir()} == files
    for name in ("tokens.arrow", "types.arrow"):
        assert (directory / name).read_bytes() == (with_empty_spans.directory / name).read_bytes()
    assert "spans" not in read_manifest(directory / "manifest.json")


def test_phrases_that_begin_late_have_empty_batches_before_them(tmp_path, monkeypatch):
    monkeypatch.setattr(store, "CHUNK_TOKENS", 10)
    plain = [Sentence(sentence.tokens, []) for sentence in random_sentences(30, seed=2, longest=9)]
    sentences = [*plain, Sentence([token("New"), token("York")], [(0, 2, phrase("New", "York"))])]
    corpus = write_sentences(tmp_path / "c", sentences, per_batch=3)
    assert corpus.n_chunks > 5
    assert sentences_of_corpus(corpus) == sentences


def test_phrases_that_a_chunk_cuts_are_left_out(tmp_path, monkeypatch):
    monkeypatch.setattr(store, "CHUNK_TOKENS", 10)
    words = [f"w{number}" for number in range(25)]
    of = [(8, 2, phrase("w8", "w9")), (10, 1, phrase("w10")), (18, 4, phrase("w18", "w21")), (23, 2, phrase("a", "b"))]
    sentence = Sentence([token(word) for word in words], of)
    before = Sentence([token("x")], [(0, 1, phrase("x"))])
    corpus = write_sentences(tmp_path / "c", [before, sentence, before], per_batch=3)
    assert corpus.chunk_tokens.tolist() == [1, 10, 10, 6]
    found = sentences_of_corpus(corpus)
    assert [part.phrases for part in found[1:4]] == [of[:1], [(0, 1, phrase("w10"))], [(3, 2, phrase("a", "b"))]]
    assert phrase("w18", "w21") not in types_by_id(corpus.read_phrase_types()).values()
    assert corpus.spans.n_phrases == 5


def test_types_of_phrases_are_dropped_to_stay_within_max_vocab_size(tmp_path):
    sentences = random_sentences(400, seed=3, n_words=200)
    corpus = write_sentences(tmp_path / "c", sentences, max_types=50)
    assert corpus.spans.n_types <= 50
    assert corpus.spans.n_dropped_types > 50
    assert corpus.spans.n_phrases == sum(count_phrases(sentences).values())
    for actual, expected in zip(sentences_of_corpus(corpus), sentences, strict=True):
        assert [of[:2] for of in actual.phrases] == [of[:2] for of in expected.phrases]
        assert all(a[2] in (None, e[2]) for a, e in zip(actual.phrases, expected.phrases, strict=True))


@pytest.mark.parametrize("limit", [1, 5, 17, 60, 1000])
def test_the_first_tokens_of_a_batch_have_their_phrases(limit):
    sentences = random_sentences(12, seed=4)
    batch = first_tokens(batch_of_sentences(sentences), limit)
    phrases, first = [], 0
    for sentence in sentences:
        phrases += [(first + start, n, of) for start, n, of in sentence.phrases if first + start + n <= limit]
        first += len(sentence.tokens)
    spans = batch.phrases
    types = spans.types.take(spans.distinct_types[spans.ids])
    assert list(zip(spans.starts, spans.lengths, zip(*types, strict=True), strict=True)) == phrases
    assert list(dict.fromkeys(spans.ids.tolist())) == list(range(spans.distinct_types.size))
    assert batch.token_ids.size == min(limit, first)


# --- damage


def damaged_corpus(tmp_path):
    return write_sentences(tmp_path / "c", random_sentences(60, seed=5)).directory


@pytest.mark.parametrize("name", [PHRASES_FILE, PHRASE_TYPES_FILE])
def test_a_damaged_file_of_phrases_is_refused(tmp_path, name):
    directory = damaged_corpus(tmp_path)
    content = (directory / name).read_bytes()
    generator = np.random.default_rng(0)
    for place in generator.integers(0, len(content), 40).tolist():
        flipped = bytearray(content)
        flipped[place] ^= 1 << int(generator.integers(8))
        for wrong in (bytes(flipped), content[:place]):
            (directory / name).write_bytes(wrong)
            with pytest.raises(StorageError, match=name):
                open_corpus(directory)
    (directory / name).unlink()
    with pytest.raises(StorageError, match=name):
        open_corpus(directory)


def rewritten(directory, change):
    """Change the phrases of a corpus, with right checksums."""
    import pyarrow as pa

    path = directory / PHRASES_FILE
    with pa.OSFile(str(path)) as file:
        table = pa.ipc.open_file(file).read_all()
    columns = {name: table[name].to_numpy().copy() for name in table.schema.names}
    change(columns)
    with pa.ipc.new_file(str(path), table.schema) as writer:
        writer.write_batch(pa.record_batch([pa.array(columns[name]) for name in columns], schema=table.schema))
    manifest = read_manifest(directory / "manifest.json")
    manifest["files"] = describe_files(directory, manifest["files"])
    write_manifest(directory / "manifest.json", manifest)


@pytest.mark.parametrize(
    ("name", "place", "value", "rule"),
    [
        ("length", 3, 100, "phrases within sentences"),
        ("length", 3, 0, "phrases within sentences"),
        ("start", -1, 1 << 30, "phrases within sentences"),
        ("start", 5, 0, "phrases that do not overlap"),
        ("id", 2, 1 << 20, "type ids below"),
    ],
)
def test_wrong_phrases_are_refused(tmp_path, name, place, value, rule):
    directory = damaged_corpus(tmp_path)

    def change(columns):
        columns[name][place] = value

    rewritten(directory, change)
    with pytest.raises(StorageError, match=rule):
        open_corpus(directory)


def test_other_counts_of_phrases_are_refused(tmp_path):
    directory = damaged_corpus(tmp_path)
    manifest = read_manifest(directory / "manifest.json")
    manifest["spans"]["n_phrases"] += 1
    write_manifest(directory / "manifest.json", manifest)
    with pytest.raises(StorageError, match=r"counts of .* must match"):
        open_corpus(directory)
    del manifest["spans"]["n_types"]
    write_manifest(directory / "manifest.json", manifest)
    with pytest.raises(StorageError, match="values are missing"):
        open_corpus(directory)
