"""The whole way: texts to an encoded corpus, to a vocabulary, to trained weights, to a model."""

import platform
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING, Any

from spacy_w2v._arrays import NO_WORDS, Weights
from spacy_w2v._atomic import remove_directory
from spacy_w2v._system.memory import available_memory, release_free_memory
from spacy_w2v.config._schema import W2VSettings, default_alpha
from spacy_w2v.corpus._cache import EncodingListener, EncodingProgress, prepared_corpus
from spacy_w2v.corpus._store import Corpus
from spacy_w2v.errors import ConfigError, TrainingError
from spacy_w2v.formats._exporting import n_matrices
from spacy_w2v.formats._opening import InitialVectors
from spacy_w2v.model._storage import read_meta, write_model
from spacy_w2v.model._trained import TrainedModel
from spacy_w2v.model._vocabulary import build_vocabulary, vocabulary_facts
from spacy_w2v.objectives._registry import objective_of
from spacy_w2v.objectives._subsampling import make_subsampling
from spacy_w2v.sources._source import TextSource
from spacy_w2v.training._arguments import initial_weights, without_padding
from spacy_w2v.training._checkpoint import Checkpoint, Checkpoints, corpus_identity, open_checkpoint, write_progress
from spacy_w2v.training._start import match, open_checked
from spacy_w2v.training._state import EpochResult, RunState, TrainingProgress
from spacy_w2v.training._trainer import TrainingListener, train_weights

if TYPE_CHECKING:
    from spacy.language import Language


@dataclass(frozen=True)
class JobListener:
    """Whom to tell while a job runs."""

    message: Callable[[str], None] = lambda text: None
    encoding: Callable[[EncodingProgress], None] = lambda progress: None
    corpus: Callable[[dict[str, Any]], None] = lambda facts: None
    """Called with the facts of corpus and vocabulary before training starts."""
    resumed: Callable[[list[EpochResult]], None] = lambda results: None
    """Called with the epochs of earlier sittings before training goes on from a checkpoint."""
    training: Callable[[TrainingProgress], None] = lambda progress: None
    epoch: Callable[[EpochResult], None] = lambda result: None

    def followed_by(self, other: "JobListener") -> "JobListener":
        """Return a listener that tells this one first, and then the other one."""
        return JobListener(
            **{part.name: _both(getattr(self, part.name), getattr(other, part.name)) for part in fields(self)}
        )

    def for_encoding(self) -> EncodingListener:
        """Return the part that encoding calls."""
        return EncodingListener(message=self.message, progress=self.encoding)


def _both(first: Callable[[Any], None], second: Callable[[Any], None]) -> Callable[[Any], None]:  # Any: what they take
    def call(value: Any) -> None:
        first(value)
        second(value)

    return call


