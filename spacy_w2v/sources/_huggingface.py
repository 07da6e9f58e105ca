"""Hugging Face datasets as text sources: from the Hub, from local files, or written by save_to_disk."""

import codecs
import os
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from spacy_w2v._system.hashing import sha256_of_values
from spacy_w2v.errors import CorpusError
from spacy_w2v.errors._reraising import shown_by_spacy
from spacy_w2v.errors._wording import did_you_mean, first_line
from spacy_w2v.sources._dataset_names import FORMATS, check_names, extension_of, format_of_files, not_found
from spacy_w2v.sources._file_content import file_contents
from spacy_w2v.sources._file_parts import file_parts
from spacy_w2v.sources._hub_cache import writable_caches
from spacy_w2v.sources._loaded_datasets import read_dataset
from spacy_w2v.sources._local_files import check_compression, compression_of, find_files, is_local
from spacy_w2v.sources._parts import SourcePart, Stretch
from spacy_w2v.sources._row_parts import row_parts
from spacy_w2v.sources._saved_datasets import is_saved_to_disk, open_saved, slice_of
from spacy_w2v.sources._shards import Shards, check_fields
from spacy_w2v.sources._source import TextBatch, Texts, coalesce, take_documents
from spacy_w2v.sources._text_files import read_text

if TYPE_CHECKING:
    import datasets

DECODING_BUILDERS = ("text", "json", "csv")

BUILDERS = {"Text": "text", "Json": "json", "Csv": "csv", "Parquet": "parquet", "Arrow": "arrow"}
"""Builder classes of datasets whose local files are read directly, with their formats."""


