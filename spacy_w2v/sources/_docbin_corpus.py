"""The DocBin files of spaCy (.spacy) as a source of annotated documents: what a pipeline has found is not lost."""

import os
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path

from spacy_w2v._system.hashing import sha256_of_values
from spacy_w2v.errors import CorpusError, CorpusWarning
from spacy_w2v.errors._reraising import shown_by_spacy
from spacy_w2v.errors._wording import first_line
from spacy_w2v.sources._docbin_format import UnpackedDocs, unpack_docbin
from spacy_w2v.sources._docbin_values import annotated_batches
from spacy_w2v.sources._file_content import file_contents
from spacy_w2v.sources._local_files import find_files, open_files
from spacy_w2v.sources._parts import SourcePart, groups_of
from spacy_w2v.sources._source import TextBatch, Texts

SUFFIX = ".spacy"


class DocBinFiles(Texts):
    """DocBin files, which are read one at a time. Memory is bounded by the largest of them."""

    def __init__(self, paths: Sequence[str], *, max_documents: int | None = None):
        """Initialize a source; see `docbin` for the arguments."""
        self.paths = list(paths)
        self.max_documents = max_documents

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r})"

    @property
    def name(self) -> str:
        """The name of the source in messages."""
        return ", ".join(self.paths[:3]) + (f" and {len(self.paths) - 3} more" if len(self.paths) > 3 else "")

    def files(self) -> list[str]:
        """Return the files in the order of reading.

        Raises:
            CorpusError: A file does not exist, or a directory has no files.
        """
        found: list[str] = []
        for path in self.paths:
            is_folder = os.path.isdir(os.path.expanduser(path))
            found += _files_within(os.path.expanduser(path)) if is_folder else find_files([path], setting="path")
        return found

    def fingerprint(self) -> str | None:
        """Return a hash of the content of the files. Raises CorpusError."""
        content = file_contents(self.files())
        return None if content is None else f"docbin:{sha256_of_values(content, self.max_documents)}"

    def batches(self) -> Iterator[TextBatch]:
        """Yield the Docs as documents of the type ANNOTATED_DOCS.

        Raises:
            CorpusError: A file is missing or damaged, or all are empty.
        """
        files = self._files_with_content()
        total = sum(map(os.path.getsize, files))
        n_left = self.max_documents
        done = 0
        for file in files:
            size = os.path.getsize(file)
            for docs in _docs_of_file(file):
                taken = docs if n_left is None else docs.first(n_left)
                for batch in annotated_batches(taken):
                    yield batch._replace(fraction=(done + (batch.fraction or 0.0) * size) / total)
                if n_left is not None:
                    n_left -= len(taken.lengths)
                    if n_left == 0:
                        return
            done += size

    def parts(self, part_bytes: int) -> Sequence[SourcePart]:
        """Return groups of files as parts. See DivisibleSource."""
        files = list(filter(os.path.getsize, self.files()))
        sizes = [os.path.getsize(file) for file in files]
        groups = list(groups_of(sizes, part_bytes)) if files and self.max_documents is None else []
        if len(groups) <= 1:
            return [SourcePart(self, sum(sizes))]
        return [SourcePart(DocBinFiles(files[first:end]), sum(sizes[first:end])) for first, end in groups]

    def check(self) -> None:
        """Raise CorpusError if there are no files."""
        self._files_with_content()

    def _files_with_content(self) -> list[str]:
        files = self.files()
        empty = [file for file in files if not os.path.getsize(file)]
        if len(empty) == len(files):
            raise CorpusError(f"path must name DocBin files of spaCy, but all are empty: {', '.join(empty[:3])}")
        if empty:
            warnings.warn(
                f"Left out {len(empty)} of {len(files)} files because they are empty: {', '.join(empty[:3])}",
                CorpusWarning,
                stacklevel=2,
            )
        return [file for file in files if file not in empty]


def _files_within(folder: str) -> list[str]:
    """Return the .spacy files below a folder, as `spacy.Corpus` finds them, in order. Raises CorpusError."""
    below = (path.relative_to(folder) for path in Path(folder).rglob(f"*{SUFFIX}"))
    found = sorted(path for path in below if not any(part.startswith(".") for part in path.parts))
    files = [os.path.join(folder, path) for path in found if os.path.isfile(os.path.join(folder, path))]
    if not files:
        raise CorpusError(
            f"path must be a .spacy file or a directory with some, but {folder} has none. Write files with "
            "DocBin.to_disk or `spacy w2v annotate`."
        )
    return files


def _docs_of_file(file: str) -> Iterator[UnpackedDocs]:
    """Yield the Docs of a file, or those of each file in an archive.

    Raises:
        CorpusError: The file is damaged.
    """
    try:
        for opened in open_files(file):
            yield unpack_docbin(opened.stream.read(), name=opened.name)
    except CorpusError:
        raise
    except Exception as error:  # gzip, lzma, zstandard and zip have no common class
        raise CorpusError(f"The files must be readable, but {file} is not: {first_line(error)}") from error


@shown_by_spacy("The texts cannot be read")
def docbin(path: str | list[str], max_documents: int | None = None) -> DocBinFiles:
    """Read Docs with all their annotation from .spacy files: spaCy's DocBin, as `spacy w2v annotate` writes them too.

    This is the reader "spacy_w2v.DocBin.v1" of configs. The keys of `[w2v.tokens.keys]` are made from the annotation of
    a Doc if it has all that they need. Otherwise, the pipeline annotates its tokens.

    Args:
        path: A file, a glob, a directory with .spacy files in it or in its folders, or a list of these.
        max_documents: The maximum number of Docs to read. If None, all are read.

    Returns:
        A source of Docs, for `spacy_w2v.train` and other functions that take texts. Memory is bounded by the largest
        file: some 100 bytes for each of its tokens.

    Raises:
        CorpusError: An argument is invalid. Files that are missing or damaged raise it when they are read.

    Example:
        >>> texts = spacy_w2v.docbin("annotated/", max_documents=100_000)
        >>> texts.name
        'annotated/'
    """
    paths = [path] if isinstance(path, str | os.PathLike) else list(path)
    if not paths:
        raise CorpusError("path must name at least one file or directory, was an empty list.")
    if max_documents is not None and max_documents < 1:
        raise CorpusError(f"max_documents must be at least 1, was: {max_documents}")
    return DocBinFiles([os.fspath(each) for each in paths], max_documents=max_documents)


make_docbin_v1 = docbin
