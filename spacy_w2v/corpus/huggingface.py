"""Hugging Face datasets as sources: from the Hub, from local files, from load_from_disk, or from a Python program."""

import codecs
import hashlib
import os
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from spacy_w2v.corpus.dataset_names import check_names, extension_of, format_of_files, not_found
from spacy_w2v.corpus.file_content import contents
from spacy_w2v.corpus.source import TextBatch, coalesce, take_documents, texts_of_column
from spacy_w2v.corpus.text_files import read_text
from spacy_w2v.errors import CorpusError, did_you_mean, shown_by_spacy

if TYPE_CHECKING:
    import datasets

DOCUMENTS_PER_READ = 256

DECODING_BUILDERS = ("text", "json", "csv")


class DatasetSource:
    """What `datasets.load_dataset(..., streaming=True)` reads, and `load_from_disk` for a directory it saved."""

    def __init__(
        self,
        path: str,
        *,
        name: str | None = None,
        data_dir: str | None = None,
        data_files: str | list[str] | None = None,
        split: str = "train",
        revision: str | None = None,
        text_field: str = "text",
        encoding: str = "utf-8",
        encoding_errors: str = "strict",
        max_documents: int | None = None,
    ):
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

    @property
    def name(self) -> str:
        """What messages call it."""
        if self.data_files is not None:
            files = [self.data_files] if isinstance(self.data_files, str) else self.data_files
            return ", ".join(files[:3]) + (f" and {len(files) - 3} more" if len(files) > 3 else "")
        return f"{self.path} ({self.configuration})" if self.configuration else self.path

    def fingerprint(self) -> str | None:
        """Return a hash of the files' content or revisions, and of what is read of them; None if one is a pipe."""
        if self._is_saved_to_disk():
            files = sorted(str(path.resolve()) for path in Path(self.path).rglob("*") if path.is_file())
            remote: list[str] = []
            revisions: list[Any] = []  # Any: of datasets, only to be hashed
        else:
            files = self._files()
            remote = [file for file in files if not os.path.exists(file)]
            revisions = files.origin_metadata if remote else []  # of local files they are times
        local = contents([file for file in files if os.path.exists(file)])
        if local is None:
            return None
        arguments = (self.path, self.configuration, self.split, self.text_field)
        reading = (self.encoding, self.encoding_errors, self.max_documents)
        return f"dataset:{hashlib.sha256(repr((local, remote, revisions, arguments, reading)).encode()).hexdigest()}"

    def batches(self) -> Iterator[TextBatch]:
        """Read the text column of the split."""
        if not self._is_saved_to_disk() and self._is_plain_text():
            batches = self._read_text_files()
        else:
            batches = self._read_dataset()
        return take_documents(coalesce(self._readable(batches)), self.max_documents)

    def _readable(self, batches: Iterator[TextBatch]) -> Iterator[TextBatch]:
        """Pass on batches. Raises CorpusError for whatever the libraries raise on damaged files."""
        try:
            yield from batches
        except CorpusError:
            raise
        except Exception as error:  # of gzip, lzma, zstandard, Arrow, pandas, datasets: they have no common base
            raise CorpusError(_unreadable(self.name, error)) from error

    def _is_saved_to_disk(self) -> bool:
        """Say whether the path is what Dataset.save_to_disk or DatasetDict.save_to_disk made."""
        return any(Path(self.path, marker).is_file() for marker in ("state.json", "dataset_dict.json"))

    def _load_builder(self) -> Any:  # Any: datasets' builder has types, but none for its packaged configs
        import datasets

        if self._builder is None:
            decoding: dict[str, Any] = {}  # Any: arguments of builders
            if self.path in DECODING_BUILDERS:
                # datasets' json builder heeds encoding_errors for any name but "utf-8".
                encoding = "utf_8" if self.path == "json" and self.encoding == "utf-8" else self.encoding
                decoding = {"encoding": encoding, "encoding_errors": self.encoding_errors}
            if self.path == "csv":
                if self.encoding_errors == "strict":  # which pandas' converters always are
                    decoding["converters"] = {self.text_field: str}  # else a block of numbers is a column of numbers
                if self._extension_of_files() == "tsv":
                    decoding["sep"] = "\t"
            try:
                self._builder = datasets.load_dataset_builder(
                    self.path,
                    name=self.configuration,
                    data_dir=self.data_dir,
                    data_files=self.data_files,
                    revision=self.revision,
                    **decoding,
                )
            except Exception as error:  # of datasets, fsspec and what they read by: they have no common base
                raise CorpusError(not_found(error, path=self.path, data_files=self.data_files)) from error
        return self._builder

    def _extension_of_files(self) -> str:
        files = [self.data_files] if isinstance(self.data_files, str) else self.data_files or [""]
        return extension_of(files[0])

    def _files(self) -> Any:  # Any: a DataFilesList with its metadata, or a plain stand-in
        """Return the resolved files of the split; raises CorpusError if there is no such split."""
        builder = self._load_builder()
        files = builder.config.data_files or {}
        base_split = self.split.split("[")[0]
        if files and base_split not in files:
            raise CorpusError(
                f"split must be one of {', '.join(map(str, files))}, was: {self.split}. "
                f"{did_you_mean(base_split, [str(split) for split in files])}".rstrip()
            )
        if not files:
            raise CorpusError(f"The dataset must have data files that can be streamed, but {self.path} names none.")
        if not files[base_split]:
            error = FileNotFoundError("No file matches.")
            raise CorpusError(not_found(error, path=self.path, data_files=self.data_files))
        zst = next((file for file in files[base_split] if file.lower().endswith(".zst")), None)
        if zst is not None and find_spec("zstandard") is None:  # fsspec would take the bytes for text
            raise CorpusError(f'Reading {zst} needs zstandard. Install it with: pip install "spacy-w2v[zstd]"')
        return files[base_split]

    def _is_plain_text(self) -> bool:
        from datasets.packaged_modules.text.text import Text

        if not isinstance(self._load_builder(), Text) or "[" in self.split:
            return False
        return not any(file.lower().endswith(".zip") for file in self._files())  # of archives fsspec reads one file

    def _read_text_files(self) -> Iterator[TextBatch]:
        """Read text files in blocks; datasets would take each line as a whole, however long it is."""
        import fsspec
        from fsspec.utils import infer_compression

        if self.text_field != "text":
            raise CorpusError(f"text_field must be a column of the dataset ({self.name}: text), was: {self.text_field}")
        files = self._files()
        local = all(os.path.exists(file) for file in files)
        total = sum(os.path.getsize(file) for file in files) if local else 0
        done = 0
        for file in files:
            # fsspec hides the position in a compressed file, so there the fraction moves file by file.
            plain = infer_compression(file) is None
            with fsspec.open(file, "rb", compression="infer") as stream:
                for batch in read_text(stream, name=file, encoding=self.encoding, encoding_errors=self.encoding_errors):
                    position = done + (stream.tell() if plain else 0)
                    yield batch._replace(fraction=position / total if total and position else None)
            done += os.path.getsize(file) if total else 0

    def _read_dataset(self) -> Iterator[TextBatch]:
        import datasets

        if self._is_saved_to_disk():
            dataset = datasets.load_from_disk(self.path)
            if isinstance(dataset, dict):
                if self.split not in dataset:
                    raise CorpusError(f"split must be one of {', '.join(dataset)}, was: {self.split}")
                dataset = dataset[self.split]
            n_documents: int | None = len(dataset)
        else:
            n_documents = self._count_documents()
            try:
                dataset = self._load_builder().as_streaming_dataset(split=self.split)
            except UnicodeDecodeError as error:  # the first rows are read to know the columns
                raise CorpusError(self._invalid_text(error)) from None
            except StopIteration:  # datasets' json builder on an empty file
                return
            except ValueError as error:
                if isinstance(error, pa.ArrowInvalid):
                    raise
                raise CorpusError(f"split must name a split of the dataset, was: {self.split}. {error}") from None
        try:
            yield from read_dataset(dataset, text_field=self.text_field, n_documents=n_documents)
        except UnicodeDecodeError as error:
            raise CorpusError(self._invalid_text(error)) from None

    def _count_documents(self) -> int | None:
        """Return how many documents there are, where that is known without reading them."""
        builder = self._load_builder()
        splits = builder.info.splits
        if splits and self.split in splits and splits[self.split].num_examples:
            return int(splits[self.split].num_examples)
        files = self._files()
        if self.path == "parquet" and "[" not in self.split and all(os.path.isfile(file) for file in files):
            import pyarrow.parquet as pq

            return sum(int(pq.read_metadata(file).num_rows) for file in files)
        return None

    def _invalid_text(self, error: UnicodeDecodeError) -> str:
        """Find the file with the invalid bytes, which datasets does not tell."""
        import fsspec

        for file in self._files():
            with fsspec.open(file, "rb", compression="infer") as plain:
                try:
                    for _ in read_text(plain, name=file, encoding=self.encoding):
                        pass
                except CorpusError as found:
                    return str(found)
        return f"Text must be valid {self.encoding}, but {self.name} is not: {error}"


