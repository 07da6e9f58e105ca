"""What the component computes from a pipeline's vectors table and texts when it is initialized."""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from spacy.language import Language

from spacy_w2v.errors import ConfigError
from spacy_w2v.formats.spacy._table_fingerprint import fingerprint_of
from spacy_w2v.pipeline._doc_vectors import DocVectors, PoolingSettings
from spacy_w2v.pipeline._origin import composing_table
from spacy_w2v.pipeline._pooling import common_components
from spacy_w2v.pipeline._sampled_texts import SampledTexts
from spacy_w2v.pipeline._state import Fitted, FittedMeta

if TYPE_CHECKING:
    from spacy_w2v.formats.spacy._frequencies import Frequencies
    from spacy_w2v.model._trained import TrainedModel
    from spacy_w2v.model._word_vectors import WordVectors

MIN_TEXTS = 10
"""Fewest texts with known words from which common components are computed: a handful has no common direction."""


def fit(
    nlp: Language,
    of_model: "WordVectors | None",
    *,
    settings: PoolingSettings,
    texts: SampledTexts,
    section: str,
) -> Fitted:
    """Compute what the component needs: a fingerprint of the vectors table, word counts, and common components.

    Args:
        nlp: The pipeline.
        of_model: The vectors of the model of the table, or None if the pipeline kept its own vectors.
        settings: How the vectors of documents are computed.
        texts: Texts to compute common components from.
        section: The config block that errors name.

    Raises:
        ConfigError: The settings need word frequencies or texts that are missing.
    """
    trained = of_model.model if of_model is not None else None
    table = fingerprint_of(nlp.vocab.vectors)
    frequencies = _frequencies(nlp, trained, n_rows=table.n_rows)
    _store_keys(nlp, trained)
    fitted = Fitted(
        meta=FittedMeta(
            table=table,
            n_tokens=frequencies.n_tokens if frequencies is not None else 0,
            sif_a=settings.sif_a,
            frequencies=settings.frequencies,
        ),
        counts=frequencies.counts if frequencies is not None else None,
        common=np.zeros((0, table.vector_size), np.float32),
    )
    doc_vectors = DocVectors(
        replace(settings, n_common=0),
        fitted,
        subwords=composing_table(of_model),
        attr=trained.attr if trained is not None else None,
    )
    doc_vectors.bind(nlp.vocab)  # runs all checks, even if no components are needed
    if not settings.n_removed:
        return fitted
    n = settings.n_common
    if n >= table.vector_size:
        raise ConfigError(f"n_common must be less than the number of dimensions, {table.vector_size}, was: {n}")
    known = [vector for vector in texts.vectors(doc_vectors) if vector.any()]
    if len(known) < max(MIN_TEXTS, n):
        raise ConfigError(
            f"n_common = {n} needs at least {max(MIN_TEXTS, n)} texts with known words to compute common components, "
            f"but there were {len(known)}. Provide more examples, or a reader in [{section}.corpus], or set "
            "n_common = 0."
        )
    return replace(fitted, common=common_components(np.stack(known), n=n))


def _frequencies(nlp: Language, trained: "TrainedModel | None", *, n_rows: int) -> "Frequencies | None":
    """Return the word counts of a pipeline's table: those of the model, or those that were exported with the table.

    None for other tables.
    """
    from spacy_w2v.formats.spacy._floret_words import copy_words, find_words, words_of
    from spacy_w2v.formats.spacy._frequencies import Frequencies, find_frequencies

    if getattr(nlp.vocab.vectors, "mode", None) == "floret":
        words = find_words(nlp.vocab, vectors=nlp.config.interpolate()["initialize"].get("vectors"))
        if trained is not None:
            words = words_of(trained.words, trained.vocabulary.counts, n_tokens=trained.record.corpus.n_tokens)
        if words is None:
            return None
        copy_words(nlp.vocab, words)  # spaCy does not copy them from the pipeline that it loads the table from
        return Frequencies(words.counts[:0], words.n_tokens)  # the counts are in the lookups: words have no rows
    if trained is not None:
        counts = np.array(trained.vocabulary.counts[:n_rows])
        return Frequencies(counts, trained.record.corpus.n_tokens)
    return find_frequencies(nlp.vocab, vectors=nlp.config.interpolate()["initialize"].get("vectors"))


def _store_keys(nlp: Language, trained: "TrainedModel | None") -> None:
    """Store the key function of a pipeline's table in its vocab, unless it is there already."""
    from spacy_w2v.formats.spacy._key_block import find_key_block, store_key_block

    if trained is not None:
        block = trained.record.tokens.key_block
    else:
        block = find_key_block(nlp.vocab, vectors=nlp.config.interpolate()["initialize"].get("vectors"))
    store_key_block(nlp.vocab, block)
