"""Co-occurrence matrices on disk: found in the cache, damaged, interrupted, killed, and counted by two processes."""

import errno
import json
import pickle
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from helpers_cooccurrence import make_corpus, random_sentences, read_all
from helpers_damage import damaged_copies

from spacy_w2v._atomic import write_manifest
from spacy_w2v.config._cooccurrence import CooccurrenceSettings
from spacy_w2v.cooccurrence import _counting
from spacy_w2v.cooccurrence._cache import counted
from spacy_w2v.cooccurrence._counting import CountingCallback
from spacy_w2v.cooccurrence._memory import MemoryPlan
from spacy_w2v.cooccurrence._store import (
    CELLS_FILE,
    CELLS_SCHEMA,
    MANIFEST_FILE,
    CellReader,
    CellWriter,
    complete,
    open_cooccurrences,
)
from spacy_w2v.corpus._cache_directory import CACHE_TAG
from spacy_w2v.errors import StorageError

N_WORDS = 30
WORD_OF_TYPE = np.arange(N_WORDS, dtype=np.uint32)


class Recorded(CountingCallback):
    """Keeps messages, and the number of times that it was called during counting."""

    def __init__(self):
        self.messages = []
        self.n_counted = 0

    def on_message(self, text):
        self.messages.append(text)

    def on_counting(self, progress):
        self.n_counted += 1


@pytest.fixture
def corpus(tmp_path):
    sentences = random_sentences(3, n_types=N_WORDS, n_sentences=50, longest=20)
    return make_corpus(tmp_path / "corpus", sentences, N_WORDS)


def count(corpus, cache, callback=None, *, word_of_type=WORD_OF_TYPE, window=5, n_workers=1, **changes):
    """Count, and return the matrix, whose files may be gone, and its cells."""
    settings = CooccurrenceSettings(**changes)
    with counted(
        corpus, word_of_type, N_WORDS, window=window, settings=settings, n_workers=n_workers, cache_dir=cache,
        callback=callback,
    ) as matrix:  # fmt: skip
        assert matrix.directory.is_dir()
        return matrix, read_all(matrix)


def same(first, second):
    return all(one.tobytes() == other.tobytes() for one, other in zip(first, second, strict=True))


def names(cache):
    return sorted(path.name for path in cache.iterdir() if path.name != CACHE_TAG)


def test_a_second_model_does_not_count_again(corpus, tmp_path):
    matrix, cells = count(corpus, tmp_path / "cache", first := Recorded())
    assert first.n_counted
    assert first.messages == []
    found, same_cells = count(corpus, tmp_path / "cache", second := Recorded(), memory_gb=1.0, n_workers=2)
    assert second.n_counted == 0
    assert second.messages == [f"Using the co-occurrence counts {matrix.directory}"]
    assert found.directory == matrix.directory
    assert (found.batch_cells == matrix.batch_cells).all()
    assert same(cells, same_cells)
    assert names(tmp_path / "cache") == [matrix.directory.name]
    assert sorted(path.name for path in matrix.directory.iterdir()) == [CELLS_FILE, MANIFEST_FILE]


@pytest.mark.parametrize(
    "changes",
    [
        {"window": 4},
        {"symmetric": False},
        {"distance_weights": "flat"},
        {"distance_weights": "linear"},
        {"word_of_type": WORD_OF_TYPE[::-1].copy()},
    ],
    ids=str,
)
def test_other_settings_are_counted_for_themselves(corpus, tmp_path, changes):
    _, cells = count(corpus, tmp_path / "cache")
    _, others = count(corpus, tmp_path / "cache", callback := Recorded(), **changes)
    assert callback.n_counted
    assert not same(cells, others)
    assert len(names(tmp_path / "cache")) == 2


def test_another_corpus_is_counted_for_itself(corpus, tmp_path):
    count(corpus, tmp_path / "cache")
    count(make_corpus(tmp_path / "other", [[0, 1]], N_WORDS, source="f2"), tmp_path / "cache", callback := Recorded())
    assert callback.n_counted
    assert len(names(tmp_path / "cache")) == 2


