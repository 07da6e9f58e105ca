"""Corpora of several parts: the same whoever encodes them, each part in the cache by itself, and read as one."""

import os
import pickle
import random
import re
import shutil
import signal
import subprocess
import sys
import threading
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np
import pytest
import spacy
from helpers_corpus import CommaTokenizer

from spacy_w2v._atomic import describe_files, read_manifest, write_manifest
from spacy_w2v.cluster._cluster import MachineLostError
from spacy_w2v.cluster._local import LocalCluster, LocalRemote
from spacy_w2v.config._cooccurrence import CooccurrenceSettings
from spacy_w2v.config._keywords import settings_from_keywords
from spacy_w2v.config._schema import TokensSettings
from spacy_w2v.cooccurrence._cache import counted
from spacy_w2v.corpus._cache import prepared_corpus
from spacy_w2v.corpus._cache_directory import CACHE_TAG, tidy
from spacy_w2v.corpus._encoding import EncodingCallback
from spacy_w2v.errors import ClusterError, CorpusError, CorpusWarning, StorageError
from spacy_w2v.model._vocabulary import build_vocabulary
from spacy_w2v.sources._huggingface import make_dataset_v1
from spacy_w2v.sources._mixture import make_concatenate_v1
from spacy_w2v.training._run import TrainingRun

NLP = spacy.blank("en")
WHITESPACE = TokensSettings(tokenizer="whitespace")
PART_BYTES = 6000


class Recorder(EncodingCallback):
    """Keeps messages and progress."""

    def __init__(self):
        self.messages = []
        self.progress = []

    def on_message(self, text):
        self.messages.append(text)

    def on_encoding(self, progress):
        self.progress.append(progress)


def write_files(folder, n_files=4, *, seed=0):
    """Write files of some 5,500 bytes each. The words of each file partly occur in others."""
    folder.mkdir(parents=True, exist_ok=True)
    generator = random.Random(seed)
    for number in range(n_files):
        lines = [
            " ".join(f"{'W' if generator.random() < 0.1 else 'w'}{int(generator.expovariate(0.02))}" for _ in range(9))
            for _ in range(140)
        ]
        (folder / f"{number}.txt").write_text("".join(f"{line}\n" for line in lines))
    return folder


@pytest.fixture
def texts(tmp_path):
    return write_files(tmp_path / "texts")


def files_of(folder, **arguments):
    return make_dataset_v1(data_files=str(folder / "*.txt"), **arguments)


@contextmanager
def prepare(source, cache, *, nlp=NLP, tokens=WHITESPACE, max_vocab_size=None, part_bytes=PART_BYTES, **arguments):
    with prepared_corpus(
        source, nlp, tokens, max_vocab_size=max_vocab_size, cache_dir=cache, part_bytes=part_bytes, **arguments
    ) as corpus:
        yield corpus


def chunks_of(corpus):
    reader = corpus.open_chunks()
    assert len(reader) == corpus.n_chunks
    return [reader.read(number) for number in range(corpus.n_chunks)]


def words_of(corpus):
    """Return the sentences as texts of tokens, with "?" for dropped types."""
    types = corpus.read_types()
    text = dict(zip(types["id"].to_pylist(), types["orth"].to_pylist(), strict=True))
    return [[text.get(number, "?") for number in sentence.tolist()] for sentence in corpus.sentences()]


def content_of(cache) -> dict[str, bytes]:
    """Return all files of a cache."""
    return {str(path.relative_to(cache)): path.read_bytes() for path in cache.rglob("*") if path.is_file()}


def entries_of(cache) -> set[str]:
    return {path.name for path in cache.iterdir()} - {CACHE_TAG}


# --- the same corpus, however it is encoded


@pytest.mark.parametrize("tokens", [WHITESPACE, TokensSettings(), TokensSettings(boundary="sentence", attr="ORTH")])
def test_parts_have_the_tokens_types_and_ties_of_the_whole(texts, tmp_path, tokens):
    with prepare(files_of(texts), tmp_path / "one", tokens=tokens, part_bytes=1 << 29) as whole:
        expected = words_of(whole), whole.read_types().to_pydict(), whole.counts
        one_vocabulary, _ = build_vocabulary(
            whole.read_types(), n_type_ids=whole.n_type_ids, min_count=2, max_final_vocab=None
        )
    with prepare(files_of(texts), tmp_path / "several", tokens=tokens) as corpus:
        assert len(corpus.parts) == 4
        assert (words_of(corpus), corpus.read_types().to_pydict(), corpus.counts) == expected
        vocabulary, word_of_type = build_vocabulary(
            corpus.read_types(), n_type_ids=corpus.n_type_ids, min_count=2, max_final_vocab=None
        )
        assert vocabulary.words == one_vocabulary.words
        assert vocabulary.counts.tolist() == one_vocabulary.counts.tolist()
        tokens = np.concatenate([chunk.tokens for chunk in chunks_of(corpus)])
        counts = np.bincount(word_of_type[tokens][word_of_type[tokens] < len(vocabulary)])
        assert counts.tolist() == vocabulary.counts.tolist()


