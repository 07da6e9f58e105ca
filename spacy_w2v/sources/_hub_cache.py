"""Where datasets and huggingface_hub keep what they load, on machines whose home directory cannot be written."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from spacy_w2v.errors import CorpusError


@contextmanager
def writable_caches() -> Iterator[str | None]:
    """Give the `cache_dir` for datasets' functions in the block: None, or a directory that is gone with this process.

    That is where their own caches, below HF_HOME, cannot be written. In the block huggingface_hub uses it too.
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
    """Return whether files may be made in a directory that is there, or can be made."""
    if not path.is_absolute():  # "~" stays as it is where no home is known
        return False
    existing = next(place for place in (path, *path.parents) if os.path.lexists(place))
    return existing.is_dir() and os.access(existing, os.W_OK | os.X_OK)


@cache
def _temporary_directory() -> "tempfile.TemporaryDirectory[str]":
    try:
        return tempfile.TemporaryDirectory(prefix="spacy-w2v-")
    except OSError as error:
        raise CorpusError(
            f"Loading datasets needs a directory that can be written, but there is none: {error}. "
            "Name one in the environment variable HF_HOME."
        ) from None
