"""Inspects word vectors: collects all facts about a table, and the warnings."""

from pathlib import Path
from typing import Any

import numpy as np

from spacy_w2v.config._arguments import optional_path
from spacy_w2v.config._export import PostprocessChoice, VectorKindChoice
from spacy_w2v.formats._opening import vectors_of
from spacy_w2v.inspection._facts import Inspection, NormBand, OddRows
from spacy_w2v.inspection._pmi import pmi_correlation
from spacy_w2v.inspection._rows import Table
from spacy_w2v.inspection._similarity import hubs_of, mean_cosine
from spacy_w2v.inspection._warnings import findings
from spacy_w2v.model._composition import check_has_words
from spacy_w2v.model._spectrum import Spectrum, spectrum_of
from spacy_w2v.model._word_vectors import WordVectors


def inspect_vectors(
    vectors: Any,  # Any: what `open_vectors` takes
    *,
    vector_kind: VectorKindChoice = "recorded",
    postprocess: PostprocessChoice = "recorded",
    whitening_strength: float | None = None,
    cache_dir: str | Path | None = None,
    trust_config: bool = False,
) -> Inspection:
    """Inspect word vectors: their rank and spectrum, how similar they are to each other, odd rows, and warnings.

    The rules that warn judge the vectors as they were trained: the input vectors of a model, without post-processing.

    Args:
        vectors: Anything that `open_vectors` takes: a model, a spaCy pipeline, vectors of gensim, or the path of one of
            these, or of a file of word2vec, GloVe or fastText.
        vector_kind: The vectors of a model: "input", "output", "mean" or "sum" of both, or "recorded" for what its
            record says.
        postprocess: What is done to the vectors: "recorded" for what the record of a model says, "center",
            "soft-whiten", or None for nothing. See `WordVectors.postprocessed`.
        whitening_strength: The strength of "soft-whiten", from 0 to 1. None for that of the record, or 0.25.
        cache_dir: The directory with the encoded corpus of a model, which the correlation with PMI needs. None for the
            user's cache directory.
        trust_config: Whether to call any function that the config of a model names; see `load`.

    Returns:
        The facts and the warnings.

    Raises:
        ConfigError: There are no vectors of this kind, or the post-processing is invalid.
        StorageError: The vectors cannot be read.

    Example:
        >>> inspection = spacy_w2v.inspect_vectors("vectors")
        >>> inspection.rank, inspection.vector_size
        (50, 50)
        >>> len(inspection.warnings)
        0
    """
    opened = vectors_of(vectors, trust_config=trust_config, argument="vectors").of_kind(vector_kind)
    opened = opened.postprocessed(postprocess, whitening_strength=whitening_strength)
    check_has_words(opened, what="An inspection")
    table = Table.of(opened)
    spectrum, (cosine, n_frequent) = _spectrum(table), mean_cosine(table)
    trained_rank, trained_cosine = spectrum.effective_rank, cosine
    if (trained := _as_trained(opened)) is not opened:
        raw = Table.of(trained)
        trained_rank, (trained_cosine, _) = _spectrum(raw).effective_rank, mean_cosine(raw)
    pmi = pmi_correlation(opened.model, cache_dir=optional_path(cache_dir, name="cache_dir"))
    not_finite = _odd(table, ~table.is_finite)
    return Inspection(
        name=opened.name,
        n_words=len(opened),
        n_rows=len(table.rows),
        n_unused_rows=len(opened.matrix) - len(table.rows),
        vector_size=opened.vector_size,
        has_counts=opened.counts is not None,
        zero_rows=_odd(table, table.norms == 0),
        not_finite_rows=not_finite,
        duplicate_rows=_odd(table, table.is_duplicate),
        rank=spectrum.rank,
        variance_shares=spectrum.shares.tolist(),
        effective_rank=spectrum.effective_rank,
        n_frequent=n_frequent,
        mean_cosine=cosine,
        norms=_norm_bands(table),
        hubs=hubs_of(table),
        pmi=None if isinstance(pmi, str) else pmi,
        pmi_left_out=pmi if isinstance(pmi, str) else None,
        trained_effective_rank=trained_rank,
        trained_mean_cosine=trained_cosine,
        warnings=list(
            findings(
                vector_size=opened.vector_size,
                n_vectors=len(table.usable),
                effective_rank=trained_rank,
                mean_cosine=trained_cosine,
                pmi=None if isinstance(pmi, str) else pmi,
                not_finite=not_finite,
            )
        ),
    )


def _as_trained(vectors: WordVectors) -> WordVectors:
    """Return the input vectors of a model without post-processing; other vectors without what is done on access."""
    if vectors.postprocessing is None and vectors.vector_kind == "input":
        return vectors
    return vectors.postprocessed(None).of_kind("input")


def _spectrum(table: Table) -> Spectrum:
    return spectrum_of(table.blocks, vector_size=table.vectors.vector_size, dtype=table.vectors.matrix.dtype)


def _odd(table: Table, is_odd: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> OddRows:
    places = np.flatnonzero(is_odd)
    return OddRows(n=len(places), words=table.words_at(places))


def _norm_bands(table: Table) -> list[NormBand]:
    """Return the mean lengths of vectors by rank: those of the first 10 words, the next 90, the next 900, and so on."""
    bands, first, n = [], 0, len(table.rows)
    while first < n:
        last = min(max(10 * first, 10), n)
        norms = table.norms[first:last]
        norms = norms[np.isfinite(norms) & (norms > 0)]
        if norms.size:
            bands.append(NormBand(first_rank=first + 1, last_rank=last, mean_norm=float(norms.mean())))
        first = last
    return bands
