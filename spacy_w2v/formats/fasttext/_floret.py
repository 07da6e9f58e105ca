"""floret's text format (.floret): a header with the settings of the hashes, and a line for each bucket.

spaCy reads it (`spacy init vectors … --mode floret`). A file must match the format exactly, including the number of
buckets in its header.
"""

import re
from pathlib import Path

from pydantic import ValidationError

from spacy_w2v.config._export import ExportSettings
from spacy_w2v.config._problems import describe_arguments
from spacy_w2v.config._subwords import SubwordSettings
from spacy_w2v.errors import ConfigError, StorageError
from spacy_w2v.formats.word2vec._contents import Content, open_content
from spacy_w2v.formats.word2vec._reading import check_header
from spacy_w2v.formats.word2vec._text import Layout, encode_lines, read_text
from spacy_w2v.formats.word2vec._writing import open_for_writing
from spacy_w2v.model._composition import subwords_of_mode
from spacy_w2v.model._word_vectors import WordVectors
from spacy_w2v.subwords._table import SubwordTable, table_of_all_buckets

_HEADER = re.compile(
    rb"(\d{1,18}) (\d{1,18}) (\d{1,9}) (\d{1,9}) (\d{1,9}) (\d{1,18}) (\S{1,400}) (\S{1,400})[ \t]*\r?\n"
)
"""The buckets, the dimensions, the two lengths of n-grams, the number of hashes, their seed, and the two marks."""


def is_floret(head: bytes) -> bool:
    """Return whether a file that begins with these bytes has the header of floret."""
    return _HEADER.match(head) is not None


def read_floret(path: Path) -> SubwordTable:
    """Read a .floret file, which may be compressed.

    Args:
        path: The file, for which `is_floret` is true.

    Raises:
        StorageError: The file is damaged, or its settings are not those of a table that spaCy and floret read alike.
    """
    with open_content(path) as content:
        head = content.read()
        header = _HEADER.match(head)
        if header is None:
            raise StorageError(f"{path} must begin with the eight values of floret's header, but does not.")
        buckets, d = int(header[1]), int(header[2])
        check_header(content, buckets, d, n_bytes_read=header.end())
        settings = _settings(header, name=content.name)
        layout = Layout(separator=b" ", d=d, n_words=buckets, first_line=2)
        numbers, matrix, _ = read_text(content, head[header.end() :], layout)
        _check_numbers(numbers, content)
    return table_of_all_buckets(settings, matrix)


def _settings(header: re.Match[bytes], *, name: str) -> SubwordSettings:
    try:
        return SubwordSettings(
            mode="floret",
            buckets=int(header[1]),
            min_n=int(header[3]),
            max_n=int(header[4]),
            hashes=int(header[5]),
            hash_seed=int(header[6]),
            bow=header[7].decode("utf-8"),
            eow=header[8].decode("utf-8"),
        )
    except UnicodeDecodeError:
        raise StorageError(f"The first line of {name} must be in UTF-8, but is not. The file is damaged.") from None
    except ValidationError as error:
        raise StorageError(
            f"The first line of {name} must have settings of floret that spaCy reads: {describe_arguments(error)}"
        ) from None


def _check_numbers(numbers: list[str], content: Content) -> None:
    """Raise StorageError unless the lines begin with the numbers of the buckets, in order."""
    wrong = next((place for place, number in enumerate(numbers) if number != str(place)), None)
    if wrong is not None:
        raise StorageError(
            f"Line {wrong + 2} of {content.name} must begin with the number of its bucket, {wrong}, was: "
            f"{numbers[wrong][:60]!r}. The file is damaged."
        )


def write_floret(vectors: WordVectors, path: Path, settings: ExportSettings) -> None:
    """Write floret's table, with a row of zeros for each bucket that was not trained.

    Args:
        vectors: Vectors with subwords in the mode floret.
        path: The file.
        settings: Not used: the table is always complete.

    Raises:
        ConfigError: The vectors have no such subwords.
    """
    table = subwords_of_mode(vectors, "floret")
    if table is None:
        raise ConfigError(f"The format floret needs the subwords of floret, but {vectors.name} has none.")
    found = table.settings
    header = (found.buckets, table.vector_size, found.min_n, found.max_n, found.hashes, found.hash_seed)
    with open_for_writing(path) as file:
        file.write(f"{' '.join(map(str, header))} {found.bow} {found.eow}\n".encode())
        start = 0
        for block in table.blocks_of_all_buckets():
            numbers = [str(number) for number in range(start, start + len(block))]
            file.write(encode_lines(numbers, block))
            start += len(block)