@pytest.mark.parametrize(
    ("tokens", "make_tokenizer"),
    [
        (WHITESPACE, None),
        (TokensSettings(), None),
        (TokensSettings(n_process=2), None),
        (TokensSettings(n_process=2), CommaTokenizer),
    ],
    ids=["whitespace", "stock", "two processes", "comma"],
)
def test_one_two_and_four_machines_encode_the_same_bytes(texts, tmp_path, tokens, make_tokenizer):
    nlp = spacy.blank("en")
    if make_tokenizer is not None:
        nlp.tokenizer = make_tokenizer(nlp)
    contents = []
    for name, cluster in [("here", None), *((str(n), LocalCluster(n)) for n in (1, 2, 4))]:
        with prepare(files_of(texts), tmp_path / name, nlp=nlp, tokens=tokens, cluster=cluster) as corpus:
            assert corpus.counts.n_tokens == 4 * 140 * 9 or make_tokenizer
        contents.append(content_of(tmp_path / name))
        if cluster is not None:
            assert len(cluster.started) == cluster.n_machines
            assert all(remote.has_ended for remote in cluster.started)
    assert len(contents[0]) == 4 * 3 + 3 + 1
    assert all(content == contents[0] for content in contents)


def test_a_cluster_is_used_up_to_a_number_of_machines(texts, tmp_path):
    cluster = LocalCluster(4)
    with prepare(files_of(texts), tmp_path / "cache", cluster=cluster, most_machines=2):
        assert [remote.machine.id for remote in cluster.started] == ["0", "1"]


def test_several_processes_encode_different_parts(texts, tmp_path):
    """If the tokenizer is fast. Each process is a call of its own, and reports when a part is complete."""
    contents, recorder = [], Recorder()
    for n_process in (1, 2):
        tokens = TokensSettings(n_process=n_process)
        with prepare(files_of(texts), tmp_path / str(n_process), tokens=tokens, callback=recorder):
            contents.append(content_of(tmp_path / str(n_process)))
    assert contents[0] == contents[1]
    assert [progress.fraction for progress in recorder.progress[4:]] == [0.25, 0.5, 0.75, 1.0]


def test_an_error_in_one_of_several_processes_reaches_the_user(tmp_path):
    (tmp_path / "0.txt").write_bytes(b"fine\n" * 10)
    (tmp_path / "1.txt").write_bytes(b"bad \xff\n" * 10)
    with (
        pytest.raises(CorpusError, match=r"1\.txt has the byte 0xff at position 4, in line 1"),
        prepare(files_of(tmp_path), tmp_path / "cache", tokens=TokensSettings(n_process=2), part_bytes=60),
    ):
        pytest.fail("there is no corpus")
    assert len(entries_of(tmp_path / "cache")) == 1, "the first part is complete, and directories are removed"


def test_a_corpus_of_one_part_has_the_format_of_earlier_versions(texts, tmp_path):
    with prepare(files_of(texts), tmp_path / "cache", part_bytes=1 << 29, cluster=LocalCluster(2)) as corpus:
        assert corpus.parts == ()
        assert {path.name for path in corpus.directory.iterdir()} == {"manifest.json", "tokens.arrow", "types.arrow"}
        assert read_manifest(corpus.directory / "manifest.json")["format_version"] == 3


def test_training_on_parts_gives_the_same_bits_whoever_encoded_them(texts, tmp_path, monkeypatch):
    settings = settings_from_keywords(
        {"tokenizer": "whitespace", "vector_size": 8, "epochs": 2, "workers": 1, "min_count": 2, "sample": 1e-2}
    )

    class Run(TrainingRun):
        """A run that encodes small parts, on a cluster or not, and trains on this machine."""

        encoders = None

        @contextmanager
        def encoded(self, callback):
            with prepare(self.source, self.cache_dir, tokens=settings.tokens, cluster=self.encoders) as corpus:
                yield corpus

    vectors = []
    for n_machines in (None, 1, 3):
        run = Run(files_of(texts), NLP, settings, cache_dir=tmp_path / str(n_machines))
        monkeypatch.setattr(Run, "encoders", n_machines and LocalCluster(n_machines))
        model = run.execute()
        assert model.record.corpus.n_tokens == 4 * 140 * 9
        vectors.append(model.parameters["input"].tobytes())
    assert vectors[0] == vectors[1] == vectors[2]