class LoadedDataset:
    """A datasets.Dataset or IterableDataset that a program has made."""

    def __init__(self, dataset: "datasets.Dataset | datasets.IterableDataset", *, text_field: str = "text"):
        self.dataset = dataset
        self.text_field = text_field

    @property
    def name(self) -> str:
        """What messages call it."""
        info = getattr(self.dataset, "info", None)
        return getattr(info, "dataset_name", None) or type(self.dataset).__name__

    def fingerprint(self) -> None:
        """Return None: a dataset made in a program has no lasting identity. Raises CorpusError for a wrong column."""
        check_column(self.dataset, self.text_field)

    def batches(self) -> Iterator[TextBatch]:
        """Read the text column."""
        n_documents = len(self.dataset) if hasattr(self.dataset, "__len__") else None
        return coalesce(read_dataset(self.dataset, text_field=self.text_field, n_documents=n_documents))


def _unreadable(name: str, error: Exception) -> str:
    """Return the text for an error that came while files were read."""
    from datasets.table import CastError

    if isinstance(error, CastError):
        first, other = (sorted(names) for names in (error.requested_column_names, error.table_column_names))
        return (
            f"All files must have the same columns, but {name} has some with {', '.join(first)} and some with "
            f"{', '.join(other)}. Make each kind a source of its own, under spacy_w2v.Concatenate.v1."
        )
    reason = str(error).splitlines()[0] if str(error) else type(error).__name__
    return f"The files must be readable, but {name} is not: {reason}"


