"""Mutated files of encoded corpora: refused, or read as they were. No crash, no other error, nothing in silence.

SPACY_W2V_MUTATIONS in the environment is the number of mutations of each kind of test; SPACY_W2V_SEED their seed.
"""

import json
import os
import subprocess
import sys

import pytest

N_MUTATIONS = int(os.environ.get("SPACY_W2V_MUTATIONS", "250"))
SEED = int(os.environ.get("SPACY_W2V_SEED", "0"))

# All in one process of its own, which would show a crash by its exit code, and which mutation it was by its output.
MUTATE = """
import collections, json, random, shutil, sys
from pathlib import Path

import numpy as np
import pyarrow as pa

from spacy_w2v._atomic import describe_files, parse_manifest, write_manifest
from spacy_w2v.corpus import _store as store
from spacy_w2v.corpus._fingerprint import CorpusFingerprint
from spacy_w2v.corpus._counts import DocumentCounts
from spacy_w2v.corpus._store import CorpusWriter, open_corpus
from spacy_w2v.tokenization._tokens import EncodedBatch, PhraseSpans, Types
from spacy_w2v.errors import CorpusError, StorageError
from spacy_w2v.model._vocabulary import build_vocabulary
from spacy_w2v.phrases._joined_spans import SpanJoiner

place, n_mutations, seed = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
checksums_are_right = sys.argv[4] == "1"
FILES = ["manifest.json", "tokens.arrow", "types.arrow", "phrases.arrow", "phrase_types.arrow"]
store.CHUNK_TOKENS = 700

def write(directory, words, seed):
    numbers = np.random.default_rng(seed).zipf(1.5, 5000) % len(words)
    chosen, inverse = np.unique(numbers, return_inverse=True)
    directory.mkdir()
    writer = CorpusWriter(directory, max_types=100)
    chosen, inverse = chosen.astype(np.uint32), inverse.astype(np.uint32)
    phrases = Types([f"{word} b" for word in words], [f"{word}_b" for word in words])
    starts, lengths = np.arange(500) * 10 + numbers[:500] % 7, numbers[:500] % 3 + 1
    kinds, ids = np.unique(numbers[:500], return_inverse=True)
    spans = PhraseSpans(phrases, kinds.astype(np.uint32), ids.astype(np.uint32), starts, lengths)
    writer.add(EncodedBatch(Types(words, words), chosen, inverse, np.full(500, 10), spans))
    tokens = {"list": [1, {"a": 2.5}]}
    fingerprint = CorpusFingerprint(store.FORMAT_VERSION, "f", tokenizer="t", tokens=tokens, max_vocab_size=100)
    documents = DocumentCounts(n_documents=5, n_null=1, n_not_text=0)
    writer.close(source="texts", fingerprint=fingerprint, documents=documents)

def content_of_phrases(corpus, read):
    reader = corpus.open_phrases()
    spans = [reader.read(number, chunk.offsets) for number, chunk in enumerate(read)]
    assert all(of.ids.max() < corpus.spans.n_type_ids for of in spans if of.ids.size)
    assert all((of.starts + of.lengths <= chunk.tokens.size).all() for of, chunk in zip(spans, read, strict=True))
    if corpus.counts.n_tokens:
        joiner = SpanJoiner(corpus, corpus.spans, least=2)
        joined = [joiner.join(chunk, of) for chunk, of in zip(read, spans, strict=True)]
        assert sum(ids.size for ids, _ in joined) == joiner.types()[0]["count"].to_numpy().sum() + joiner.types()[2]
    return corpus.spans, [tuple(map(list, of)) for of in spans], corpus.read_phrase_types().to_pydict()

def content(corpus):
    chunks = corpus.open_chunks()
    read = [chunks.read(number) for number in range(corpus.n_chunks)]
    assert all(chunk.tokens.max() < corpus.n_type_ids for chunk in read if chunk.tokens.size)
    assert all((np.diff(chunk.offsets) > 0).all() and chunk.offsets[-1] == chunk.tokens.size for chunk in read)
    types = corpus.read_types()
    build_vocabulary(types, n_type_ids=corpus.n_type_ids, min_count=1, max_final_vocab=None)
    of_phrases = content_of_phrases(corpus, read) if corpus.spans is not None else None
    facts = corpus.counts, corpus.n_type_ids, corpus.source, corpus.fingerprint, corpus.chunk_tokens.tolist()
    return facts, of_phrases, types.to_pydict(), [(chunk.tokens.tolist(), chunk.offsets.tolist()) for chunk in read]

write(place / "a", [f"wörd{i}" for i in range(150)], 0)
write(place / "b", [f"word{i}" for i in range(140)], 1)
whole = {name: (place / "a" / name).read_bytes() for name in FILES}
other = {name: (place / "b" / name).read_bytes() for name in FILES}
expected = content(open_corpus(place / "a"))
generator = random.Random(seed)

def mutate_bytes(old, name):
    new, at = bytearray(old), generator.randrange(len(old))
    kind = generator.choice(["bit", "bit", "byte", "block", "cut", "longer", "swapped", "moved", "number"])
    if kind == "bit":
        new[at] ^= 1 << generator.randrange(8)
    elif kind == "byte":
        new[at] = generator.randrange(256)
    elif kind == "block":
        start = at // 512 * 512
        new[start : start + 4096] = bytes(len(new[start : start + 4096]))
    elif kind == "cut":
        del new[at:]
    elif kind == "longer":
        new += generator.randbytes(generator.choice([1, 8, 5000]))
    elif kind == "swapped":
        new = bytearray(generator.choice([other[name], *(whole[n] for n in FILES)]))
    elif kind == "moved":
        new = new[at:] + new[:at]
    else:
        at = at // 8 * 8
        new[at : at + 8] = generator.choice([2**31, 2**63 - 1, 2**64 - 1, 2**32 - 1, 0, 1]).to_bytes(8, "little")
    return bytes(new)

VALUES = [None, True, -1, 0, 2**31 - 1, 2**63, 10**400, 1e308, float("nan"), float("inf")]
VALUES += ["", "x" * 10**6, "\\ud800", [], {}, [[]]]

def mutate_json(value):
    if generator.random() < 0.2 or not isinstance(value, dict | list) or not value:
        deep = {}
        for _ in range(500):
            deep = {"a": deep}
        return generator.choice([*VALUES, deep])
    key = generator.choice(list(value)) if isinstance(value, dict) else generator.randrange(len(value))
    changed = value.copy()
    if generator.random() < 0.15:
        del changed[key]
    elif generator.random() < 0.1 and isinstance(value, dict):
        changed[generator.choice(["", "checksum", "../a", "ü"])] = 1
    else:
        changed[key] = mutate_json(value[key])
    return changed

def put(number):
    directory = place / f"m{number}"
    directory.mkdir()
    files = dict(whole)
    name = generator.choice(FILES)
    if generator.random() < 0.05:
        del files[name]
    elif name == "manifest.json" and (checksums_are_right or generator.random() < 0.5):
        manifest = mutate_json(parse_manifest(whole[name], name=name))
        files[name] = json.dumps(manifest).encode()
    else:
        files[name] = mutate_bytes(files[name], name)
    for name, content_of_file in files.items():
        (directory / name).write_bytes(content_of_file)
    if checksums_are_right and (directory / "manifest.json").exists():
        manifest = json.loads((directory / "manifest.json").read_bytes())
        if isinstance(manifest, dict):
            manifest.pop("checksum", None)
            if isinstance(manifest.get("files"), dict) and len(files) == len(FILES):
                manifest["files"] |= describe_files(directory, FILES[1:])
            write_manifest(directory / "manifest.json", manifest)
    return directory

outcomes = collections.Counter()
for number in range(n_mutations):
    state = generator.getstate()
    directory = put(number)
    print("next", seed, number, flush=True)
    try:
        is_same = content(open_corpus(directory)) == expected
        outcomes["same" if is_same else "other"] += 1
        if not is_same and not checksums_are_right:
            print("OTHER", seed, number)
            sys.exit("other content was read in silence")
    except (StorageError, CorpusError) as error:
        assert len(str(error)) < 2000, str(error)[:3000]
        outcomes["refused"] += 1
    shutil.rmtree(directory)
status = Path("/proc/self/status")  # not getrusage: there a process has the peak of the one that started it
peak = int(status.read_text().partition("VmHWM:")[2].split()[0]) if status.exists() else 0
print(json.dumps({**outcomes, "peak": peak}))
"""


@pytest.mark.parametrize("checksums_are_right", [False, True], ids=["damaged", "made up"])
def test_mutated_corpora_are_refused_or_read_as_they_were(tmp_path, checksums_are_right):
    """Where somebody made up all checksums too, other content can be read, but nothing beyond its bounds."""
    (tmp_path / "mutate.py").write_text(MUTATE, encoding="utf-8")
    arguments = [str(tmp_path), str(N_MUTATIONS), str(SEED), str(int(checksums_are_right))]
    command = [sys.executable, str(tmp_path / "mutate.py"), *arguments]
    result = subprocess.run(command, capture_output=True, text=True, timeout=5 + N_MUTATIONS, check=False)
    assert result.returncode == 0, f"{result.stdout[-300:]} {result.stderr[-3000:]}"
    outcomes = json.loads(result.stdout.splitlines()[-1])
    assert outcomes.pop("peak") < 700_000, "kB"
    assert outcomes["refused"] > 0.7 * N_MUTATIONS
    assert sum(outcomes.values()) == N_MUTATIONS
    assert set(outcomes) <= {"refused", "same"} or checksums_are_right