def test_a_concatenation_is_encoded_in_the_parts_of_its_sources(texts, tmp_path):
    write_files(tmp_path / "more", 2, seed=1)
    source = make_concatenate_v1({"a": str(texts / "*.txt"), "b": str(tmp_path / "more" / "*.txt")})
    with prepare(source, tmp_path / "cache") as corpus:
        assert len(corpus.parts) == 6
        several = words_of(corpus)
    with prepare(source, tmp_path / "one", part_bytes=1 << 29) as corpus:
        assert words_of(corpus) == several
    before = entries_of(tmp_path / "cache")
    with prepare(files_of(texts), tmp_path / "cache") as corpus:
        assert len(corpus.parts) == 4
    assert len(entries_of(tmp_path / "cache") - before) == 1, "the parts are those of the concatenation"


def test_a_large_text_file_is_encoded_in_parts(tmp_path):
    lines = [f"line {number} of one" for number in range(500)]
    (tmp_path / "a.txt").write_text("\n".join(lines))
    with prepare(make_dataset_v1(data_files=str(tmp_path / "a.txt")), tmp_path / "cache", part_bytes=2000) as corpus:
        assert len(corpus.parts) == 4
        assert words_of(corpus) == [line.split() for line in lines]


def test_a_limit_of_tokens_makes_one_part(texts, tmp_path):
    tokens = WHITESPACE.model_copy(update={"max_tokens": 1000})
    with prepare(files_of(texts), tmp_path / "cache", tokens=tokens) as corpus:
        assert corpus.parts == ()
        assert corpus.counts.n_tokens == 1000


def test_equal_files_are_encoded_once(texts, tmp_path):
    source = make_dataset_v1(data_files=2 * [str(texts / "0.txt")] + [str(texts / "1.txt")])
    with prepare(source, tmp_path / "cache") as corpus:
        words = words_of(corpus)
        assert words[:140] == words[140:280] != words[280:]
        assert corpus.counts.n_tokens == 3 * 140 * 9
    assert len(entries_of(tmp_path / "cache")) == 3


def test_parts_without_tokens_are_allowed_if_others_have_some(tmp_path):
    for number, text in enumerate(["a b\n", "\n" * 5, "b c\n"]):
        (tmp_path / f"{number}.txt").write_text(text)
    with prepare(files_of(tmp_path), tmp_path / "cache", part_bytes=5) as corpus:
        assert words_of(corpus) == [["a", "b"], ["b", "c"]]
        assert [part.n_chunks for part in corpus.parts] == [1, 0, 1]
    with prepare(files_of(tmp_path), tmp_path / "cache", part_bytes=5) as corpus:
        assert words_of(corpus) == [["a", "b"], ["b", "c"]]
    (tmp_path / "0.txt").write_text("\n" * 4)
    (tmp_path / "2.txt").write_text("\n" * 5)
    with (
        pytest.raises(CorpusError, match=r"must have tokens, but \S+\*\.txt has none in 14 documents"),
        prepare(files_of(tmp_path), tmp_path / "cache", part_bytes=5),
    ):
        pytest.fail("there are no tokens")


# --- rare types


def test_dropped_types_do_not_depend_on_the_machines(texts, tmp_path):
    contents = []
    for n_machines in (None, 1, 3):
        cluster = n_machines and LocalCluster(n_machines)
        with prepare(files_of(texts), tmp_path / str(n_machines), max_vocab_size=60, cluster=cluster) as corpus:
            types = corpus.read_types()
            assert len(types) == corpus.counts.n_types <= 60
            counted_tokens = sum(types["count"].to_pylist())
            assert counted_tokens + corpus.counts.n_dropped_tokens == corpus.counts.n_tokens == 4 * 140 * 9
            words = [word for sentence in words_of(corpus) for word in sentence]
            kept = [word for word in words if word != "?"]
            assert len(kept) >= counted_tokens, "counts of types that were dropped once are too low"
            assert corpus.counts.n_dropped_types > 0
            assert all(chunk.tokens.max() < corpus.n_type_ids for chunk in chunks_of(corpus))
        contents.append(content_of(tmp_path / str(n_machines)))
    assert contents[0] == contents[1] == contents[2]


