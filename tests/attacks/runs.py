"""Runs of `spacy w2v train` and `export` that are stopped, and the directories that they leave.

A run is forked from a warm process, or is a process of its own, which imports everything first.
"""

import hashlib
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from operations import TRAIN
from samples import CONFIG, make_texts
from trials import CHUNK_TOKENS, MAX_WALL_S

USERS_FILES = {"notes.md": "what the user wrote\n", "model-best/meta.json": '{"lang": "en"}\n'}
"""That stand among results, and belong to the user."""
FORMATS = ("--w2v.export.formats", '["spacy", "gensim", "word2vec-text"]', "--code", "code.py")
CODE = f"from spacy_w2v.corpus import _store\n\n_store.CHUNK_TOKENS = {CHUNK_TOKENS}\n"
"""So that processes of their own make the same chunks as forks."""


class Killed(NamedTuple):
    """How a run is stopped."""

    number: int
    """Signal."""
    event: int | None = None
    """Before which change of the file system, counted from 1; None by the clock."""
    after_s: float = 0.0


class Ended(NamedTuple):
    """How a run ended."""

    code: int
    """As shells have it: 128 + the signal that ended it."""
    said: str
    n_events: int
    """Changes of the file system that it made, if it was forked and not killed."""
    seconds: float


@dataclass(frozen=True)
class Scenario:
    """Something to do, and what is there before."""

    name: str
    arguments: tuple[str, ...]
    """Of `spacy w2v`."""
    target: str
    """Directory that it writes, and in which the user's files stand."""
    can_resume: bool = True
    replaces: bool = True
    """There are earlier results."""


SCENARIOS = (
    Scenario("train", (*TRAIN, *FORMATS), "out", replaces=False),
    Scenario("train, replacing", (*TRAIN, *FORMATS, "--overwrite"), "out"),
    Scenario(
        "train with checkpoints",
        (*TRAIN, *FORMATS, "--overwrite", "--w2v.training.checkpoint_every_s", "0"),
        "out",
    ),
    Scenario("export, replacing", ("export", "earlier", "exported", "--overwrite"), "exported", can_resume=False),
)


def make_place(directory: Path) -> None:
    """Make what all scenarios start from: texts, a config, earlier results with the user's files among them."""
    directory.mkdir(parents=True)
    make_texts(directory / "texts.txt")
    (directory / "config.cfg").write_text(CONFIG, encoding="utf-8")
    (directory / "code.py").write_text(CODE, encoding="utf-8")
    earlier = ("--w2v.training.seed", "7", "--w2v.training.epochs", "1")
    for arguments in (
        (*TRAIN, *FORMATS, *earlier),
        (*("earlier" if argument == "out" else argument for argument in TRAIN), *FORMATS),
        ("export", "out", "exported"),
    ):
        ended = run_forked_command(arguments, directory)
        if ended.code != 0:
            raise SystemExit(f"Earlier results must be made, but: {ended.said}")
    for target in ("out", "exported"):
        for name, content in USERS_FILES.items():
            (directory / target / name).parent.mkdir(exist_ok=True)
            (directory / target / name).write_text(content)


def copy_place(source: Path, target: Path, scenario: Scenario) -> None:
    """Make `target` a fresh place for a scenario."""
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target, symlinks=True)
    if not scenario.replaces:
        shutil.rmtree(target / "out")
        shutil.rmtree(target / "cache")


def run_forked_command(arguments: tuple[str, ...], directory: Path, killed: Killed | None = None) -> Ended:
    """Run a command of `spacy w2v` in a fork of this process, and perhaps stop it."""
    log, counter = directory.with_suffix(".log"), directory.with_suffix(".events")
    counter.unlink(missing_ok=True)
    start = time.monotonic()
    child = os.fork()
    if child == 0:
        _be_command(arguments, directory, log, counter, killed)
    if killed is not None and killed.event is None:
        time.sleep(killed.after_s)
        os.kill(child, killed.number)
    code = _wait(child, deadline=time.monotonic() + MAX_WALL_S)
    n_events = int(counter.read_text()) if counter.exists() else 0
    return Ended(code, _text(log), n_events, time.monotonic() - start)


