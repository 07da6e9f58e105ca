"""Ctrl-C and other requests to end, which can be delayed until the work is in a consistent state."""

import signal
import threading
from contextlib import AbstractContextManager
from importlib import import_module
from types import FrameType, TracebackType
from typing import Any

ENDING = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK") if hasattr(signal, name))
"""Signals that ask a process to end: Ctrl-C, `kill`, a terminal that is closed, and Ctrl-Break of Windows."""


class Terminated(KeyboardInterrupt):
    """A signal other than Ctrl-C asked the process to end: it cleans up as after Ctrl-C."""


class TerminationSignals:
    """A context in which signals that ask the process to end raise KeyboardInterrupt.

    Signals that are ignored, or that other code handles, are left alone. In threads other than the main one, nothing
    changes.
    """

    def __init__(self) -> None:
        self.received: int | None = None
        """The number of the first signal that came, or None."""
        self._handlers: dict[int, Any] = {}  # Any: what signal.signal takes

    @property
    def exit_code(self) -> int:
        """The exit code of a process that a signal ended, as in shells: 128 plus the number of the signal."""
        return 128 + (self.received or signal.SIGINT)

    def __enter__(self) -> "TerminationSignals":
        if threading.current_thread() is threading.main_thread():
            for number in ENDING:
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
    """A context that delays signals until `deliver` is called or the block ends.

    A second signal of the same kind is not delayed. Signals that are ignored are left alone, and so are all signals in
    threads other than the main one, where Python does not handle them.
    """

    def __init__(self) -> None:
        self.pending: signal.Signals | None = None
        self._handlers: dict[signal.Signals, Any] = {}  # Any: what signal.signal takes

    def __enter__(self) -> "DelayedSignals":
        if threading.current_thread() is threading.main_thread():
            for number in ENDING:
                handler = signal.getsignal(number)
                if handler not in (signal.SIG_IGN, None):  # None: not installed from Python
                    self._handlers[number] = handler
                    signal.signal(number, self._hold)
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
        """Handle the delayed signal; if that neither raises nor ends the process, the next signal is delayed again."""
        if self.pending is None:
            return
        number, self.pending = self.pending, None
        signal.raise_signal(number)  # to its old handler, which `_hold` restored
        signal.signal(number, self._hold)

    def _hold(self, number: int, frame: FrameType | None) -> None:
        self.pending = signal.Signals(number)
        signal.signal(number, self._handlers[self.pending])


def import_uninterrupted(*names: str) -> None:
    """Import modules while signals are delayed: an interrupted import would leave a module incomplete."""
    with DelayedSignals():
        for name in names:
            import_module(name)