def test_merging_drops_the_rarest_types(tmp_path):
    """Two types of each part are kept: those of the second part take the place of one of the first."""
    for number, text in enumerate(["a a a b b", "c c c c d d"]):
        (tmp_path / f"{number}.txt").write_text(f"{text}\n")
    with prepare(files_of(tmp_path), tmp_path / "cache", max_vocab_size=2, part_bytes=10) as corpus:
        assert words_of(corpus) == [["a", "a", "a", "?", "?"], ["c", "c", "c", "c", "?", "?"]]
        assert corpus.read_types()["count"].to_pylist() == [3, 4]
        assert (corpus.counts.n_dropped_types, corpus.counts.n_dropped_tokens, corpus.n_type_ids) == (2, 4, 4)


# --- the cache


def test_a_corpus_of_parts_is_encoded_once(texts, tmp_path):
    first, second = Recorder(), Recorder()
    with prepare(files_of(texts), tmp_path / "cache", callback=first) as corpus:
        words, directory = words_of(corpus), corpus.directory
    with prepare(files_of(texts), tmp_path / "cache", callback=second) as corpus:
        assert words_of(corpus) == words
        assert corpus.directory == directory
    assert first.messages == ["Encoding the corpus in 4 parts"]
    assert second.messages == [f"Using the encoded corpus {directory}"]
    assert second.progress == []
    assert len(entries_of(tmp_path / "cache")) == 5


def test_a_new_file_is_encoded_alone(texts, tmp_path):
    with prepare(files_of(texts), tmp_path / "cache"):
        pass
    (texts / "4.txt").write_text("new words at the end\n" * 250)
    recorder = Recorder()
    with prepare(files_of(texts), tmp_path / "cache", callback=recorder) as corpus:
        assert len(corpus.parts) == 5
        assert words_of(corpus)[-1] == ["new", "words", "at", "the", "end"]
        assert corpus.counts.n_tokens == 4 * 140 * 9 + 250 * 5
    assert recorder.messages == ["Encoding 1 of 5 parts of the corpus. The others are in the cache"]
    assert recorder.progress[-1].n_tokens == 250 * 5
    with prepare(files_of(texts), tmp_path / "one", part_bytes=1 << 29) as whole:
        expected = whole.read_types().to_pydict()
    with prepare(files_of(texts), tmp_path / "cache") as corpus:
        assert corpus.read_types().to_pydict() == expected


def test_parts_are_encoded_again_if_the_tokenizer_changes(texts, tmp_path):
    recorder = Recorder()
    with prepare(files_of(texts), tmp_path / "cache"):
        pass
    nlp = spacy.blank("de")
    with prepare(files_of(texts), tmp_path / "cache", nlp=nlp, callback=recorder):
        pass
    assert recorder.messages == [
        "Encoding the corpus again, because the tokenizer has changed",
        "Encoding the corpus in 4 parts",
    ]


def test_a_corpus_that_has_grown_is_told_from_another_format(texts, tmp_path):
    recorder = Recorder()
    with prepare(files_of(texts), tmp_path / "cache", part_bytes=1 << 29):
        pass
    with prepare(files_of(texts), tmp_path / "cache", callback=recorder):
        pass
    assert recorder.messages[0].startswith("Encoding the corpus again, because the texts or")


def part_of(cache, name):
    """Return the entry of a part by the name of its source."""
    (found,) = [path for path in cache.glob("*") if path.is_dir() and read_source(path).endswith(name)]
    return found


def read_source(entry):
    return read_manifest(entry / "manifest.json")["source"]


def flip_bit(path, place):
    content = bytearray(path.read_bytes())
    content[place] ^= 128
    path.write_bytes(content)


@pytest.mark.parametrize("file", ["tokens.arrow", "types.arrow", "manifest.json", "all"])
def test_a_damaged_part_is_encoded_again(texts, tmp_path, file):
    with prepare(files_of(texts), tmp_path / "cache") as corpus:
        words = words_of(corpus)
    expected = content_of(tmp_path / "cache")
    entry = part_of(tmp_path / "cache", "2.txt")
    if file == "all":
        shutil.rmtree(entry)
    else:
        flip_bit(entry / file, 200)
    recorder = Recorder()
    with prepare(files_of(texts), tmp_path / "cache", callback=recorder) as corpus:
        assert words_of(corpus) == words
    assert recorder.progress[-1].n_tokens == 140 * 9
    assert recorder.messages[-1] == "Encoding 1 of 4 parts of the corpus. The others are in the cache"
    damaged = [text for text in recorder.messages if "Encoding a part of the corpus again, because" in text]
    assert len(damaged) == (file != "all")
    assert content_of(tmp_path / "cache") == expected


