"""Small corpora and configs, and `python -m spacy w2v` run on them as a process."""

import os
import random
import re
import signal
import subprocess
import sys
import traceback
from pathlib import Path
from typing import NamedTuple

import pytest

COMMAND = (sys.executable, "-m", "spacy", "w2v")

SIGKILL = getattr(signal, "SIGKILL", signal.SIGTERM)
SIGHUP = getattr(signal, "SIGHUP", signal.SIGTERM)
"""Signals that Windows lacks, where tests that send them are skipped by `start`."""

needs_modes = pytest.mark.skipif(os.name != "posix", reason="needs modes of files, as Unix has them")
needs_links = pytest.mark.skipif(os.name == "nt", reason="needs links and devices, as Unix has them")
needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc, as Linux has it")

CONFIG = """
[nlp]
lang = "en"

[w2v]

[w2v.corpus]
@readers = "spacy_w2v.Dataset.v1"
path = "text"
data_files = "texts.txt"

[w2v.vocabulary]
min_count = 2

[w2v.model]
vector_size = 8

[w2v.training]
epochs = 2
sample = 0
workers = 1

[w2v.export]
formats = ["spacy"]
"""
"""Trains on texts.txt in the working directory, and spares the second that importing gensim takes."""

SENTENCE = "The French king ruled a City near the river and THE war began when France's king can't go there 1999"


def write_texts(path: Path, *, n_lines: int = 200, seed: int = 0) -> list[str]:
    """Write lines of random words in various cases, and one word that occurs once, and return the lines."""
    chooser = random.Random(seed)
    words = SENTENCE.split()
    lines = [" ".join(chooser.choices(words, k=12)) for _ in range(n_lines)] + ["hapaxlegomenon"]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return lines


class Result(NamedTuple):
    """What a process came to. Colours and line breaks are taken out of `said`, to match messages that are wrapped."""

    code: int
    stdout: str
    stderr: str

    @property
    def said(self) -> str:
        return plain(self.stdout + self.stderr)


def plain(text: str) -> str:
    text = re.sub(r"\x1b\[[0-9;]*m", "", text)
    return " ".join(re.sub(r"-\n", "-", text).split())


def w2v(*arguments: object, cwd: Path, code: int | None = 0, stdin: str = "", preexec_fn=None, **env: str) -> Result:
    """Run a command to its end and return what it said; fail unless it ends with exit code `code` (None: any)."""
    if preexec_fn is not None and os.name == "nt":
        pytest.skip("Windows has no limits to set before a program starts")
    done = subprocess.run(
        [*COMMAND, *map(str, arguments)],
        cwd=cwd,
        input=stdin,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
        env=os.environ | env,
        preexec_fn=preexec_fn,
    )
    result = Result(done.returncode, done.stdout, done.stderr)
    assert code is None or result.code == code, f"exit code {result.code}\n{result.stdout}\n{result.stderr}"
    return result


def start(*arguments: object, cwd: Path, start_new_session: bool = False) -> subprocess.Popen:
    """Start a command that obeys SIGINT even where this process was started with it ignored, as in `pytest &`."""
    if os.name == "nt":
        pytest.skip("Windows has no signals that ask a process to end")
    return subprocess.Popen(
        [*COMMAND, *map(str, arguments)],
        cwd=cwd,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        start_new_session=start_new_session,
    )


def w2v_here(*arguments: object, cwd: Path) -> Result:
    """Run a command within this process, in a tenth of the time; an uncaught exception is shown as a process would."""
    from typer.testing import CliRunner

    from spacy_w2v.cli import w2v_cli

    before = os.getcwd()
    os.chdir(cwd)
    try:
        done = CliRunner().invoke(w2v_cli, list(map(str, arguments)))
    finally:
        os.chdir(before)
    error = done.exception
    crashed = (
        "" if error is None or isinstance(error, SystemExit) else "".join(traceback.format_exception(error, limit=-3))
    )
    return Result(done.exit_code, done.output, crashed)


def files_below(directory: Path) -> dict[str, bytes | None]:
    """Return all files below a directory with their content, and directories with None."""
    return {
        str(path.relative_to(directory)): path.read_bytes() if path.is_file() else None
        for path in sorted(directory.rglob("*"))
    }
