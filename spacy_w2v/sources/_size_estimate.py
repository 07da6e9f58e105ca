"""The number of words of local files, estimated from their sizes, as if their texts were English."""

import os

from spacy_w2v.errors import CorpusError
from spacy_w2v.sources._dataset_names import COMPRESSIONS, FORMATS, extension_of, looks_like_files
from spacy_w2v.sources._local_files import find_files, is_local

BYTES_PER_WORD = 6
"""English text has 5.9 bytes for each word with the space after it; other scripts and languages have more."""

PLAIN_FORMATS = {"text", "json", "csv"}
"""The formats of files that are hardly longer than their texts."""


def estimated_words(dataset: str) -> int | None:
    """Return the number of words of local, uncompressed files of text like English, estimated from their sizes.

    Args:
        dataset: The path of a file, or a pattern.

    Returns:
        The number, rounded to two digits; None for a dataset on the Hub, and for files that are missing, compressed or
        binary.
    """
    if not looks_like_files(dataset) or not is_local(dataset):
        return None
    try:
        files = find_files([dataset])
        n_bytes = sum(os.path.getsize(file) for file in files)
    except (CorpusError, OSError):
        return None
    return int(float(f"{n_bytes / BYTES_PER_WORD:.1e}")) if all(map(_is_plain, files)) else None


def _is_plain(file: str) -> bool:
    return FORMATS.get(extension_of(file)) in PLAIN_FORMATS and not file.lower().endswith(COMPRESSIONS)
