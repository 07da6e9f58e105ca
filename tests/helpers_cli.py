"""Small corpora and configs, and `python -m spacy w2v` run on them as a process or within this one."""

import atexit
import contextlib
import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import traceback
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest

COMMAND = (sys.executable, "-m", "spacy", "w2v")

SIGKILL = getattr(signal, "SIGKILL", signal.SIGTERM)
SIGHUP = getattr(signal, "SIGHUP", signal.SIGTERM)
"""Signals that Windows lacks, where tests that send them are skipped by `start`."""

needs_modes = pytest.mark.skipif(os.name != "posix", reason="needs modes of files, as Unix has them")
needs_links = pytest.mark.skipif(os.name == "nt", reason="needs links and devices, as Unix has them")
needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc, as Linux has it")

TIMEOUT_S = 120
"""Of a command."""

ENVIRONMENT = dict(os.environ)
"""That of this process before any test changes it, in which the server of commands starts."""

READ_LATE = {"SPACY_CONFIG_OVERRIDES", "SPACY_W2V_CACHE", "PYTEST_CURRENT_TEST"}
"""Variables of the environment that are read when a command needs them; others count when Python or a module starts."""


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


def w2v(*arguments: object, cwd: Path, code: int | None = 0, **options: Any) -> Result:  # Any: of `spacy_command`
    """Run a command of `spacy w2v` to its end and return what it said; fail unless it ends with exit code `code`.

    code: None for any.
    """
    result = spacy_command("w2v", *arguments, cwd=cwd, **options)
    assert code is None or result.code == code, f"exit code {result.code}\n{result.stdout}\n{result.stderr}"
    return result


def spacy_command(
    *arguments: object,
    cwd: Path,
    stdin: str = "",
    fresh: bool = False,
    preexec_fn: Callable[[], None] | None = None,
    **env: str,
) -> Result:
    """Run a command of spaCy to its end.

    It is a process of its own: a fork of one that has imported everything, where nothing speaks against it.

    fresh: start Python itself, as where hashes of strings should differ. preexec_fn and env: as of `subprocess`. With
    preexec_fn, and where variables differ that are read when Python or a module starts, Python is started too.
    """
    if preexec_fn is not None and os.name == "nt":
        pytest.skip("Windows has no limits to set before a program starts")
    environment = os.environ | env
    changed = {name for name, _ in environment.items() ^ ENVIRONMENT.items()}
    if sys.platform == "linux" and not fresh and preexec_fn is None and changed <= READ_LATE:
        return command_server().run(list(map(str, arguments)), stdin, cwd=cwd, env=environment)
    done = subprocess.run(
        [sys.executable, "-m", "spacy", *map(str, arguments)],
        cwd=cwd,
        input=stdin,
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="surrogateescape",
        timeout=TIMEOUT_S,
        env=environment,
        preexec_fn=preexec_fn,
    )
    return Result(done.returncode, done.stdout, done.stderr)


class CommandServer:
    """A process of `helpers_server.py`, from which commands are forked.

    env: what differs in its environment while it imports, such as the encoding of standard output.
    """

    def __init__(self, **env: str) -> None:
        self._env = env
        self._socket, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        program = Path(__file__).with_name("helpers_server.py")
        with other:
            self._process = subprocess.Popen(
                [sys.executable, str(program), str(other.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                env=ENVIRONMENT | env,
                pass_fds=[other.fileno()],
            )

    def run(self, arguments: list[str], stdin: str, *, cwd: Path, env: dict[str, str]) -> Result:
        """Run a command to its end."""
        request = {"arguments": arguments, "cwd": os.path.abspath(cwd), "env": env | self._env}
        with tempfile.TemporaryFile() as stdout, tempfile.TemporaryFile() as stderr, Input(stdin) as reading:
            descriptors = [reading, stdout.fileno(), stderr.fileno()]
            socket.send_fds(self._socket, [json.dumps(request).encode()], descriptors)
            pid = self._answer()["pid"]
            try:
                code = self._answer(timeout_s=TIMEOUT_S)["code"]
            except TimeoutError:
                os.kill(pid, SIGKILL)
                self._answer()
                raise
            for file in (stdout, stderr):
                file.seek(0)
            return Result(code, *(file.read().decode(errors="surrogateescape") for file in (stdout, stderr)))

    def _answer(self, *, timeout_s: float | None = None) -> dict[str, int]:
        self._socket.settimeout(timeout_s)
        message = self._socket.recv(1 << 16)
        assert message, f"The server of commands has ended with {self._process.wait()}"
        return json.loads(message)

    def close(self) -> None:
        """End the server."""
        self._socket.close()
        self._process.wait()


class Input:
    """A pipe from which a text can be read."""

    def __init__(self, text: str) -> None:
        self._reading, writing = os.pipe()
        self._thread = threading.Thread(target=self._write, args=(writing, text.encode()))

    def __enter__(self) -> int:
        self._thread.start()
        return self._reading

    def __exit__(self, *exception: object) -> None:
        os.close(self._reading)
        self._thread.join()

    @staticmethod
    def _write(descriptor: int, content: bytes) -> None:
        with contextlib.suppress(BrokenPipeError), os.fdopen(descriptor, "wb") as file:
            file.write(content)


@cache
def command_server(**env: str) -> CommandServer:
    """Return the server of this process whose environment differs in these variables; it ends with the process."""
    server = CommandServer(**env)
    atexit.register(server.close)
    return server


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
