"""Says that kernels are being compiled, which takes a first run some time before anything else can be shown."""

import threading
import time
from collections.abc import Callable
from contextlib import suppress

from numba.core import event

PACKAGE = "spacy_w2v."
FIRST_AFTER_S = 1.0
"""Seconds of compilation after which it is announced. Less needs no words."""
NEXT_AFTER_S = 10.0
"""Seconds of compilation between later messages."""
LOOKS_EVERY_S = 0.2


class CompilingNotice(event.Listener):  # type: ignore[misc]  # numba has no types
    """Announces that kernels are compiled, and every ten seconds for how long.

    numba reports compilation, but not that code is loaded from the cache on disk. It compiles one function at a time,
    so the methods for its events need no lock. Kernels of encoding, counting and training are compiled one after
    another, in whatever thread calls them first, so the messages come from a thread of their own.
    """

    def __init__(self, say: Callable[[str], None]) -> None:
        """Listen until `close` is called.

        Args:
            say: Shows a message. It is called in another thread.
        """
        self._say = say
        self._depth = 0
        self._since = 0.0
        self._compiled_s = 0.0
        self._said_at_s: float | None = None
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None
        event.register("numba:compile", self)

    def close(self) -> None:
        """Stop listening. This may be called more than once."""
        if not self._ended.is_set():
            self._ended.set()
            event.unregister("numba:compile", self)
            if self._thread is not None:
                self._thread.join()

    def on_start(self, started: event.Event) -> None:
        """Begin to count the time if a kernel of this package is compiled. Functions that it calls are part of it."""
        if self._depth or _is_ours(started):
            self._depth += 1
        if self._depth == 1:
            self._since = time.monotonic()
        if self._depth and self._thread is None:
            self._thread = threading.Thread(target=self._watch, name="spacy-w2v-compiling", daemon=True)
            self._thread.start()

    def on_end(self, ended: event.Event) -> None:
        """Stop counting the time when the kernel is compiled."""
        if self._depth:
            self._depth -= 1
            if not self._depth:
                self._compiled_s += time.monotonic() - self._since

    def _watch(self) -> None:
        with suppress(OSError, ValueError):  # the stream has been closed, so that nobody reads messages
            while not self._ended.wait(LOOKS_EVERY_S):
                message = self._due() if self._depth else None
                if message is not None:
                    self._say(message)

    def _due(self) -> str | None:
        """Return the message that is due, if any. Messages are due by the seconds of compilation so far."""
        so_far = self._compiled_s + time.monotonic() - self._since
        if self._said_at_s is None and so_far >= FIRST_AFTER_S:
            self._said_at_s = so_far
            return "Compiling kernels that no run on this machine has used before. This takes up to a minute"
        if self._said_at_s is not None and so_far - self._said_at_s >= NEXT_AFTER_S:
            self._said_at_s = so_far
            return f"Compiling kernels: {so_far:.0f} s"
        return None


def _is_ours(started: event.Event) -> bool:
    dispatcher = (started.data or {}).get("dispatcher")
    module: str = getattr(getattr(dispatcher, "py_func", None), "__module__", "")
    return module.startswith(PACKAGE)
