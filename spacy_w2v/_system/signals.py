"""Ctrl-C and requests to end, held back until the work is in a state that can be kept."""

import signal
import threading
from contextlib import AbstractContextManager
from importlib import import_module
from types import FrameType, TracebackType
from typing import Any

ENDING = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK") if hasattr(signal, name))
"""Signals that ask a process to end: Ctrl-C, `kill`, a terminal that is closed, and Ctrl-Break of Windows."""


class Stopped(KeyboardInterrupt):
    """The process was asked to end by a signal other than Ctrl-C: it cleans up as after that."""


class EndingSignals:
    """Lets signals that ask the process to end raise KeyboardInterrupt, while the block runs.

    Signals that are ignored, or handled by someone else, stay so; outside of the main thread nothing changes.
    """

    def __init__(self) -> None:
        self.received: int | None = None
        """The first signal that came."""
        self._handlers: dict[int, Any] = {}  # Any: what signal.signal takes

    @property
    def exit_code(self) -> int:
        """The exit code of a process that they end, as shells have it: 128 and the number of the signal."""
        return 128 + (self.received or signal.SIGINT)

    def __enter__(self) -> "EndingSignals":
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
        raise KeyboardInterrupt if number == signal.SIGINT else Stopped


class HeldSignals(AbstractContextManager["HeldSignals"]):
    """Notes a signal instead of letting it do what it does, until `deliver` is called or the block ends.

    A second one of the same kind is not held: it does at once what it always did. Signals that are ignored stay so, and
    outside of the main thread, where Python handles none, nothing is held.
    """

    def __init__(self) -> None:
        self.pending: signal.Signals | None = None
        self._handlers: dict[signal.Signals, Any] = {}  # Any: what signal.signal takes

    def __enter__(self) -> "HeldSignals":
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
        """Let the signal that was held do what it does; if it neither raises nor ends the process, hold the next."""
        if self.pending is None:
            return
        number, self.pending = self.pending, None
        signal.raise_signal(number)  # to its old handler, which `_hold` put back
        signal.signal(number, self._hold)

    def _hold(self, number: int, frame: FrameType | None) -> None:
        self.pending = signal.Signals(number)
        signal.signal(number, self._handlers[self.pending])


def import_whole(*names: str) -> None:
    """Import modules while signals are held: one that is interrupted stays half made as long as the process lives."""
    with HeldSignals():
        for name in names:
            import_module(name)
