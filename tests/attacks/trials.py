"""Trials in child processes: each is forked from a warm process, with limits of time and memory, and its end is judged.

A fork has all modules imported and all kernels loaded, so that a trial takes some hundredths of a second where a
process of its own takes seconds. What it does to itself, a segmentation fault included, only it suffers. POSIX only.
"""

import faulthandler
import gc
import json
import os
import re
import resource
import select
import signal
import sys
import time
import traceback
from argparse import ArgumentParser, Namespace
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, TextIO

MAX_CPU_S = 5
"""Of processor time, beyond what the undamaged input takes: more is a hang."""
MAX_WALL_S = 120
"""A trial that waits for something, without computing, is stopped then."""
MAX_BYTES = 2 << 30
"""Of memory, beyond what the warm process has."""
CHUNK_TOKENS = 500
"""Of the corpora here, so that they have several chunks."""


class Ending(NamedTuple):
    """How a child process ended."""

    kind: str
    """"result", "refused", "foreign", "memory", "hang" or "crash"."""
    text: str
    """The result, the message, the traceback, or the signal's name and where it came."""
    seconds: float
    """Processor time."""


class RefusedError(Exception):
    """A command ended with exit code 1 and a message."""


def run_forked(operation: Callable[[], str], *, log: Path, max_cpu_s: float = MAX_CPU_S) -> Ending:
    """Run an operation in a fork of this process, and return how it ended.

    operation: returns a result that can be compared. log: file for what it prints, and where it was when it crashed.
    """
    reading, writing = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    child = os.fork()
    if child == 0:
        os.close(reading)
        _run_child(operation, writing, log, max_cpu_s)
    os.close(writing)
    message = _read_all(reading, deadline=time.monotonic() + MAX_WALL_S)
    os.close(reading)
    if message is None:
        os.kill(child, signal.SIGKILL)
    _, status, usage = os.wait4(child, 0)
    seconds = usage.ru_utime + usage.ru_stime
    if message is None:
        return Ending("hang", f"it did not end within {MAX_WALL_S} s", seconds)
    code = os.waitstatus_to_exitcode(status)
    if code == -signal.SIGXCPU:
        return Ending("hang", f"it took more than {max_cpu_s:g} s of processor time", seconds)
    if code != 0:
        where = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
        name = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        where = where[where.find("Fatal Python error") :].partition("Extension modules")[0]
        return Ending("crash", f"{name}\n{where[-3000:]}", seconds)
    kind, text = json.loads(message)
    if usage.ru_maxrss * 1024 > MAX_BYTES + resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024:
        return Ending("memory", f"{usage.ru_maxrss / 1e6:.1f} GB", seconds)
    return Ending(kind, text, seconds)


def _run_child(operation: Callable[[], str], writing: int, log: Path, max_cpu_s: float) -> None:
    """Run an operation, write how it ended to a pipe, and end this process without any cleaning up."""
    try:
        descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        for standard in (1, 2):
            os.dup2(descriptor, standard)
        faulthandler.enable(descriptor)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
        gc.freeze()
        seconds = max(1, round(max_cpu_s))
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        limit = _address_space() + MAX_BYTES
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
        message = json.dumps(_judged(operation))
        os.write(writing, message.encode())
        os._exit(0)
    except BaseException:  # whatever it is, the parent must not go on in this process
        traceback.print_exc()
        os._exit(99)


def _judged(operation: Callable[[], str]) -> tuple[str, str]:
    from spacy_w2v.errors import Word2VecError

    try:
        return "result", operation()
    except (RefusedError, Word2VecError) as error:
        # a command reports too little memory by its own message
        kind = "memory" if "must fit into memory" in str(error) else "refused"
        return kind, f"{type(error).__name__}: {error}"[:4000]
    except MemoryError:
        return "memory", traceback.format_exc()[-4000:]
    except BaseException:
        text = traceback.format_exc()
        return ("memory" if "ArrowMemoryError" in text else "foreign"), text[-4000:]


def _address_space() -> int:
    """Return the size of this process' address space, in bytes."""
    pages = int(Path("/proc/self/statm").read_text().split()[0]) if sys.platform == "linux" else 1 << 22
    return pages * resource.getpagesize()


def _read_all(descriptor: int, *, deadline: float) -> bytes | None:
    """Read until the other side closes; None if it does not by the deadline."""
    content = b""
    while (left := deadline - time.monotonic()) > 0:
        ready, _, _ = select.select([descriptor], [], [], left)
        if ready:
            block = os.read(descriptor, 1 << 16)
            if not block:
                return content
            content += block
    return None


def in_parallel(task: Callable[[int, int], "Verdict"], numbers: Iterable[int], *, n_jobs: int) -> "Iterator[Verdict]":
    """Yield what a task returns for each number, from forks of this process, in no certain order."""
    numbers = list(numbers)
    if n_jobs <= 1:
        yield from (task(number, 0) for number in numbers)
        return
    pipes, children = [], []
    for job in range(n_jobs):
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reading)
            with os.fdopen(writing, "w", encoding="utf-8") as file:
                for number in numbers[job::n_jobs]:
                    file.write(json.dumps(task(number, job)) + "\n")
                    file.flush()
            os._exit(0)
        os.close(writing)
        pipes.append(os.fdopen(reading, encoding="utf-8"))
        children.append(child)
    for pipe in _lines_of(pipes):
        yield Verdict(*json.loads(pipe))
    for child in children:
        os.waitpid(child, 0)


