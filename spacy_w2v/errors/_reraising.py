"""Context managers that translate errors: of the operating system for users, and of this package for spaCy."""

from collections.abc import Iterator
from contextlib import contextmanager

from spacy_w2v.errors import ConfigError, StorageError, Word2VecError
from spacy_w2v.errors._packages import describe_missing


@contextmanager
def reporting_missing_packages() -> Iterator[None]:
    """Raise ConfigError, with a remedy, in place of the error of an import, if only training needs the package."""
    try:
        yield
    except ModuleNotFoundError as error:
        if (text := describe_missing(error)) is None:
            raise
        raise ConfigError(text) from error


@contextmanager
def reporting_inaccessible() -> Iterator[None]:
    """Raise StorageError, with the path, in place of an OSError for a file or directory."""
    try:
        yield
    except OSError as error:
        if error.filename is None or isinstance(error, Word2VecError):
            raise
        raise StorageError(f"{error.filename} must be accessible, but is not: {error.strerror}.") from error


@contextmanager
def shown_by_spacy(title: str) -> Iterator[None]:
    """Make errors of this package also subclasses of confection's ConfigValidationError.

    spaCy's command line shows only these without a traceback.

    Args:
        title: The title that the command line shows above the message.
    """
    from confection import ConfigValidationError

    try:
        with reporting_inaccessible(), reporting_missing_packages():
            yield
    except ConfigValidationError:
        raise
    except Word2VecError as error:
        text, kind = str(error), type(error)
        both = type(kind.__name__, (kind, ConfigValidationError), {"__str__": lambda self: text})
        raise both(title=title, desc=text, show_config=False) from error
