"""Callbacks for `[initialize.before_init]`, which set the vectors of a pipeline before its components are initialized.

spaCy calls `before_init` before it initializes the tokenizer and the components, so all components find the vectors,
in whatever order they are. `spacy pretrain`, `spacy assemble`, `spacy init labels` and `spacy debug data` call it too.
"""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spacy_w2v.config._arguments import check_max_vectors
from spacy_w2v.config._export import PostprocessChoice, VectorKindChoice
from spacy_w2v.config._schema import VectorKind, check_vector_kind
from spacy_w2v.errors import ConfigError
from spacy_w2v.errors._reraising import shown_by_spacy

if TYPE_CHECKING:
    from spacy.language import Language

    from spacy_w2v.model._trained import TrainedModel
    from spacy_w2v.model._word_vectors import WordVectors
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
    """Create the callback "spacy_w2v.train_vectors.v1", which trains word vectors from `[w2v]` of the same config.

    The tokens are those of the pipeline that is initialized. With `[w2v.tokens.keys]`, its frozen components annotate
    the texts, and those that need no training. The settings `max_vectors`, `merge_rare`, `composed`,
    `vector_kind`, `postprocess` and `whitening_strength` of `[w2v.export]` determine the vectors of the pipeline.

    Args:
        output: Directory in which the results are saved, as by `spacy w2v train --output`. If it has results of the
            same settings and corpus, they are used and nothing is trained; the settings of `[w2v.export]` may differ. A
            run that was stopped is resumed. None to save nothing.
        overwrite: Whether to replace results of other settings or another corpus. Otherwise, they raise an error.
        cache_dir: Directory for encoded corpora. None for the user's cache directory.
        progress: Whether to show progress on standard error.
        first: Another callback, which is called first and may change the tokenizer. `before_init` accepts only one
            callback itself.

    Returns:
        The callback, which takes the pipeline and returns it with its vectors.

    Raises:
        Word2VecError: When the callback is called: the config is invalid, the corpus cannot be read, `output` cannot be
            used, or training diverges. spaCy's commands print it without a traceback.

    Example:
        >>> corpus = {"@readers": "spacy_w2v.Dataset.v1", "data_files": "news.txt"}
        >>> callback = {"@callbacks": "spacy_w2v.train_vectors.v1", "progress": False}
        >>> config = {"w2v": {"corpus": corpus}, "initialize": {"before_init": callback}}
        >>> nlp = spacy.blank("en", config=config)
        >>> optimizer = nlp.initialize()
        >>> nlp.vocab.vectors.shape
        (1817, 100)
    """

    def train_vectors(nlp: "Language") -> None:
        from spacy_w2v.formats._exporting import selected
        from spacy_w2v.keys._resolution import key_function_of
        from spacy_w2v.pipeline._annotating import annotating
        from spacy_w2v.tokenization._pipelines import initialize_tokens
        from spacy_w2v.training._resolved_config import resolve_for

        resolved = resolve_for(nlp)
        # as spaCy does, but only after this callback
        initialize_tokens(nlp, nlp.config.interpolate()["initialize"], attr=resolved.settings.tokens.attr)
        function = key_function_of(resolved.settings.tokens) if resolved.nlp is nlp else None
        with annotating(nlp, function):
            model = _train_or_find(
                resolved,
                output=Path(output) if output is not None else None,
                overwrite=overwrite,
                cache_dir=Path(cache_dir) if cache_dir is not None else None,
                progress=progress,
            )
        export = resolved.settings.export
        vectors = selected(model.word_vectors(), export)
        if export.composed:
            from spacy_w2v.formats.spacy._floret_table import without_subwords

            vectors = without_subwords(vectors)
        _set_vectors(nlp, vectors, max_vectors=export.max_vectors, merge_rare=export.merge_rare)

    return _before_init(train_vectors, first, title="Vectors cannot be trained")


def make_load_vectors_v1(
    path: str | Path,
    vectors: VectorKind = "input",
    max_vectors: int | None = None,
    first: Callback | None = None,
    merge_rare: bool = False,
) -> Callback:
    """Create the callback "spacy_w2v.load_vectors.v1", which differs from v2 in the name of one argument.

    Args:
        path: The output directory of `spacy w2v train`, or a model.
        vectors: "input", "output", or "mean" of both. v2 calls it vector_kind.
        max_vectors: Number of vectors to keep, those of the most frequent words. None for all.
        first: Another callback, which is called first.
        merge_rare: Whether to map each removed word to the most similar remaining vector.

    Returns:
        The callback, which takes the pipeline and returns it with its vectors.

    Raises:
        Word2VecError: When the callback is called: the model cannot be read, or an argument is invalid.
    """
    return _load_vectors(
        path, vectors, max_vectors=max_vectors, merge_rare=merge_rare, first=first, kind_argument="vectors"
    )


