"""The facts of an inspection as rows of a table, with a line that explains each."""

from typing import NamedTuple

import numpy as np

from spacy_w2v.inspection._facts import Hubs, Inspection, OddRows

NOTHING = "–"


class FactRow(NamedTuple):
    """A row of the table."""

    name: str
    value: str
    note: str = ""
    """What the fact means, in a line; empty where its name says it."""


def fact_rows(inspection: Inspection) -> list[FactRow]:
    """Return the rows of the table."""
    return [
        *_size_rows(inspection),
        *_rank_rows(inspection),
        *_similarity_rows(inspection),
        *_norm_rows(inspection),
        *_odd_rows(inspection),
    ]


def _size_rows(inspection: Inspection) -> list[FactRow]:
    n_words, n_rows, size = inspection.n_words, inspection.n_rows, inspection.vector_size
    rows = [FactRow("Words", f"{n_words:,}")]
    if n_rows != n_words or inspection.n_unused_rows:
        unused = f", and {inspection.n_unused_rows:,} rows have no word" if inspection.n_unused_rows else ""
        rows.append(FactRow("Rows", f"{n_rows:,}", f"{n_words - n_rows:,} words share the row of another word{unused}"))
    note = f"numbers for each word, where a one-hot vector would have {n_words:,}"
    return [*rows, FactRow("Dimensions", f"{size:,}", note)]


def _rank_rows(inspection: Inspection) -> list[FactRow]:
    n_rows, size = inspection.n_rows, inspection.vector_size
    limit = f"vectors are linearly independent, at most {min(n_rows, size):,}; one-hot vectors of all words would be"
    rows = [
        FactRow("Rank", f"{inspection.rank:,}", limit),
        FactRow(
            "Effective rank",
            _number(inspection.effective_rank, 1),
            "axes that the vectors use: exp of the entropy of the shares of variance along them",
        ),
    ]
    if inspection.trained_effective_rank != inspection.effective_rank:
        note = "of the input vectors, without post-processing"
        rows.append(FactRow("Effective rank as trained", _number(inspection.trained_effective_rank, 1), note))
    if inspection.variance_shares:
        shares = np.array(inspection.variance_shares)
        half = int(np.searchsorted(np.cumsum(shares), 0.5)) + 1
        rows.append(FactRow("Largest axis", f"{shares[0]:.1%}", "of the variance"))
        rows.append(FactRow("Axes with half of it", f"{half:,}"))
    return rows


def _similarity_rows(inspection: Inspection) -> list[FactRow]:
    pmi, hubs = inspection.pmi, inspection.hubs
    frequent = f"of the {inspection.n_frequent:,} most frequent words; one-hot vectors are orthogonal, so theirs is 0"
    rows = [FactRow("Mean cosine", _number(inspection.mean_cosine, 2), frequent)]
    if inspection.trained_mean_cosine != inspection.mean_cosine:
        note = "of the input vectors, without post-processing"
        rows.append(FactRow("Mean cosine as trained", _number(inspection.trained_mean_cosine, 2), note))
    note = "of products of input and output vectors: words with the same contexts get similar vectors"
    if pmi is None:
        note = f"left out: {inspection.pmi_left_out}"
    rows.append(FactRow("Correlation with PMI", _number(pmi.correlation if pmi else None, 2), note))
    if hubs is not None:
        rows += _hub_rows(hubs)
    return rows


def _hub_rows(hubs: Hubs) -> list[FactRow]:
    note = f"of how many of {hubs.n_words:,} words have a word among their {hubs.n_neighbours} nearest; 0 is even"
    largest = ", ".join(f"{hub.word} ({hub.share:.1%})" for hub in hubs.words[:4])
    return [
        FactRow("Skewness of hubs", _number(hubs.skewness, 2), note),
        FactRow("Largest hubs", "", largest),
    ]


def _norm_rows(inspection: Inspection) -> list[FactRow]:
    note = "mean length of the vectors" if inspection.has_counts else "mean length, by the order of the words"
    return [
        FactRow(f"Words {band.first_rank:,} to {band.last_rank:,}", f"{band.mean_norm:#.3g}", "" if number else note)
        for number, band in enumerate(inspection.norms)
    ]


def _odd_rows(inspection: Inspection) -> list[FactRow]:
    return [
        _odd_row("Zero rows", inspection.zero_rows, "vectors that are similar to nothing"),
        _odd_row("Rows with NaN or infinity", inspection.not_finite_rows, "vectors that break what uses them"),
        _odd_row("Duplicate rows", inspection.duplicate_rows, "vectors that are equal to an earlier one"),
    ]


def _odd_row(name: str, found: OddRows, note: str) -> FactRow:
    return FactRow(name, f"{found.n:,}", f"{note}: {', '.join(found.words)}" if found.words else "")


def _number(value: float | None, digits: int) -> str:
    return NOTHING if value is None else f"{value:.{digits}f}"