class DatasetSource(Texts):
    """Local files, or a dataset for `datasets.load_dataset(..., streaming=True)` or `load_from_disk`."""

    def __init__(
        self,
        path: str,
        *,
        name: str | None = None,
        data_dir: str | None = None,
        data_files: str | list[str] | None = None,
        split: str = "train",
        revision: str | None = None,
        text_field: str | list[str] = "text",
        encoding: str = "utf-8",
        encoding_errors: str = "strict",
        max_documents: int | None = None,
    ):
        """Initialize a source; see `dataset` for the arguments."""
        self.path = path
        self.configuration = name
        self.data_dir = data_dir
        self.data_files = data_files
        self.split = split
        self.revision = revision
        self.text_field = text_field
        self.encoding = encoding
        self.encoding_errors = encoding_errors
        self.max_documents = max_documents
        self._builder: datasets.DatasetBuilder | None = None

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r})"

    @property
    def name(self) -> str:
        """The name of the source in messages."""
        if self.data_files is not None:
            files = self._data_files
            return ", ".join(files[:3]) + (f" and {len(files) - 3} more" if len(files) > 3 else "")
        return f"{self.path} ({self.configuration})" if self.configuration else self.path

    @property
    def fields(self) -> Sequence[str]:
        """The columns to read."""
        return [self.text_field] if isinstance(self.text_field, str) else self.text_field

    @property
    def _data_files(self) -> list[str]:
        return [self.data_files] if isinstance(self.data_files, str) else list(self.data_files or ())

    def fingerprint(self) -> str | None:
        """Return a hash of the arguments and of the files (local content, remote revisions), or None for a pipe."""
        remote: list[str] = []
        revisions: list[Any] = []  # Any: from datasets, only hashed
        if is_saved_to_disk(self.path):
            files = sorted(str(path.resolve()) for path in Path(self.path).rglob("*") if path.is_file())
        elif self.shards is not None:
            files = self.shards.files
        else:
            files = self._files()
            remote = [file for file in files if not os.path.exists(file)]
            revisions = files.origin_metadata if remote else []  # type: ignore[attr-defined]  # for local files: times
        local = file_contents([file for file in files if os.path.exists(file)])
        if local is None:
            return None
        arguments = (self.path, self.configuration, self.split, self.text_field)
        reading = (self.encoding, self.encoding_errors, self.max_documents)
        return f"dataset:{sha256_of_values(local, remote, revisions, arguments, reading)}"

    def batches(self) -> Iterator[TextBatch]:
        """Yield the documents of the split.

        Raises:
            CorpusError: The files cannot be read.
        """
        if is_saved_to_disk(self.path):
            batches = self._readable(self._read_saved())
        elif self.shards is not None:
            batches = self.shards.batches()
        elif self._is_plain_text():
            batches = self._readable(self._read_text_files())
        else:
            batches = self._readable(self._read_streamed())
        return take_documents(coalesce(batches), self.max_documents)

    def parts(self, part_bytes: int) -> Sequence[SourcePart]:
        """Return the parts of local files, or of what `save_to_disk` has written. See DivisibleSource."""
        parts: Sequence[SourcePart] = ()
        if self.max_documents is None and is_saved_to_disk(self.path):
            parts = row_parts(self, self.saved_split(), fields=self.fields, part_bytes=part_bytes)
        elif self.max_documents is None and self.shards is not None:
            parts = file_parts(self.shards, part_bytes)
        return parts if len(parts) > 1 else [SourcePart(self, sum(part.n_bytes for part in parts))]

    def check(self) -> None:
        """Check the columns of local files. See DivisibleSource."""
        if not is_saved_to_disk(self.path) and self.shards is not None:
            self.shards.check()

    def batches_of(self, stretch: Stretch) -> Iterator[TextBatch]:
        """Yield the documents of some rows of a saved split. Raises CorpusError if they are damaged."""
        return coalesce(self._readable(self._read_saved(stretch)))

    @cached_property
    def shards(self) -> Shards | None:
        """The files, if all are local and in a format that is read directly; otherwise None."""
        kind, files = self.path, self._data_files
        if kind in FORMATS.values() and files:
            if not all(map(is_local, files)):
                return None
            self._check_split(["train"])
            found = find_files(files, folder=self.data_dir or "")
        elif os.path.isdir(kind) and not is_saved_to_disk(self.path):
            ancestors = (kind.__name__ for kind in type(self._load_builder()).__mro__)
            kind = next((BUILDERS[name] for name in ancestors if name in BUILDERS), "")
            found = self._files()
            if not kind or not all(map(os.path.isfile, found)):
                return None
        else:
            return None
        for file in found:
            check_compression(file, compression_of(file))
        if "[" in self.split:
            raise CorpusError(
                f"split must be the name of a split, was: {self.split}. A slice needs a dataset that "
                "Dataset.save_to_disk has written. To read part of other files, set max_documents."
            )
        return Shards(
            found, format=kind, fields=self.fields, encoding=self.encoding, encoding_errors=self.encoding_errors
        )

    def _check_split(self, splits: Sequence[str]) -> None:
        base_split = self.split.split("[")[0]
        if base_split not in splits:
            raise CorpusError(
                f"split must be one of {', '.join(splits)}, was: {self.split}. "
                f"{did_you_mean(base_split, splits)}".rstrip()
            )

    def _readable(self, batches: Iterator[TextBatch]) -> Iterator[TextBatch]:
        """Yield batches, and raise CorpusError in place of any error of a library for a damaged file."""
        try:
            yield from batches
        except CorpusError:
            raise
        except Exception as error:  # gzip, lzma, zstandard, Arrow, pandas and datasets have no common class
            raise CorpusError(_unreadable(self.name, error)) from error

    def _load_builder(self) -> Any:  # Any: the packaged configs of datasets have no types
        import datasets

        if self._builder is None:
            decoding: dict[str, Any] = {}  # Any: arguments of builders
            if self.path in DECODING_BUILDERS:
                # The json builder ignores encoding_errors if the encoding is "utf-8", but not for other spellings.
                encoding = "utf_8" if self.path == "json" and self.encoding == "utf-8" else self.encoding
                decoding = {"encoding": encoding, "encoding_errors": self.encoding_errors}
            if self.path == "csv":
                if self.encoding_errors == "strict":  # converters of pandas are always strict
                    # Without a converter, a block of numbers would become a column of numbers.
                    decoding["converters"] = dict.fromkeys(self.fields, str)
                if self._extension_of_files() == "tsv":
                    decoding["sep"] = "\t"
            with writable_caches() as cache_dir:
                try:
                    self._builder = datasets.load_dataset_builder(
                        # datasets names a dataset after its directory, and "." has no name
                        os.path.abspath(self.path) if self.path in (".", "./") else self.path,
                        name=self.configuration,
                        data_dir=self.data_dir,
                        data_files=self.data_files,
                        revision=self.revision,
                        cache_dir=cache_dir,
                        **decoding,
                    )
                except Exception as error:  # datasets, fsspec and their dependencies have no common class
                    raise CorpusError(not_found(error, path=self.path, data_files=self.data_files)) from error
        return self._builder

    def _extension_of_files(self) -> str:
        return extension_of((self._data_files or [""])[0])

    def _files(self) -> list[str]:
        """Return the resolved files of the split, with metadata.

        Raises:
            CorpusError: The split does not exist.
        """
        builder = self._load_builder()
        files = builder.config.data_files or {}
        if not files:
            raise CorpusError(f"The dataset must have data files that can be streamed, but {self.path} has none.")
        self._check_split(list(map(str, files)))
        found: list[str] = files[self.split.split("[")[0]]
        if not found:
            error = FileNotFoundError("No file matches.")
            raise CorpusError(not_found(error, path=self.path, data_files=self.data_files))
        for file in found:
            check_compression(file, compression_of(file))  # fsspec would read the compressed bytes as text
        return found

    def _is_plain_text(self) -> bool:
        from datasets.packaged_modules.text.text import Text

        if not isinstance(self._load_builder(), Text) or "[" in self.split:
            return False
        return not any(
            file.lower().endswith(".zip") for file in self._files()
        )  # fsspec reads only one file of an archive

    def _read_text_files(self) -> Iterator[TextBatch]:
        """Read text files in blocks. datasets would read each line as a whole, however long it is."""
        import fsspec

        check_fields(self.fields, {"text"}, what=f"the dataset ({self.name}: text)")
        for file in self._files():
            with fsspec.open(file, "rb", compression="infer") as stream:
                yield from read_text(stream, name=file, encoding=self.encoding, encoding_errors=self.encoding_errors)

    def _read_saved(self, stretch: Stretch | None = None) -> Iterator[TextBatch]:
        """Read a saved split, or some of its rows."""
        dataset = self.saved_split()
        dataset = dataset if stretch is None else dataset.select(range(*stretch))
        yield from read_dataset(dataset, fields=self.fields, n_documents=len(dataset))

    def saved_split(self) -> "datasets.Dataset":
        """Return the split of a dataset that save_to_disk wrote. Raises CorpusError if it does not exist."""
        splits = open_saved(self.path)
        self._check_split(list(splits))
        return slice_of(splits, self.split)

    def _read_streamed(self) -> Iterator[TextBatch]:
        n_documents = self._count_documents()
        try:
            dataset = self._load_builder().as_streaming_dataset(split=self.split)
        except UnicodeDecodeError as error:  # the first rows are read to find the columns
            raise CorpusError(self._invalid_text(error)) from None
        except StopIteration:  # datasets' json builder on an empty file
            return
        except ValueError as error:
            if isinstance(error, pa.ArrowInvalid):
                raise
            raise CorpusError(f"split must be the name of a split, was: {self.split}. {error}") from None
        try:
            yield from read_dataset(dataset, fields=self.fields, n_documents=n_documents)
        except UnicodeDecodeError as error:
            raise CorpusError(self._invalid_text(error)) from None

    def _count_documents(self) -> int | None:
        """Return the number of documents if the information of the dataset has it, or None."""
        splits = self._load_builder().info.splits
        if splits and self.split in splits and splits[self.split].num_examples:
            return int(splits[self.split].num_examples)
        return None

    def _invalid_text(self, error: UnicodeDecodeError) -> str:
        """Return the message for invalid bytes. It names the file, which the error of datasets does not."""
        import fsspec

        for file in self._files():
            with fsspec.open(file, "rb", compression="infer") as plain:
                try:
                    for _ in read_text(plain, name=file, encoding=self.encoding):
                        pass
                except CorpusError as found:
                    return str(found)
        return f"Text must be valid {self.encoding}, but {self.name} is not: {error}"


