"""Parts of error messages: remedies for Python or the command line, spelling suggestions, other errors' messages."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from spacy_w2v._system.spelling import nearest_spellings

_is_command_line = False


@contextmanager
def worded_for_command_line() -> Iterator[None]:
    """Make errors in the block name command-line options instead of Python arguments."""
    global _is_command_line
    before, _is_command_line = _is_command_line, True
    try:
        yield
    finally:
        _is_command_line = before


def worded(*, python: str, command_line: str) -> str:
    """Return one of two texts.

    Args:
        python: The text for a Python program, which names arguments.
        command_line: The text within `worded_for_command_line`, which names options.
    """
    return command_line if _is_command_line else python


def did_you_mean(name: str, valid: Iterable[str], *, otherwise: str = "") -> str:
    """Return a sentence that suggests a valid name.

    Args:
        name: The name as the user wrote it.
        valid: The valid names.
        otherwise: The text to return if no valid name is similar.
    """
    nearest = nearest_spellings(name, valid)
    return f"Did you mean '{nearest[0]}'?" if nearest else otherwise


def times(count: int) -> str:
    """Return how often something occurs: "once" or, for example, "3 times"."""
    return "once" if count == 1 else f"{count} times"


def first_line(error: BaseException) -> str:
    """Return the first line of an error's message, or the name of its class if the message is empty."""
    text = str(error).strip()
    return text.splitlines()[0] if text else type(error).__name__