def test_a_corpus_without_fingerprint_is_counted_to_a_temporary_directory(tmp_path):
    corpus = make_corpus(tmp_path / "corpus", [[0, 1, 2]], N_WORDS, source=None)
    for _ in range(2):
        matrix, cells = count(corpus, tmp_path / "cache", callback := Recorded())
        assert callback.n_counted
        assert cells[0].size == 6
        assert not matrix.directory.exists()
    assert names(tmp_path / "cache") == []


def test_a_matrix_can_be_pickled(corpus, tmp_path):
    matrix, cells = count(corpus, tmp_path / "cache")
    again = pickle.loads(pickle.dumps(matrix))
    assert same(read_all(again), cells)
    assert (again.n_words, again.n_cells, again.n_batches) == (N_WORDS, cells[0].size, matrix.batch_cells.size)
    assert not any(array.flags.writeable for array in again.open().read(0))


def test_batches_have_one_size_however_cells_arrive(tmp_path):
    """Except the last one."""
    words = np.arange(25, dtype=np.uint32)
    for cuts in ([], [10, 20], [1, 2, 3], [5, 24], [13], [10, 15, 20]):
        with CellWriter(tmp_path / CELLS_FILE, batch_cells=10) as writer:
            for part in np.split(words, cuts):
                writer.add(part, part + 1, part.astype(np.float32) + 2)
                part[:0] = 0
        assert writer.batch_cells == [10, 10, 5]
        cells = read_all(complete(tmp_path, n_words=26, batch_cells=writer.batch_cells, fingerprint={}))
        assert same(cells, (words, words + 1, words.astype(np.float32) + 2))


# --- damage


def test_every_damage_is_refused(corpus, tmp_path):
    matrix, _ = count(corpus, tmp_path / "cache")
    for fault in damaged_copies(matrix.directory, tmp_path / "copy", n=150, seed=1):
        with pytest.raises(StorageError):
            pytest.fail(f"{open_cooccurrences(tmp_path / 'copy')}: {fault}")


def write_file(path, words, contexts, counts, schema=CELLS_SCHEMA):
    with pa.ipc.new_file(str(path), schema) as writer:
        writer.write_batch(pa.record_batch([words, contexts, counts], schema=schema))


@pytest.mark.parametrize(
    ("words", "contexts", "counts"),
    [
        ([0, N_WORDS], [0, 1], [1, 1]),
        ([0, 1], [0, N_WORDS], [1, 1]),
        ([0, 1], [0, 2**32 - 1], [1, 1]),
        ([0, 1], [0, 1], [1, 0]),
        ([0, 1], [0, 1], [1, -1]),
        ([0, 1], [0, 1], [1, float("nan")]),
        ([0, 1], [0, 1], [float("inf"), 1]),
        ([0, 0], [1, 1], [1, 1]),
        ([0, 0], [1, 0], [1, 1]),
        ([1, 0], [0, 0], [1, 1]),
        ([1, None], [0, 0], [1, 1]),
    ],
)
def test_values_are_checked_with_the_right_checksum_too(tmp_path, words, contexts, counts):
    columns = [pa.array(words, pa.uint32()), pa.array(contexts, pa.uint32()), pa.array(counts, pa.float32())]
    write_file(tmp_path / CELLS_FILE, *columns)
    complete(tmp_path, n_words=N_WORDS, batch_cells=[2], fingerprint={})
    with pytest.raises(StorageError, match=r"must have (no nulls|words below 30 in the order of tiles, and positive)"):
        open_cooccurrences(tmp_path)
    with pytest.raises(StorageError):
        CellReader(tmp_path / CELLS_FILE, n_words=N_WORDS).read(0)