def run_process(arguments: tuple[str, ...], directory: Path, killed: Killed | None = None) -> Ended:
    """Run a command as a user does, in a process group of its own, and perhaps stop it."""
    start = time.monotonic()
    with directory.with_suffix(".log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "spacy", "w2v", *arguments],
            cwd=directory,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
        if killed is not None:
            time.sleep(killed.after_s)
            process.send_signal(killed.number)
        try:
            code = process.wait(MAX_WALL_S)
        except subprocess.TimeoutExpired:
            process.kill()
            code = -signal.SIGALRM
    said = _text(directory.with_suffix(".log"))
    return Ended(code if code >= 0 else 128 - code, said, 0, time.monotonic() - start)


def _be_command(
    arguments: tuple[str, ...], directory: Path, log: Path, counter: Path, killed: Killed | None
) -> NoReturn:
    """Be `python -m spacy w2v ...` in this process, to its end."""
    code = 1
    try:
        os.chdir(directory)
        descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        for standard in (1, 2):
            os.dup2(descriptor, standard)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        events = Events(directory, killed)
        sys.addaudithook(events)
        sys.argv = ["spacy", "w2v", *arguments]
        from spacy.cli import setup_cli

        try:
            setup_cli()
            code = 0
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else int(end.code is not None)
        except BaseException:
            traceback.print_exc()
        events.killed = None
        counter.write_text(str(events.n))
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(code)


class Events:
    """Counts the changes that this process makes to the file system, and stops it before one of them."""

    CHANGES = frozenset(
        {"os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.link", "os.symlink", "os.chmod", "os.truncate"}
    )

    def __init__(self, directory: Path, killed: Killed | None):
        self.n = 0
        self.killed = killed if killed is not None and killed.event is not None else None

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event not in self.CHANGES and not (event == "open" and self._writes(arguments)):
            return
        self.n += 1
        if self.killed is not None and self.n == self.killed.event:
            os.kill(os.getpid(), self.killed.number)

    @staticmethod
    def _writes(arguments: tuple[Any, ...]) -> bool:
        flags = arguments[2]
        return isinstance(flags, int) and bool(flags & (os.O_WRONLY | os.O_RDWR))


def _wait(child: int, *, deadline: float) -> int:
    while time.monotonic() < deadline:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            code = os.waitstatus_to_exitcode(status)
            return code if code >= 0 else 128 - code
        time.sleep(0.003)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return 128 + signal.SIGALRM


def _text(log: Path) -> str:
    return log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""


def listing(directory: Path) -> dict[str, str]:
    """Return a hash of each file below a directory, "directory" for directories; what times change is left out."""
    found = {}
    for path in sorted(directory.rglob("*")):
        name = str(path.relative_to(directory))
        if path.is_symlink():
            found[name] = f"link to {os.readlink(path)}"
        elif path.is_dir():
            found[name] = "directory"
        else:
            found[name] = hashlib.sha256(_without_times(path)).hexdigest()[:16]
    return found


def _without_times(path: Path) -> bytes:
    """Return the content of a file without times and names of runs, and what depends on them, such as checksums."""
    content = re.sub(rb"\d{4}-\d\d-\d\dT[0-9:.+]*", b"", path.read_bytes())
    if path.name in ("meta.json", "manifest.json"):
        changing = rb'"(run|seconds|words_per_s|bytes|checksum|xxh3_128)": *("[^"]*"|[-0-9.e+]+)'
        content = re.sub(changing, b"", content)
    return b"" if path.name == "training.jsonl" else content


def differences(expected: dict[str, str], actual: dict[str, str]) -> list[str]:
    """Return a line for each path that is missing, additional or different."""
    return [
        f"{name}: {'missing' if name not in actual else 'left over' if name not in expected else 'different'}"
        for name in sorted(expected.keys() | actual.keys())
        if expected.get(name) != actual.get(name)
    ]


def random_moment(chooser: random.Random, undisturbed: Ended, *, number: int) -> Killed:
    """Return a moment within a run: before one of its changes of the file system, or by the clock."""
    if chooser.random() < 0.6:
        return Killed(number, event=chooser.randint(1, undisturbed.n_events))
    return Killed(number, after_s=chooser.uniform(0, undisturbed.seconds))
