"""What all commands share: their group, common help texts, config overrides, and errors without a traceback."""

import sys
import warnings
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import typer
from spacy.cli._util import import_code, parse_config_overrides
from typer.core import TyperCommand, TyperGroup

from spacy_w2v._system.signals import Terminated, TerminationSignals
from spacy_w2v._version import __version__
from spacy_w2v.cli._messages import escape_unprintable, msg
from spacy_w2v.errors import ConfigWarning, CorpusWarning, Word2VecError
from spacy_w2v.errors._packages import describe_missing
from spacy_w2v.errors._reraising import reporting_inaccessible
from spacy_w2v.errors._wording import did_you_mean, worded_for_command_line

if TYPE_CHECKING:
    from spacy_w2v.config._export import PostprocessChoice
    from spacy_w2v.model._word_vectors import WordVectors


class ReportedInterrupt(KeyboardInterrupt):
    """An interrupt that has been reported to the user."""


class Commands(TyperGroup):
    """The command group, which handles signals and removes pydantic's prefix from error messages."""

    def invoke(self, ctx: Any) -> Any:  # Any: the context class of typer's own click, and results of commands
        """Run the command that the arguments name.

        Ctrl-C, SIGTERM, SIGHUP and Ctrl-Break end the command without a traceback. As in shells, the exit code is 128
        plus the number of the signal: 130, 143, 129 and (on Windows) 149.
        """
        escape_unprintable()
        with TerminationSignals() as signals:
            try:
                return super().invoke(ctx)
            except typer.BadParameter as error:
                error.message = error.message.removeprefix("Value error, ")
                raise
            except ModuleNotFoundError as error:
                if (text := describe_missing(error)) is None:
                    raise
                msg.fail(text, exits=1)
            except ReportedInterrupt:
                pass
            except KeyboardInterrupt as error:
                warn_interrupted(error, "Nothing was written.")
            except BaseException:  # an interrupted import may raise another error
                if signals.received is None:
                    raise
            sys.exit(signals.exit_code)


w2v_cli = typer.Typer(
    name="w2v",
    cls=Commands,
    short_help="Train word vectors for spaCy and gensim.",
    no_args_is_help=True,
)


def print_version(is_asked: bool) -> None:
    """Print the version of this package and end the process, if the option --version is given."""
    if is_asked:
        print(f"spacy-w2v {__version__}")  # noqa: T201  # the command's output
        raise typer.Exit


@w2v_cli.callback()
def w2v(
    version: bool = typer.Option(
        False, "--version", callback=print_version, is_eager=True, help="Show the version of spacy-w2v and exit"
    ),
) -> None:
    """Train word vectors on your pipeline's own tokens and use them in spaCy and gensim."""


class CommandWithOverrides(TyperCommand):
    """A command that accepts config overrides, but no other options that it does not know."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # Any: the context class of typer's own click
        """Parse the arguments. An unknown option is reported before options that are missing because of it."""
        known = {name for parameter in self.get_params(ctx) for name in parameter.opts}
        valid = [name for name in known if name[:2] == "--"]
        own, overrides = _split_overrides(args, known)
        given = [argument.partition("=")[0] for argument in own if argument[:2] == "--"]
        unknown = [name for name in given if name not in ("--", *valid)]
        try:
            super().parse_args(ctx, own)
        except typer.BadParameter:
            if not unknown:
                raise
        if unknown:
            ctx.fail(f"No such option '{unknown[0]}'. {did_you_mean(unknown[0], valid)}".rstrip())
        ctx.args = [*ctx.args, *overrides]
        return list(ctx.args)


def _split_overrides(args: list[str], known: Collection[str]) -> tuple[list[str], list[str]]:
    """Return the arguments of a command without config overrides, and the overrides with their values.

    An override has a dot in its name. Its value follows "=", or is the next argument; without one, it is true.
    """
    own: list[str] = []
    overrides: list[str] = []
    takes_value = False
    for argument in args:
        is_option = argument[:2] == "--" or argument in known
        is_override = argument[:2] == "--" and "." in argument.partition("=")[0]
        (overrides if is_override or (takes_value and not is_option) else own).append(argument)
        takes_value = is_override and "=" not in argument
    return own, overrides


WITH_OVERRIDES = {"allow_extra_args": True, "ignore_unknown_options": True}
"""Context settings of commands that accept config overrides such as --w2v.training.epochs 3."""

CONFIG_HELP = "Path to config file, or - for standard input"
VECTORS_HELP = (
    "Output directory of `spacy w2v train` or the model in it, spaCy pipeline (directory or package name), vectors "
    "file of gensim, word2vec, GloVe, fastText, floret or safetensors, directory of sense2vec, or hf:user/repo on the "
    "Hugging Face Hub"
)
CACHE_HELP = "Directory for encoded corpora. By default, the user's cache directory"
IMPORT_HELP = "Path to Python file with additional code (registered functions) to be imported"
CODE_HELP = f"{IMPORT_HELP}. Implies --trust-config"
TRUST_HELP = (
    "Run any registered function that the model's config names. By default, only spaCy's own tokenizers are run. "
    "Use it only for models you trust"
)
DATASET_HELP = "Corpus to read: files (path or glob), dataset on the Hugging Face Hub, - for standard input"
NAME_HELP = "Configuration name of a dataset on the Hub"
TEXT_FIELD_HELP = "Column that contains the texts"
MAX_VECTORS_HELP = "Keep only the vectors of this many most frequent words"


class MapMethods(str, Enum):
    """How words are placed on a map, as in `spacy_w2v.plots._projection.Method`."""

    pca = "pca"
    tsne = "tsne"


class VectorKinds(str, Enum):
    """The choices of --vector-kind, as in `spacy_w2v.config._export.VectorKindChoice`."""

    recorded = "recorded"
    input = "input"
    output = "output"
    mean = "mean"
    sum = "sum"


class Postprocessings(str, Enum):
    """The choices of --postprocess, as in `spacy_w2v.config._export.PostprocessChoice`."""

    recorded = "recorded"
    none = "none"
    centering = "center"  # a string has a method "center"
    soft_whiten = "soft-whiten"

    @property
    def choice(self) -> "PostprocessChoice":
        """The value for Python's functions, where None stands for none."""
        choices: dict[str, PostprocessChoice] = {
            "recorded": "recorded",
            "none": None,
            "center": "center",
            "soft-whiten": "soft-whiten",
        }
        return choices[self.value]


