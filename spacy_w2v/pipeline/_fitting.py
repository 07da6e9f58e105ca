"""What is found out of a pipeline's table and its texts when the component is initialized."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np
from spacy.language import Language

from spacy_w2v._arrays import Vectors
from spacy_w2v.errors import ConfigError
from spacy_w2v.formats.spacy._table_facts import table_facts
from spacy_w2v.pipeline._doc_vectors import DocVectors, PoolingSettings
from spacy_w2v.pipeline._pooling import common_components
from spacy_w2v.pipeline._state import Fitted, FittedFacts
from spacy_w2v.tokenization._tokens import transient_strings

if TYPE_CHECKING:
    from spacy_w2v.formats.spacy._frequencies import Frequencies
    from spacy_w2v.model._trained import TrainedModel
    from spacy_w2v.pipeline._text_sample import SampledSource

FEWEST_TEXTS = 10
"""Texts with known words that common components are found in, at least: a handful has no direction of its own."""

MOST_EXAMPLES = 5_000


def fit(
    nlp: Language,
    trained: "TrainedModel | None",
    *,
    settings: PoolingSettings,
    source: "SampledSource | None",
    get_examples: Callable[[], Iterable[Any]],  # Any: spaCy's Examples
    section: str,
) -> Fitted:
    """Return what the component needs to know of the pipeline's table: of the most frequent words of a model, if any.

    Common components are those of texts of the source, or of the examples where there is none. section: the block of
    the config that errors name. Raises ConfigError where the settings need what cannot be found.
    """
    table = table_facts(nlp.vocab.vectors)
    frequencies = _frequencies(nlp, trained, n_rows=table.n_rows)
    fitted = Fitted(
        facts=FittedFacts(
            table=table,
            n_tokens=frequencies.n_tokens if frequencies is not None else 0,
            sif_a=settings.sif_a,
            frequencies=settings.frequencies,
        ),
        counts=frequencies.counts if frequencies is not None else None,
        common=np.zeros((0, table.vector_size), np.float32),
    )
    maker = DocVectors(replace(settings, n_common=0), fitted)
    maker.bind(nlp.vocab)  # with all its checks, also where nothing is to be found
    if not settings.n_removed:
        return fitted
    n = settings.n_common
    if n >= table.vector_size:
        raise ConfigError(f"n_common must be less than the dimensions of the vectors, {table.vector_size}, was: {n}")
    known = [vector for vector in _text_vectors(nlp, maker, source, get_examples) if vector.any()]
    if len(known) < max(FEWEST_TEXTS, n):
        raise ConfigError(
            f"n_common = {n} takes out what is common to texts, and needs at least {max(FEWEST_TEXTS, n)} with "
            f"words that have vectors to find it, but there were {len(known)}. Give more examples, or a reader in "
            f"[{section}.corpus]; or set n_common = 0."
        )
    return replace(fitted, common=common_components(np.stack(known), n=n))


def _frequencies(nlp: Language, trained: "TrainedModel | None", *, n_rows: int) -> "Frequencies | None":
    """Return the counts of the rows of a pipeline's table: the model's, or those that were kept when it was exported.

    None for a table of other origin.
    """
    from spacy_w2v.formats.spacy._frequencies import Frequencies, find_frequencies

    if trained is not None:
        counts = np.array(trained.vocabulary.counts[:n_rows])
        return Frequencies(counts, trained.record.corpus.n_tokens)
    return find_frequencies(nlp.vocab, vectors=nlp.config.interpolate()["initialize"].get("vectors"))


def _text_vectors(
    nlp: Language,
    maker: DocVectors,
    source: "SampledSource | None",
    get_examples: Callable[[], Iterable[Any]],
) -> list[Vectors]:
    """Return the vectors of a sample of texts."""
    if source is not None and (lines := source.sample()):
        with transient_strings(nlp):
            return [maker.span_vector(nlp.make_doc(line)) for line in lines]
    # What others make may be kept by them, as by a reader that reads once: its strings must stay.
    return [maker.span_vector(example.reference) for example in islice(get_examples(), MOST_EXAMPLES)]
