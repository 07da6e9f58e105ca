"""Ctrl-C and other termination signals, which can be delayed until the work is in a consistent state."""

import signal
import threading
from contextlib import AbstractContextManager
from importlib import import_module
from types import FrameType, TracebackType
from typing import Any

TERMINATION_SIGNALS = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK") if hasattr(signal, name)
)
"""Signals that ask a process to end: Ctrl-C, `kill`, a closed terminal, and Ctrl-Break on Windows."""


class Terminated(KeyboardInterrupt):
    """A termination signal other than Ctrl-C. It is a KeyboardInterrupt, so the process cleans up in the same way."""


class TerminationSignals:
    """A context manager that makes termination signals raise KeyboardInterrupt.

    It does not change signals that are ignored, or that other code handles. It has no effect in threads other than the
    main thread.
    """

    def __init__(self) -> None:
        self.received: int | None = None
        """The number of the first signal received, or None."""
        self._handlers: dict[int, Any] = {}  # Any: what signal.signal takes

    @property
    def exit_code(self) -> int:
        """The exit code for the signal, as in shells: 128 plus its number."""
        return 128 + (self.received or signal.SIGINT)

    def __enter__(self) -> "TerminationSignals":
        if threading.current_thread() is threading.main_thread():
            for number in TERMINATION_SIGNALS:
                handler = signal.getsignal(number)
                if handler in (signal.SIG_DFL, signal.default_int_handler):
                    self._handlers[number] = handler
                    signal.signal(number, self._raise)
        return self

    def __exit__(self, *error: object) -> None:
        for number, handler in self._handlers.items():
            signal.signal(number, handler)

    def _raise(self, number: int, frame: FrameType | None) -> None:
        self.received = self.received or number
        raise KeyboardInterrupt if number == signal.SIGINT else Terminated


class DelayedSignals(AbstractContextManager["DelayedSignals"]):
    """A context manager that delays termination signals until `deliver` is called or the block ends.

    A second signal of the same kind is not delayed. Ignored signals stay ignored. The context has no effect in threads
    other than the main thread, because Python handles signals only there.
    """

    def __init__(self) -> None:
        self.pending: signal.Signals | None = None
        self._handlers: dict[signal.Signals, Any] = {}  # Any: what signal.signal takes

    def __enter__(self) -> "DelayedSignals":
        if threading.current_thread() is threading.main_thread():
            for number in TERMINATION_SIGNALS:
                handler = signal.getsignal(number)
                if handler not in (signal.SIG_IGN, None):  # None: not installed from Python
                    self._handlers[number] = handler
                    signal.signal(number, self._delay)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            if error is None:
                self.deliver()
        finally:
            for number, handler in self._handlers.items():
                signal.signal(number, handler)

    def deliver(self) -> None:
        """Handle the delayed signal. If the process continues, the next signal is delayed again."""
        if self.pending is None:
            return
        number, self.pending = self.pending, None
        signal.signal(number, self._handlers[number])  # a block within this one may have restored `_delay`
        signal.raise_signal(number)
        signal.signal(number, self._delay)

    def _delay(self, number: int, frame: FrameType | None) -> None:
        self.pending = signal.Signals(number)
        signal.signal(number, self._handlers[self.pending])


def import_uninterrupted(*names: str) -> None:
    """Import modules while termination signals are delayed: an interrupted import would leave a module incomplete."""
    with DelayedSignals():
        for name in names:
            import_module(name)
