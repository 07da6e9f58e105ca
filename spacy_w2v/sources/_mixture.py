"""Several sources as one: concatenated, or mixed by weights."""

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from spacy_w2v._system.hashing import sha256_of_values
from spacy_w2v.errors import CorpusError
from spacy_w2v.errors._reraising import shown_by_spacy
from spacy_w2v.sources._cursors import Cursor
from spacy_w2v.sources._iterables import as_source
from spacy_w2v.sources._parts import DivisibleSource, SourcePart, divided, groups_of
from spacy_w2v.sources._source import TextBatch, Texts, TextSource

DOCUMENTS_PER_DRAW = 1000


class Concatenation(Texts):
    """Sources that are read in order."""

    def __init__(self, sources: dict[str, TextSource]):
        if not sources:
            raise CorpusError("sources must have at least one source, was empty.")
        self.sources = sources

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r})"

    @property
    def name(self) -> str:
        """The name of the source in messages."""
        return " + ".join(self.sources)

    def fingerprint(self) -> str | None:
        """Return a hash of all fingerprints, or None if a fingerprint is None."""
        return _joint_fingerprint(self.sources, "")

    def batches(self) -> Iterator[TextBatch]:
        """Yield the documents of each source in order."""
        for number, source in enumerate(self.sources.values()):
            for batch in source.batches():
                fraction = None if batch.fraction is None else (number + batch.fraction) / len(self.sources)
                yield batch._replace(fraction=fraction)

    def parts(self, part_bytes: int) -> Sequence[SourcePart]:
        """Return the parts of the sources. Small ones stay together. See DivisibleSource."""
        found = [part for source in self.sources.values() for part in divided(source, part_bytes)]
        groups = list(groups_of((part.n_bytes for part in found), part_bytes))
        if len(groups) == 1:
            return [SourcePart(self, sum(part.n_bytes for part in found))]
        return [_joined(found[first:end]) for first, end in groups]

    def check(self) -> None:
        """Check the sources. See DivisibleSource."""
        for source in self.sources.values():
            if isinstance(source, DivisibleSource):
                source.check()


def _joined(parts: list[SourcePart]) -> SourcePart:
    """Return consecutive parts as one."""
    if len(parts) == 1:
        return parts[0]
    sources = {f"{number}. {part.source.name}": part.source for number, part in enumerate(parts, start=1)}
    return SourcePart(Concatenation(sources), sum(part.n_bytes for part in parts))


class Interleaving(Texts):
    """Sources that are mixed document by document, in proportion to their weights.

    With stop = "first_exhausted", the mixture ends with the first source that ends, so the proportions are exact until
    the last document. With "all_exhausted", it continues with the other sources until each document has been read once.
    """

    def __init__(self, sources: dict[str, TextSource], *, weights: dict[str, float], seed: int, stop: str):
        """Initialize a mixture.

        Args:
            sources: The sources by name.
            weights: The weight of each source, by name, greater than 0.
            seed: The seed of the random order, at least 0.
            stop: "first_exhausted" or "all_exhausted".

        Raises:
            CorpusError: An argument is invalid.
        """
        if not sources:
            raise CorpusError("sources must have at least one source, was empty.")
        if set(weights) != set(sources):
            raise CorpusError(
                f"weights must have the same names as sources ({', '.join(sources)}), was: {', '.join(weights)}"
            )
        if not all(0 < weight < math.inf for weight in weights.values()):
            raise CorpusError(f"weights must be greater than 0, was: {weights}")
        if not math.isfinite(sum(weights.values())):
            raise CorpusError(f"weights must have a finite sum, was: {weights}")
        if seed < 0:
            raise CorpusError(f"seed must be at least 0, was: {seed}")
        if stop not in ("first_exhausted", "all_exhausted"):
            raise CorpusError(f"stop must be first_exhausted or all_exhausted, was: {stop}")
        self.sources = sources
        self.weights = weights
        self.seed = seed
        self.stop = stop

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r})"

    @property
    def name(self) -> str:
        """The name of the source in messages."""
        return " + ".join(f"{weight:g} {name}" for name, weight in self.weights.items())

    def fingerprint(self) -> str | None:
        """Return a hash of all fingerprints and of the weights, seed and stop, or None if a fingerprint is None."""
        return _joint_fingerprint(self.sources, repr((self.weights, self.seed, self.stop)))

    def batches(self) -> Iterator[TextBatch]:
        """Yield batches of 1,000 documents. The number from each source follows the multinomial distribution."""
        cursors = {name: Cursor(name, source) for name, source in self.sources.items()}
        generator = np.random.Generator(np.random.PCG64(np.random.SeedSequence(self.seed)))
        while cursors:
            names = list(cursors)
            weights = np.array([self.weights[name] for name in names])
            draws = generator.choice(len(names), DOCUMENTS_PER_DRAW, p=weights / weights.sum())
            shares = np.bincount(draws, minlength=len(names)).tolist()
            taken = {name: cursors[name].take(share) for name, share in zip(names, shares, strict=True)}
            ended = [i for i, name in enumerate(names) if cursors[name].is_exhausted]
            if ended and self.stop == "first_exhausted":
                # The first draw from a source without documents ends the mixture.
                end = min(np.flatnonzero(draws == i)[taken[names[i]].n_documents] for i in ended)
                shares = np.bincount(draws[:end], minlength=len(names)).tolist()
                for name, share in zip(names, shares, strict=True):
                    yield taken[name]._replace(texts=taken[name].texts.slice(0, share), n_documents=share)
                return
            yield from taken.values()
            for i in ended:
                del cursors[names[i]]


def _joint_fingerprint(sources: dict[str, TextSource], mixture: str) -> str | None:
    fingerprints = [source.fingerprint() for source in sources.values()]
    if None in fingerprints:
        return None
    return f"mixture:{sha256_of_values(fingerprints, mixture)}"


@shown_by_spacy("The texts cannot be read")
def concatenate(sources: dict[str, Any]) -> Concatenation:
    """Join several sources: all documents of the first source, then those of the next.

    This is the reader "spacy_w2v.Concatenate.v1" of configs.

    Args:
        sources: The sources by name, in order: readers, or in Python anything that `spacy_w2v.train` accepts.

    Returns:
        A source of texts, for `spacy_w2v.train` and other functions that take texts.

    Raises:
        CorpusError: There is no source, or a source does not contain texts.

    Example:
        >>> texts = spacy_w2v.concatenate({"news": "news.txt", "more": ["A quiet day."]})
        >>> sum(1 for _ in spacy_w2v.tokenize(texts))
        301
    """
    return Concatenation({name: as_source(source) for name, source in sources.items()})


make_concatenate_v1 = concatenate


@shown_by_spacy("The texts cannot be read")
def make_interleave_v1(
    sources: dict[str, Any],
    weights: dict[str, float],
    seed: int = 0,
    stop: str = "first_exhausted",
) -> Interleaving:
    """Mix the documents of several sources, in proportion to weights.

    This is the reader "spacy_w2v.Interleave.v1" of configs. Use "spacy_w2v.Interleave.v2" in new configs: its values of
    `stop` have the same meaning as in `datasets.interleave_datasets`.

    Args:
        sources: The readers by name.
        weights: The weight of each source, by name, greater than 0.
        seed: The seed of the random order, at least 0.
        stop: "first_exhausted" ends with the first source that ends. "all_exhausted" ends when each document has been
            read once, which "spacy_w2v.Interleave.v2" calls "all_exhausted_without_replacement".

    Raises:
        CorpusError: An argument is invalid.
    """
    return Interleaving(sources, weights=weights, seed=seed, stop=stop)
