"""The files of a model's vocabulary and tree: Arrow tables, and an .npz archive of arrays."""

import zipfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from spacy_w2v._arrays import Tree
from spacy_w2v._system.memory import release_free_memory
from spacy_w2v.errors import StorageError
from spacy_w2v.model._arrays import parse_array
from spacy_w2v.model._vocabulary import Vocabulary
from spacy_w2v.objectives._huffman import check_tree

WORDS = pa.schema([("word", pa.large_string()), ("count", pa.int64())])
FORMS = pa.schema([("orth", pa.large_string()), ("word", pa.uint32()), ("count", pa.int64())])


def write_vocabulary(vocabulary: Vocabulary, words_path: Path, forms_path: Path) -> None:
    """Write the words and their forms to two files."""
    words = pa.table([pa.array(vocabulary.words, pa.large_string()), pa.array(vocabulary.counts, pa.int64())], WORDS)
    _write_table(words, words_path)
    _write_table(vocabulary.forms.cast(FORMS), forms_path)


def read_vocabulary(words_path: Path, forms_path: Path) -> Vocabulary:
    """Read words and forms into memory.

    Raises:
        StorageError: A file does not hold a valid table. The text names the file.
    """
    table = _read_table(words_path, WORDS)
    counts = np.array(table["count"])  # a copy, so that the table can be released
    if not len(counts):
        raise StorageError(f"{words_path} must have words, but has none. It is damaged.")
    if pc.count_distinct(table["word"]).as_py() < len(counts):
        raise StorageError(f"{words_path} must have different words, but some occur twice. It is damaged.")
    if counts[-1] < 0 or (counts[1:] > counts[:-1]).any() or counts.sum(dtype=np.float64) >= 2**63:
        raise StorageError(
            f"{words_path} must have counts of at least 0 in decreasing order, but has other counts. It is damaged."
        )
    forms = _read_table(forms_path, FORMS)
    if pc.max(forms["word"]).as_py() not in range(len(counts)) and len(forms):
        raise StorageError(f"{forms_path} must have ranks below {len(counts)}, but has higher ones. It is damaged.")
    if (pc.min(forms["count"]).as_py() or 0) < 0:
        raise StorageError(f"{forms_path} must have counts of at least 0, but has negative ones. It is damaged.")
    words = table["word"].to_pylist()
    del table
    release_free_memory()  # the file and the checks take more memory than the words
    return Vocabulary(words=words, counts=counts, forms=forms)


def write_tree(tree: Tree, path: Path) -> None:
    """Write a tree to a file."""
    np.savez(path, offsets=tree.offsets, nodes=tree.nodes, codes=tree.codes)


def read_tree(path: Path, *, n_words: int) -> Tree:
    """Read the tree of a vocabulary with n_words words.

    Raises:
        StorageError: The file does not hold a valid tree of this size. The text names the file.
    """
    size = path.stat().st_size
    try:
        with zipfile.ZipFile(path) as archive:
            stored = {
                entry.filename: archive.read(entry)
                for entry in archive.infolist()
                if entry.compress_type == zipfile.ZIP_STORED and entry.file_size == entry.compress_size <= size
            }
        offsets, nodes, codes = (stored[f"{name}.npy"] for name in ("offsets", "nodes", "codes"))
    except Exception as error:  # zipfile raises many kinds of exceptions
        raise StorageError(f"{path} must be an archive of three arrays, but is damaged: {error!r}") from None
    tree = Tree(
        parse_array(offsets, np.int64, (n_words + 1,), name=f"{path}: offsets.npy"),
        parse_array(nodes, np.uint32, None, name=f"{path}: nodes.npy"),
        parse_array(codes, np.uint8, None, name=f"{path}: codes.npy"),
        longest=0,
    )
    try:
        return tree._replace(longest=check_tree(tree))
    except ValueError as error:
        raise StorageError(f"{path} must be a tree of {n_words} words, but {error}. It is damaged.") from None


def _write_table(table: pa.Table, path: Path) -> None:
    with pa.ipc.new_file(str(path), table.schema) as writer:
        writer.write_table(table)


def _read_table(path: Path, schema: pa.Schema) -> pa.Table:
    """Return a validated table that does not keep its file open. Raises StorageError if it is damaged."""
    try:
        table = pa.ipc.open_file(pa.BufferReader(path.read_bytes())).read_all()
        if not table.schema.equals(schema):
            raise pa.ArrowInvalid(
                f"its columns are {', '.join(f'{field.name}: {field.type}' for field in table.schema)}"
            )
        table.validate(full=True)  # checks lengths, offsets and UTF-8
        if any(column.null_count for column in table.columns):
            raise pa.ArrowInvalid("it has missing values")
    except (pa.ArrowException, OSError, ValueError, MemoryError) as error:
        raise StorageError(f"{path} must be a table of words, but is damaged: {error}") from None
    return table