def _lines_of(pipes: list[TextIO]) -> Iterator[str]:
    while pipes:
        for pipe in select.select(pipes, [], [])[0]:
            line = pipe.readline()
            if line:
                yield line
            else:
                pipes.remove(pipe)
                pipe.close()


class Verdict(NamedTuple):
    """What is kept of a trial; all JSON values."""

    number: int
    """With the seed, it makes the same trial again."""
    group: str
    """What the table has a row for."""
    outcome: str
    """What the table has a column for."""
    is_good: bool
    what: str
    """What was tried, on which file."""
    text: str
    """Error or difference."""


def table_of(verdicts: Iterable[Verdict], outcomes: Sequence[str]) -> str:
    """Return a Markdown table: a row for each group, a column for each outcome, and a last row of sums."""
    counts = Counter((verdict.group, verdict.outcome) for verdict in verdicts)
    rows = [["", "tried", *outcomes], ["---", *["---:"] * (len(outcomes) + 1)]]
    for group in [*sorted({group for group, _ in counts}), None]:
        cells = [
            sum(n for (of, outcome), n in counts.items() if outcome == column and group in (of, None))
            for column in outcomes
        ]
        rows.append([group or "all", f"{sum(cells):,}", *(f"{cell:,}" for cell in cells)])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def kinds_of_failure(verdicts: Iterable[Verdict]) -> list[tuple[int, Verdict]]:
    """Return how often each kind of failure was seen, and the first trial of each, the most frequent first."""
    seen: dict[tuple[str, str, str], list[Verdict]] = {}
    for verdict in verdicts:
        if not verdict.is_good:
            seen.setdefault((verdict.group, verdict.outcome, _gist(verdict.text)), []).append(verdict)
    return sorted(((len(alike), alike[0]) for alike in seen.values()), key=lambda item: -item[0])


def _gist(text: str) -> str:
    """Return what failures of one kind have in common: the last frame of the package and the kind of exception."""
    frames = re.findall(r'File "[^"]*spacy_w2v/([^"]+)", line (\d+)', text)
    lines = text.strip().splitlines() or [""]
    return f"{frames[-1] if frames else ''} {lines[-1].partition(':')[0] if frames else ''}"


def arguments_of(parser: ArgumentParser, *, n: int) -> Namespace:
    """Add the options that all attacks take, and parse the command line. n: the default number of trials."""
    parser.add_argument("--n", type=int, default=n, help="how many trials (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=1, help="how many at a time")
    parser.add_argument("--keep", type=Path, help="directory for the files of trials that went wrong")
    parser.add_argument("--only", type=int, nargs="+", help="numbers of the trials to make, of that seed")
    parser.add_argument("--shown", type=int, default=40, help="how many kinds of failure to show")
    return parser.parse_args()


def make_trials(task: Callable[[int, int], Verdict], arguments: Namespace, outcomes: Sequence[str]) -> bool:
    """Make all trials, or those until Ctrl-C, print failures and a table, and return whether all went well.

    task: gets the number of a trial, and which of the jobs makes it, from 0.
    """
    verdicts: list[Verdict] = []
    try:
        for verdict in in_parallel(task, arguments.only or range(arguments.n), n_jobs=arguments.jobs):
            verdicts.append(verdict)
            if len(verdicts) % 100 == 0:
                print(f"{len(verdicts):,} tried", file=sys.stderr)
    except KeyboardInterrupt:
        print("Interrupted: these are the trials made until then.")
    for n_times, verdict in kinds_of_failure(verdicts)[: arguments.shown]:
        print(f"\n== {n_times} × {verdict.outcome}, such as --seed {arguments.seed} --only {verdict.number}")
        print(f"   {verdict.group}: {verdict.what}\n{verdict.text[-1500:]}")
    print("\n" + table_of(verdicts, outcomes))
    return all(verdict.is_good for verdict in verdicts)


def warm_up() -> None:
    """Import what operations import, once for all forks."""
    import datasets  # noqa: F401
    import gensim.models  # noqa: F401
    import scipy.stats  # noqa: F401
    import spacy
    import tqdm
    from spacy.cli import setup_cli  # noqa: F401
    from typer.testing import CliRunner  # noqa: F401

    import spacy_w2v.cli  # noqa: F401
    from spacy_w2v.corpus import _store as store
    from spacy_w2v.kernels import TRAINING_KERNELS  # noqa: F401
    from spacy_w2v.training import _composition  # noqa: F401

    tqdm.tqdm.monitor_interval = 0  # no thread that a fork would miss
    store.CHUNK_TOKENS = CHUNK_TOKENS
    spacy.blank("en")
