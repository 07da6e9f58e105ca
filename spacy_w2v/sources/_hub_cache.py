"""A cache for datasets and huggingface_hub on machines whose home directory cannot be written."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from spacy_w2v.errors import CorpusError


@contextmanager
def writable_caches() -> Iterator[str | None]:
    """Yield the `cache_dir` for functions of datasets within the block.

    That is None, or a temporary directory of this process if their own caches, below HF_HOME, cannot be written. Within
    the block huggingface_hub uses that directory too.
    """
    from datasets import config
    from huggingface_hub import constants

    own = constants.HF_HUB_CACHE
    if _can_be_written(Path(config.HF_DATASETS_CACHE)) and _can_be_written(Path(own)):
        yield None
        return
    directory = _temporary_directory().name
    constants.HF_HUB_CACHE = os.path.join(directory, "hub")
    try:
        yield directory
    finally:
        constants.HF_HUB_CACHE = own


def _can_be_written(path: Path) -> bool:
    """Return whether files can be written in a directory, which may have to be created."""
    if not path.is_absolute():  # without a home directory, "~" is not replaced
        return False
    existing = next(place for place in (path, *path.parents) if os.path.lexists(place))
    return existing.is_dir() and os.access(existing, os.W_OK | os.X_OK)


@cache
def _temporary_directory() -> "tempfile.TemporaryDirectory[str]":
    try:
        return tempfile.TemporaryDirectory(prefix="spacy-w2v-")
    except OSError as error:
        raise CorpusError(
            f"To load datasets, a directory must be writable, but none is: {error}. "
            "Name one in the environment variable HF_HOME."
        ) from None
