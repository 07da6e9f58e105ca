"""Parts of the texts of errors: remedies for whoever reads them, the nearest valid name, the gist of another error."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from spacy_w2v._system.spelling import nearest_spellings

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


def did_you_mean(name: str, valid: Iterable[str], *, otherwise: str = "") -> str:
    """Return a sentence that suggests the valid name nearest to `name`, or `otherwise` if none is near."""
    nearest = nearest_spellings(name, valid)
    return f"Did you mean '{nearest[0]}'?" if nearest else otherwise


def first_line(error: BaseException) -> str:
    """Return the first line of an error's text, or its kind where it has none."""
    text = str(error).strip()
    return text.splitlines()[0] if text else type(error).__name__
