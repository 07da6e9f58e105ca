"""Files that appear all at once: written to a directory beside their place, then renamed."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from spacy_w2v._atomic.disk import disk_full, unwritable
from spacy_w2v.errors import StorageError


@contextmanager
def staged_file(path: Path) -> Iterator[Path]:
    """Give a file name to write to, which takes the place of `path` when the block ends without an error."""
    with staged_siblings(path) as directory:
        yield directory / path.name


@contextmanager
def staged_siblings(path: Path) -> Iterator[Path]:
    """Give a directory; all files that are written to it move beside `path` when the block ends without an error."""
    with unwritable(path):
        if path.is_dir():
            raise StorageError(f"The output must be a file, but {path} is a directory. Name another.")
        path.parent.mkdir(parents=True, exist_ok=True)
        staged = Path(tempfile.mkdtemp(prefix=f".{path.name}-", dir=path.parent))
    try:
        with disk_full(path):
            yield staged
        with unwritable(path):
            for file in sorted(staged.iterdir()):
                file.replace(path.parent / file.name)
    finally:
        shutil.rmtree(staged, ignore_errors=True)