def whole_of(cache):
    (found,) = [path for path in cache.glob("*") if (path / "type_ids.bin").is_file()]
    return found


def rewrite(entry, **changes):
    """Change entries of a manifest, and correct all checksums."""
    manifest = {**read_manifest(entry / "manifest.json"), **changes}
    files = describe_files(entry, ["types.arrow", "type_ids.bin"])
    write_manifest(entry / "manifest.json", {**manifest, "files": changes.get("files", files)})


def write_ids(entry, change):
    ids = np.fromfile(entry / "type_ids.bin", "<u4")
    change(ids).tofile(entry / "type_ids.bin")
    rewrite(entry)


DAMAGE = {
    "a bit of the ids": (lambda d: flip_bit(d / "type_ids.bin", 40), r"type_ids\.bin must have the checksum"),
    "a bit of the types": (lambda d: flip_bit(d / "types.arrow", 300), r"types\.arrow must have the checksum"),
    "a bit of the manifest": (lambda d: flip_bit(d / "manifest.json", 150), r"manifest\.json must"),
    "no ids": (lambda d: (d / "type_ids.bin").unlink(), r"type_ids\.bin must have \d+ bytes, but has: None"),
    "fewer ids": (lambda d: write_ids(d, lambda ids: ids[:-1]), r"type_ids\.bin must have \d+ type ids"),
    "high ids": (lambda d: write_ids(d, lambda ids: ids + 2**20), r"type_ids\.bin must have type ids below \d+"),
    "other parts": (lambda d: rewrite(d, parts=[]), "must consist of the parts in the cache, but names different ones"),
    "no files": (lambda d: rewrite(d, files={}), r"must name the file types\.arrow"),
    "other version": (lambda d: rewrite(d, format_version=3), "must have format version 4, was: 3"),
    "other counts": (
        lambda d: rewrite(d, counts={**read_manifest(d / "manifest.json")["counts"], "n_tokens": 7}),
        "must match its types and parts, but do not",
    ),
    "other source": (
        lambda d: rewrite(
            d, fingerprint={**read_manifest(d / "manifest.json")["fingerprint"], "source": "parts:other"}
        ),
        "must contain the corpus with this fingerprint, but contains another one",
    ),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_whole_is_merged_again(texts, tmp_path, damage):
    with prepare(files_of(texts), tmp_path / "cache") as corpus:
        words = words_of(corpus)
    expected = content_of(tmp_path / "cache")
    apply, message = DAMAGE[damage]
    apply(whole_of(tmp_path / "cache"))
    recorder = Recorder()
    with prepare(files_of(texts), tmp_path / "cache", callback=recorder) as corpus:
        assert words_of(corpus) == words
    assert recorder.progress == []
    assert recorder.messages[0].startswith("Merging the parts of the corpus again, because the cache is damaged. ")
    assert re.search(message, recorder.messages[0])
    assert content_of(tmp_path / "cache") == expected


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda d: (d / "type_ids.bin").write_bytes(b"\xff" * 4 * 2000), r"type_ids\.bin must have type ids below"),
        (lambda d: (d / "type_ids.bin").write_bytes(b"ab"), r"type_ids\.bin must be a readable"),
        (lambda d: (d / "type_ids.bin").unlink(), r"type_ids\.bin must be a readable"),
    ],
)
def test_damage_that_comes_after_opening_does_not_reach_the_kernels(texts, tmp_path, damage, message):
    with prepare(files_of(texts), tmp_path / "cache") as corpus:
        damage(corpus.directory)
        with pytest.raises(StorageError, match=message):
            chunks_of(corpus)


def test_chunks_are_read_only_and_in_any_order(texts, tmp_path):
    with prepare(files_of(texts), tmp_path / "cache") as corpus:
        in_order = [chunk.tokens.tolist() for chunk in chunks_of(corpus)]
        reader = corpus.open_chunks()
        for number in (3, 0, 2, 2, 1, 3):
            chunk = reader.read(number)
            assert chunk.tokens.tolist() == in_order[number]
            assert not chunk.tokens.flags.writeable
            assert not chunk.offsets.flags.writeable
            assert (chunk.tokens.dtype, chunk.offsets.dtype) == (np.uint32, np.int64)
        assert corpus.chunk_tokens.tolist() == [len(tokens) for tokens in in_order]