@dataclass(frozen=True)
class Word2VecJob:
    """What to train, on what, and with which tokens."""

    source: TextSource
    nlp: "Language"
    settings: W2VSettings
    config: str = ""
    """The complete config, as text, to be kept with the model."""
    cache_dir: Path | None = None
    """Where encoded corpora are kept; None for the user's cache directory."""
    code_path: Path | None = None
    """Python file with registered functions of the user's own, for the processes that tokenize."""
    before_training: Callable[[int], None] = field(default=lambda n_bytes: None)
    """Called with the size of the results and a checkpoint, in bytes, before training starts; may raise."""
    check_words: Callable[[Sequence[str]], Iterable[str]] = field(default=lambda words: ())
    """Called with the words, by falling count, before training starts; returns what is to be told; may raise."""
    checkpoint: Path | None = None
    """Directory that keeps the state of the run while it goes, every `checkpoint_every_s`; None to keep none.

    It is left there, until `remove_checkpoint` is called.
    """
    resume: bool = False
    """Go on from the checkpoint, which must be there."""
    overwrite: bool = False
    """Start again even if there is a checkpoint of an earlier run, which is lost once training begins."""
    initial: InitialVectors | None = None
    """Vectors to start from; None for those that the settings name, if they do."""

    def __post_init__(self) -> None:
        # what depends on the model is a number from here on, in checkpoints and in the model's facts
        object.__setattr__(self, "settings", self.settings.completed())

    def run(self, listener: JobListener | None = None) -> TrainedModel:
        """Do it all. Raises the errors of spacy_w2v.errors."""
        told = listener or JobListener()
        earlier = None
        if self.checkpoint is not None:
            earlier = open_checkpoint(self.checkpoint, resume=self.resume, overwrite=self.overwrite)
        elif self.resume:
            raise ConfigError("resume goes on from a checkpoint, but checkpoint is None. Name its directory.")
        if earlier is not None:
            earlier.check_settings(self.settings)
        initial = open_checked(self.settings.initial, self.initial, vector_size=self.settings.model.vector_size)
        with prepared_corpus(
            self.source,
            self.nlp,
            self.settings.tokens,
            max_vocab_size=self.settings.vocabulary.max_vocab_size,
            cache_dir=self.cache_dir,
            code_path=self.code_path,
            listener=told.for_encoding(),
        ) as corpus:
            return self._train(corpus, earlier, told, initial)

    def remove_checkpoint(self) -> None:
        """Remove the checkpoint, once the results are safe."""
        if self.checkpoint is not None:
            remove_directory(self.checkpoint)

    def _train(
        self, corpus: Corpus, earlier: Checkpoint | None, told: JobListener, initial: InitialVectors | None
    ) -> TrainedModel:
        settings = self.settings
        release_free_memory()  # of encoding
        vocabulary, word_of_type = build_vocabulary(
            corpus.read_types(),
            n_type_ids=corpus.n_type_ids,
            min_count=settings.vocabulary.min_count,
            max_final_vocab=settings.vocabulary.max_final_vocab,
            keep=initial.rows_by_key(settings.tokens.attr) if initial and settings.initial.keep_words else (),
        )
        start = None
        if initial is not None:
            start = match(initial, vocabulary, attr=settings.tokens.attr, model=settings.model)
        identity = {}
        if self.checkpoint is not None:
            digest = start.digest() if start is not None else None
            identity = corpus_identity(corpus, vocabulary, word_of_type, initial=digest)
        if earlier is not None:
            earlier.check_corpus(identity)
        corpus_facts = {"source": corpus.source, **asdict(corpus.counts)}
        facts = vocabulary_facts(
            vocabulary,
            n_tokens=corpus.counts.n_tokens,
            n_types=corpus.counts.n_types,
            min_count=settings.vocabulary.min_count,
        )
        start_facts = (
            {"initial": start.facts(vocabulary.counts, freeze=settings.initial.freeze)} if start is not None else {}
        )
        told.corpus(corpus_facts | facts | start_facts)
        if start is not None:
            told.message(start.describe(vocabulary.counts, freeze=settings.initial.freeze))
        for note in self.check_words(vocabulary.words):
            told.message(note)
        vector_size = settings.model.vector_size
        matrix_bytes = len(vocabulary) * vector_size * 4
        _check_memory(2 * matrix_bytes, n_words=len(vocabulary), vector_size=vector_size)
        writes_checkpoints = self.checkpoint is not None and settings.training.checkpoint_every_s is not None
        self.before_training((2 + 2 * writes_checkpoints + n_matrices(settings.export)) * matrix_bytes)
        subsampling = make_subsampling(word_of_type, vocabulary.counts, sample=settings.training.sample)
        tree = start.tree if start is not None else None
        objective = objective_of(settings.model)
        layer = objective.tables(vocabulary.counts, tree=tree)
        release_free_memory()  # of what made the vocabulary, before the weights take theirs
        weights = initial_weights(
            n_words=len(vocabulary),
            n_outputs=objective.shapes(len(vocabulary))["output"][0],
            vector_size=vector_size,
            seed=settings.training.seed,
        )
        kept_tree = objective.own_tree(tree, vocabulary.counts)
        rates = self._learning_rates(earlier, told)
        run = read_meta(earlier.path).get("run") if earlier is not None else None
        meta = {
            "run": run or token_hex(8),  # the same in its checkpoint and its results
            "corpus_fingerprint": corpus.fingerprint,
            "lang": self.nlp.lang,
            "corpus": corpus_facts,
            "vocabulary": settings.vocabulary.model_dump() | facts,
            "tokens": settings.tokens.model_dump(),
            "model": settings.model.model_dump(),
            "training": settings.training.model_dump(),
            "initial": settings.initial.model_dump(mode="json") | start_facts.get("initial", {}),
            "versions": _versions(),
        }
        if len(rates) > 1:
            meta["learning_rates"] = rates

        def make_model(results: list[EpochResult], trained: Weights, **more: Any) -> TrainedModel:  # Any: JSON values
            now = datetime.now(timezone.utc).isoformat(timespec="seconds")
            return TrainedModel(
                vocabulary=vocabulary,
                input_vectors=trained.input,
                output_vectors=trained.output,
                config=self.config,
                meta={"created": now, **meta, "results": [result._asdict() for result in results], **more},
                own_tree=kept_tree,
            )

        def write_checkpoint(state: RunState, directory: Path) -> None:
            write_progress(directory, state, settings=settings, corpus=identity, learning_rates=rates)
            views = Weights(*(matrix[:, :vector_size] for matrix in weights))
            unfinished = {"epoch": state.epoch, "n_tokens": state.n_tokens, "n_tokens_total": state.schedule.n_tokens}
            write_model(make_model(state.finished, views, unfinished=unfinished), directory)

        if earlier is not None:
            earlier.read_weights(weights, vector_size)
            told.resumed(earlier.results)
        else:
            self.remove_checkpoint()  # of an earlier run, as `overwrite` says
            if start is not None:
                start.fill(weights)
        results = train_weights(
            corpus,
            subsampling,
            layer,
            weights,
            model=settings.model,
            training=settings.training,
            listener=TrainingListener(progress=told.training, epoch=told.epoch, message=told.message),
            untrained_loss=objective.untrained_loss(layer, vocabulary.counts, sample=settings.training.sample),
            checkpoints=self._checkpoints(write_checkpoint, earlier),
            done=earlier.state if earlier is not None else None,
            frozen=start.found if start is not None and settings.initial.freeze else NO_WORDS,
        )
        release_free_memory()  # of the chunks
        return make_model(results, Weights(*(without_padding(matrix, vector_size) for matrix in weights)))

    def _learning_rates(self, earlier: Checkpoint | None, told: JobListener) -> list[dict[str, float]]:
        """Return alpha and min_alpha as the run began, and each change since; tell of the one that comes now."""
        training = self.settings.training
        now = {"alpha": training.alpha or default_alpha(self.settings.model), "min_alpha": training.min_alpha}
        if earlier is None:
            return [{"n_tasks_done": 0, **now}]
        told.message(f"Going on from {earlier.path}, which is in epoch {earlier.epoch} of {training.epochs}")
        before = earlier.learning_rates[-1]
        changes = [f"{name} is {value}, was {before[name]}" for name, value in now.items() if value != before[name]]
        if not changes:
            return earlier.learning_rates
        told.message(f"Another learning rate from here on: {'; '.join(changes)}")
        return [*earlier.learning_rates, {"n_tasks_done": earlier.n_tasks_done, **now}]

    def _checkpoints(
        self, write_to: Callable[[RunState, Path], None], earlier: Checkpoint | None
    ) -> Checkpoints | None:
        every_s = self.settings.training.checkpoint_every_s
        if self.checkpoint is None or every_s is None:
            return None
        return Checkpoints(
            self.checkpoint,
            every_s=every_s,
            write_to=write_to,
            kept_epoch=earlier.epoch if earlier is not None else None,
        )


def _check_memory(n_bytes: int, *, n_words: int, vector_size: int) -> None:
    """Raise TrainingError if the weights alone are larger than this machine's memory."""
    memory = available_memory()
    if memory is not None and n_bytes > memory:
        raise TrainingError(
            f"The weights must fit into memory, {memory / 1e9:.1f} GB, but {n_words} words of {vector_size} dimensions "
            f"take {n_bytes / 1e9:.1f} GB. Raise min_count, or lower max_final_vocab or vector_size."
        )


def _versions() -> dict[str, str]:
    packages = ("spacy-w2v", "spacy", "gensim", "numpy", "numba", "datasets", "pyarrow")
    return {"python": platform.python_version(), **{package: version(package) for package in packages}}
