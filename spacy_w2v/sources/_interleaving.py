"""Sources mixed by weights, which end as those of `datasets.interleave_datasets` do."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from spacy_w2v.errors import CorpusError
from spacy_w2v.errors._reraising import shown_by_spacy
from spacy_w2v.sources._cursors import RepeatingCursor
from spacy_w2v.sources._iterables import as_source
from spacy_w2v.sources._mixture import DOCUMENTS_PER_DRAW, Interleaving
from spacy_w2v.sources._source import TextBatch

STOPPING_STRATEGIES = ("first_exhausted", "all_exhausted", "all_exhausted_without_replacement")


class RepeatedInterleaving(Interleaving):
    """Sources that are mixed document by document, in proportion to their weights up to the end.

    With stop = "first_exhausted" the mixture ends after the last document of the source that ends first. With
    "all_exhausted" it ends after that of the source that ends last; until then the others start over.
    """

    def fingerprint(self) -> str | None:
        """Return a hash of all fingerprints and of the mixture, or None if a fingerprint is unknown."""
        fingerprint = super().fingerprint()
        return None if fingerprint is None else f"{fingerprint}:repeated"

    def batches(self) -> Iterator[TextBatch]:
        """Read 1,000 documents at a time, of which the sources' shares follow the multinomial distribution.

        Raises:
            CorpusError: A source has no documents, or it has to start over but can be read only once.
        """
        cursors = [RepeatingCursor(name, source) for name, source in self.sources.items()]
        weights = np.array([self.weights[name] for name in self.sources])
        generator = np.random.Generator(np.random.PCG64(np.random.SeedSequence(self.seed)))
        which_end = min if self.stop == "first_exhausted" else max
        while True:
            draws = generator.choice(len(cursors), DOCUMENTS_PER_DRAW, p=weights / weights.sum())
            taken = []
            ends = []  # for each source: after which draw it has ended once
            for i, cursor in enumerate(cursors):
                places = np.flatnonzero(draws == i)
                was_at_end = cursor.has_ended
                taken.append(cursor.take(places.size, start_over=self.stop == "all_exhausted"))
                last = cursor.n_before_end
                ends.append(0 if was_at_end else places[last - 1] + 1 if last else draws.size + 1)
            end = which_end(ends)
            shares = np.bincount(draws[:end], minlength=len(cursors)).tolist()
            for batch, share in zip(taken, shares, strict=True):
                yield batch._replace(texts=batch.texts.slice(0, share), n_documents=min(share, batch.n_documents))
            if end <= draws.size:
                return


@shown_by_spacy("The texts cannot be read")
def make_interleave_v2(
    sources: dict[str, Any],
    weights: dict[str, float],
    seed: int = 0,
    stop: str = "first_exhausted",
) -> Interleaving:
    """Make the reader "spacy_w2v.Interleave.v2": documents of all sources, mixed by weights.

    Args:
        sources: Readers by name, or in Python anything that `spacy_w2v.train` takes.
        weights: The weight of each source, by name.
        seed: Of the random numbers that mix them.
        stop: When the mixture ends, as stopping_strategy of `datasets.interleave_datasets`. "first_exhausted": with the
            first source that ends. "all_exhausted": when each source has ended once; until then, those that have ended
            start over. "all_exhausted_without_replacement": when each document has been read once.

    Raises:
        CorpusError: An argument breaks a rule.

    Example:
        >>> sources = {"news": "news.txt", "wiki": spacy_w2v.gensim_wiki()}
        >>> texts = spacy_w2v.interleave(sources, weights={"news": 3, "wiki": 1})
    """
    if stop not in STOPPING_STRATEGIES:
        raise CorpusError(f"stop must be one of {', '.join(STOPPING_STRATEGIES)}, was: {stop}")
    mixed = {name: as_source(source) for name, source in sources.items()}
    if stop == "all_exhausted_without_replacement":
        return Interleaving(mixed, weights=weights, seed=seed, stop="all_exhausted")
    return RepeatedInterleaving(mixed, weights=weights, seed=seed, stop=stop)
