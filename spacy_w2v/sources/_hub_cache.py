"""A temporary cache for datasets and huggingface_hub on machines with a read-only home directory."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from spacy_w2v.errors import CorpusError


@contextmanager
def writable_caches() -> Iterator[str | None]:
    """Yield the argument `cache_dir` for functions of datasets.

    If the caches in HF_HOME are writable, this is None. Otherwise it is a temporary directory of this process, which
    huggingface_hub also uses within the block.

    Raises:
        CorpusError: No directory is writable.
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
    """Return whether a directory is writable or can be created."""
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
            f"Loading datasets needs a writable directory, but there is none: {error}. "
            "Set the environment variable HF_HOME to one."
        ) from None