def check_column(dataset: Any, text_field: str) -> None:  # Any: Dataset or IterableDataset
    """Raise CorpusError if the dataset has no such column. Where columns are unknown, the first row tells."""
    columns = dataset.column_names
    if columns is None:
        columns = list(next(iter(dataset), {text_field: None}))
    if text_field not in columns:
        hint = did_you_mean(text_field, columns)
        raise CorpusError(
            f"text_field must be a column of the dataset ({', '.join(columns)}), was: {text_field}. {hint}".rstrip()
        )


def read_dataset(
    dataset: Any,  # Any: Dataset or IterableDataset
    *,
    text_field: str,
    n_documents: int | None,
) -> Iterator[TextBatch]:
    """Read one column as Arrow batches; n_documents, if known, gives the fraction read. Raises CorpusError."""
    check_column(dataset, text_field)
    tables = dataset.select_columns([text_field]).with_format("arrow").iter(batch_size=DOCUMENTS_PER_READ)
    n_read = 0
    for table in tables:
        texts, n_null, n_not_text = texts_of_column(table[text_field], name=text_field)
        try:
            texts.validate(full=True)
        except pa.ArrowInvalid as error:
            raise CorpusError(
                f"Text must be valid UTF-8, but column '{text_field}' is not, within the documents {n_read} to "
                f"{n_read + len(table)}: {error}. Mend the data before training."
            ) from None
        n_read += len(table)
        fraction = min(1.0, n_read / n_documents) if n_documents else None
        yield TextBatch(texts, len(texts), n_null, n_not_text, fraction)


@shown_by_spacy("The texts cannot be read")
def make_dataset_v1(
    path: str | None = None,
    name: str | None = None,
    data_dir: str | None = None,
    data_files: str | list[str] | None = None,
    split: str = "train",
    revision: str | None = None,
    text_field: str = "text",
    encoding: str = "utf-8",
    encoding_errors: str = "strict",
    max_documents: int | None = None,
) -> DatasetSource:
    """Make the reader "spacy_w2v.Dataset.v1": `datasets.load_dataset`, streamed, one text column.

    path: a dataset on the Hub, a local directory, or a format ("text", "json", "csv", "parquet"), which may be
    left out where the extension of data_files tells it. name, data_dir, data_files, split, revision: as in
    `load_dataset`. text_field: the column of texts. encoding, encoding_errors ("strict", "replace", "ignore"): of
    text, json and csv files. max_documents: stop after so many.
    """
    if path is None and data_files is None:
        raise CorpusError("A reader of texts must name a path or data_files, but has neither.")
    check_names(path, data_files=data_files, data_dir=data_dir)
    if path is None:
        path = format_of_files([data_files] if isinstance(data_files, str) else list(data_files or ()))
    if max_documents is not None and max_documents < 1:
        raise CorpusError(f"max_documents must be at least 1, was: {max_documents}")
    try:
        codecs.lookup(encoding)
    except LookupError:
        raise CorpusError(
            f"encoding must be one that Python knows, such as utf-8 or latin-1, was: {encoding}"
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
