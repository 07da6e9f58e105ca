"""Parts of datasets of Hugging Face that are on disk or in memory: consecutive rows."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Protocol

from spacy_w2v.sources._parts import SourcePart, Stretch, stretches_of
from spacy_w2v.sources._source import TextBatch, TextSource

if TYPE_CHECKING:
    import datasets


class SourceOfRows(TextSource, Protocol):
    """A source of which some rows can be read."""

    def batches_of(self, stretch: Stretch) -> Iterator[TextBatch]:
        """Yield the documents of some rows. Raises CorpusError if they cannot be read."""


class RowsPart:
    """Some rows of a source."""

    def __init__(self, source: SourceOfRows, stretch: Stretch):
        """Initialize a source.

        Args:
            source: The source with all rows.
            stretch: The numbers of the rows.
        """
        self.source = source
        self.stretch = stretch

    @property
    def name(self) -> str:
        """The name of the source in messages."""
        return f"{self.source.name} (rows {self.stretch.first:,} to {self.stretch.end:,})"

    def fingerprint(self) -> str | None:
        """Return the fingerprint of the source with the numbers of the rows, or None."""
        fingerprint = self.source.fingerprint()
        return None if fingerprint is None else f"{fingerprint}:{self.stretch.first}-{self.stretch.end}"

    def batches(self) -> Iterator[TextBatch]:
        """Yield the documents. Raises CorpusError if they cannot be read."""
        return self.source.batches_of(self.stretch)


def row_parts(
    source: SourceOfRows, dataset: "datasets.Dataset", *, fields: Sequence[str], part_bytes: int
) -> list[SourcePart]:
    """Return the parts of a source whose rows are those of a dataset.

    Args:
        source: The source.
        dataset: The dataset. Its rows are selected, not copied.
        fields: The columns with the texts.
        part_bytes: The size of a part.
    """
    table = dataset.data
    n_bytes = sum(table.column(field).nbytes for field in fields if field in table.column_names)
    n_bytes = n_bytes * len(dataset) // max(len(table), 1)  # rows may have been selected
    stretches = stretches_of(len(dataset), n_bytes=n_bytes, part_bytes=part_bytes)
    return [SourcePart(RowsPart(source, stretch), n_bytes // len(stretches)) for stretch in stretches]
