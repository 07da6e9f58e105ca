"""A training run: from texts to an encoded corpus, a vocabulary, weights, and a trained model."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from spacy_w2v._arrays import NO_WORDS
from spacy_w2v._system.blas import single_threaded_blas
from spacy_w2v._system.memory import release_free_memory
from spacy_w2v.cluster._cluster import Cluster
from spacy_w2v.config._schema import W2VSettings
from spacy_w2v.corpus._store import Corpus
from spacy_w2v.formats._word2vec import Word2Vec
from spacy_w2v.model._word_vectors import WordVectors
from spacy_w2v.objectives._parameters import Shape, unpadded_views, without_padding
from spacy_w2v.objectives._registry import objective_of
from spacy_w2v.objectives._subsampling import make_subsampling
from spacy_w2v.sources._annotated_sources import keeping_annotation
from spacy_w2v.sources._source import TextSource
from spacy_w2v.training._checkpoint import Checkpoint, CheckpointDirectory
from spacy_w2v.training._checkpoint_writer import CheckpointWriter
from spacy_w2v.training._description import describe_run, summarize_corpus
from spacy_w2v.training._divergence import DivergenceCheck
from spacy_w2v.training._encoded_corpus import encoded_corpus
from spacy_w2v.training._executors import CallingThreadExecutor, Executor, MakeExecutor, ThreadExecutor
from spacy_w2v.training._loop import TrainingLoop
from spacy_w2v.training._preparation import choose_words, learning_rates, work_items
from spacy_w2v.training._resolved_config import ResolvedConfig
from spacy_w2v.training._room import check_room
from spacy_w2v.training._stages import Built, Prepared, Trained
from spacy_w2v.training._start import open_initial_vectors
from spacy_w2v.training._work import Work, make_work
from spacy_w2v.training._work_items import WorkItems
from spacy_w2v.training.callbacks._callback import Callback, RunCallback
from spacy_w2v.training.callbacks._callback_list import CallbackList
from spacy_w2v.training.callbacks._model_checkpoint import ModelCheckpoint
from spacy_w2v.training.callbacks._terminate_on_divergence import TerminateOnDivergence
from spacy_w2v.training.distributed._connecting import connected
from spacy_w2v.training.distributed._round_executor import make_round_executor
from spacy_w2v.training.scoring._of_run import make_scoring, outcome, score_analogies_of
from spacy_w2v.training.scoring._scoring import Scoring
from spacy_w2v.training.scoring._sets import check_sets, describe_sets

if TYPE_CHECKING:
    from spacy.language import Language


@dataclass(frozen=True)
class TrainingRun:
    """A training run: its texts, tokenizer and settings, and its stages.

    `execute` runs the stages `prepare`, `build`, `train` and `result`. It writes checkpoints if it is given a directory
    for them, but does not lock it: see `train_model` and `train_to_directory`.
    """

    source: TextSource
    nlp: "Language"
    settings: W2VSettings
    config: str = ""
    """The complete config, as text, to be saved with the model."""
    cache_dir: Path | None = None
    """Directory for encoded corpora; None for the user's cache directory."""
    code_path: Path | None = None
    """Python file with registered functions, for the processes that tokenize."""
    initial: WordVectors | None = None
    """Vectors to start from; None for those that the settings name, if any."""
    make_executor: MakeExecutor = ThreadExecutor
    """Creates the executor that runs the tasks of losses that are trained in steps, on this machine."""
    cluster: Cluster | None = None
    """The machines that encode and train; None for those of the settings. See `on_cluster`."""

    def __post_init__(self) -> None:
        # Replace defaults that depend on the model by their values, for checkpoints and the model's record.
        object.__setattr__(self, "settings", self.settings.completed())
        if self.settings.tokens.key_block is not None:
            object.__setattr__(self, "source", keeping_annotation(self.source))

    @classmethod
    def of(
        cls, resolved: ResolvedConfig, *, cache_dir: Path | None = None, code_path: Path | None = None
    ) -> "TrainingRun":
        """Return the run that a config describes.

        Args:
            resolved: The config.
            cache_dir: Directory for encoded corpora; None for the user's cache directory.
            code_path: Python file with registered functions, for the processes that tokenize.
        """
        return cls(
            source=resolved.source,
            nlp=resolved.nlp,
            settings=resolved.settings,
            config=resolved.config.to_str(),
            cache_dir=cache_dir,
            code_path=code_path,
        )

    def execute(
        self, callback: RunCallback | None = None, *, checkpoint: CheckpointDirectory | None = None
    ) -> Word2Vec:
        """Train a model.

        Args:
            callback: Receives the events of the run.
            checkpoint: Directory for checkpoints, which is not removed; None for no checkpoints.

        Returns:
            The model.

        Raises:
            Word2VecError: See `spacy_w2v.errors`.
        """
        callback = callback or RunCallback()
        with self.prepare(callback, checkpoint) as prepared:
            return self.complete(prepared, callback)

    def complete(self, prepared: Prepared, callback: RunCallback) -> Word2Vec:
        """Run the stages after `prepare`, and return the model.

        Args:
            prepared: Corpus, vocabulary and checkpoint.
            callback: Receives the events of the run.
        """
        keeps_state = prepared.checkpoint is not None and self._every_s is not None
        callback.on_build(check_room(self.settings, prepared, keeps_state=keeps_state))
        with self.work_items(prepared, callback) as items:
            built = self.build(prepared, items, callback)
            trained = self.train(prepared, built, callback=callback)
        release_free_memory()  # the memory of the work items
        model = self.result(prepared, built, trained)
        score_analogies_of(model, self.settings.evaluation, callback)
        return model

    @contextmanager
    def prepare(self, callback: Callback, checkpoint: CheckpointDirectory | None) -> Iterator[Prepared]:
        """Read the checkpoint and the initial vectors, encode the corpus and choose the vocabulary.

        The encoded corpus may be deleted after the block.

        Args:
            callback: Receives the events of the run.
            checkpoint: Directory for checkpoints; None for no checkpoints.

        Raises:
            ConfigError: Settings, texts or initial vectors differ from those of the checkpoint to resume from.
        """
        resume_from = checkpoint.open() if checkpoint is not None else None
        if resume_from is not None:
            resume_from.check_settings(self.settings)
        check_sets(self.settings.evaluation)
        initial = self.open_initial()
        with self.on_cluster(callback) as run, run.encoded(callback) as corpus:
            yield run.choose_words(corpus, callback, initial=initial, checkpoint=checkpoint, resume_from=resume_from)

    @contextmanager
    def on_cluster(self, callback: Callback) -> Iterator["TrainingRun"]:
        """Yield this run with the cluster that its settings name, which is left after the block.

        It is the run itself if the settings name none, or if it has a cluster, which then stays open.

        Args:
            callback: Receives messages.

        Raises:
            ClusterError: There is no such cluster, or one of its machines lacks something.
            ConfigError: A package is not installed.
        """
        distributed = self.settings.distributed
        if distributed.engine is None or self.cluster is not None:
            if self.cluster is None and (ignored := distributed.ignored()) is not None:
                callback.on_message(ignored)
            yield self
            return
        with connected(
            distributed.engine,
            distributed.address,
            cache_dir=self.cache_dir,
            code_path=self.code_path,
            callback=callback,
        ) as cluster:
            yield replace(self, cluster=cluster)

    def open_initial(self) -> WordVectors | None:
        """Return the vectors to start from, checked; None for random vectors. Raises ConfigError if they do not fit."""
        initial = self.settings.initial
        if self.initial is not None:
            objective_of(self.settings.model).check_start()
        return open_initial_vectors(initial, self.initial, model=self.settings.model)

    def choose_words(
        self,
        corpus: Corpus,
        callback: Callback,
        *,
        initial: WordVectors | None,
        checkpoint: CheckpointDirectory | None,
        resume_from: Checkpoint | None,
    ) -> Prepared:
        """Choose the vocabulary of a corpus, and report both. See `_preparation.choose_words`."""
        prepared = choose_words(self.settings, corpus, initial=initial, checkpoint=checkpoint, resume_from=resume_from)
        self._announce(prepared, callback)
        return replace(prepared, cluster=self.cluster)

    @contextmanager
    def encoded(self, callback: Callback) -> Iterator[Corpus]:
        """Encode the corpus or find it in the cache, and join its phrases. It may be deleted after the block.

        Args:
            callback: Receives the events of encoding, and of finding and joining phrases.
        """
        with encoded_corpus(
            self.source, self.nlp, self.settings,
            cache_dir=self.cache_dir, code_path=self.code_path, callback=callback, cluster=self.cluster,
        ) as corpus:  # fmt: skip
            yield corpus

    def work_items(self, prepared: Prepared, callback: Callback) -> AbstractContextManager[WorkItems]:
        """Return a context manager for what the objective learns from. See `_preparation.work_items`."""
        return work_items(self.settings, prepared, callback, cache_dir=self.cache_dir)

    def build(self, prepared: Prepared, items: WorkItems, callback: RunCallback) -> Built:
        """Create the tables of the objective and the weights with which training starts or resumes.

        Args:
            prepared: Corpus, vocabulary and checkpoint.
            items: What the objective learns from.
            callback: Receives the events of the run.
        """
        model, training = self.settings.model, self.settings.training
        counts, start = prepared.vocabulary.counts, prepared.start
        subsampling = make_subsampling(prepared.word_of_type, counts, sample=training.sample)
        tree = start.tree if start is not None else None
        objective = objective_of(model)
        output_layer = objective.tables(counts, tree=tree)
        release_free_memory()  # the memory of the vocabulary's construction, before the weights are allocated
        parameters = objective.initial_parameters(prepared.inputs, seed=training.seed)
        rates = learning_rates(self.settings, prepared, callback)
        built = Built(
            items=items,
            subsampling=subsampling,
            input_layer=prepared.inputs.layer,
            output_layer=output_layer,
            parameters=parameters,
            stored_tree=objective.stored_tree(tree, counts),
            untrained_loss=objective.untrained_loss(
                output_layer, counts, sample=training.sample, cells=items.some_cells()
            ),
            frozen=start.found if start is not None and self.settings.initial.freeze else NO_WORDS,
            learning_rates=rates,
            record=describe_run(self.settings, prepared, lang=self.nlp.lang, learning_rates=rates),
        )
        self._begin(prepared, built, callback=callback)
        return built

    def train(self, prepared: Prepared, built: Built, *, callback: RunCallback) -> Trained:
        """Train the parameters in place, and return the weights that the run ends with. `built` has no others then.

        The seed determines the order, learning rate and random numbers of each chunk. With one worker, it determines
        every bit of the result. Several workers change the weights at the same time, so results differ a little. If
        checkpoints are written, Ctrl-C and other termination signals take effect after a last checkpoint.

        Args:
            prepared: Corpus, vocabulary and checkpoint.
            built: Tables and parameters.
            callback: Receives the events of the run.
        """
        objective = objective_of(self.settings.model)
        work = make_work(self.settings, built)
        views = unpadded_views(built.parameters, self._shapes(prepared))
        scoring = make_scoring(self.settings, prepared, built, parameters=views, plan=work.plan)
        writer = CheckpointWriter(
            self.settings, prepared, built, views, scoring, make_model=partial(self.result, prepared, built)
        )
        checkpoint = self._model_checkpoint(prepared, writer, callback)
        executor = self._executor(prepared, built, work, checkpoint=checkpoint, scoring=scoring)
        state = prepared.state(work.plan, work.schedule)
        divergence = TerminateOnDivergence(
            DivergenceCheck(built.parameters, built.untrained_loss, accumulators=objective.accumulators),
            work.schedule,
            n_tokens_per_epoch=work.plan.epoch_size,
            n_tokens=state.n_tokens,
            describe_checkpoint=checkpoint.describe if checkpoint is not None else lambda: "",
        )
        watched: list[RunCallback] = [divergence] if objective.spec.has_steps else []
        watched += [checkpoint] if checkpoint is not None else []
        loop = TrainingLoop(
            executor,
            state,
            CallbackList([*watched, callback]),
            scoring=scoring,
            holds_signals=checkpoint is not None,
        )
        with single_threaded_blas() if objective.needs_one_blas_thread else nullcontext():
            results = loop.run()
        summary, best = outcome(scoring, self.settings, callback)
        weights = best or without_padding(built.parameters, self._shapes(prepared))
        inputs = prepared.inputs
        return Trained(results, inputs.completed(weights, weights[inputs.parameter]), summary)

    def result(self, prepared: Prepared, built: Built, trained: Trained) -> Word2Vec:
        """Return the model.

        Args:
            prepared: The vocabulary.
            built: The record and the tree.
            trained: The weights and the results.
        """
        return Word2Vec(
            vocabulary=prepared.vocabulary,
            parameters=trained.parameters,
            config=self.config,
            record=built.record_of(trained),
            stored_tree=built.stored_tree,
            buckets=prepared.inputs.buckets,
        )

    def _shapes(self, prepared: Prepared) -> dict[str, Shape]:
        """Return the shapes of the trained parameters without padding."""
        return objective_of(self.settings.model).trained_shapes(prepared.inputs)

    def _announce(self, prepared: Prepared, callback: Callback) -> None:
        """Report the sets of word pairs, the corpus, the initial vectors and the words."""
        for text in describe_sets(self.settings.evaluation, prepared.scorers):
            callback.on_message(text)  # before a logger prints the head of its table
        callback.on_corpus(summarize_corpus(self.settings, prepared))
        if prepared.start is not None:
            freeze = self.settings.initial.freeze
            callback.on_message(prepared.start.describe(prepared.vocabulary.counts, prepared.inputs, freeze=freeze))
        if (rows := prepared.inputs.describe()) is not None:
            callback.on_message(rows)
        callback.on_vocabulary(prepared.vocabulary.words)

    def _begin(self, prepared: Prepared, built: Built, *, callback: RunCallback) -> None:
        """Fill the weights from the checkpoint or the initial vectors, if there are any."""
        if prepared.resume_from is not None:
            prepared.resume_from.check_rows(prepared.inputs)
            prepared.resume_from.read_parameters(unpadded_views(built.parameters, self._shapes(prepared)))
            callback.on_resume(prepared.resume_from.results, prepared.resume_from.progress.scores)
            return
        if prepared.checkpoint is not None:
            prepared.checkpoint.remove()  # that of an earlier run, which `overwrite` replaces
        if prepared.start is not None:
            prepared.start.fill(built.parameters, prepared.inputs)

    @property
    def _every_s(self) -> float | None:
        """Seconds between checkpoints; None for no checkpoints. A run without steps has no use for them."""
        has_steps = objective_of(self.settings.model).spec.has_steps
        return self.settings.training.checkpoint_every_s if has_steps else None

    def _executor(
        self,
        prepared: Prepared,
        built: Built,
        work: Work,
        *,
        checkpoint: ModelCheckpoint | None,
        scoring: Scoring | None,
    ) -> Executor:
        objective = objective_of(self.settings.model)
        weights = objective.weights(built.parameters, prepared.inputs)
        if not objective.spec.has_steps:
            return CallingThreadExecutor(work, weights)
        always = checkpoint is not None and checkpoint.every_s == 0
        next_pause = scoring.points.after if scoring is not None else None
        if prepared.cluster is not None:
            return make_round_executor(
                self.settings, prepared, built, work=work, pauses_after_rounds=always, next_pause=next_pause
            )
        n_workers = work.settings.workers
        # If each task is followed by a checkpoint, pause the workers before the next tasks.
        n_until_pause = n_workers if always else None
        return self.make_executor(
            work, weights, n_workers=n_workers, n_until_pause=n_until_pause, next_pause=next_pause
        )

    def _model_checkpoint(
        self, prepared: Prepared, writer: CheckpointWriter, callback: RunCallback
    ) -> ModelCheckpoint | None:
        directory, every_s, resume_from = prepared.checkpoint, self._every_s, prepared.resume_from
        if directory is None or every_s is None:
            return None
        return ModelCheckpoint(
            directory.path,
            every_s=every_s,
            write_to=writer.write,
            message=callback.on_message,
            checkpoint_epoch=resume_from.epoch if resume_from is not None else None,
        )
