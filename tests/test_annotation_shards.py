"""Corpora that a pipeline annotates: encoded in shards, each of which is annotated once."""

import os
import signal
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import pyarrow as pa
import pytest
from helpers_corpus import ListSource, batch_of
from helpers_shards import (
    LOG,
    Messages,
    expected_pairs,
    expected_words,
    key_settings,
    logging_pipeline,
    numbered_lines,
    source_of,
    use_small_shards,
)
from helpers_spans import sentences_of_corpus
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_w2v.corpus._cache import prepared_corpus
from spacy_w2v.corpus._fingerprint import corpus_fingerprint
from spacy_w2v.corpus.shards._cutting import shards_of, small_batches
from spacy_w2v.errors import CorpusError, CorpusWarning
from spacy_w2v.sources._source import GIVEN_TOKENS, TextBatch

N_LINES = 300
seeded = settings(derandomize=True, deadline=None, max_examples=60)


@pytest.fixture(autouse=True)
def small_shards(monkeypatch, tmp_path):
    monkeypatch.setenv(LOG, str(tmp_path / "none"))  # so that what the tests set is undone
    use_small_shards(monkeypatch.setattr)


class Place:
    """A cache, and a pipeline that logs what it annotates."""

    def __init__(self, path: Path):
        path.mkdir(exist_ok=True)
        self.cache = path / "cache"
        self.log = path / "log.txt"

    def encode(self, lines, *, fingerprint="f", max_vocab_size=None, messages=None, check=None, **tokens):
        """Encode lines, and return the bytes of the files of the corpus, and the lines that were annotated."""
        self.log.write_text("")
        os.environ[LOG] = str(self.log)
        source = lines if isinstance(lines, ListSource) else source_of(lines, fingerprint=fingerprint)
        with prepared_corpus(
            source, logging_pipeline(), key_settings(**tokens), max_vocab_size=max_vocab_size,
            cache_dir=self.cache, callback=messages or Messages(),
        ) as corpus:  # fmt: skip
            files = {path.name: path.read_bytes() for path in corpus.directory.iterdir()}
            self.directory = corpus.directory
            if check is not None:
                check(corpus)
        return files, [int(number) for number in self.log.read_text().split()]

    def shards(self) -> list[Path]:
        """Return the directories of shards."""
        return sorted(path.parent for path in self.cache.glob("*/*/manifest.json"))


@pytest.fixture
def place(tmp_path):
    return Place(tmp_path)


# --- how texts are cut


def documents_of(batches) -> list:
    return [document for batch in batches for document in batch.texts.to_pylist()]


@seeded
@given(
    texts=st.lists(st.text(st.characters(codec="utf-8"), max_size=40), max_size=60),
    cuts=st.lists(st.integers(0, 60), max_size=5),
    shard_bytes=st.integers(1, 300),
    as_tokens=st.booleans(),
)
def test_shards_have_all_documents_in_order(texts, cuts, shard_bytes, as_tokens):
    bounds = sorted({0, len(texts), *(cut for cut in cuts if cut < len(texts))})
    documents = [[text.split(), ["a", text]] for text in texts] if as_tokens else texts
    whole = pa.array(documents, GIVEN_TOKENS if as_tokens else pa.large_string())
    parts = [whole.slice(start, end - start) for start, end in pairwise(bounds)]
    batches = [TextBatch(part, len(part), 1, 2, (i + 1) / len(parts)) for i, part in enumerate(parts)]
    shards = list(shards_of(iter(batches), shard_bytes=shard_bytes))
    assert documents_of(batch for shard in shards for batch in shard.batches) == documents
    assert sum(shard.documents.n_documents for shard in shards) == len(documents)
    assert sum(shard.documents.n_null for shard in shards) == len(parts)
    assert sum(shard.documents.n_not_text for shard in shards) == 2 * len(parts)
    fractions = [shard.fraction for shard in shards]
    assert fractions == sorted(fractions)
    assert not fractions or fractions[-1] == 1
    if not as_tokens:
        for shard in shards[:-1]:
            sizes = [len(text.encode()) for text in documents_of(shard.batches)]
            assert sum(sizes) >= shard_bytes > sum(sizes[:-1])
    small = list(small_batches(iter(batches)))
    assert documents_of(small) == documents
    assert sum(batch.n_documents for batch in small) == len(documents)
    assert sum(batch.n_null for batch in small) == len(parts)


def test_the_digest_of_a_shard_is_that_of_its_texts():
    def digests(texts):
        return [shard.digest for shard in shards_of(iter([batch_of(texts)]), shard_bytes=8)]

    lines = [f"line {number}" for number in range(20)]
    assert len(set(digests(lines))) == len(digests(lines)) > 5
    assert digests([*lines, "more"])[: len(digests(lines)) - 1] == digests(lines)[:-1]
    assert digests(["ab", "c"]) != digests(["a", "bc"])
    assert digests(["line 3", "line 4"]) == digests(lines[3:5])