@pytest.mark.parametrize(
    ("pairs", "is_valid"),
    [
        ([(0, 511), (511, 0), (0, 512)], True),
        ([(0, 512), (511, 0)], False),
        ([(511, 1023), (512, 0)], True),
        ([(512, 0), (0, 600)], False),
        ([(513, 512), (512, 513)], False),
    ],
)
def test_the_order_of_tiles_is_checked(tmp_path, pairs, is_valid):
    """Across batches too."""
    with CellWriter(tmp_path / CELLS_FILE, batch_cells=1) as writer:
        words, contexts = np.array(pairs, np.uint32).T
        writer.add(words, contexts, np.ones(len(pairs), np.float32))
    complete(tmp_path, n_words=1024, batch_cells=writer.batch_cells, fingerprint={})
    if is_valid:
        assert open_cooccurrences(tmp_path).n_cells == len(pairs)
    else:
        with pytest.raises(StorageError, match="in the order of tiles"):
            open_cooccurrences(tmp_path)


@pytest.mark.parametrize(
    "changes",
    [{"n_words": 0}, {"n_words": "3"}, {"batch_cells": [1]}, {"batch_cells": None}, {"fingerprint": 1}],
    ids=str,
)
def test_the_manifest_is_checked(tmp_path, changes):
    with CellWriter(tmp_path / CELLS_FILE, batch_cells=2) as writer:
        writer.add(np.zeros(2, np.uint32), np.arange(2, dtype=np.uint32), np.ones(2, np.float32))
    complete(tmp_path, n_words=3, batch_cells=[2], fingerprint={})
    assert open_cooccurrences(tmp_path).n_cells == 2
    values = json.loads((tmp_path / MANIFEST_FILE).read_text())
    del values["checksum"]
    write_manifest(tmp_path / MANIFEST_FILE, values | changes)
    with pytest.raises(StorageError, match=r"must (describe a co-occurrence matrix|match its manifest)"):
        open_cooccurrences(tmp_path)


@pytest.mark.parametrize("changes", [{"format": "spacy-w2v corpus"}, {"format_version": 2}], ids=str)
def test_other_formats_are_refused(corpus, tmp_path, changes):
    matrix, _ = count(corpus, tmp_path / "cache")
    values = json.loads((matrix.directory / MANIFEST_FILE).read_text())
    del values["checksum"]
    write_manifest(matrix.directory / MANIFEST_FILE, values | changes)
    with pytest.raises(StorageError, match="must be the manifest of spacy-w2v co-occurrences, version 1, but differs"):
        open_cooccurrences(matrix.directory)


