"""What all commands share: the group they belong to, overrides of the config, and errors without a traceback."""

import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from typing import Any

import typer
from spacy.cli._util import import_code, parse_config_overrides
from typer.core import TyperGroup

from spacy_w2v._system.signals import Terminated, TerminationSignals
from spacy_w2v.cli._messages import let_all_be_printed, msg
from spacy_w2v.errors import ConfigWarning, CorpusWarning, Word2VecError
from spacy_w2v.errors._reraising import reporting_inaccessible
from spacy_w2v.errors._wording import worded_for_command_line


class ReportedInterrupt(KeyboardInterrupt):
    """An interrupt that has been reported to the user."""


class Commands(TyperGroup):
    """The group of commands: how they end after signals, and errors without the prefix that pydantic gives them."""

    def invoke(self, ctx: Any) -> Any:  # Any: the context of the click that typer holds, and what commands return
        """Run the command that the arguments name.

        Ctrl-C, SIGTERM, SIGHUP and Ctrl-Break end it without a traceback, with exit code 128 + the number of the signal
        as shells have it: 130, 143, 129 and (on Windows) 149.
        """
        let_all_be_printed()
        with TerminationSignals() as signals:
            try:
                return super().invoke(ctx)
            except typer.BadParameter as error:
                error.message = error.message.removeprefix("Value error, ")
                raise
            except ReportedInterrupt:
                pass
            except KeyboardInterrupt as error:
                warn_of(error, "Nothing was written.")
            except BaseException:  # a library may make something else of an interrupt, an import for one
                if signals.received is None:
                    raise
            sys.exit(signals.exit_code)


w2v_cli = typer.Typer(
    name="w2v",
    cls=Commands,
    help="Train word vectors on exactly your pipeline's tokens, and use them in spaCy and gensim.",
    no_args_is_help=True,
)

WITH_OVERRIDES = {"allow_extra_args": True, "ignore_unknown_options": True}
"""Context settings of commands that take overrides such as --w2v.training.epochs 3."""

VECTORS_HELP = (
    "Output of `spacy w2v train` or the model in it, a spaCy pipeline (directory or package), or a file of gensim, "
    "word2vec, GloVe or fastText"
)
CODE_HELP = "Python file with registered functions that the config of a model or pipeline names; trusts that config"
TRUST_HELP = "Run any function that the model's config names, not only a tokenizer of spaCy: for models you trust"


class VectorKinds(str, Enum):
    """The kinds of `spacy_w2v.config._schema.VectorKind`, for --vector-kind."""

    input = "input"
    output = "output"
    mean = "mean"


@contextmanager
def errors_for_users(*, when_interrupted: str | Callable[[], str] = "Nothing was written.") -> Iterator[None]:
    """Print errors that users can cause, and end with exit code 1; say what became of the work after Ctrl-C.

    when_interrupted: a sentence, or a function that returns it then.
    """
    try:
        with worded_for_command_line(), _warnings_of_ours(), reporting_inaccessible():
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
        warn_of(error, when_interrupted if isinstance(when_interrupted, str) else when_interrupted())
        raise ReportedInterrupt from error


@contextmanager
def _warnings_of_ours() -> Iterator[None]:
    """Print what config and corpus warn of as a sentence, without the place in the code."""
    with warnings.catch_warnings():
        shown = warnings.showwarning

        def show(message: Warning | str, category: type[Warning], *place: Any) -> None:  # Any: file, line and the like
            if issubclass(category, ConfigWarning | CorpusWarning):
                msg.warn(str(message))
            else:
                shown(message, category, *place)

        warnings.showwarning = show  # type: ignore[assignment]  # whatever place it is given
        yield


def warn_of(error: KeyboardInterrupt, outcome: str) -> None:
    """Warn that the command was asked to end, and say what became of its work."""
    msg.warn(f"{'Stopped' if isinstance(error, Terminated) else 'Interrupted'}. {outcome}")


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