@pytest.mark.parametrize("part_bytes", [PART_BYTES, 1 << 29])
def test_a_corpus_is_read_from_another_working_directory(texts, tmp_path, monkeypatch, part_bytes):
    """As on another machine of a cluster."""
    monkeypatch.chdir(tmp_path)
    with prepare(files_of(Path("texts")), Path("cache"), part_bytes=part_bytes) as corpus:
        assert not corpus.directory.is_absolute()
        words, pickled = words_of(corpus), pickle.dumps(corpus)
        monkeypatch.chdir("/")
        assert words_of(pickle.loads(pickled)) == words


def test_tidying_the_cache_keeps_the_parts(texts, tmp_path):
    with prepare(files_of(texts), tmp_path / "cache") as corpus:
        words = words_of(corpus)
        before = content_of(tmp_path / "cache")
        (tmp_path / "cache" / "unfinished-left").mkdir()
        tidy(tmp_path / "cache")
        assert content_of(tmp_path / "cache") == before
        assert not (tmp_path / "cache" / "unfinished-left").exists()
        assert words_of(corpus) == words


def test_parts_that_cannot_be_kept_are_used_for_one_run(texts, tmp_path, monkeypatch):
    def fail(self, target):
        raise PermissionError(13, "Permission denied")

    recorder = Recorder()
    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", fail)
        with prepare(files_of(texts), tmp_path / "cache", callback=recorder) as corpus:
            assert len(words_of(corpus)) == 4 * 140
    assert sum(text.startswith("Using the encoded corpus for this run only") for text in recorder.messages) == 5
    assert entries_of(tmp_path / "cache") == set()


def test_a_part_that_changes_while_it_is_read_is_not_kept(texts, tmp_path):
    class Changing(EncodingCallback):
        def on_encoding(self, progress):
            if progress.n_tokens == 140 * 9 * 2:
                (texts / "1.txt").write_text("other words\n" * 300)

    message = r"1\.txt has changed\. The encoded corpus is used for this run only"
    with ExitStack() as stack:
        with pytest.warns(CorpusWarning, match=message):
            corpus = stack.enter_context(prepare(files_of(texts), tmp_path / "cache", callback=Changing()))
        assert len(words_of(corpus)) == 4 * 140
        assert corpus.fingerprint.source is None
    assert len(entries_of(tmp_path / "cache")) == 3


def test_documents_that_are_left_out_are_reported_once(tmp_path):
    for number in range(2):
        (tmp_path / f"{number}.jsonl").write_text('{"text": "a b"}\n{"text": null}\n{"text": 7}\n')
    source = make_dataset_v1(data_files=str(tmp_path / "*.jsonl"))
    for name, cluster in (("here", None), ("there", LocalCluster(2))):
        with ExitStack() as stack:
            with pytest.warns(CorpusWarning) as caught:
                corpus = stack.enter_context(prepare(source, tmp_path / name, part_bytes=40, cluster=cluster))
            assert len(corpus.parts) == 2
            assert (corpus.counts.n_documents, corpus.counts.n_null, corpus.counts.n_not_text) == (2, 2, 2)
        assert sorted(str(warning.message).split(",")[0] for warning in caught) == [
            "Left out 2 of 6 documents",
            "Left out 2 of 6 documents",
        ]


def test_a_wrong_last_file_is_reported_before_anything_is_encoded(tmp_path):
    for number, column in enumerate(["text", "text", "body"]):
        (tmp_path / f"{number}.csv").write_text(f"{column}\na b\n")
    recorder = Recorder()
    source = make_dataset_v1(data_files=str(tmp_path / "*.csv"))
    with (
        pytest.raises(CorpusError, match=r"every file, but \S+2\.csv has other columns"),
        prepare(source, tmp_path / "cache", part_bytes=9, callback=recorder),
    ):
        pytest.fail("there is no corpus")
    assert recorder.progress == []


# --- readers of corpora


def test_cooccurrences_of_parts_are_those_of_the_whole(texts, tmp_path):
    matrices = []
    for part_bytes in (1 << 29, PART_BYTES):
        with prepare(files_of(texts), tmp_path / str(part_bytes), part_bytes=part_bytes) as corpus:
            vocabulary, word_of_type = build_vocabulary(
                corpus.read_types(), n_type_ids=corpus.n_type_ids, min_count=2, max_final_vocab=None
            )
            with counted(
                corpus, word_of_type, len(vocabulary), window=3, settings=CooccurrenceSettings(), n_workers=1,
                cache_dir=tmp_path / str(part_bytes),
            ) as matrix:  # fmt: skip
                reader = matrix.open()
                cells = [reader.read(number) for number in range(matrix.n_batches)]
                matrices.append([np.concatenate(arrays).tolist() for arrays in zip(*cells, strict=True)])
    assert matrices[0] == matrices[1]


