"""Ctrl-C and `kill`, at any moment: no crash, no traceback, the right exit code, and no process that stays."""

import ast
import os
import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from importlib import import_module
from pathlib import Path

import pytest
from helpers_cli import SIGHUP, needs_proc, plain, start, w2v_here
from numba import config, types

import spacy_w2v
from spacy_w2v._system.signals import DelayedSignals

PACKAGE = Path(spacy_w2v.__file__).parent

KERNELS = [
    (
        ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts),
        function.name,
        ast.unparse(function.returns) if function.returns is not None else "",
    )
    for path in sorted(PACKAGE.rglob("kernels/**/*.py"))
    for function in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    if isinstance(function, ast.FunctionDef)
    and any(ast.unparse(decorator) == "kernel" for decorator in function.decorator_list)
]

# numba makes Python objects of what a kernel returns. For arrays it runs Python code then, which may be interrupted. It
# does not look whether it was, and goes on with null pointers (https://github.com/numba/numba/issues/2324).
SAFE = {"None", "int", "float", "tuple[float, int, int]"}


def test_kernels_fill_arrays_and_return_none():
    assert len(KERNELS) > 12
    assert [(module, name, returned) for module, name, returned in KERNELS if returned not in SAFE] == []


@pytest.mark.skipif(config.DISABLE_JIT, reason="numba's JIT is off")
def test_compiled_kernels_return_numbers():
    for tokenizer in ("pipeline", "whitespace"):
        texts = ["Some words, and (others) on 3.4 lines; they don't matter..."] * 40
        spacy_w2v.train(texts, tokenizer=tokenizer, vector_size=4, epochs=1, workers=1, min_count=1)
    returned = {
        (module, name, signature.return_type)
        for module, name, _ in KERNELS
        for signature in getattr(import_module(module), name).nopython_signatures
    }
    assert len(returned) > 8
    for *_, kind in returned:
        for part in kind if isinstance(kind, types.UniTuple | types.Tuple) else [kind]:
            assert isinstance(part, types.Number | types.NoneType), returned


INTERRUPTED_ENCODING = """
import itertools, os, random, signal, sys, threading, time
import spacy
from spacy_w2v.config._schema import parse_settings
from spacy_w2v.tokenization._encode import make_encoder
import pyarrow as pa

tokens = parse_settings({"tokens": {"tokenizer": "whitespace"}}).tokens
few = pa.array(["the cat and the dog went to the house", "a word that is new"] * 2000, pa.large_string())
encoder = make_encoder(spacy.blank("en"), tokens)
encoder.encode(few)
armed = False

def raise_once(number, frame):
    global armed
    if armed:
        armed = False
        raise KeyboardInterrupt

def interrupt():
    while True:
        time.sleep(random.uniform(0.0005, 0.004))
        os.kill(os.getpid(), signal.SIGINT)

signal.signal(signal.SIGINT, raise_once)
threading.Thread(target=interrupt, daemon=True).start()
n_interrupts = 0
end = time.monotonic() + float(sys.argv[1])
while time.monotonic() < end:
    try:
        armed = True
        while time.monotonic() < end:
            encoder.encode(few)
    except KeyboardInterrupt:
        n_interrupts += 1
armed = False
print(n_interrupts, flush=True)
os._exit(0)
"""


