"""Calls a function in other processes. This also works in programs without a main guard, notebooks and `python -c`.

Python's own process pools import the user's program in each process, so it needs a file and a main guard. They also
wait for calls in progress, allow at most 61 processes on Windows, and continue after their parent was killed.
"""

import os
import pickle
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from multiprocessing.spawn import get_executable
from queue import SimpleQueue
from typing import IO, Any, Generic, TypeVar

from spacy_w2v.errors import CorpusError

CALLS_AHEAD = 2
"""The number of calls per process that are submitted in advance."""

PROGRAM = (
    "import sys; sys.path[:] = filter(None, sys.path); import pickle; sys.path[:] = pickle.load(sys.stdin.buffer); "
    "from spacy_w2v.tokenization._processes import serve; serve()"
)
"""The program of a process. It imports modules from the same places as this process, and not first from the current
directory."""

# The processes are detached from the terminal. Only the parent receives Ctrl-C, and then ends the others.
DETACHED: dict[str, Any]  # Any: the types differ between systems
if sys.platform == "win32":
    DETACHED = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
else:
    DETACHED = {"start_new_session": True}

Argument = TypeVar("Argument")
Result = TypeVar("Result")
Factory = Callable[[], Callable[[Argument], Result]]
"""Creates the function in a process. It must be picklable, such as a function of a module or a `partial` of it."""


def map_in_processes(
    factory: "Factory[Argument, Result]", arguments: Iterable[Argument], n_process: int
) -> Generator[tuple[Argument, Result], None, None]:
    """Yield each argument with its result, in order, from at most `n_process` processes.

    The processes end immediately when the iteration ends, or when this process ends.

    Args:
        factory: Creates the function in each process.
        arguments: The arguments of the calls.
        n_process: The maximum number of processes.

    Yields:
        Each argument and its result.

    Raises:
        CorpusError: A process has ended.
        Exception: Any error of the function.
    """
    pickled = pickle.dumps(factory)
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
                processes.append(_Process(pickled))
                idle.put(processes[-1])
                pickled = pickled if len(processes) < n_process else b""  # may have a large table of vectors
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
    """Another process, which creates the function and then answers calls."""

    def __init__(self, factory: bytes) -> None:
        """Start the process.

        Args:
            factory: The pickled factory of the function.
        """
        self._factory: bytes | None = factory
        self._process = subprocess.Popen(
            [get_executable(), "-c", PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE, **DETACHED
        )

    def call(self, argument: Argument) -> Result:
        """Return the result for an argument.

        Raises:
            CorpusError: The process has ended.
            Exception: Any error of the function.
        """
        arguments, results = self._process.stdin, self._process.stdout
        assert arguments is not None  # both are pipes
        assert results is not None
        try:
            if self._factory is not None:
                pickle.dump(list(map(str, sys.path)), arguments)
                pickle.dump(self._factory, arguments)
                self._factory = None
            pickle.dump(pickle.dumps(argument), arguments)
            arguments.flush()
            result, error = pickle.load(results)
        except (OSError, EOFError, pickle.UnpicklingError):
            raise CorpusError(
                "The processes that tokenize must run to the end, but one of them ended with exit code "
                f"{self._process.wait()}. There may be too little memory. Set n_process to a smaller number, or to 1."
            ) from None
        if error is not None:
            raise error
        return result  # type: ignore[no-any-return]  # unpickled

    def kill(self) -> None:
        """End the process immediately."""
        self._process.kill()
        self._process.wait()


def serve() -> None:
    """Run the main loop of a process: create the function, then answer calls until the parent ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    results = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # output of the user's code must not mix with results
    messages: SimpleQueue[bytes] = SimpleQueue()
    threading.Thread(target=_receive, args=(sys.stdin.buffer, messages), daemon=True).start()
    try:
        function: Any = pickle.loads(messages.get())()  # Any: any function from the parent
        failure = None
    except Exception as error:
        function, failure = (
            None,
            CorpusError(
                "With n_process > 1, the tokenizer and components must be created in other processes, but this failed: "
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
    """Receive messages from the parent, and end this process immediately when the parent ends."""
    try:
        while True:
            messages.put(pickle.load(stream))
    except (OSError, EOFError, pickle.UnpicklingError):
        os._exit(1)


def _pickled_error(error: Exception) -> bytes:
    """Return an answer with an exception, or with its message if the exception cannot be pickled."""
    try:
        answer = pickle.dumps((None, error))
        pickle.loads(answer)  # some can be pickled, but not unpickled
    except Exception:
        return pickle.dumps((None, RuntimeError(f"{type(error).__name__}: {error}")))
    return answer
