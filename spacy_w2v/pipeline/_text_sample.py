"""A sample of the texts of a corpus, of limited size, taken while the corpus is read."""

from collections.abc import Iterator

from spacy_w2v.sources._annotated_sources import keeping_annotation
from spacy_w2v.sources._source import TextBatch, TextSource, texts_of

SAMPLE_TEXTS = 5_000
"""Lines from which common components are computed. More do not change the first component in 300 dimensions."""

LINES_PER_DOCUMENT = 10
"""Limits the lines of one document, so that the sample has many documents."""

LINE_CHARACTERS = 10_000


class SampledSource:
    """A source that keeps some lines of its first documents when it is read."""

    def __init__(self, source: TextSource) -> None:
        self._source = source
        self._lines: list[str] = []

    def keep_annotation(self) -> None:
        """Let the Docs of the source keep what a pipeline has found, for keys."""
        self._source = keeping_annotation(self._source)

    @property
    def name(self) -> str:
        """Name of the source."""
        return self._source.name

    def fingerprint(self) -> str | None:
        """Return the fingerprint of the source."""
        return self._source.fingerprint()

    def batches(self) -> Iterator[TextBatch]:
        """Read the source, and keep the sample."""
        self._lines = []
        for batch in self._source.batches():
            if len(self._lines) < SAMPLE_TEXTS:
                for text in texts_of(batch.texts):
                    self._add(text)
                    if len(self._lines) >= SAMPLE_TEXTS:
                        break
            yield batch

    def sample(self) -> list[str]:
        """Return the lines. If the source was not read yet, read as much of it as needed."""
        if not self._lines:  # the encoded corpus was in the cache
            batches = self.batches()
            while len(self._lines) < SAMPLE_TEXTS and next(batches, None) is not None:
                pass
        return self._lines

    def _add(self, text: str) -> None:
        lines = [line for line in text.splitlines() if not line.isspace() and line]
        room = min(LINES_PER_DOCUMENT, SAMPLE_TEXTS - len(self._lines))
        self._lines += [line[:LINE_CHARACTERS] for line in lines[:room]]
