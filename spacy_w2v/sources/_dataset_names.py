"""Names of datasets and files: the format that they imply, and messages for invalid names."""

import os
import socket
from collections import Counter
from pathlib import Path

from spacy_w2v.errors import CorpusError
from spacy_w2v.errors._wording import did_you_mean, first_line

FORMATS = {
    "txt": "text",
    "text": "text",
    "json": "json",
    "jsonl": "json",
    "ndjson": "json",
    "csv": "csv",
    "tsv": "csv",
    "parquet": "parquet",
    "arrow": "arrow",
    "spacy": "spacy",
}
"""The format of each file extension: a builder of datasets, or "spacy" for a DocBin of spaCy."""

COMPRESSIONS = ("gz", "bz2", "xz", "zst", "zip", "lz4")

CHECK_CONNECTION = "Check the network, the proxy, and that HF_HUB_OFFLINE is not set."


def looks_like_files(dataset: str) -> bool:
    """Return whether a name means files (an existing path, a glob or a known extension) rather than a dataset."""
    return any(mark in dataset for mark in "*?[") or Path(dataset).is_file() or extension_of(dataset) in FORMATS


def format_of_files(files: list[str]) -> str:
    """Return the format of files, according to their extension.

    Raises:
        CorpusError: The extension is unknown.
    """
    for file in files:
        if (extension := extension_of(file)) in FORMATS:
            return FORMATS[extension]
    known = ", ".join(f".{extension}" for extension in FORMATS)
    raise CorpusError(
        f"data_files must have a known file extension ({known}; also compressed), was: {', '.join(files)}. "
        'If the extension differs, set the format with path, for example path = "text".'
    )


def extension_of(file: str) -> str:
    """Return the extension of a file in lower case, after removing that of a compression. It may be ""."""
    parts = os.path.basename(file.strip("\"'")).lower().split(".")
    while len(parts) > 1 and parts[-1] in COMPRESSIONS:
        parts.pop()
    return parts[-1] if len(parts) > 1 else ""


def check_names(path: str | None, *, data_files: str | list[str] | None, data_dir: str | None = None) -> None:
    """Raise CorpusError if a name is invalid, as far as this is known without access to the Hub.

    Args:
        path: The dataset, directory or format.
        data_files: The files.
        data_dir: The directory of the files.
    """
    if (
        path is not None
        and "://" in path
        and (not path.startswith(("hf://datasets/", "hf://buckets/")) or path.count("/") > 4)
    ):
        raise CorpusError(
            f"path must be a dataset, a directory or a format, was the URL of a file: {path}. "
            f'Set data_files = "{path}".'
        )
    if path is not None and path not in FORMATS and os.path.isfile(path):
        raise CorpusError(
            f'path must be a dataset, a directory or a format, was a file: {path}. Set data_files = "{path}".'
        )
    if data_files is None or (path is not None and os.path.isdir(path)):
        return
    if path in FORMATS and path not in FORMATS.values():
        raise CorpusError(
            f"path must be a format of data_files ({_formats()}), was a file extension: {path}. "
            f"Did you mean '{FORMATS[path]}'?"
        )
    if path is None or path in FORMATS:
        for file in [data_files] if isinstance(data_files, str) else data_files:
            folder = os.path.join(data_dir or "", file)
            if os.path.isdir(folder):
                example = os.path.join(file, f"*.{_extension_within(folder)}")
                raise CorpusError(f'data_files must be files, but {file} is a folder. Set data_files = "{example}".')


def not_found(error: Exception, *, path: str, data_files: str | list[str] | None) -> str:
    """Return the message for an error that was raised while a dataset was located.

    Args:
        error: The error.
        path: The dataset, directory or format.
        data_files: The files.
    """
    from datasets.exceptions import DatasetNotFoundError

    reason = first_line(error).rstrip(".")
    if isinstance(error, ImportError):
        missing = error.__cause__ or error.__context__ or error
        name = getattr(missing, "name", None)
        remedy = f"Install it with: pip install {name}" if name else "Install it."
        return f"Reading {data_files or path} needs a package that is not installed: {reason}. {remedy}"
    if _is_of_connection(error):
        if data_files is not None and (path in FORMATS or "://" in str(data_files)):
            return f"data_files must be reachable, but {data_files} is not: {reason}. {CHECK_CONNECTION}"
        no_directory = "" if "://" in path or os.path.isdir(path) else f"There is also no local directory {path}."
        return " ".join(
            f"The Hugging Face Hub must be reachable for the dataset {path}, but is not: {reason}. {CHECK_CONNECTION} "
            f"{no_directory} {_nearest_format(path, data_files)}".split()
        )
    if not isinstance(error, OSError | ValueError):  # for example an error of a server
        return f"{data_files or path} must be readable, but is not: {reason}."
    if data_files is not None and not isinstance(error, DatasetNotFoundError):
        return f"data_files must be existing files, was: {data_files}. {reason}."
    return (
        f"path must be a dataset on the Hugging Face Hub, a local dataset directory, or one of {_formats()} with "
        f"data_files, was: {path}. {reason}. {_nearest_format(path, data_files)}".rstrip()
    )


def _is_of_connection(error: BaseException | None) -> bool:
    """Return whether an error or one of its causes is a network error."""
    while error is not None:
        if isinstance(error, ConnectionError | TimeoutError | socket.gaierror):
            return True
        error = error.__cause__ or error.__context__
    return False


def _nearest_format(path: str, data_files: str | list[str] | None) -> str:
    return did_you_mean(path, set(FORMATS.values())) if data_files is not None else ""


def _extension_within(folder: str) -> str:
    """Return the most frequent known file extension in a folder, or "txt"."""
    extensions = (extension_of(name) for name in os.listdir(folder))
    found = Counter(extension for extension in extensions if extension in FORMATS)
    return found.most_common(1)[0][0] if found else "txt"


def _formats() -> str:
    return ", ".join(sorted(set(FORMATS.values())))
