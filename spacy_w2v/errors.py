"""The errors that a user can cause, each with the rule, the value seen and the remedy in its text."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from difflib import get_close_matches

from spacy_w2v._system.terminal import shown_lines


class Word2VecError(ValueError):
    """Base of all errors that this package raises for wrong input; the text is meant for the user."""

    def __str__(self) -> str:
        """Return the text, in which words and paths of others cannot steer a terminal."""
        return shown_lines(super().__str__())


class ConfigError(Word2VecError):
    """The configuration, or an argument of the Python API, breaks a rule."""


class CorpusError(Word2VecError):
    """The corpus cannot be found or read, or holds nothing to train on."""


class CorpusWarning(UserWarning):
    """Something in the corpus is left out or cut, and the rest is read."""


class StorageError(Word2VecError):
    """A file or directory of ours is missing, damaged, foreign or cannot be written."""


class TrainingError(Word2VecError):
    """Training could not go on, as when weights diverge."""


class UnknownWordError(Word2VecError, KeyError):
    """A word is not in the vocabulary."""

    def __str__(self) -> str:
        """Return the text itself: KeyError would show its representation."""
        return shown_lines(str(self.args[0]))


_is_command_line = False


@contextmanager
def worded_for_command_line() -> Iterator[None]:
    """Let errors within the block name options, where in a program of Python they name arguments."""
    global _is_command_line
    before, _is_command_line = _is_command_line, True
    try:
        yield
    finally:
        _is_command_line = before


def worded(*, python: str, command_line: str) -> str:
    """Return what to do, in the words of whoever reads it: with the arguments of Python, or the options of commands."""
    return command_line if _is_command_line else python


@contextmanager
def accessible() -> Iterator[None]:
    """Let what the system refuses to do with a file or directory be a StorageError that names it."""
    try:
        yield
    except OSError as error:
        if error.filename is None or isinstance(error, Word2VecError):
            raise
        raise StorageError(f"{error.filename} must be accessible, but is not: {error.strerror}.") from error


@contextmanager
def shown_by_spacy(title: str) -> Iterator[None]:
    """Let errors of this package be confection.ConfigValidationError too, with a title.

    Those alone are shown without a traceback by spaCy's command line.
    """
    from confection import ConfigValidationError

    try:
        with accessible():
            yield
    except ConfigValidationError:
        raise
    except Word2VecError as error:
        text, kind = str(error), type(error)
        both = type(kind.__name__, (kind, ConfigValidationError), {"__str__": lambda self: text})
        raise both(title=title, desc=text, show_config=False) from error


def did_you_mean(name: str, valid: Iterable[str], *, otherwise: str = "") -> str:
    """Return a sentence that suggests the valid name nearest to `name`, or `otherwise` if none is near."""
    nearest = get_close_matches(name, list(valid), n=1, cutoff=0.6)
    return f"Did you mean '{nearest[0]}'?" if nearest else otherwise


def first_line(error: BaseException) -> str:
    """Return the first line of an error's text, or its kind where it has none."""
    text = str(error).strip()
    return text.splitlines()[0] if text else type(error).__name__
