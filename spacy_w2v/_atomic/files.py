"""Atomic writing of files: they are written to a directory beside the output, and then moved."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from spacy_w2v._atomic.disk import check_movable, reporting_unwritable
from spacy_w2v._atomic.exchange import STAGING_NAME, StagingArea
from spacy_w2v._atomic.manifests import read_manifest
from spacy_w2v.errors import StorageError

MANIFESTS = ("meta.json", "manifest.json")
"""The names of the manifests of models and of encoded corpora."""


def check_file(path: Path) -> None:
    """Check that a file can be written or replaced, and change nothing. Call this before the work for its content.

    Raises:
        StorageError: The path is not that of a regular file, or is part of a model, or its directory is not writable.
    """
    with reporting_unwritable(path):
        if path.is_dir():
            raise StorageError(f"The output must be a file, but {path} is a directory. Choose another path.")
        if path.exists() and not path.is_file():
            raise StorageError(f"The output must be a file, but {path} is a device or a pipe. Choose another path.")
        _check_not_of_model(path)
        check_movable([path])
        above = next(each for each in path.absolute().parents if each.exists())
        if not above.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
        if not os.access(above, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))


@contextmanager
def staged_file(path: Path) -> Iterator[Path]:
    """Yield a path to write to, and move that file to `path` if the block ends without an error."""
    with staged_siblings(path) as directory:
        yield directory / path.name


@contextmanager
def staged_siblings(path: Path) -> Iterator[Path]:
    """Yield a directory, and move its files to the directory of `path` if the block ends without an error.

    If the process is killed while it moves files, the next process for the same path moves the rest.

    Raises:
        StorageError: The files cannot be written, or `path` is not a regular file, or it is part of a model.
    """
    check_file(path)
    with reporting_unwritable(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    area = StagingArea(path.with_name(f".{path.name}{STAGING_NAME}"), path.parent, shown=path)
    with area.opened(replaces=()) as directory:
        yield directory


def _check_not_of_model(path: Path) -> None:
    """Raise StorageError if a file is a manifest of this package, or is listed in a manifest beside it."""
    for manifest in MANIFESTS:
        beside = path.with_name(manifest)
        if not beside.is_file():
            continue
        try:
            values = read_manifest(beside)
        except StorageError:  # damaged, or written by another program
            continue
        files = values.get("files")
        names = {manifest, *files} if isinstance(files, dict) else {manifest}
        if path.name in names and str(values.get("format")).startswith("spacy-w2v"):
            raise StorageError(
                f"The output must not replace part of a model, but {path} is listed in {beside}. Choose another path."
            )
