"""The record of a run for its models, and the summary of corpus and vocabulary that is shown before training."""

import platform
from dataclasses import asdict
from importlib.metadata import version
from secrets import token_hex

from spacy_w2v._version import __version__
from spacy_w2v.config._schema import W2VSettings
from spacy_w2v.corpus._store import Corpus
from spacy_w2v.model._blocks import with_unknown_entries
from spacy_w2v.model._run_record import CorpusRecord, CorpusSummary, LearningRate, PhrasesSummary, RunRecord
from spacy_w2v.model._vocabulary import summarize_vocabulary
from spacy_w2v.training._stages import Prepared

PACKAGES = ("spacy", "gensim", "numpy", "numba", "datasets", "pyarrow")
"""Dependencies whose versions are recorded, besides the version of this package."""


def describe_corpus(corpus: Corpus) -> CorpusRecord:
    """Return the sizes of an encoded corpus."""
    return CorpusRecord(source=corpus.source, **asdict(corpus.counts))


def summarize_corpus(settings: W2VSettings, prepared: Prepared) -> CorpusSummary:
    """Return the summary of corpus, vocabulary and initial vectors."""
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
        phrases=describe_joined(corpus),
    )


def describe_joined(corpus: Corpus) -> PhrasesSummary | None:
    """Return the phrases that are one token each in a corpus; None for a corpus as it was encoded."""
    found = corpus.phrases
    if found is None:
        return None
    known = found.to_json()
    return PhrasesSummary(n_phrase_tokens=known.pop("n_tokens"), **known)


def describe_run(
    settings: W2VSettings, prepared: Prepared, *, lang: str, learning_rates: list[LearningRate]
) -> RunRecord:
    """Return the record of a run without results, for its model and its checkpoints.

    A resumed run keeps its id, and unknown entries that a newer version may have written.

    Args:
        settings: The settings of the run.
        prepared: Corpus, vocabulary and checkpoint.
        lang: spaCy's code of the language.
        learning_rates: The initial settings of the learning rate, and each change.
    """
    found = summarize_corpus(settings, prepared)
    record = RunRecord.of(settings, found, lang=lang, versions=_versions())
    resume_from = prepared.resume_from.record if prepared.resume_from is not None else None
    if resume_from is not None:
        record = with_unknown_entries(record, resume_from)
    name = resume_from.run if resume_from is not None else None
    fingerprint = prepared.corpus.fingerprint.to_json()
    record = record.model_copy(update={"run": name or token_hex(8), "corpus_fingerprint": fingerprint})
    return record.model_copy(update={"learning_rates": learning_rates}) if len(learning_rates) > 1 else record


def _versions() -> dict[str, str]:
    ours = {"python": platform.python_version(), "spacy-w2v": __version__}
    return ours | {package: version(package) for package in PACKAGES}