def test_pieces_of_a_long_document_count_once():
    pieces = pa.array(["a" * 40, "b" * 40, "c" * 40], pa.large_string())
    batches = [TextBatch(pieces.slice(number, 1), int(number == 2), 0, 0, None) for number in range(3)]
    shards = list(shards_of(iter(batches), shard_bytes=50))
    assert [shard.documents.n_documents for shard in shards] == [0, 1]


# --- the corpus


def test_the_corpus_has_all_words_and_phrases(place):
    lines, messages = numbered_lines(N_LINES), Messages()

    def check(corpus):
        sentences = sentences_of_corpus(corpus)
        assert [sentence.tokens for sentence in sentences] == expected_words(lines)
        assert [sentence.phrases for sentence in sentences] == list(map(expected_pairs, lines))
        assert corpus.counts.n_documents == N_LINES

    _, annotated = place.encode(lines, messages=messages, check=check)
    assert annotated == list(range(N_LINES))
    assert len(place.shards()) > 4
    progress = messages.progress
    assert [each.n_documents for each in progress] == sorted(each.n_documents for each in progress)
    assert (progress[-1].n_documents, progress[-1].n_tokens) == (N_LINES, sum(map(len, map(str.split, lines))))
    assert all(each.found == 0 for each in progress)


def test_the_second_time_nothing_is_annotated(place):
    lines = numbered_lines(N_LINES)
    files, _ = place.encode(lines)
    messages = Messages()
    assert place.encode(lines, messages=messages) == (files, [])
    assert messages.texts == [f"Using the encoded corpus {place.directory}"]


@pytest.mark.parametrize("change", [{"max_vocab_size": 20}, {"max_tokens": 500}, {"fingerprint": "g"}])
def test_other_limits_annotate_nothing(place, change):
    lines = numbered_lines(N_LINES)
    place.encode(lines)
    messages = Messages()
    found, annotated = place.encode(lines, messages=messages, **change)
    assert annotated == []
    afresh = Place(place.cache.parent / "other")
    expected, again = afresh.encode(lines, **change)
    assert again
    assert found == expected
    assert all(step.seconds < 60 for step in messages.progress)


def test_the_number_of_processes_changes_nothing(place, tmp_path):
    lines = numbered_lines(N_LINES)
    files, _ = place.encode(lines)
    other, annotated = Place(tmp_path / "two").encode(lines, n_process=2)
    assert other == files
    assert sorted(annotated) == list(range(N_LINES))


def test_only_added_texts_are_annotated(place):
    lines = numbered_lines(N_LINES)
    place.encode(lines[:200])
    messages = Messages()
    files, annotated = place.encode(lines, fingerprint="longer", messages=messages)
    assert annotated == list(range(annotated[0], N_LINES))
    assert 100 < annotated[0] <= 200
    assert messages.texts[-1] == (
        f"Annotating from document {annotated[0] + 1} on. The texts before it are in the cache"
    )
    assert files == Place(place.cache.parent / "other").encode(lines, fingerprint="longer")[0]


def test_a_missing_or_damaged_shard_is_annotated_again(place):
    lines = numbered_lines(N_LINES)
    files, _ = place.encode(lines)
    shards = place.shards()
    (shards[2] / "tokens.arrow").write_bytes(b"no")
    for path in shards[4].iterdir():
        path.unlink()
    shards[4].rmdir()
    (place.directory / "types.arrow").unlink()
    messages = Messages()
    again, annotated = place.encode(lines, messages=messages)
    assert again == files
    assert 2 < len(annotated) < N_LINES
    assert len(place.shards()) == len(shards)
    assert sum("Annotating some texts again, because the cache is damaged" in text for text in messages.texts) == 1


@pytest.mark.parametrize("most", [1, 40, 700])
def test_max_tokens_annotates_no_more_than_it_needs(place, most):
    lines = numbered_lines(N_LINES)
    words = [word for line in expected_words(lines) for word in line]

    def check(corpus):
        found = sentences_of_corpus(corpus)
        assert [word for sentence in found for word in sentence.tokens] == words[:most]

    _, annotated = place.encode(lines, max_tokens=most, check=check)
    assert len(annotated) <= most / 4 + 80
    _, more = place.encode(lines, max_tokens=most + 50, check=None)
    assert len(more) < len(annotated) + 90


def test_a_source_without_fingerprint_leaves_nothing(place):
    lines = numbered_lines(N_LINES)

    def check(corpus):
        assert [sentence.tokens for sentence in sentences_of_corpus(corpus)] == expected_words(lines)

    messages = Messages()
    _, annotated = place.encode(lines, fingerprint=None, check=check, messages=messages)
    assert len(annotated) == N_LINES
    assert {path.name for path in place.cache.iterdir()} == {"CACHEDIR.TAG"}
    assert len(messages.progress) > 20


