"""A run of training: texts become an encoded corpus, a vocabulary, weights, and in the end a model."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from spacy_w2v._arrays import NO_WORDS, Parameters
from spacy_w2v._system.blas import single_threaded_blas
from spacy_w2v._system.memory import release_free_memory
from spacy_w2v.config._schema import W2VSettings
from spacy_w2v.corpus._cache import prepared_corpus
from spacy_w2v.formats._exporting import n_matrices
from spacy_w2v.formats._word2vec import Word2Vec
from spacy_w2v.model._run_record import EpochResult, Unfinished
from spacy_w2v.model._storage import write_model
from spacy_w2v.model._word_vectors import WordVectors
from spacy_w2v.objectives._parameters import Shape, n_bytes, unpadded_views, without_padding
from spacy_w2v.objectives._registry import objective_of
from spacy_w2v.objectives._subsampling import make_subsampling
from spacy_w2v.sources._source import TextSource
from spacy_w2v.training._checkpoint import (
    CheckpointPlace,
    write_progress,
)
from spacy_w2v.training._description import describe_run, describe_words
from spacy_w2v.training._divergence import DivergenceCheck
from spacy_w2v.training._executors import MakeExecutor, ThreadExecutor
from spacy_w2v.training._lasting_settings import lasting_settings
from spacy_w2v.training._loop import TrainingLoop
from spacy_w2v.training._preparation import check_memory, choose_words, learning_rates
from spacy_w2v.training._progress_record import Progress
from spacy_w2v.training._resolved_config import ResolvedConfig
from spacy_w2v.training._stages import Built, Prepared
from spacy_w2v.training._start import open_checked
from spacy_w2v.training._state import RunState
from spacy_w2v.training._work import make_work
from spacy_w2v.training.callbacks._callback import Callback
from spacy_w2v.training.callbacks._callback_list import CallbackList
from spacy_w2v.training.callbacks._model_checkpoint import ModelCheckpoint
from spacy_w2v.training.callbacks._terminate_on_divergence import TerminateOnDivergence

if TYPE_CHECKING:
    from spacy.language import Language


@dataclass(frozen=True)
class TrainingRun:
    """What to train on, with which tokens and settings, and the stages of training.

    `execute` goes through them all: `prepare`, `build`, `train`, `result`. It keeps its state in a checkpoint, if it
    is given one, but holds no lock on it: see `train_model` and `train_to_directory`.
    """

    source: TextSource
    nlp: "Language"
    settings: W2VSettings
    config: str = ""
    """The complete config, as text, to be kept with the model."""
    cache_dir: Path | None = None
    """Where encoded corpora are kept; None for the user's cache directory."""
    code_path: Path | None = None
    """Python file with registered functions of the user's own, for the processes that tokenize."""
    initial: WordVectors | None = None
    """Vectors to start from; None for those that the settings name, if they do."""
    make_executor: MakeExecutor = ThreadExecutor
    """What carries out the tasks: threads of this process, unless another executor is given."""

    def __post_init__(self) -> None:
        # What depends on the model is a number from here on, in checkpoints and in the model's record.
        object.__setattr__(self, "settings", self.settings.completed())

    @classmethod
    def of(
        cls, resolved: ResolvedConfig, *, cache_dir: Path | None = None, code_path: Path | None = None
    ) -> "TrainingRun":
        """Return the run that a config describes."""
        return cls(
            source=resolved.source,
            nlp=resolved.nlp,
            settings=resolved.settings,
            config=resolved.config.to_str(),
            cache_dir=cache_dir,
            code_path=code_path,
        )

    def execute(self, callback: Callback | None = None, *, checkpoint: CheckpointPlace | None = None) -> Word2Vec:
        """Train a model.

        Args:
            callback: Is called while the run goes on.
            checkpoint: Where the state of the run is kept, which stays there; None to keep none.

        Returns:
            The model.

        Raises:
            Word2VecError: As the errors of `spacy_w2v.errors` say.
        """
        callback = callback or Callback()
        with self.prepare(callback, checkpoint) as prepared:
            built = self.build(prepared, callback)
            results = self.train(prepared, built, callback=callback)
            release_free_memory()  # of the chunks
            trained = without_padding(built.parameters, self._shapes(prepared))
            return self.result(prepared, built, results, trained=trained)

    @contextmanager
    def prepare(self, callback: Callback, checkpoint: CheckpointPlace | None) -> Iterator[Prepared]:
        """Read the checkpoint and the vectors to start from, encode the corpus and choose the words.

        The corpus may be gone after the block. Raises ConfigError for settings, texts or initial vectors that are not
        those of the checkpoint to resume from.
        """
        settings = self.settings
        earlier = checkpoint.open() if checkpoint is not None else None
        if earlier is not None:
            earlier.check_settings(settings)
        initial = open_checked(settings.initial, self.initial, vector_size=settings.model.vector_size)
        with prepared_corpus(
            self.source,
            self.nlp,
            settings.tokens,
            max_vocab_size=settings.vocabulary.max_vocab_size,
            cache_dir=self.cache_dir,
            code_path=self.code_path,
            callback=callback,
        ) as corpus:
            release_free_memory()  # of encoding
            prepared = choose_words(settings, corpus, initial=initial, checkpoint=checkpoint, earlier=earlier)
            self._announce(prepared, callback)
            yield prepared

    def build(self, prepared: Prepared, callback: Callback) -> Built:
        """Make the tables of the objective and the weights, where training begins or resumes."""
        model, training = self.settings.model, self.settings.training
        counts, start = prepared.vocabulary.counts, prepared.start
        self._check_room(prepared, callback)
        subsampling = make_subsampling(prepared.word_of_type, counts, sample=training.sample)
        tree = start.tree if start is not None else None
        objective = objective_of(model)
        layer = objective.tables(counts, tree=tree)
        release_free_memory()  # of what made the vocabulary, before the weights take theirs
        parameters = objective.initial_parameters(len(counts), seed=training.seed)
        rates = learning_rates(self.settings, prepared, callback)
        built = Built(
            subsampling=subsampling,
            inputs=objective.input_layer(len(counts)),
            layer=layer,
            parameters=parameters,
            stored_tree=objective.stored_tree(tree, counts),
            untrained_loss=objective.untrained_loss(layer, counts, sample=training.sample),
            frozen=start.found if start is not None and self.settings.initial.freeze else NO_WORDS,
            learning_rates=rates,
            record=describe_run(self.settings, prepared, lang=self.nlp.lang, learning_rates=rates),
        )
        self._begin(prepared, built, callback=callback)
        return built

    def train(self, prepared: Prepared, built: Built, *, callback: Callback) -> list[EpochResult]:
        """Train the parameters in place, and return the result of each epoch.

        Order, learning rate and random draws of each chunk are fixed by the seed; with one worker so is every bit of
        the result. Several workers change the weights at the same time. Where a checkpoint is kept, Ctrl-C and other
        requests to end come into effect once a last one is written.
        """
        objective = objective_of(self.settings.model)
        work = make_work(self.settings, prepared, built)
        checkpoint = self._model_checkpoint(prepared, built, callback)
        always = checkpoint is not None and checkpoint.every_s == 0
        n_workers = work.settings.workers
        executor = self.make_executor(
            work,
            objective.weights(built.parameters),
            n_workers=n_workers,
            # Where a checkpoint follows each task, workers do not run ahead while it is planned.
            n_until_pause=n_workers if always else None,
        )
        state = prepared.state(work.plan, work.schedule)
        divergence = TerminateOnDivergence(
            DivergenceCheck(built.parameters, built.untrained_loss, accumulators=objective.accumulators),
            work.schedule,
            n_tokens_per_epoch=work.plan.epoch_size,
            n_tokens=state.n_tokens,
            what_is_kept=checkpoint.describe if checkpoint is not None else lambda: "",
        )
        watched = CallbackList([divergence, *([checkpoint] if checkpoint is not None else []), callback])
        loop = TrainingLoop(executor, state, watched, holds_signals=checkpoint is not None)
        with single_threaded_blas() if objective.needs_one_blas_thread else nullcontext():
            return loop.run()

    def result(
        self,
        prepared: Prepared,
        built: Built,
        results: list[EpochResult],
        *,
        trained: Parameters,
        unfinished: Unfinished | None = None,
    ) -> Word2Vec:
        """Return the model of parameters without padding. unfinished: how far it is, of one that is not trained yet."""
        return Word2Vec(
            vocabulary=prepared.vocabulary,
            parameters=trained,
            config=self.config,
            record=built.record_of(results, unfinished=unfinished),
            stored_tree=built.stored_tree,
        )

    def _shapes(self, prepared: Prepared) -> dict[str, Shape]:
        """Return the shapes of the parameters without padding."""
        return objective_of(self.settings.model).shapes(len(prepared.vocabulary))

    def _announce(self, prepared: Prepared, callback: Callback) -> None:
        """Report corpus, words and starting point."""
        callback.on_corpus(describe_words(self.settings, prepared))
        if prepared.start is not None:
            freeze = self.settings.initial.freeze
            callback.on_message(prepared.start.describe(prepared.vocabulary.counts, freeze=freeze))
        callback.on_vocabulary(prepared.vocabulary.words)

    def _check_room(self, prepared: Prepared, callback: Callback) -> None:
        """Check that the weights fit into memory, and report what results and checkpoint take on disk."""
        n_words, vector_size = len(prepared.vocabulary), self.settings.model.vector_size
        of_model = n_bytes(self._shapes(prepared))
        check_memory(of_model, n_words=n_words, vector_size=vector_size)
        keeps_state = prepared.checkpoint is not None and self.settings.training.checkpoint_every_s is not None
        of_exports = n_matrices(self.settings.export) * n_words * vector_size * 4
        callback.on_build((1 + keeps_state) * of_model + of_exports)

    def _begin(self, prepared: Prepared, built: Built, *, callback: Callback) -> None:
        """Fill the weights with those of the checkpoint or of the vectors to start from, if there are any."""
        if prepared.earlier is not None:
            prepared.earlier.read_parameters(unpadded_views(built.parameters, self._shapes(prepared)))
            callback.on_resume(prepared.earlier.results)
            return
        if prepared.checkpoint is not None:
            prepared.checkpoint.remove()  # of an earlier run, as `overwrite` says
        if prepared.start is not None:
            prepared.start.fill(built.parameters)

    def _model_checkpoint(self, prepared: Prepared, built: Built, callback: Callback) -> ModelCheckpoint | None:
        place, every_s, earlier = prepared.checkpoint, self.settings.training.checkpoint_every_s, prepared.earlier
        if place is None or every_s is None:
            return None
        return ModelCheckpoint(
            place.path,
            every_s=every_s,
            write_to=partial(self._write_checkpoint, prepared, built),
            message=callback.on_message,
            kept_epoch=earlier.epoch if earlier is not None else None,
        )

    def _write_checkpoint(self, prepared: Prepared, built: Built, state: RunState, directory: Path) -> None:
        """Write the weights as they are as a model, with what is needed to resume."""
        assert prepared.identity is not None
        progress = Progress(
            settings=lasting_settings(self.settings),
            corpus=prepared.identity,
            learning_rates=built.learning_rates,
            state=state.saved(),
        )
        write_progress(directory, progress)
        views = unpadded_views(built.parameters, self._shapes(prepared))
        unfinished = Unfinished(epoch=state.epoch, n_tokens=state.n_tokens, n_tokens_total=state.schedule.n_tokens)
        model = self.result(prepared, built, state.finished, trained=views, unfinished=unfinished)
        write_model(model, directory)