@pytest.mark.skipif(sys.platform != "linux", reason="the maps of the process are read from /proc")
def test_memory_does_not_grow_with_the_number_of_parts(texts, tmp_path):
    """Only one part is open at a time: one file of tokens, and one stretch of the file of ids."""
    with prepare(files_of(texts), tmp_path / "cache") as corpus:
        reader = corpus.open_chunks()
        for number in range(corpus.n_chunks):
            reader.read(number)
            assert Path("/proc/self/maps").read_text().count("type_ids.bin") == 1


# --- a cluster


class Losing(LocalCluster):
    """A cluster that loses the machine that carries out some calls, by their numbers from 0."""

    def __init__(self, n_machines, lost, *, leave=False):
        super().__init__(n_machines)
        self.lost = set(lost)
        self.leave = leave
        self.n_calls = 0

    def start(self, make, *, machine, n_cores):
        remote = super().start(make, machine=machine, n_cores=n_cores)
        call = remote.call

        def losing(method, /, *arguments, n_results=1):
            if self.n_calls in self.lost:
                remote.end()
                self.n_machines -= self.leave
            self.n_calls += 1
            return call(method, *arguments, n_results=n_results)

        remote.call = losing
        return remote


@pytest.mark.parametrize("leave", [False, True])
@pytest.mark.parametrize("lost", [[0], [1, 2], [3], [0, 4]])
def test_the_part_of_a_lost_machine_is_encoded_again(texts, tmp_path, lost, leave):
    with prepare(files_of(texts), tmp_path / "here"):
        pass
    recorder = Recorder()
    cluster = Losing(3, lost, leave=leave)
    with prepare(files_of(texts), tmp_path / "there", cluster=cluster, callback=recorder) as corpus:
        assert corpus.counts.n_tokens == 4 * 140 * 9
    assert content_of(tmp_path / "there") == content_of(tmp_path / "here")
    assert sum("was lost. Its part of the corpus is encoded again" in text for text in recorder.messages) == len(lost)
    assert recorder.progress[-1].fraction == 1.0
    assert recorder.progress[-1].n_tokens == 4 * 140 * 9


def test_a_part_that_ends_every_machine_is_named(texts, tmp_path):
    with (
        pytest.raises(ClusterError, match=r"3 ended while they encoded \S+0\.txt\. There may be too little memory"),
        prepare(files_of(texts), tmp_path / "cache", cluster=Losing(1, range(9))),
    ):
        pytest.fail("there is no corpus")
    assert entries_of(tmp_path / "cache") == set()


def test_a_cluster_without_machines_is_refused(texts, tmp_path):
    with (
        pytest.raises(ClusterError, match="must have machines, but has none any more"),
        prepare(files_of(texts), tmp_path / "cache", cluster=LocalCluster(0)),
    ):
        pytest.fail("there is no corpus")


def test_machines_that_join_take_parts(texts, tmp_path):
    cluster = LocalCluster(1)

    class Joining(EncodingCallback):
        def on_encoding(self, progress):
            cluster.n_machines = 3

    with prepare(files_of(texts), tmp_path / "cache", cluster=cluster, callback=Joining()):
        assert len(cluster.started) == 3


def test_errors_of_a_machine_reach_the_user(tmp_path):
    (tmp_path / "0.txt").write_bytes(b"fine\n" * 10)
    (tmp_path / "1.txt").write_bytes(b"bad \xff\n" * 10)
    cluster = LocalCluster(2)
    with (
        pytest.raises(CorpusError, match=r"1\.txt has the byte 0xff at position 4, in line 1"),
        prepare(files_of(tmp_path), tmp_path / "cache", part_bytes=60, cluster=cluster),
    ):
        pytest.fail("there is no corpus")
    assert all(remote.has_ended for remote in cluster.started)


def test_a_machine_with_other_files_is_refused(texts, tmp_path):
    class Elsewhere(LocalCluster):
        def start(self, make, *, machine, n_cores):
            (texts / "0.txt").write_text("other words\n")
            return super().start(make, machine=machine, n_cores=n_cores)

    with (
        pytest.raises(CorpusError, match=r"must read the same texts at the same path, but \S+0\.txt differs on"),
        prepare(files_of(texts), tmp_path / "cache", cluster=Elsewhere(1)),
    ):
        pytest.fail("there is no corpus")


