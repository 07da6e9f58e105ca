"""Mixtures of sources that end in the same way as those of `datasets.interleave_datasets`."""

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
    """Sources that are mixed document by document, in proportion to their weights until the end.

    With stop = "first_exhausted", the mixture ends with the last document of the source that ends first. With
    "all_exhausted", it ends when each source has ended once; until then, the sources that have ended start again.
    """

    def fingerprint(self) -> str | None:
        """Return a hash of all fingerprints and of the weights, seed and stop, or None if a fingerprint is None."""
        fingerprint = super().fingerprint()
        return None if fingerprint is None else f"{fingerprint}:repeated"

    def batches(self) -> Iterator[TextBatch]:
        """Yield batches of 1,000 documents. The number from each source follows the multinomial distribution.

        Raises:
            CorpusError: A source has no documents, or it must start again but can be read only once.
        """
        cursors = [RepeatingCursor(name, source) for name, source in self.sources.items()]
        weights = np.array([self.weights[name] for name in self.sources])
        generator = np.random.Generator(np.random.PCG64(np.random.SeedSequence(self.seed)))
        which_end = min if self.stop == "first_exhausted" else max
        while True:
            draws = generator.choice(len(cursors), DOCUMENTS_PER_DRAW, p=weights / weights.sum())
            taken = []
            ends = []  # for each source: the number of draws until it has ended once
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
def interleave(
    sources: dict[str, Any],
    weights: dict[str, float],
    seed: int = 0,
    stop: str = "first_exhausted",
) -> Interleaving:
    """Mix the documents of several sources, in proportion to weights.

    This is the reader "spacy_w2v.Interleave.v2" of configs.

    Args:
        sources: The sources by name: readers, or in Python anything that `spacy_w2v.train` accepts.
        weights: The weight of each source, by name, greater than 0.
        seed: The seed of the random order, at least 0.
        stop: When the mixture ends, as stopping_strategy of `datasets.interleave_datasets`: "first_exhausted" ends with
            the first source that ends, "all_exhausted" ends when each source has ended once (until then, the sources
            that have ended start again), and "all_exhausted_without_replacement" ends when each document has been read
            once.

    Returns:
        A source of texts, for `spacy_w2v.train` and other functions that take texts.

    Raises:
        CorpusError: An argument is invalid.

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


make_interleave_v2 = interleave
