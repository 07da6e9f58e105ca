"""Sources mixed by weights, with the ends that `datasets.interleave_datasets` has."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa

from spacy_w2v.errors import CorpusError
from spacy_w2v.errors._reraising import shown_by_spacy
from spacy_w2v.sources._iterables import as_source
from spacy_w2v.sources._mixture import DOCUMENTS_PER_DRAW, Interleaving
from spacy_w2v.sources._source import TextBatch, TextSource, empty_texts

STOPS = ("first_exhausted", "all_exhausted", "all_exhausted_without_replacement")


class RepeatedInterleaving(Interleaving):
    """Sources mixed document by document, in proportion to their weights up to the end.

    With stop = "first_exhausted" that comes behind the last document of the source that ends first. With
    "all_exhausted" it comes behind that of the source that ends last; until then others begin again from the front.
    """

    def fingerprint(self) -> str | None:
        """Return the hash of all fingerprints and the mixture, or None if one is unknown."""
        fingerprint = super().fingerprint()
        return None if fingerprint is None else f"{fingerprint}:repeated"

    def batches(self) -> Iterator[TextBatch]:
        """Read by draws of 1,000 documents, whose shares follow the multinomial distribution.

        Raises CorpusError for a source without documents, or that has to begin again but can be read only once.
        """
        cursors = [_Cursor(name, source) for name, source in self.sources.items()]
        weights = np.array([self.weights[name] for name in self.sources])
        generator = np.random.Generator(np.random.PCG64(np.random.SeedSequence(self.seed)))
        which_end = min if self.stop == "first_exhausted" else max
        while True:
            draws = generator.choice(len(cursors), DOCUMENTS_PER_DRAW, p=weights / weights.sum())
            taken = []
            ends = []  # for each source: behind which draw it has ended once
            for i, cursor in enumerate(cursors):
                places = np.flatnonzero(draws == i)
                was_at_end = cursor.has_ended
                taken.append(cursor.take(places.size, again=self.stop == "all_exhausted"))
                last = cursor.n_before_end
                ends.append(0 if was_at_end else places[last - 1] + 1 if last else draws.size + 1)
            end = which_end(ends)
            shares = np.bincount(draws[:end], minlength=len(cursors)).tolist()
            for batch, share in zip(taken, shares, strict=True):
                yield batch._replace(texts=batch.texts.slice(0, share), n_documents=min(share, batch.n_documents))
            if end <= draws.size:
                return


class _Cursor:
    """A position in a source that begins again at its end."""

    def __init__(self, name: str, source: TextSource):
        self.name = name
        self.source = source
        self.has_ended = False
        self.n_before_end = 0
        """Documents of the last `take` up to the first end of the source; 0 if that has not come, or came before."""
        self._batches = source.batches()
        self._texts = empty_texts()
        self._counts = np.zeros(2, np.int64)  # of documents that are null or no strings, since the last take
        self._example: str | None = None  # of the latter
        if not self._fill():
            raise CorpusError(f"Sources that are mixed must have documents, but {name} has none.")

    def take(self, n_documents: int, *, again: bool) -> TextBatch:
        """Return the next documents: fewer, if the source ends before and does not begin again."""
        parts = []
        missing = n_documents
        self.n_before_end = 0
        while missing:
            if not self._fill():
                if not again:
                    break
                self._begin_again()
            part = self._texts.slice(0, missing)
            self._texts = self._texts.slice(len(part))
            parts.append(part)
            missing -= len(part)
            if not self.has_ended and not self._fill():
                self.has_ended = True
                self.n_before_end = n_documents - missing
        if any(part.type != parts[0].type for part in parts):
            raise CorpusError(f"Sources that are mixed must hold texts or lists of tokens, but {self.name} holds both.")
        n_null, n_not_text = self._counts.tolist()
        self._counts[:] = 0
        texts = pa.concat_arrays(parts) if parts else empty_texts()
        return TextBatch(texts, len(texts), n_null, n_not_text, None, self._example)

    def _fill(self) -> bool:
        """Have documents at hand; return whether there are any before the end of the source."""
        while not len(self._texts):
            batch = next(self._batches, None)
            if batch is None:
                return False
            self._texts = batch.texts
            self._counts += batch.n_null, batch.n_not_text
            self._example = self._example or batch.example
        return True

    def _begin_again(self) -> None:
        self._batches = self.source.batches()
        if not self._fill():
            raise CorpusError(
                f'With stop = "all_exhausted" sources are read again, but {self.name} can be read only once. '
                'Set stop = "all_exhausted_without_replacement".'
            )


@shown_by_spacy("The texts cannot be read")
def make_interleave_v2(
    sources: dict[str, Any],
    weights: dict[str, float],
    seed: int = 0,
    stop: str = "first_exhausted",
) -> Interleaving:
    """Make the reader "spacy_w2v.Interleave.v2": documents of all sources, mixed by weights.

    sources: readers by name, or in Python anything that `spacy_w2v.train` takes. stop: as stopping_strategy of
    `datasets.interleave_datasets`. "first_exhausted": with the first source that ends; "all_exhausted": when each has
    ended once, the others beginning again until then; the last, "all_exhausted_without_replacement": each document is
    read once.
    """
    if stop not in STOPS:
        raise CorpusError(f"stop must be one of {', '.join(STOPS)}, was: {stop}")
    mixed = {name: as_source(source) for name, source in sources.items()}
    if stop == "all_exhausted_without_replacement":
        return Interleaving(mixed, weights=weights, seed=seed, stop="all_exhausted")
    return RepeatedInterleaving(mixed, weights=weights, seed=seed, stop=stop)
