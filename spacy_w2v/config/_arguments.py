"""Checks of the arguments of Python functions, before any work is done."""

import os
from collections.abc import Collection
from numbers import Integral
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spacy_w2v.errors import ConfigError
from spacy_w2v.errors._reraising import reporting_inaccessible

if TYPE_CHECKING:
    from spacy.language import Language

# Any in signatures: whatever a program passes.


def path_of(value: Any, *, name: str) -> Path:
    """Return an argument as a path.

    Raises:
        ConfigError: The argument is not a path, or is empty.
        StorageError: The system denies access.
    """
    text = os.fspath(value) if isinstance(value, str | os.PathLike) else None
    if not isinstance(text, str) or text == "" or "\0" in text:
        raise ConfigError(f"{name} must be the path of a file or directory, was: {value!r}")
    path = Path(value)
    with reporting_inaccessible():
        path.exists()
    has_name = path.name not in ("", "..")  # from which files beside it get their names
    return path if has_name else Path(os.path.abspath(path))


def optional_path(value: Any, *, name: str) -> Path | None:
    """Return an argument as a path, or None for None. Raises ConfigError."""
    return None if value is None else path_of(value, name=name)


def known_suffix(path: Path, suffixes: Collection[str], *, what: str, default: str | None = None) -> str:
    """Return the suffix of an output file, which says what is written to it, in lower case.

    Args:
        path: The file.
        suffixes: The suffixes that are known, with their dots.
        what: What the file holds, for the error, such as "the scores".
        default: What a name without a suffix means; None if it must have one.

    Raises:
        ConfigError: The suffix is unknown.
    """
    suffix = path.suffix.lower()
    if not suffix and default is not None:
        return default
    if suffix not in suffixes:
        *first, last = suffixes
        known = f"{', '.join(first)} or {last}" if first else last
        raise ConfigError(f"The file of {what} must end in {known}, was: {path}")
    return suffix


def check_pipeline(nlp: Any) -> "Language":
    """Return the argument if it is a pipeline. Raises ConfigError for anything else, such as the name of one."""
    from spacy.language import Language

    if isinstance(nlp, Language):
        return nlp
    if isinstance(nlp, str) and nlp:
        seen, example = repr(nlp), f'spacy.blank("{nlp}")' if len(nlp) in (2, 3) else f'spacy.load("{nlp}")'
    elif isinstance(nlp, type):
        seen, example = f"the class {nlp.__name__}", f"{nlp.__name__}()"
    else:
        seen, example = "''" if isinstance(nlp, str) else type(nlp).__name__, 'spacy.blank("en")'
    raise ConfigError(f"nlp must be a spaCy pipeline, was: {seen}. Give one, such as {example}.")


def pipeline_or_english(nlp: Any) -> "Language":
    """Return a pipeline, or a blank English one for None. Raises ConfigError."""
    import spacy

    return spacy.blank("en") if nlp is None else check_pipeline(nlp)


def check_max_vectors(value: Any, *, or_none: bool = True) -> None:
    """Raise ConfigError unless a number of vectors is at least 1, or None for all, if `or_none` allows that."""
    if value is None and or_none:
        return
    check_whole_number(value, name="max_vectors", at_least=1)


def check_whole_number(value: Any, *, name: str, at_least: int) -> None:
    """Raise ConfigError unless an argument is a whole number, of Python or NumPy, of at least `at_least`."""
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise ConfigError(f"{name} must be a whole number, was: {value!r}")
    if value < at_least:
        raise ConfigError(f"{name} must be at least {at_least}, was: {value}")


def names_of(value: Any, *, name: str) -> list[str]:
    """Return an argument that is a name or a list of names as a list. Raises ConfigError for anything else."""
    names = [value] if isinstance(value, str) else value
    if isinstance(names, list | tuple) and names and all(isinstance(each, str) and each for each in names):
        return list(names)
    raise ConfigError(f"{name} must be a name or a list of names, was: {value!r}")


def check_dtype(value: Any) -> None:
    """Raise ConfigError unless a table can be written with numbers of this type."""
    if value not in ("float32", "float16"):
        raise ConfigError(f"dtype must be 'float32' or 'float16', was: {value!r}")
