"""Calls a function in other processes, also from programs that cannot be imported: plain scripts, notebooks, `-c`.

Python's own pools import the user's program again in each process, so it must have a main guard and a file. They also
wait for calls that are in progress, allow at most 61 processes on Windows, and continue after their parent was killed.
"""

import os
import pickle
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from multiprocessing.spawn import get_executable
from queue import SimpleQueue
from typing import IO, Any, Generic, TypeVar

from spacy_w2v.errors import CorpusError

CALLS_AHEAD = 2
"""Calls for each process that are prepared before the first one is done."""

PROGRAM = (
    "import sys; sys.path[:] = filter(None, sys.path); import pickle; sys.path[:] = pickle.load(sys.stdin.buffer); "
    "from spacy_w2v.tokenization._processes import serve; serve()"
)
"""The program of a process: it finds the modules that this process finds, and does not look in the current directory
first."""

# Detached from the terminal: only the parent gets Ctrl-C, and then ends the others.
DETACHED: dict[str, Any]  # Any: of other types on each system
if sys.platform == "win32":
    DETACHED = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
else:
    DETACHED = {"start_new_session": True}

Argument = TypeVar("Argument")
Result = TypeVar("Result")
Factory = Callable[[], Callable[[Argument], Result]]
"""Makes the function within a process. It must be picklable, as functions of modules and `partial`s of them are."""


def map_in_processes(
    make: "Factory[Argument, Result]", arguments: Iterable[Argument], n_process: int
) -> Iterator[tuple[Argument, Result]]:
    """Yield each argument and its result, in order, from at most `n_process` processes.

    The processes end at once when the iteration ends, for whatever reason, and when this process ends.

    Raises:
        CorpusError: A process has died.
        Exception: Whatever the function raises.
    """
    made = pickle.dumps(make)
    processes: list[_Process[Argument, Result]] = []
    idle: SimpleQueue[_Process[Argument, Result]] = SimpleQueue()

    def call(argument: Argument) -> Result:
        process = idle.get()
        try:
            return process.call(argument)
        finally:
            idle.put(process)

    pool = ThreadPoolExecutor(n_process, thread_name_prefix="processes")
    running: deque[tuple[Argument, Future[Result]]] = deque()
    try:
        for argument in arguments:
            if len(processes) < n_process:
                processes.append(_Process(made))
                idle.put(processes[-1])
            running.append((argument, pool.submit(call, argument)))
            if len(running) >= CALLS_AHEAD * n_process:
                done, future = running.popleft()
                yield done, future.result()
        for done, future in running:
            yield done, future.result()
    finally:
        for process in processes:
            process.kill()
        pool.shutdown(wait=True, cancel_futures=True)


class _Process(Generic[Argument, Result]):
    """Another process, which makes the function and then answers calls."""

    def __init__(self, made: bytes) -> None:
        self._made: bytes | None = made
        self._process = subprocess.Popen(
            [get_executable(), "-c", PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE, **DETACHED
        )

    def call(self, argument: Argument) -> Result:
        """Return the result for an argument. Raises what the function raises, and CorpusError."""
        arguments, results = self._process.stdin, self._process.stdout
        assert arguments is not None  # both are pipes
        assert results is not None
        try:
            if self._made is not None:
                pickle.dump(list(map(str, sys.path)), arguments)
                pickle.dump(self._made, arguments)
                self._made = None
            pickle.dump(pickle.dumps(argument), arguments)
            arguments.flush()
            result, error = pickle.load(results)
        except (OSError, EOFError, pickle.UnpicklingError):
            raise CorpusError(
                "The processes that tokenize must run to the end, but one ended with exit code "
                f"{self._process.wait()}. Memory may have run out: set n_process to a smaller number, or to 1."
            ) from None
        if error is not None:
            raise error
        return result  # type: ignore[no-any-return]  # what the function returned

    def kill(self) -> None:
        """End the process, whatever it is doing."""
        self._process.kill()
        self._process.wait()


def serve() -> None:
    """Run as such a process: make the function, then answer calls until the parent has ended."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    results = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what the user's code prints must not mix with results
    messages: SimpleQueue[bytes] = SimpleQueue()
    threading.Thread(target=_receive, args=(sys.stdin.buffer, messages), daemon=True).start()
    try:
        function: Any = pickle.loads(messages.get())()  # Any: whatever function the parent sends
        failure = None
    except Exception as error:
        function, failure = (
            None,
            CorpusError(
                "For n_process > 1 the tokenizer must be made again in other processes, which failed there: "
                f"{type(error).__name__}: {error}. Set n_process to 1."
            ),
        )
    while True:
        message = messages.get()
        try:
            answer = pickle.dumps((None, failure) if failure else (function(pickle.loads(message)), None))
        except Exception as error:
            answer = _pickled_error(error)
        results.write(answer)
        results.flush()


def _receive(stream: IO[bytes], messages: "SimpleQueue[bytes]") -> None:
    """Pass on messages, and end the process, whatever it is doing, when the parent has ended."""
    try:
        while True:
            messages.put(pickle.load(stream))
    except (OSError, EOFError, pickle.UnpicklingError):
        os._exit(1)


def _pickled_error(error: Exception) -> bytes:
    """Return an answer with an exception, or with its text if the exception cannot be pickled."""
    try:
        answer = pickle.dumps((None, error))
        pickle.loads(answer)  # some can be pickled, but not unpickled
    except Exception:
        return pickle.dumps((None, RuntimeError(f"{type(error).__name__}: {error}")))
    return answer
