"""Files that appear all at once: written to a directory beside their place, then moved."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from spacy_w2v._atomic.disk import check_movable, unwritable
from spacy_w2v._atomic.exchange import WORKSHOP, Workshop
from spacy_w2v.errors import StorageError


@contextmanager
def staged_file(path: Path) -> Iterator[Path]:
    """Give a file name to write to, which takes the place of `path` when the block ends without an error."""
    with staged_siblings(path) as directory:
        yield directory / path.name


@contextmanager
def staged_siblings(path: Path) -> Iterator[Path]:
    """Give a directory; all files that are written to it move beside `path` when the block ends without an error.

    If the process is killed while they are moved, the next one for the same path moves the rest. Raises StorageError.
    """
    with unwritable(path):
        if path.is_dir():
            raise StorageError(f"The output must be a file, but {path} is a directory. Name another.")
        path.parent.mkdir(parents=True, exist_ok=True)
        check_movable([path])
    workshop = Workshop(path.with_name(f".{path.name}{WORKSHOP}"), path.parent, shown=path)
    with workshop.opened(replaces=()) as directory:
        yield directory
