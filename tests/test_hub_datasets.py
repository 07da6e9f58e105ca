"""A dataset on the Hub is streamed whole, whatever the connection does: nothing is lost, and nothing comes twice."""

import gzip
import json
import os
import subprocess
import sys

import helpers_hub
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import spacy_w2v

TEXTS = [f"Text number {i} isn't like w{i % 97}, {'nor others ' * (i % 7)}." for i in range(3000)]

PROGRAM = """
import json, sys, time
import fsspec.spec
import spacy_w2v
from spacy_w2v.sources import _text_files

time.sleep = lambda seconds: None  # before a request is sent again
fsspec.spec.AbstractBufferedFile.DEFAULT_BLOCK_SIZE = 20_000  # instead of 5 MB
_text_files.BATCH_BYTES = 20_000
for kind in sys.argv[1:]:
    source = spacy_w2v.dataset(f"user/{kind}")
    try:
        tokens = list(spacy_w2v.tokenize(source, cache_dir="cache", tokenizer="whitespace"))
    except spacy_w2v.Word2VecError as error:
        tokens = str(error)
    print(json.dumps(tokens))
"""


def as_json_lines():
    return "".join(json.dumps({"text": text}) + "\n" for text in TEXTS).encode()


def as_parquet():
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table({"text": TEXTS}), sink, row_group_size=300, compression="none")
    return sink.getvalue().to_pybytes()


FILES = {
    "txt": "".join(f"{text}\n" for text in TEXTS).encode(),
    "jsonl": as_json_lines(),
    "jsonl.gz": gzip.compress(as_json_lines()),
    "parquet": as_parquet(),
}


@pytest.fixture
def hub():
    with helpers_hub.running() as server:
        for kind, content in FILES.items():
            repo = server.repos[f"datasets/user/{kind}"] = helpers_hub.Repo()
            repo.commit("main", {f"train.{kind}": content, "README.md": b"A dataset"}, "texts")
        yield server


def tokens_of(kinds, *, hub, tmp_path):
    """Return what a process of its own reads: huggingface_hub takes the address of the Hub when it is imported."""
    addresses = {"HF_ENDPOINT": hub.url, "HF_HUB_OFFLINE": "0", "HF_HOME": str(tmp_path / "home")}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *kinds],
        cwd=tmp_path,
        env=os.environ | addresses | {"HF_HUB_DISABLE_XET": "1"},
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr
    return dict(zip(kinds, map(json.loads, done.stdout.splitlines()), strict=True))


def test_connections_that_break_lose_nothing_and_repeat_nothing_or_are_an_error_in_our_words(hub, tmp_path):
    hub.repos["datasets/user/broken"] = hub.repos["datasets/user/txt"]
    for _ in range(200):
        hub.drop("GET", "/datasets/user/broken/resolve/.*/train", 30_000)
    for kind in FILES:
        for n_bytes in (0, 1, 1_000, 20_000):
            hub.drop("GET", f"/datasets/user/{kind}/resolve/.*/train", n_bytes)
    hub.drop("GET", "/datasets/user/txt/resolve/.*/train", 10_000, range_from=100_000)
    actual = tokens_of([*FILES, "broken"], hub=hub, tmp_path=tmp_path)
    expected = list(spacy_w2v.tokenize(TEXTS, cache_dir=tmp_path / "local", tokenizer="whitespace"))
    assert len(expected) == len(TEXTS)
    for kind in FILES:
        assert actual[kind] == expected, kind
    assert not [drop for drop in hub.drops if "broken" not in drop.pattern]
    ranges = [line.rpartition("bytes=")[2] for line in hub.requests(r"^GET /datasets/user/txt/resolve/.* bytes=")]
    assert len(ranges) == len(set(ranges)) + 5  # those that were cut off, and no others, were asked for again
    assert actual["broken"].startswith("The files must be readable, but user/broken is not: ")
    assert len(set(ranges)) > 3  # they break in the middle of a file, not only at its start
