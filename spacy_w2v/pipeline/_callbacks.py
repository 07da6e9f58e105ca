"""Callbacks for `[initialize.before_init]`: a pipeline gets vectors of its own before its components are initialized.

spaCy calls `before_init` before it initializes tokenizer and components, so all of them find the vectors, whatever
their order. It calls it too in `spacy pretrain`, `spacy assemble`, `spacy init labels` and `spacy debug data`.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spacy_w2v.config._arguments import check_max_vectors
from spacy_w2v.config._schema import VectorKind
from spacy_w2v.errors import ConfigError
from spacy_w2v.errors._reraising import shown_by_spacy

if TYPE_CHECKING:
    from spacy.language import Language

    from spacy_w2v.model._trained import TrainedModel
    from spacy_w2v.training._resolved_config import ResolvedConfig
    from spacy_w2v.training._run import TrainingRun

Callback = Callable[[Any], Any]  # Any: a Language, which spaCy expects back and does not look at


def make_train_vectors_v1(
    output: str | Path | None = None,
    overwrite: bool = False,
    cache_dir: str | Path | None = None,
    progress: bool = True,
    first: Callback | None = None,
) -> Callback:
    """Make the callback "spacy_w2v.train_vectors.v1": train vectors as the block `[w2v]` of the same config says.

    The tokens are those of the pipeline that is initialized. Of `[w2v.export]`, `max_vectors`, `merge_rare` and
    `vector_kind` count.
    output: keep the results there too, as `spacy w2v train --output` does. If results of the same settings and corpus
    are there already, they are used, and nothing is trained; a run that was stopped is resumed. overwrite: replace
    results of other settings or another corpus, which are refused otherwise. cache_dir: for encoded corpora; null for
    the user's cache directory. progress: shown on standard error. first: another callback for `before_init`, which has
    room for one only; it is called first, and may change the tokenizer.
    """

    def train_vectors(nlp: "Language") -> None:
        from spacy_w2v.tokenization._pipelines import initialize_tokens
        from spacy_w2v.training._resolved_config import resolve_for

        resolved = resolve_for(nlp)
        # as spaCy will do, but only after this
        initialize_tokens(nlp, nlp.config.interpolate()["initialize"], attr=resolved.settings.tokens.attr)
        model = _train_or_find(
            resolved,
            output=Path(output) if output is not None else None,
            overwrite=overwrite,
            cache_dir=Path(cache_dir) if cache_dir is not None else None,
            progress=progress,
        )
        export = resolved.settings.export
        _set_vectors(
            nlp, model, max_vectors=export.max_vectors, merge_rare=export.merge_rare, vector_kind=export.vector_kind
        )

    return _before_init(train_vectors, first, title="Vectors cannot be trained")


def make_load_vectors_v1(
    path: str | Path,
    vectors: VectorKind = "input",
    max_vectors: int | None = None,
    first: Callback | None = None,
    merge_rare: bool = False,
) -> Callback:
    """Make the callback "spacy_w2v.load_vectors.v1", whose vectors is called vector_kind by that of v2."""
    return make_load_vectors_v2(path, vectors, max_vectors, merge_rare, first)


def make_load_vectors_v2(
    path: str | Path,
    vector_kind: VectorKind = "input",
    max_vectors: int | None = None,
    merge_rare: bool = False,
    first: Callback | None = None,
) -> Callback:
    """Make the callback "spacy_w2v.load_vectors.v2": take the vectors of a model that was trained before.

    path: the output directory of `spacy w2v train`, or a model. vector_kind: "input", "output" or "mean". max_vectors:
    only those of the most frequent words. merge_rare: all other words share the vector of the most similar one of
    these. first: another callback for `before_init`, which has room for one only; it is called first.
    """

    def load_vectors(nlp: "Language") -> None:
        from spacy_w2v._api import load

        check_max_vectors(max_vectors)
        _set_vectors(
            nlp, load(path, mmap=True), max_vectors=max_vectors, merge_rare=merge_rare, vector_kind=vector_kind
        )

    return _before_init(load_vectors, first, title="Vectors cannot be loaded")


def _before_init(set_vectors: Callable[["Language"], None], first: Callback | None, *, title: str) -> Callback:
    """Return a callback that sets vectors, unless only the tokens of the pipeline matter."""

    def callback(nlp: "Language") -> "Language":
        from spacy_w2v.tokenization._pipelines import is_tokenizer_only

        if first is not None:
            first(nlp)
        if is_tokenizer_only():
            return nlp
        with shown_by_spacy(title):
            _check_no_other_vectors(nlp)
            set_vectors(nlp)
        return nlp

    return callback


def _check_no_other_vectors(nlp: "Language") -> None:
    """Raise ConfigError if spaCy would load another table over the vectors."""
    other = nlp.config.interpolate()["initialize"].get("vectors")
    if other is not None:
        raise ConfigError(
            "[initialize] vectors must be null where [initialize.before_init] makes vectors, since spaCy would load "
            f"that table over them, was: {other}. Remove one of the two."
        )


def _train_or_find(
    resolved: "ResolvedConfig", *, output: Path | None, overwrite: bool, cache_dir: Path | None, progress: bool
) -> "TrainedModel":
    """Return the model that is in `output`, or train it. Raises the errors of spacy_w2v.errors."""
    from spacy_w2v.formats._word2vec import Word2Vec
    from spacy_w2v.model._storage import read_model
    from spacy_w2v.pipeline._loggers import callbacks_of
    from spacy_w2v.training import _results as results
    from spacy_w2v.training._composition import train_model, train_to_directory
    from spacy_w2v.training._run import TrainingRun
    from spacy_w2v.training.callbacks._progress_bar import ProgressBarWithCorpus

    run = TrainingRun.of(resolved, cache_dir=cache_dir)
    bar = ProgressBarWithCorpus()
    if output is not None and _has_results(output, run, overwrite=overwrite):
        if progress:
            bar.on_message(f"Using the vectors in {output}")
        return read_model(output / results.MODEL_DIRECTORY, kind=Word2Vec, mmap=True)
    callbacks = callbacks_of(resolved, bar, progress=progress)
    if output is None:
        model = train_model(run, callbacks)
    else:
        resume = not overwrite and results.checkpoint_of(output).exists()
        done = train_to_directory(run, output, callbacks, overwrite=overwrite, resume=resume, also=["spacy"])
        model = done.model
    if progress:
        bar.on_message(results.summary_of(model))
    return model


def _has_results(output: Path, run: "TrainingRun", *, overwrite: bool) -> bool:
    """Return whether the results of a run are in `output`. Raises ConfigError for others that must not be replaced."""
    from spacy_w2v.training import _results as results

    results.finish_killed_run(output)
    if not results.is_result(output):
        return False
    differences = results.differences(output, run)
    if differences and not overwrite:
        raise ConfigError(
            f"The results in output must be of this config and corpus, but {output} differs:\n"
            + "\n".join(differences)
            + "\nName another output, or set overwrite = true to replace them."
        )
    return not differences


def _set_vectors(
    nlp: "Language", model: "TrainedModel", *, max_vectors: int | None, merge_rare: bool, vector_kind: VectorKind
) -> None:
    """Put vectors into the pipeline, as float32, which spaCy's models need."""
    from spacy_w2v.formats.spacy._writing import note_vectors, set_vectors

    set_vectors(nlp, model, max_vectors=max_vectors, merge_rare=merge_rare, vector_kind=vector_kind)
    note_vectors(nlp, model, vector_kind=vector_kind)
