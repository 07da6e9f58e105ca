"""Processes that tokenize: they work in any program, end immediately, and have clear errors."""

import os
import subprocess
import sys
import time
from functools import partial
from itertools import count

import pytest

from spacy_w2v.errors import CorpusError
from spacy_w2v.tokenization._processes import map_in_processes

SCRIPT = """
import spacy, spacy_w2v
from spacy.tokens import Doc
from spacy_w2v.tokenization import _encode as encode
from spacy_w2v.sources import _source as source

class Words:
    separator = ","
    def __init__(self, vocab): self.vocab = vocab
    def __call__(self, text): return Doc(self.vocab, words=split(text, self.separator))

def split(text, separator):
    print("not a result")
    return text.split(separator)

source.BATCH_BYTES = 100_000
started = []
start = encode.map_in_processes
encode.map_in_processes = lambda *arguments: started.append(1) or start(*arguments)
nlp = spacy.blank("en")
nlp.tokenizer = Words(nlp.vocab)
texts = ["the,cat,and,the,dog"] * 25_000
model = spacy_w2v.train(texts, nlp=nlp, vector_size=4, epochs=1, workers=1, n_process=2)
print("counts", *model.vocabulary.counts, "started", *started)
"""


class NotPicklableError(Exception):
    def __init__(self, one, two):
        super().__init__(one)


def beating(path):
    """Write to a file until the process ends."""

    def work(_):
        for number in range(2000):
            path.write_text(str(number))
            time.sleep(0.03)

    return work


def double():
    return lambda number: 2 * number


def failing(kind):
    def fail(number):
        if kind == "exit":
            os._exit(7)
        os.write(1, b"what is printed is no result")
        raise {"value": ValueError("no such word"), "odd": NotPicklableError("one", "two")}[kind]

    return fail


def not_made():
    raise ImportError("no module named x")


def run(tmp_path, *command, **options):
    environment = {**os.environ, "SPACY_W2V_CACHE": str(tmp_path / "cache")}
    result = subprocess.run(
        [sys.executable, *command], cwd=tmp_path, env=environment, text=True, capture_output=True, **options
    )
    assert result.returncode == 0, result.stderr
    return result.stdout.splitlines()


@pytest.mark.parametrize("how", ["file", "standard input", "-c"])
def test_a_program_without_main_guard_may_use_processes(how, tmp_path):
    """It may also have its own tokenizer, which other processes cannot import."""
    (tmp_path / "script.py").write_text(SCRIPT)
    command = {"file": ["script.py"], "standard input": ["-"], "-c": ["-c", SCRIPT]}[how]
    assert run(tmp_path, *command, input=SCRIPT) == ["counts 50000 25000 25000 25000 started 1"]


def test_code_imported_by_spacy_is_available_in_processes(tmp_path):
    """`spacy train --code` imports code whose path is unknown to the callbacks."""
    start, _, end = SCRIPT.partition("class Words")
    words, _, end = end.partition("source.BATCH_BYTES")
    register = "import spacy\nspacy.registry.misc('Words')(lambda: Words)\n"
    (tmp_path / "code.py").write_text("from spacy.tokens import Doc\nclass Words" + words + register)
    imported = "from spacy.cli._util import import_code\nimport_code('code.py')\n"
    imported += "Words = spacy.registry.misc.get('Words')()\n"
    (tmp_path / "script.py").write_text(f"{start}{imported}source.BATCH_BYTES{end}")
    assert run(tmp_path, "script.py") == ["counts 50000 25000 25000 25000 started 1"]


def test_files_in_the_current_directory_do_not_replace_modules(tmp_path, monkeypatch):
    (tmp_path / "pickle.py").write_text("raise SystemExit('not this one')")
    monkeypatch.chdir(tmp_path)
    assert list(map_in_processes(double, [1, 2], 1)) == [(1, 2), (2, 4)]


def test_results_are_in_order_with_their_arguments():
    numbers = range(50)
    assert list(map_in_processes(double, iter(numbers), 3)) == [(number, 2 * number) for number in numbers]


def test_arguments_are_taken_as_they_are_needed():
    taken = []
    results = map_in_processes(double, (taken.append(number) or number for number in count()), 2)
    assert next(results) == (0, 0)
    assert len(taken) <= 4
    results.close()


def test_many_processes_are_not_started_for_a_few_arguments():
    assert list(map_in_processes(double, [1, 2], 1000)) == [(1, 2), (2, 4)]


@pytest.mark.parametrize(
    ("make", "error", "text"),
    [
        (partial(failing, "value"), ValueError, "no such word"),
        (partial(failing, "odd"), RuntimeError, "NotPicklableError: one"),
        (
            partial(failing, "exit"),
            CorpusError,
            "one of them ended with exit code 7. There may be too little memory. Set n_process",
        ),
        (not_made, CorpusError, "but this failed: ImportError: no module named x. Set n_process to 1."),
    ],
)
def test_errors_of_processes_are_raised(make, error, text):
    with pytest.raises(error) as raised:
        list(map_in_processes(make, range(5), 2))
    assert text in str(raised.value)


def wait_for_end(path, *, within_s):
    """Wait until a file no longer changes."""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        before = path.read_text()
        time.sleep(0.5)
        if path.read_text() == before:
            return True
    return False


def wait_for_start(path):
    deadline = time.monotonic() + 60
    while not path.exists() or not path.read_text():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_processes_end_at_once_with_the_iteration(tmp_path):
    path = tmp_path / "beat"
    stopped = []

    def arguments():
        yield 0
        wait_for_start(path)
        stopped.append(time.monotonic())
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(map_in_processes(partial(beating, path), arguments(), 1))
    assert time.monotonic() - stopped[0] < 20  # of the 60 s that the call would take
    assert wait_for_end(path, within_s=2)


def test_processes_end_with_their_parent(tmp_path):
    path = tmp_path / "beat"
    code = (
        "import sys; sys.path[:] = sys.argv[2:]; from pathlib import Path; from functools import partial; "
        "from test_processes import beating, map_in_processes; "
        "list(map_in_processes(partial(beating, Path(sys.argv[1])), range(5), 1))"
    )
    process = subprocess.Popen([sys.executable, "-c", code, str(path), *sys.path])
    wait_for_start(path)
    process.kill()
    process.wait()
    assert wait_for_end(path, within_s=5)