def test_a_tokenizer_that_cannot_be_sent_encodes_here(texts, tmp_path):
    nlp = spacy.blank("en")
    tokenizer = CommaTokenizer(nlp)
    tokenizer.lock = threading.Lock()  # cannot be pickled
    nlp.tokenizer = tokenizer
    cluster = LocalCluster(2)
    with (
        pytest.warns(UserWarning, match="must be picklable for several machines, but CommaTokenizer is not"),
        prepare(files_of(texts), tmp_path / "cache", nlp=nlp, tokens=TokensSettings(), cluster=cluster) as corpus,
    ):
        assert len(corpus.parts) == 4
    assert cluster.started == []


def test_a_machine_that_does_not_reach_the_cache_is_refused(texts, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    class Elsewhere(LocalCluster):
        def start(self, make, *, machine, n_cores):
            remote = super().start(make, machine=machine, n_cores=n_cores)
            call = remote.call

            def from_another_place(method, /, *arguments, n_results=1):
                job, _, *others = arguments
                return call(method, job, Path("/nowhere/cache/unfinished-x"), *others, n_results=n_results)

            remote.call = from_another_place
            return remote

    with (
        pytest.raises(StorageError, match=r"must reach the cache at the same path, but /nowhere/cache is not the same"),
        prepare(files_of(texts), tmp_path / "cache", cluster=Elsewhere(1)),
    ):
        pytest.fail("there is no corpus")


def test_a_lost_machine_is_an_error_of_a_call():
    """The premise of the tests above: a LocalRemote that has ended behaves as a lost machine does."""
    cluster = LocalCluster(1)
    remote = cluster.start(object, machine=cluster.machines()[0], n_cores=1)
    assert isinstance(remote, LocalRemote)
    remote.end()
    with pytest.raises(MachineLostError):
        cluster.get(remote.call("__repr__")[0])


# --- kills

PROGRAM = """
import sys, time
from pathlib import Path
import spacy
from spacy_w2v.config._schema import TokensSettings
from spacy_w2v.corpus._cache import prepared_corpus
from spacy_w2v.corpus._encoding import EncodingCallback
from spacy_w2v.sources._huggingface import make_dataset_v1

class Slow(EncodingCallback):
    def on_encoding(self, progress):
        print(progress.n_tokens, flush=True)
        if progress.n_tokens > int(sys.argv[2]):
            time.sleep(60)

root = Path(sys.argv[1])
source = make_dataset_v1(data_files=str(root / "texts" / "*.txt"))
with prepared_corpus(
    source, spacy.blank("en"), TokensSettings(tokenizer="whitespace"), max_vocab_size=None,
    cache_dir=root / "cache", callback=Slow(), part_bytes=6000,
) as corpus:
    print("complete", corpus.counts.n_tokens)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_parts_that_were_complete_are_not_encoded_again_after_a_kill(texts, tmp_path):
    with prepare(files_of(texts), tmp_path / "undisturbed"):
        pass
    n_tokens = 140 * 9
    killed = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(tmp_path), str(2 * n_tokens)], stdout=subprocess.PIPE, text=True
    )
    for line in killed.stdout:
        if int(line) > 2 * n_tokens:  # the third part has been read, but is not complete
            break
    os.kill(killed.pid, signal.SIGKILL)
    killed.stdout.close()
    assert killed.wait() == -signal.SIGKILL
    assert len([name for name in entries_of(tmp_path / "cache") if not name.startswith("unfinished")]) == 2
    again = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path), str(9 * n_tokens)], capture_output=True, text=True, check=True
    )
    assert again.stdout.split() == [str(n_tokens), str(2 * n_tokens), "complete", str(4 * n_tokens)]
    assert content_of(tmp_path / "cache") == content_of(tmp_path / "undisturbed")


def test_ids_of_a_part_are_looked_up_in_its_own_stretch(texts, tmp_path):
    """Merging parts that were encoded before gives the order of the parts, not of encoding."""
    with prepare(files_of(texts), tmp_path / "cache"):
        pass
    (texts / "00.txt").write_text("w1 first\n" * 700)
    with (
        prepare(files_of(texts), tmp_path / "cache") as corpus,
        prepare(files_of(texts), tmp_path / "one", part_bytes=1 << 29) as whole,
    ):
        assert corpus.read_types().to_pydict() == whole.read_types().to_pydict()
        assert words_of(corpus) == words_of(whole)
