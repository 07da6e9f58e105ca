"""What a model keeps of its run, and what is shown of corpus and vocabulary before training."""

import platform
from dataclasses import asdict
from importlib.metadata import version
from secrets import token_hex
from typing import TYPE_CHECKING, Any

from spacy_w2v.config._schema import W2VSettings
from spacy_w2v.model._vocabulary import vocabulary_facts
from spacy_w2v.training._stages import Prepared

if TYPE_CHECKING:
    from spacy_w2v.training._run import TrainingRun

PACKAGES = ("spacy-w2v", "spacy", "gensim", "numpy", "numba", "datasets", "pyarrow")
"""Those whose versions are kept."""


def describe_words(settings: W2VSettings, prepared: Prepared) -> dict[str, Any]:  # Any: JSON values
    """Return the facts of corpus, vocabulary and starting point together."""
    return _corpus(prepared) | _vocabulary(settings, prepared) | _start(settings, prepared)


def describe_run(
    run: "TrainingRun",
    prepared: Prepared,
    *,
    learning_rates: list[dict[str, float]],
    run_id: str | None,
) -> dict[str, Any]:  # Any: JSON values
    """Return the meta data of the models of a run, its checkpoints too, without their results.

    run_id: of the run that is resumed; None for a new run.
    """
    settings = run.settings
    meta = {
        "run": run_id or token_hex(8),
        "corpus_fingerprint": prepared.corpus.fingerprint,
        "lang": run.nlp.lang,
        "corpus": _corpus(prepared),
        "vocabulary": settings.vocabulary.model_dump() | _vocabulary(settings, prepared),
        "tokens": settings.tokens.model_dump(),
        "model": settings.model.model_dump(),
        "training": settings.training.model_dump(),
        "initial": settings.initial.model_dump(mode="json") | _start(settings, prepared).get("initial", {}),
        "versions": _versions(),
    }
    return meta | ({"learning_rates": learning_rates} if len(learning_rates) > 1 else {})


def _corpus(prepared: Prepared) -> dict[str, Any]:
    return {"source": prepared.corpus.source, **asdict(prepared.corpus.counts)}


def _vocabulary(settings: W2VSettings, prepared: Prepared) -> dict[str, Any]:
    counts = prepared.corpus.counts
    return vocabulary_facts(
        prepared.vocabulary,
        n_tokens=counts.n_tokens,
        n_types=counts.n_types,
        min_count=settings.vocabulary.min_count,
    )


def _start(settings: W2VSettings, prepared: Prepared) -> dict[str, Any]:
    if prepared.start is None:
        return {}
    return {"initial": prepared.start.facts(prepared.vocabulary.counts, freeze=settings.initial.freeze)}


def _versions() -> dict[str, str]:
    return {"python": platform.python_version(), **{package: version(package) for package in PACKAGES}}
