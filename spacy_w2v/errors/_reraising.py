"""Errors raised again as another kind, at the borders to the system and to spaCy."""

from collections.abc import Iterator
from contextlib import contextmanager

from spacy_w2v.errors import StorageError, Word2VecError


@contextmanager
def reporting_inaccessible() -> Iterator[None]:
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
        with reporting_inaccessible():
            yield
    except ConfigValidationError:
        raise
    except Word2VecError as error:
        text, kind = str(error), type(error)
        both = type(kind.__name__, (kind, ConfigValidationError), {"__str__": lambda self: text})
        raise both(title=title, desc=text, show_config=False) from error