@pytest.mark.parametrize("name", [CELLS_FILE, MANIFEST_FILE])
def test_a_damaged_entry_is_counted_again(corpus, tmp_path, name):
    matrix, cells = count(corpus, tmp_path / "cache")
    content = bytearray((matrix.directory / name).read_bytes())
    content[len(content) // 2] ^= 1
    (matrix.directory / name).write_bytes(content)
    again, others = count(corpus, tmp_path / "cache", callback := Recorded())
    assert callback.n_counted
    assert callback.messages[0].startswith("Counting co-occurrences again, because the cache is damaged. ")
    assert again.directory == matrix.directory
    assert same(cells, others)
    assert names(tmp_path / "cache") == [matrix.directory.name]
    count(corpus, tmp_path / "cache", callback := Recorded())
    assert callback.n_counted == 0


def test_an_entry_with_another_fingerprint_is_not_used(corpus, tmp_path):
    first, cells = count(corpus, tmp_path / "cache")
    second, _ = count(corpus, tmp_path / "cache", window=2)
    first.directory.rename(tmp_path / "moved")
    second.directory.rename(first.directory)
    _, again = count(corpus, tmp_path / "cache", callback := Recorded())
    assert "must contain the counts with this fingerprint" in callback.messages[0]
    assert same(cells, again)


# --- errors, interrupts, kills and races


@pytest.mark.parametrize("place", ["cells", "runs", "manifest"])
def test_a_full_disk_is_reported_and_leaves_nothing(corpus, tmp_path, monkeypatch, place):
    def fail(*arguments, **options):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(_counting, "plan_memory", lambda *a, **o: _counting_plan(100))
    if place == "runs":
        monkeypatch.setattr(_counting.Runs, "append", fail)
    elif place == "cells":
        monkeypatch.setattr(CellWriter, "_write", fail)
    else:
        monkeypatch.setattr("spacy_w2v.cooccurrence._cache.complete", fail)
    with pytest.raises(StorageError, match=r"cannot be counted to .*No space left on device\. Choose another cache"):
        count(corpus, tmp_path / "cache")
    assert names(tmp_path / "cache") == []


def _counting_plan(group_cells):
    return MemoryPlan(part_entries=10_000, group_cells=group_cells)


@pytest.mark.parametrize("group_cells", [100, 10_000], ids=["runs", "in memory"])
def test_an_interrupt_leaves_no_entry(corpus, tmp_path, monkeypatch, group_cells):
    class Interrupted(CountingCallback):
        def on_counting(self, progress):
            raise KeyboardInterrupt

    monkeypatch.setattr(_counting, "plan_memory", lambda *a, **o: _counting_plan(group_cells))
    with pytest.raises(KeyboardInterrupt):
        count(corpus, tmp_path / "cache", Interrupted(), n_workers=2)
    assert names(tmp_path / "cache") == []
    count(corpus, tmp_path / "cache", callback := Recorded())
    assert callback.n_counted


def test_a_matrix_that_cannot_be_cached_is_used_once(corpus, tmp_path, monkeypatch):
    def fail(self, to):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(Path, "rename", fail)
    _, cells = count(corpus, tmp_path / "cache", callback := Recorded())
    assert cells[0].size
    assert callback.messages[0].startswith("Using the co-occurrence counts for this run only, because ")
    assert names(tmp_path / "cache") == []


PROCESS = """
import sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[3])
import test_cooccurrence_store as tests
from spacy_w2v.corpus._store import open_corpus
place, kind = Path(sys.argv[1]), sys.argv[2]

class Waiting(tests.CountingCallback):
    def on_counting(self, progress):
        if kind == "stopped":
            print("counting", flush=True)
            time.sleep(600)
        (place / f"counting-{kind}").touch()
        last = time.monotonic() + 60
        while len(list(place.glob("counting-*"))) < 2 and time.monotonic() < last:
            time.sleep(0.001)

matrix, cells = tests.count(open_corpus(place / "corpus"), place / "cache", Waiting())
print(matrix.directory.name, sum(array.sum() for array in cells))
"""


def process(place, kind):
    command = [sys.executable, "-c", PROCESS, str(place), kind, str(Path(__file__).parent)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_the_next_run_removes_files_of_a_killed_one(corpus, tmp_path):
    with process(tmp_path, "stopped") as killed:
        assert killed.stdout.readline() == "counting\n"
        unfinished = names(tmp_path / "cache")
        assert len(unfinished) == 2  # a directory and its lock
        killed.send_signal(signal.SIGKILL)
        killed.communicate()
    assert names(tmp_path / "cache") == unfinished
    matrix, _ = count(corpus, tmp_path / "cache", callback := Recorded())
    assert callback.n_counted
    assert names(tmp_path / "cache") == [matrix.directory.name]


def test_two_processes_can_count_the_same_corpus(corpus, tmp_path):
    processes = [process(tmp_path, kind) for kind in ("a", "b")]
    outputs = [running.communicate(timeout=300) for running in processes]
    assert [error for _, error in outputs] == ["", ""]
    assert outputs[0] == outputs[1]
    found, _ = count(corpus, tmp_path / "cache", callback := Recorded())
    assert callback.n_counted == 0
    assert [name for name in names(tmp_path / "cache") if not name.startswith("unfinished-")] == [found.directory.name]