@pytest.mark.skipif(os.name != "posix", reason="os.kill ends a process on Windows")
def test_encoding_can_be_interrupted_at_any_moment():
    command = [sys.executable, "-c", INTERRUPTED_ENCODING, "3"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert int(ended.stdout) > 20


# processes that tokenize


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """A directory with text that takes two processes more than a minute, since it is cut into sentences."""
    directory = tmp_path_factory.mktemp("corpus")
    text = "This is the first sentence, which is not long. Here's another one; it isn't long either!\n"
    (directory / "texts.txt").write_text(text * 500_000)
    w2v_here("init-config", "config.cfg", "-d", "texts.txt", cwd=directory)
    return directory


def start_encoding(directory: Path) -> tuple[subprocess.Popen, list[int]]:
    """Start to tokenize in two processes; return when both are at it, with their ids."""
    options = ["--w2v.tokens.boundary", "sentence", "--w2v.tokens.n_process", "2"]
    process = start("encode", "config.cfg", "--cache-dir", "cache", *options, cwd=directory, start_new_session=True)
    deadline = time.monotonic() + 90
    while len(workers := [pid for pid in children_of(process.pid) if cpu_seconds(pid) > 2.5]) < 2:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return process, workers


def children_of(parent: int) -> list[int]:
    """The living processes that a process has started, and those that they have."""
    pids = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
    children = [pid for pid in pids if (fields := stat_of(pid)) and int(fields[1]) == parent and fields[0] != "Z"]
    return children + [grandchild for child in children for grandchild in children_of(child)]


def stat_of(pid: int) -> list[str]:
    """What /proc tells of a process behind its name: state, parent, group, session, …; nothing if it has ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def cpu_seconds(pid: int) -> float:
    fields = stat_of(pid)
    return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK") if fields else 0.0


def assert_all_end(pids: list[int], *, within_s: float) -> None:
    deadline = time.monotonic() + within_s
    while left := [pid for pid in pids if (fields := stat_of(pid)) and fields[0] != "Z"]:
        assert time.monotonic() < deadline, left
        time.sleep(0.1)


@needs_proc
@pytest.mark.parametrize(
    ("number", "code", "to_all"),
    [(signal.SIGINT, 130, True), (signal.SIGTERM, 143, False), (SIGHUP, 129, True)],
    ids=["Ctrl-C", "kill", "hang-up"],
)
def test_processes_that_tokenize_end_at_once(corpus, number, code, to_all):
    process, workers = start_encoding(corpus)
    before = time.monotonic()
    (os.killpg if to_all else os.kill)(process.pid, number)
    stdout, stderr = process.communicate(timeout=60)
    assert time.monotonic() - before < 10
    assert process.returncode == code
    for word in ("Traceback", "Error", "leaked"):
        assert word not in stdout + stderr
    assert "The encoded corpus was not cached." in plain(stdout + stderr)
    assert_all_end(workers, within_s=5)


@needs_proc
def test_processes_that_tokenize_end_with_their_parent(corpus):
    process, workers = start_encoding(corpus)
    assert len(workers) == 2
    process.kill()
    assert_all_end(workers, within_s=10)
    process.communicate(timeout=10)


@needs_proc
@pytest.mark.parametrize("after_s", [0.5, 2.0, 4.0, 6.0])
def test_ctrl_c_while_a_command_starts_prints_no_traceback_of_ours(corpus, after_s):
    options = ["--w2v.tokens.boundary", "sentence", "--w2v.tokens.n_process", "2"]
    process = start("encode", "config.cfg", "--cache-dir", "cache", *options, cwd=corpus, start_new_session=True)
    time.sleep(after_s)
    children = children_of(process.pid)
    os.killpg(process.pid, signal.SIGINT)
    stdout, stderr = process.communicate(timeout=60)
    assert process.returncode in (130, -signal.SIGINT), stdout + stderr
    # spaCy's own imports, before it knows of any command of ours, are beyond our reach
    assert "Traceback" not in stderr or "spacy_w2v" not in stderr, stderr
    assert_all_end(children, within_s=5)


@pytest.mark.parametrize("seconds", [0.05, 0.2, 0.4, 0.8])
def test_training_works_after_its_first_imports_were_interrupted(seconds):
    """A module that is interrupted while it is imported would be half made for the rest of the process."""
    program = f"""
import os, signal, threading
import spacy_w2v
signal.signal(signal.SIGINT, signal.default_int_handler)
def train():
    return spacy_w2v.train(["the cat and the dog"] * 50, vector_size=4, epochs=1, workers=1)
threading.Timer({seconds}, os.kill, (os.getpid(), signal.SIGINT)).start()
try:
    while True:
        train()
except KeyboardInterrupt:
    pass
assert len(train()) == 4
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr[-3000:]


# delayed signals


@pytest.mark.skipif(os.name != "posix", reason="raises signals that Windows lacks")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("depth", [1, 2, 3])
def test_delayed_signals_are_delivered_once(number, depth):
    """Also if the signal arrives in a block within others, each of which delays it until its own end."""
    received = []
    before = signal.signal(number, lambda *_: received.append(number))
    try:
        with ExitStack() as stack:
            for _ in range(depth):
                stack.enter_context(DelayedSignals())
            signal.raise_signal(number)
            assert received == []
        assert received == [number]
        signal.raise_signal(number)
        assert received == [number, number]
    finally:
        signal.signal(number, before)
