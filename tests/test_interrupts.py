"""Ctrl-C and `kill`, at any moment: no crash, no traceback, the right exit code, and no process that stays."""

import ast
import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
from numba import config, types

import spacy_w2v.kernels

KERNELS = [
    (path.stem, function.name, ast.unparse(function.returns) if function.returns is not None else "")
    for path in sorted(Path(spacy_w2v.kernels.__file__).parent.glob("*.py"))
    for function in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    if isinstance(function, ast.FunctionDef)
    and any(ast.unparse(decorator) == "kernel" for decorator in function.decorator_list)
]

# numba makes Python objects of what a kernel returns. For arrays it runs Python code then, which may be interrupted. It
# does not look whether it was, and goes on with null pointers (https://github.com/numba/numba/issues/2324).
SAFE = {"None", "int", "tuple[float, int, int]"}


def test_kernels_fill_arrays_and_return_none():
    assert len(KERNELS) > 12
    assert [(module, name, returned) for module, name, returned in KERNELS if returned not in SAFE] == []


@pytest.mark.skipif(config.DISABLE_JIT, reason="numba's JIT is off")
def test_compiled_kernels_return_numbers():
    import spacy_w2v

    for tokenizer in ("pipeline", "whitespace"):
        texts = ["Some words, and (others) on 3.4 lines; they don't matter..."] * 40
        spacy_w2v.train(texts, tokenizer=tokenizer, vector_size=4, epochs=1, workers=1, min_count=1)
    returned = {
        (module, name, signature.return_type)
        for module, name, _ in KERNELS
        for signature in getattr(import_module(f"spacy_w2v.kernels.{module}"), name).nopython_signatures
    }
    assert len(returned) > 8
    for *_, kind in returned:
        for part in kind if isinstance(kind, types.UniTuple | types.Tuple) else [kind]:
            assert isinstance(part, types.Number | types.NoneType), returned


INTERRUPTED_ENCODING = """
import itertools, os, random, signal, sys, threading, time
import spacy
from spacy_w2v.config.schema import parse_settings
from spacy_w2v.corpus.encode import make_encoder
import pyarrow as pa

tokens = parse_settings({"tokens": {"tokenizer": "whitespace"}}).tokens
few = pa.array(["the cat and the dog went to the house", "a word that is new"] * 2000, pa.large_string())
encoder = make_encoder(spacy.blank("en"), tokens)
encoder.encode(few)
n_interrupts = 0

def interrupt():
    while True:
        time.sleep(random.uniform(0.0005, 0.004))
        os.kill(os.getpid(), signal.SIGINT)

def main():
    global n_interrupts
    end = time.monotonic() + float(sys.argv[1])
    while time.monotonic() < end:
        try:
            while time.monotonic() < end:
                encoder.encode(few)
        except KeyboardInterrupt:
            n_interrupts += 1
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    print(n_interrupts, flush=True)
    os._exit(0)

threading.Thread(target=interrupt, daemon=True).start()
while True:
    try:
        main()
    except KeyboardInterrupt:
        pass
"""


@pytest.mark.skipif(os.name != "posix", reason="os.kill ends a process on Windows")
def test_encoding_can_be_interrupted_at_any_moment():
    command = [sys.executable, "-c", INTERRUPTED_ENCODING, "3"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert int(ended.stdout) > 100
