"""Reads the Arrow files of an encoded corpus, and checks that they are safe for compiled loops.

These loops use ids and offsets as indices, without bounds checks. So if a file contains ids or offsets that are out of
bounds, this module raises StorageError.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyarrow as pa

from spacy_w2v._arrays import Chunk
from spacy_w2v.errors import StorageError

TOKENS_SCHEMA = pa.schema([("sentences", pa.large_list(pa.uint32()))])
TYPES_SCHEMA = pa.schema(
    [("id", pa.uint32()), ("orth", pa.large_string()), ("key", pa.large_string()), ("count", pa.int64())]
)


class BatchReader:
    """Reads an Arrow file batch by batch. A memory map of the whole file would count as memory of the process."""

    def __init__(self, path: Path, schema: pa.Schema):
        """Open a file.

        Args:
            path: The file.
            schema: The columns that it must have.

        Raises:
            StorageError: The file is damaged.
        """
        self.path = path
        with checked_file(path):
            self.reader = pa.ipc.open_file(pa.OSFile(str(path)))
            check_file(self.reader.schema.equals(schema), path, f"the columns {schema}")

    def __len__(self) -> int:
        """Return the number of batches."""
        with checked_file(self.path):
            return int(self.reader.num_record_batches)


class ChunkReader(BatchReader):
    """Reads the chunks of a corpus one by one."""

    def __init__(self, path: Path, *, n_type_ids: int):
        """Open a file of tokens.

        Args:
            path: The file.
            n_type_ids: The number of type ids. All ids must be less than this.

        Raises:
            StorageError: The file is damaged.
        """
        super().__init__(path, TOKENS_SCHEMA)
        self.n_type_ids = n_type_ids

    def read(self, number: int) -> Chunk:
        """Return a chunk as read-only arrays.

        Raises:
            StorageError: The chunk is damaged.
        """
        with checked_file(self.path):
            batch = self.reader.get_batch(number)
            batch.validate()
            sentences = batch.column(0)
            check_file(not sentences.null_count and not sentences.values.null_count, self.path, "no nulls")
            tokens = sentences.values.to_numpy(zero_copy_only=True)
            offsets = sentences.offsets.to_numpy(zero_copy_only=True)
            ends = (offsets[0], offsets[-1]) if offsets.size else None
            check_file(ends == (0, tokens.size) and (offsets[1:] > offsets[:-1]).all(), self.path, "increasing offsets")
            check_file(
                not tokens.size or tokens.max() < self.n_type_ids, self.path, f"type ids below {self.n_type_ids}"
            )
            return Chunk(tokens=tokens, offsets=offsets)


def write_types(path: Path, types: pa.Table) -> None:
    """Write the types of a corpus, with the columns of `read_types`.

    Raises:
        OSError: The file cannot be written.
    """
    with pa.ipc.new_file(str(path), TYPES_SCHEMA) as writer:
        writer.write_table(types)


def read_types(path: Path, *, n_type_ids: int) -> pa.Table:
    """Return the types of a corpus: columns id (increasing), orth, key and count (at least 1), without nulls.

    Args:
        path: The file.
        n_type_ids: The number of type ids. All ids must be less than this.

    Raises:
        StorageError: The file is damaged.
    """
    with checked_file(path):
        with pa.OSFile(str(path)) as file:
            types = pa.ipc.open_file(file).read_all()
        check_file(types.schema.equals(TYPES_SCHEMA), path, f"the columns {TYPES_SCHEMA}")
        types.validate(full=True)
        check_file(not any(column.null_count for column in types.columns), path, "no nulls")
        ids, counts = types["id"].to_numpy().astype(np.int64), types["count"].to_numpy()
        check_file((np.diff(ids, append=n_type_ids) > 0).all(), path, f"increasing type ids below {n_type_ids}")
        check_file((counts > 0).all(), path, "counts of at least 1")
        return types


def check_file(is_valid: object, path: Path, rule: str) -> None:
    """Raise StorageError if a check fails.

    Args:
        is_valid: The result of the check.
        path: The file.
        rule: What the file must have.
    """
    if not is_valid:
        raise StorageError(f"{path} must have {rule}, but does not. It is damaged.")


@contextmanager
def checked_file(path: Path) -> Iterator[None]:
    """Raise StorageError in place of any error that Arrow raises for a damaged file."""
    try:
        yield
    except StorageError:
        raise
    # Arrow's errors have no common base: some are OSError, ValueError, KeyError, IndexError or MemoryError.
    except (pa.ArrowException, OSError, ValueError, LookupError, TypeError, MemoryError) as error:
        raise StorageError(f"{path} must be a readable Arrow file, but is damaged: {error}") from None