def _unreadable(name: str, error: Exception) -> str:
    """Return the message for an error that a library raised while it read files."""
    from datasets.table import CastError

    if isinstance(error, CastError):
        first, other = (sorted(names) for names in (error.requested_column_names, error.table_column_names))
        return (
            f"All files must have the same columns, but {name} has some with {', '.join(first)} and some with "
            f"{', '.join(other)}. Read each kind as a separate source, and join them with spacy_w2v.Concatenate.v1."
        )
    return f"The files must be readable, but {name} is not: {first_line(error)}"


@shown_by_spacy("The texts cannot be read")
def dataset(
    path: str | None = None,
    name: str | None = None,
    data_dir: str | None = None,
    data_files: str | list[str] | None = None,
    split: str = "train",
    revision: str | None = None,
    text_field: str | list[str] = "text",
    encoding: str = "utf-8",
    encoding_errors: str = "strict",
    max_documents: int | None = None,
) -> DatasetSource:
    """Read texts from local files, or stream a dataset from the Hugging Face Hub.

    This is the reader "spacy_w2v.Dataset.v1" of configs. Texts are read one batch at a time, so memory does not grow
    with the dataset.

    Args:
        path: The name of a dataset on the Hub, a local directory, or the format of `data_files`: "text", "json", "csv",
            "parquet", "arrow" or "spacy" (a DocBin). The format is optional if the file extension implies it.
        name: The name of the configuration of the dataset, as in `datasets.load_dataset`.
        data_dir: The directory of the files, as in `datasets.load_dataset`.
        data_files: The path, glob or URL of a file, or a list of them.
        split: The name of the split, as in `datasets.load_dataset`.
        revision: The version of the dataset on the Hub: a tag, branch or commit.
        text_field: The column with the texts. If a list, the texts of these columns are joined by line breaks.
        encoding: The encoding of text, JSON and CSV files.
        encoding_errors: What to do with bytes that are invalid in the encoding: "strict" raises an error, "replace"
            inserts U+FFFD, and "ignore" leaves them out.
        max_documents: The maximum number of documents to read. If None, all documents are read.

    Returns:
        A source of texts, for `spacy_w2v.train` and other functions that take texts.

    Raises:
        CorpusError: An argument is invalid. Files that are missing or damaged raise it when they are read.

    Example:
        >>> texts = spacy_w2v.dataset(data_files="*.jsonl", text_field=["title", "body"])
        >>> next(spacy_w2v.tokenize(texts))
        ['a', 'quiet', 'day']
    """
    if path is None and data_files is None:
        raise CorpusError(
            "A dataset needs path or data_files, but has neither. Set path to a dataset, or data_files to files."
        )
    check_names(path, data_files=data_files, data_dir=data_dir)
    if path is None:
        path = format_of_files([data_files] if isinstance(data_files, str) else list(data_files or ()))
    if max_documents is not None and max_documents < 1:
        raise CorpusError(f"max_documents must be at least 1, was: {max_documents}")
    try:
        codecs.lookup(encoding)
    except LookupError:
        raise CorpusError(
            f"encoding must be an encoding of Python, such as utf-8 or latin-1, was: {encoding}"
        ) from None
    if encoding_errors not in ("strict", "replace", "ignore"):
        raise CorpusError(f"encoding_errors must be strict, replace or ignore, was: {encoding_errors}")
    return DatasetSource(
        path,
        name=name,
        data_dir=data_dir,
        data_files=data_files,
        split=split,
        revision=revision,
        text_field=text_field,
        encoding=encoding,
        encoding_errors=encoding_errors,
        max_documents=max_documents,
    )


make_dataset_v1 = dataset
