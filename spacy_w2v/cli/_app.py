"""What all commands share: the group they belong to, overrides of the config, and errors without a traceback."""

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from types import FrameType
from typing import Any

import typer
from spacy.cli._util import import_code, parse_config_overrides
from typer.core import TyperGroup
from wasabi import msg

from spacy_w2v.errors import Word2VecError


class Commands(TyperGroup):
    """The group of commands, whose errors are without the prefix that pydantic gives them within typer."""

    def invoke(self, ctx: Any) -> Any:  # Any: the context of the click that typer holds, and what commands return
        """Run the command that the arguments name."""
        try:
            return super().invoke(ctx)
        except typer.BadParameter as error:
            error.message = error.message.removeprefix("Value error, ")
            raise


w2v_cli = typer.Typer(
    name="w2v",
    cls=Commands,
    help="Train word vectors on exactly your pipeline's tokens, and use them in spaCy and gensim.",
    no_args_is_help=True,
)

WITH_OVERRIDES = {"allow_extra_args": True, "ignore_unknown_options": True}
"""Context settings of commands that take overrides such as --w2v.training.epochs 3."""

INTERRUPTED = 130
"""Exit code after Ctrl-C, as shells have it: 128 + SIGINT."""

TERMINATED = 143
"""Exit code after `kill`: 128 + SIGTERM."""


class Terminated(KeyboardInterrupt):
    """The process was asked to end by SIGTERM: it cleans up as after Ctrl-C."""


class VectorsOf(str, Enum):
    """The kinds of `spacy_w2v.config.schema.VectorKind`, for --vectors."""

    input = "input"
    output = "output"
    mean = "mean"


@contextmanager
def errors_for_users(*, when_interrupted: str | Callable[[], str] = "Nothing was written.") -> Iterator[None]:
    """Print errors that users can cause, and end with exit code 1; with 130 after Ctrl-C, 143 after SIGTERM.

    when_interrupted: what became of the work, or a function that tells it then.
    """
    try:
        with _terminated_by_exception():
            yield
    except Word2VecError as error:
        first, *others = str(error).splitlines()
        msg.fail(first)
        for line in others:
            msg.text(line)
        sys.exit(1)
    except MemoryError as error:
        msg.fail(f"Memory must hold the two matrices of weights, but is too small: {error}", exits=1)
    except KeyboardInterrupt as error:
        how = "Terminated" if isinstance(error, Terminated) else "Interrupted"
        msg.warn(f"{how}. {when_interrupted if isinstance(when_interrupted, str) else when_interrupted()}")
        sys.exit(TERMINATED if isinstance(error, Terminated) else INTERRUPTED)


@contextmanager
def _terminated_by_exception() -> Iterator[None]:
    """Let SIGTERM raise Terminated, where it would end the process and leave unfinished files."""

    def terminate(number: int, frame: FrameType | None) -> None:
        raise Terminated

    in_main_thread = threading.current_thread() is threading.main_thread()
    if not in_main_thread or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return
    signal.signal(signal.SIGTERM, terminate)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def read_overrides(ctx: typer.Context) -> dict[str, Any]:  # Any: values of a config
    """Return the overrides among the extra arguments and in SPACY_CONFIG_OVERRIDES, keyed by dotted names."""
    import click

    try:
        overrides: dict[str, Any] = parse_config_overrides(ctx.args)
    except click.ClickException as error:  # typer shows its own click's errors, not this one's
        raise typer.BadParameter(error.format_message()) from None
    return overrides


def run_code(path: Path | None) -> None:
    """Import the file of --code. Raises Word2VecError if it cannot be imported."""
    if path is not None and not path.is_file():
        raise Word2VecError(f"--code must name an existing Python file, was: {path}")
    try:
        import_code(path)
    except Exception as error:  # whatever the user's file raises
        raise Word2VecError(f"--code must name a file that can be imported, but {path} raises: {error!r}") from error