KIND_OPTION = typer.Option(
    VectorKinds.recorded,
    "--vector-kind",
    help="Vectors to use: input vectors, output vectors, or their mean or sum. By default, what the record of the "
    "model says, which is input unless its config has another vector_kind",
)
POSTPROCESS_OPTION = typer.Option(
    Postprocessings.recorded,
    "--postprocess",
    help="What is done to the vectors: subtract their mean (center), also even out the spread along their axes "
    "(soft-whiten), or nothing (none). By default, what the record of the model says (recorded)",
)
STRENGTH_OPTION = typer.Option(
    None,
    "--whitening-strength",
    min=0,
    max=1,
    help="Strength of soft-whiten, from 0 to 1. By default, that of the record, or 0.25",
)
CODE_OPTION = typer.Option(None, "--code", "-c", help=CODE_HELP)
TRUST_OPTION = typer.Option(False, "--trust-config", help=TRUST_HELP)


class Opening(NamedTuple):
    """How vectors are opened, by the options of a command."""

    vector_kind: VectorKinds
    postprocess: Postprocessings
    whitening_strength: float | None
    code_path: Path | None
    trust_config: bool

    def open(self, *sources: str) -> "list[WordVectors]":
        """Return the vectors of some sources. Raises Word2VecError."""
        from spacy_w2v.formats._opening import open_vectors

        run_code(self.code_path)
        return [
            open_vectors(source, trust_config=self.trust_config or self.code_path is not None)
            .of_kind(self.vector_kind.value)
            .postprocessed(self.postprocess.choice, whitening_strength=self.whitening_strength)
            for source in sources
        ]


@contextmanager
def errors_for_users(*, when_interrupted: str | Callable[[], str] = "Nothing was written.") -> Iterator[None]:
    """Print errors that users can cause, without a traceback, and end the process with exit code 1.

    Args:
        when_interrupted: What to print after Ctrl-C about the state of the output: a sentence, or a function that
            returns it.
    """
    try:
        with worded_for_command_line(), _plain_warnings(), reporting_inaccessible():
            yield
    except Word2VecError as error:
        first, *others = str(error).splitlines()
        msg.fail(first)
        for line in others:
            msg.text(line)
        sys.exit(1)
    except MemoryError as error:
        msg.fail(f"All vectors must fit into memory, but an allocation failed: {error}", exits=1)
    except KeyboardInterrupt as error:
        warn_interrupted(error, when_interrupted if isinstance(when_interrupted, str) else when_interrupted())
        raise ReportedInterrupt from error


@contextmanager
def _plain_warnings() -> Iterator[None]:
    """Print warnings about config and corpus as plain sentences, without the line of code."""
    with warnings.catch_warnings():
        shown = warnings.showwarning

        def show(message: Warning | str, category: type[Warning], *place: Any) -> None:  # Any: file, line and so on
            if issubclass(category, ConfigWarning | CorpusWarning):
                msg.warn(str(message))
            else:
                shown(message, category, *place)

        warnings.showwarning = show  # type: ignore[assignment]  # passes on all further arguments
        yield


def warn_interrupted(error: KeyboardInterrupt, outcome: str) -> None:
    """Warn that the command was interrupted.

    Args:
        error: The interrupt, which tells Ctrl-C from other signals.
        outcome: A sentence about the state of the output.
    """
    msg.warn(f"{'Terminated' if isinstance(error, Terminated) else 'Interrupted'}. {outcome}")


def read_overrides(ctx: typer.Context) -> dict[str, Any]:  # Any: values of a config
    """Return config overrides from the extra arguments and SPACY_CONFIG_OVERRIDES, keyed by dotted names."""
    import click

    try:
        overrides: dict[str, Any] = parse_config_overrides(ctx.args)
    except click.ClickException as error:  # typer shows only the errors of its own copy of click
        raise typer.BadParameter(error.format_message()) from None
    return overrides


def run_code(path: Path | None) -> None:
    """Import the Python file given as --code. Raises Word2VecError if that fails."""
    if path is not None and not path.is_file():
        raise Word2VecError(f"--code must name an existing Python file, was: {path}")
    try:
        import_code(path)
    except Exception as error:  # the user's code may raise anything
        raise Word2VecError(f"--code must name an importable file, but importing {path} raises: {error!r}") from error