def make_load_vectors_v2(
    path: str | Path,
    vector_kind: VectorKindChoice = "recorded",
    max_vectors: int | None = None,
    merge_rare: bool = False,
    first: Callback | None = None,
    postprocess: PostprocessChoice = "recorded",
    whitening_strength: float | None = None,
) -> Callback:
    """Create the callback "spacy_w2v.load_vectors.v2", which sets the vectors of a trained model.

    Args:
        path: The output directory of `spacy w2v train`, or a model.
        vector_kind: "input", "output", "mean" or "sum" of both, or "recorded" for what the record of the model says.
        max_vectors: Number of vectors to keep, those of the most frequent words. None for all.
        merge_rare: Whether to map each removed word to the most similar remaining vector.
        first: Another callback, which is called first. `before_init` accepts only one callback itself.
        postprocess: What is done to the vectors: "recorded" for what the record of the model says, "center",
            "soft-whiten", or None for nothing.
        whitening_strength: The strength of "soft-whiten", from 0 to 1. None for that of the record, or 0.25.

    Returns:
        The callback, which takes the pipeline and returns it with its vectors.

    Raises:
        Word2VecError: When the callback is called: the model cannot be read, or an argument is invalid. spaCy's
            commands print it without a traceback.

    Example:
        >>> callback = {"@callbacks": "spacy_w2v.load_vectors.v2", "path": "vectors"}
        >>> nlp = spacy.blank("en", config={"initialize": {"before_init": callback}})
        >>> optimizer = nlp.initialize()
        >>> nlp.vocab.vectors.shape
        (1817, 50)
    """
    return _load_vectors(
        path,
        vector_kind,
        max_vectors=max_vectors,
        merge_rare=merge_rare,
        first=first,
        postprocess=postprocess,
        whitening_strength=whitening_strength,
    )


def _load_vectors(
    path: str | Path,
    vector_kind: VectorKindChoice,
    *,
    max_vectors: int | None,
    merge_rare: bool,
    first: Callback | None,
    postprocess: PostprocessChoice = "recorded",
    whitening_strength: float | None = None,
    kind_argument: str = "vector_kind",
) -> Callback:
    """Return the callback of either version. Errors name vector_kind as the argument `kind_argument`."""

    def load_vectors(nlp: "Language") -> None:
        from spacy_w2v._api import load

        check_max_vectors(max_vectors)
        model = load(path, mmap=True)
        if vector_kind != "recorded":
            check_vector_kind(vector_kind, loss=model.objective.name, argument=kind_argument)
        vectors = model.word_vectors(vector_kind, postprocess=postprocess, whitening_strength=whitening_strength)
        _set_vectors(nlp, vectors, max_vectors=max_vectors, merge_rare=merge_rare)

    return _before_init(load_vectors, first, title="Vectors cannot be loaded")


def _before_init(set_vectors: Callable[["Language"], None], first: Callback | None, *, title: str) -> Callback:
    """Return a callback that sets vectors, except where only the tokens of the pipeline are needed.

    Args:
        set_vectors: Sets the vectors of a pipeline.
        first: Another callback to call first.
        title: Title of errors that spaCy's commands show.
    """

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
    """Raise ConfigError if spaCy would load another vectors table after this callback."""
    other = nlp.config.interpolate()["initialize"].get("vectors")
    if other is not None:
        raise ConfigError(
            "vectors in [initialize] must be null if [initialize.before_init] sets the vectors, because spaCy would "
            f"replace them, was: {other}. Remove one of the two."
        )


def _train_or_find(
    resolved: "ResolvedConfig", *, output: Path | None, overwrite: bool, cache_dir: Path | None, progress: bool
) -> "TrainedModel":
    """Return the model of an earlier run, or train one.

    Args:
        resolved: The config.
        output: Directory of the results; None to save nothing.
        overwrite: Whether to replace results of other settings or another corpus.
        cache_dir: Directory for encoded corpora.
        progress: Whether to show progress.

    Raises:
        Word2VecError: The results in `output` are of other settings, or training fails.
    """
    from spacy_w2v.formats._word2vec import Word2Vec
    from spacy_w2v.model._storage import read_model
    from spacy_w2v.training import _results as results
    from spacy_w2v.training._composition import train_model, train_to_directory
    from spacy_w2v.training._run import TrainingRun
    from spacy_w2v.training.callbacks._progress_bar import ProgressBarWithCorpus
    from spacy_w2v.training.callbacks._spacy_logger import callbacks_of

    run = TrainingRun.of(resolved, cache_dir=cache_dir)
    with closing(ProgressBarWithCorpus(announces_compiling=progress)) as bar:
        if output is not None and _has_results(output, run, overwrite=overwrite):
            if progress:
                bar.on_message(f"Using the vectors in {output}")
                if changes := results.changed_exports(output, run):
                    bar.on_message(f"The other files there were exported with other settings: {'; '.join(changes)}")
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
    """Return whether `output` has the results of this run.

    Args:
        output: The directory.
        run: The run, with its settings and corpus.
        overwrite: Whether results of other settings or another corpus may be replaced.

    Raises:
        ConfigError: `output` has other results, and overwrite is not set.
    """
    from spacy_w2v.training import _results as results

    results.finish_killed_run(output)
    if not results.is_result(output):
        return False
    differences = results.differences(output, run)
    if differences and not overwrite:
        raise ConfigError(
            f"The results in output must be those of this config and corpus, but those in {output} differ:\n"
            + "\n".join(differences)
            + "\nChoose another output, or set overwrite = true to replace them."
        )
    return not differences


def _set_vectors(nlp: "Language", vectors: "WordVectors", *, max_vectors: int | None, merge_rare: bool) -> None:
    """Set the vectors of a pipeline, as float32, which spaCy's models need."""
    from spacy_w2v.formats.spacy._writing import set_vectors

    set_vectors(nlp, vectors, max_vectors=max_vectors, merge_rare=merge_rare)
