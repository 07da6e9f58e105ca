"""A corpus of several parts. Each part is an encoded corpus of its own, in the directory beside this one.

types.arrow: The types of all parts, as in a corpus of one part. Ids are in the order of first appearance.
type_ids.bin: For each part in order, the id here of each of its type ids: little-endian uint32.
manifest.json: As in a corpus of one part, but without tokens, and with the directory, size and checksum of the manifest
of each part.
"""

from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from spacy_w2v._arrays import TokenIds
from spacy_w2v._atomic import check_files, describe_files, write_manifest
from spacy_w2v.corpus._arrow_files import check_file, write_types
from spacy_w2v.corpus._chunks_of_parts import TYPE_IDS, ChunkReaderOfParts
from spacy_w2v.corpus._counts import CorpusCounts
from spacy_w2v.corpus._fingerprint import VERSION_OF_PARTS, CorpusFingerprint
from spacy_w2v.corpus._store import (
    FORMAT,
    MANIFEST_FILE,
    TYPE_IDS_FILE,
    TYPES_FILE,
    Corpus,
    described,
    read_manifest,
)
from spacy_w2v.corpus.parts._merged_types import MergedTypes
from spacy_w2v.errors import StorageError

TYPES_AT_A_TIME = 1 << 16
"""The number of types of a part that are added at a time. Types may be dropped after each such number."""


def write_whole(directory: Path, parts: Sequence[Corpus], *, source: str, fingerprint: CorpusFingerprint) -> Corpus:
    """Merge the types of parts, and write a corpus of several parts.

    Types are merged in the order of the parts, so they have the order, counts and ids that they would have if the parts
    were read one after the other. With max_vocab_size, each part has dropped its rarest types by itself, and merging
    drops the rarest ones in the same way, after each TYPES_AT_A_TIME types of a part. So which types are dropped
    depends on the parts alone.

    Args:
        directory: An empty directory, beside those of the parts.
        parts: The parts. Each has its own directory, unless parts have the same content.
        source: The name of the source.
        fingerprint: The fingerprint of the whole corpus.

    Raises:
        OSError: The files cannot be written.
        StorageError: A part is damaged.
    """
    types = MergedTypes(fingerprint.max_vocab_size)
    with (directory / TYPE_IDS_FILE).open("wb") as file:
        for part in parts:
            _merged_into(types, part).astype(TYPE_IDS).tofile(file)
    write_types(directory / TYPES_FILE, types.types())
    counted = types.counted
    found = CorpusCounts(
        n_documents=sum(part.counts.n_documents for part in parts),
        n_null=sum(part.counts.n_null for part in parts),
        n_not_text=sum(part.counts.n_not_text for part in parts),
        n_sentences=sum(part.counts.n_sentences for part in parts),
        n_tokens=sum(part.counts.n_tokens for part in parts),
        n_types=len(counted),
        n_dropped_types=counted.n_dropped_types + sum(part.counts.n_dropped_types for part in parts),
        n_dropped_tokens=counted.n_dropped_tokens + sum(part.counts.n_dropped_tokens for part in parts),
    )
    manifest = {
        "format": FORMAT,
        "format_version": VERSION_OF_PARTS,
        "source": source,
        "fingerprint": fingerprint.to_json(),
        "counts": asdict(found),
        "n_type_ids": counted.n_ids,
        "chunk_tokens": [],
        "parts": [_described_part(part) for part in parts],
        "files": describe_files(directory, (TYPES_FILE, TYPE_IDS_FILE)),
    }
    write_manifest(directory / MANIFEST_FILE, manifest)
    return _with_parts(described(directory, manifest), parts)


def open_whole(directory: Path, parts: Sequence[Corpus]) -> Corpus:
    """Open a corpus of several parts, and check its content.

    Args:
        directory: The directory of the whole corpus.
        parts: Its parts, which have been checked.

    Raises:
        StorageError: The corpus is missing or damaged, or does not consist of these parts.
    """
    manifest = read_manifest(directory, version=VERSION_OF_PARTS)
    if manifest.get("parts") != [_described_part(part) for part in parts]:
        raise StorageError(f"{directory} must consist of the parts in the cache, but names different ones.")
    check_files(directory, manifest.get("files"), needed=(TYPES_FILE, TYPE_IDS_FILE))
    corpus = _with_parts(described(directory, manifest), parts)
    n_type_ids = sum(part.n_type_ids for part in parts)
    path = directory / TYPE_IDS_FILE
    check_file(path.stat().st_size == TYPE_IDS.itemsize * n_type_ids, path, f"{n_type_ids} type ids")
    reader = ChunkReaderOfParts(corpus.parts, path, n_type_ids=corpus.n_type_ids)
    for number in range(len(parts)):
        largest = int(reader.type_ids_of(number).max(initial=0))
        check_file(largest < max(corpus.n_type_ids, 1), path, f"type ids below {corpus.n_type_ids}")
    counts, types = corpus.counts, corpus.read_types()
    if not (
        len(types) == counts.n_types <= corpus.n_type_ids
        and counts.n_tokens == sum(part.counts.n_tokens for part in parts)
        and counts.n_tokens == int(types["count"].to_numpy().sum()) + counts.n_dropped_tokens
    ):
        raise StorageError(f"The counts of {directory} must match its types and parts, but do not. It is damaged.")
    return corpus


def _merged_into(types: MergedTypes, part: Corpus) -> TokenIds:
    """Add the types of a part, and return the id of each of its type ids. All that it has dropped have the same id."""
    table = part.read_types()
    type_ids = np.empty(part.n_type_ids, np.uint32)
    if len(table) < part.n_type_ids:
        type_ids[:] = types.counted.new_id()
    for batch in table.combine_chunks().to_batches(max_chunksize=TYPES_AT_A_TIME):
        type_ids[batch.column("id").to_numpy()] = types.add(batch)
    return type_ids


def _described_part(part: Corpus) -> dict[str, Any]:  # Any: JSON values
    """Return the entry of a part in the manifest. The checksum of its manifest covers all of its files.

    Raises:
        StorageError: The manifest of the part is missing.
    """
    try:
        files = describe_files(part.directory, (MANIFEST_FILE,))
    except OSError as error:
        raise StorageError(f"{part.directory} must be readable, but is not: {error}") from None
    return {"directory": part.directory.name, **files[MANIFEST_FILE]}


def _with_parts(corpus: Corpus, parts: Sequence[Corpus]) -> Corpus:
    chunk_tokens = np.concatenate([part.chunk_tokens for part in parts])
    return replace(corpus, chunk_tokens=chunk_tokens, parts=tuple(part.tokens() for part in parts))
