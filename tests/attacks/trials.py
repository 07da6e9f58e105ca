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
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import NamedTuple

MAX_CPU_S = 5
"""Of processor time, beyond what the undamaged input takes: more is a hang."""
MAX_WALL_S = 120
"""A trial that waits for something, without computing, is stopped then."""
MAX_BYTES = 2 << 30
"""Of memory, beyond what the warm process has."""


class Outcome(Enum):
    """What a trial came to. The order is from good to bad."""

    RIGHT = "right result"
    REFUSED = "clear error"
    AS_IT_STANDS = "read as it stands"
    """Another result, from a format that has nothing to tell damage from content by."""
    SILENT = "silent difference"
    FOREIGN = "foreign exception"
    MEMORY = "memory"
    HANG = "hang"
    CRASH = "crash"
    EXECUTED = "ran code"
    """Code that stood in a file was run."""

    @property
    def is_good(self) -> bool:
        """Whether this is what should happen."""
        return self in (Outcome.RIGHT, Outcome.REFUSED, Outcome.AS_IT_STANDS)


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
        # a command tells of too little memory by a message of its own
        kind = "memory" if "Memory must hold" in str(error) else "refused"
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


def in_parallel(task: Callable[[int, int], object], numbers: Iterable[int], *, n_jobs: int) -> Iterator[object]:
    """Yield what a task returns for each number, as JSON values, from forks of this process; in no certain order.

    task: gets a number, and which of the jobs does it, from 0.
    """
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
    while pipes:
        for pipe in select.select(pipes, [], [])[0]:
            line = pipe.readline()
            if line:
                yield json.loads(line)
            else:
                pipes.remove(pipe)
                pipe.close()
    for child in children:
        os.waitpid(child, 0)


@dataclass(frozen=True)
class Verdict:
    """What is kept of a trial."""

    number: int
    """With the seed, it makes the same trial again."""
    group: str
    """What the table has a row for."""
    outcome: Outcome
    what: str
    """What was tried, on which file."""
    text: str
    """Error or difference."""
    seconds: float

    def to_json(self) -> list[object]:
        """Return all fields as JSON values."""
        return [self.number, self.group, self.outcome.name, self.what, self.text, self.seconds]

    @classmethod
    def from_json(cls, values: Sequence[object]) -> "Verdict":
        """Return what `to_json` was called on."""
        number, group, outcome, what, text, seconds = values
        return cls(int(number), str(group), Outcome[str(outcome)], str(what), str(text), float(seconds))


def table_of(verdicts: Iterable[Verdict]) -> str:
    """Return a Markdown table: a row for each group, a column for each outcome, and a last row of sums."""
    counts = Counter((verdict.group, verdict.outcome) for verdict in verdicts)
    groups = list(dict.fromkeys(group for group, _ in counts))
    columns = list(Outcome)
    rows = [["", "tried", *(outcome.value for outcome in columns)], ["---", *["---:"] * (len(columns) + 1)]]
    for group in [*sorted(groups), None]:
        cells = [
            sum(n for (of, kind), n in counts.items() if kind is outcome and group in (of, None)) for outcome in columns
        ]
        rows.append([group or "all", f"{sum(cells):,}", *(f"{cell:,}" for cell in cells)])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def kinds_of_failure(verdicts: Iterable[Verdict]) -> list[tuple[int, Verdict]]:
    """Return how often each kind of failure was seen, and the first trial of each, the most frequent first."""
    seen: dict[tuple[str, Outcome, str], list[Verdict]] = {}
    for verdict in verdicts:
        if not verdict.outcome.is_good:
            place = verdict.what.partition(":")[0]
            seen.setdefault((verdict.group, verdict.outcome, f"{place} {_gist(verdict.text)}"), []).append(verdict)
    return sorted(((len(alike), alike[0]) for alike in seen.values()), key=lambda item: -item[0])


def _gist(text: str) -> str:
    """Return what failures of one kind have in common: the last frame of the package and the kind of exception."""
    frames = re.findall(r'File "[^"]*spacy_w2v/([^"]+)", line (\d+)', text)
    lines = text.strip().splitlines() or [""]
    return f"{frames[-1] if frames else ''} {lines[-1].partition(':')[0]}"
