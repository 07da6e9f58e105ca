"""What a model keeps of its run, and what is shown of corpus and vocabulary before training."""

import platform
from dataclasses import asdict
from importlib.metadata import version
from secrets import token_hex

from spacy_w2v._version import __version__
from spacy_w2v.config._schema import W2VSettings
from spacy_w2v.corpus._store import Corpus
from spacy_w2v.model._blocks import with_unknown_entries
from spacy_w2v.model._run_record import CorpusRecord, CorpusSummary, LearningRate, RunRecord
from spacy_w2v.model._vocabulary import summarize_vocabulary
from spacy_w2v.training._stages import Prepared

PACKAGES = ("spacy", "gensim", "numpy", "numba", "datasets", "pyarrow")
"""Dependencies whose versions are kept, besides that of this package."""


def describe_corpus(corpus: Corpus) -> CorpusRecord:
    """Return what was found in an encoded corpus."""
    return CorpusRecord(source=corpus.source, **asdict(corpus.counts))


def describe_words(settings: W2VSettings, prepared: Prepared) -> CorpusSummary:
    """Return what was found of corpus, vocabulary and starting point together."""
    corpus, vocabulary, start = prepared.corpus, prepared.vocabulary, prepared.start
    return CorpusSummary(
        corpus=describe_corpus(corpus),
        vocabulary=summarize_vocabulary(
            vocabulary,
            n_tokens=corpus.counts.n_tokens,
            n_types=corpus.counts.n_types,
            min_count=settings.vocabulary.min_count,
        ),
        initial=start.summary(vocabulary.counts, freeze=settings.initial.freeze) if start is not None else None,
    )


def describe_run(
    settings: W2VSettings, prepared: Prepared, *, lang: str, learning_rates: list[LearningRate]
) -> RunRecord:
    """Return the record of the models of a run, its checkpoints too, without their results.

    A run that is resumed keeps its name, and what only a newer version of this package knows of it.
    """
    found = describe_words(settings, prepared)
    record = RunRecord.of(settings, found, lang=lang, versions=_versions())
    earlier = prepared.earlier.record if prepared.earlier is not None else None
    if earlier is not None:
        record = with_unknown_entries(record, earlier)
    name = earlier.run if earlier is not None else None
    fingerprint = prepared.corpus.fingerprint.to_json()
    record = record.model_copy(update={"run": name or token_hex(8), "corpus_fingerprint": fingerprint})
    return record.model_copy(update={"learning_rates": learning_rates}) if len(learning_rates) > 1 else record


def _versions() -> dict[str, str]:
    ours = {"python": platform.python_version(), "spacy-w2v": __version__}
    return ours | {package: version(package) for package in PACKAGES}