class ChangingSource(ListSource):
    """A source whose fingerprint changes while it is read."""

    def fingerprint(self):
        return f"{self.n_read}"


def test_a_source_that_changes_is_used_once(place):
    lines = numbered_lines(50)
    with pytest.warns(CorpusWarning, match="must not change while it is read"):
        place.encode(ChangingSource(lines))
    assert not place.directory.exists()
    assert len(place.shards()) >= 1


def test_documents_that_are_left_out_are_counted(place):
    class WithNulls(ListSource):
        def batches(self):
            yield batch_of([], n_null=2)
            yield batch_of(["1 two"], n_null=1)
            yield batch_of([], n_null=4, n_not_text=1)

    def check(corpus):
        assert (corpus.counts.n_documents, corpus.counts.n_null, corpus.counts.n_not_text) == (1, 7, 1)

    with pytest.warns(CorpusWarning, match="Left out"):
        place.encode(WithNulls(fingerprint="f"), check=check)
    with pytest.raises(CorpusError, match="must have tokens"):
        place.encode([" ", ""], fingerprint="empty")


@pytest.mark.parametrize("again", [False, True])
def test_documents_that_are_left_out_after_the_last_shard_are_counted(place, again):
    class WithNulls(ListSource):
        def batches(self):
            yield batch_of(["1 word"] * 40)
            yield batch_of([], n_null=4, n_not_text=1)

    use_small_shards(shard=240)  # the texts fill it
    if again:
        place.encode(["1 word"] * 40, fingerprint="without")

    def check(corpus):
        assert (corpus.counts.n_documents, corpus.counts.n_null, corpus.counts.n_not_text) == (40, 4, 1)

    with pytest.warns(CorpusWarning, match="Left out [14] of 45 documents"):
        place.encode(WithNulls(fingerprint="f"), check=check)


def test_a_source_of_nulls_is_an_error_that_counts_them(place):
    class Nulls(ListSource):
        def batches(self):
            yield batch_of([], n_null=4)

    with pytest.raises(CorpusError, match="has none in 0 documents \\(4 null, 0 not text\\)"):
        place.encode(Nulls(fingerprint="f"))


def test_an_error_keeps_the_shards_before_it(place):
    lines = numbered_lines(N_LINES)

    class Failing(ListSource):
        def batches(self):
            yield from source_of(lines[:210]).batches()
            raise FileNotFoundError("the disk is gone")

    with pytest.raises(CorpusError, match="the disk is gone"):
        place.encode(Failing(fingerprint="f"))
    _, annotated = place.encode(lines)
    assert annotated[0] > 100


def test_the_fingerprint_is_that_of_the_source_as_a_whole(place):
    lines = numbered_lines(20)
    place.encode(lines)
    now = corpus_fingerprint(source_of(lines), logging_pipeline(), key_settings(), max_vocab_size=None)
    assert now.digest() == place.directory.name


def test_a_cluster_only_trains(place):
    messages = Messages()
    with prepared_corpus(
        source_of(numbered_lines(20)), logging_pipeline(), key_settings(), max_vocab_size=None,
        cache_dir=place.cache, callback=messages, cluster=object(),
    ):  # fmt: skip
        pass
    assert messages.texts == ["The pipeline annotates on this machine. The cluster only trains"]


# --- killed


PROGRAM = Path(__file__).with_name("helpers_shards.py")


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL does not exist on Windows")
@pytest.mark.parametrize("n_lines", [90, 200])
def test_a_killed_run_continues_at_the_first_missing_shard(tmp_path, n_lines):
    lines = numbered_lines(N_LINES)
    texts, cache, log = tmp_path / "texts.txt", tmp_path / "cache", tmp_path / "log.txt"
    texts.write_text("\n".join(lines))
    log.write_text("")
    command = [sys.executable, str(PROGRAM), str(texts), str(cache)]
    environment = {**os.environ, LOG: str(log), "PYTHONPATH": os.pathsep.join([str(PROGRAM.parent), *sys.path])}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    while len(log.read_text().split()) < n_lines:
        assert process.poll() is None
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.wait()
    n_before = len(log.read_text().split())
    assert n_lines <= n_before < N_LINES
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    annotated = [int(number) for number in log.read_text().split()]
    assert annotated[:n_before] == list(range(n_before))
    again = annotated[n_before:]
    assert again == list(range(again[0], N_LINES))
    assert n_before - 70 < again[0] <= n_before
    directory = Path(done.stdout.strip())
    afresh, _ = Place(tmp_path / "other").encode(lines)
    kept = {path.name: path.read_bytes() for path in directory.iterdir()}
    assert {name: kept[name] for name in kept if name != "manifest.json"} == {
        name: afresh[name] for name in afresh if name != "manifest.json"
    }
    assert not list(cache.glob("unfinished-*"))
    log.write_text("")
    subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)
    assert log.read_text() == ""
