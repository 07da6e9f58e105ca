"""Further training of a model on the documents that `nlp.update` is given.

Steps, kernels and settings are those of the trainer. A batch of documents takes the place of a corpus chunk, and the
number of the update that of the chunk. The vectors table of the vocab has the input vectors. The output vectors are
kept here.
"""

from collections.abc import Iterable
from contextlib import nullcontext
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spacy_w2v._arrays import OUT_OF_VOCABULARY, Alphas, Chunk, Counts, TokenIds, Vectors
from spacy_w2v._system.blas import single_threaded_blas
from spacy_w2v.config._schema import ModelSettings, TrainingSettings, starting_alpha
from spacy_w2v.errors import ConfigError, TrainingError
from spacy_w2v.errors._reraising import reporting_missing_packages
from spacy_w2v.formats.spacy._table_data import gather, scatter
from spacy_w2v.model._run_record import RunRecord
from spacy_w2v.pipeline._state import Outputs
from spacy_w2v.pipeline._training_rows import training_rows

if TYPE_CHECKING:
    from spacy.tokens import Doc

ALPHA_FACTOR = 0.1
"""Default learning rate, as a share of the model's initial learning rate.

Trained further on 500 Wikipedia articles, read 20 times, a model of 9,000 other articles went from 36.7 to 37.6 on
WordSim-353. With the full learning rate it fell to 31.6 (means of three seeds).
"""

PAIRS_PER_LOSS_CHECK = 10_000
"""Pairs over which the loss is averaged before it is checked: the loss of a few rare words may be high in any run."""


class ContinuedTraining:
    """Continues the training of one model, whose input vectors are the first rows of a vectors table."""

    def __init__(self, record: RunRecord, counts: Counts, outputs: Outputs) -> None:
        """Prepare the training, without loading a kernel yet.

        Args:
            record: Record of the model, with its settings.
            counts: Counts of its words (v).
            outputs: Its output vectors and tree.
        """
        self.model: ModelSettings = record.model
        self.training: TrainingSettings = record.training
        self.rows = training_rows(record.tokens)
        self.counts = counts
        self.outputs = outputs
        self.n_steps = outputs.n_steps
        self.rates = LearningRates(ALPHA_FACTOR * starting_alpha(self.model, self.training))
        """The default learning rates."""
        self._kernel: _Kernel | None = None

    def __getstate__(self) -> dict[str, object]:
        """Leave out the kernel, which is loaded again when it is needed."""
        return self.__dict__ | {"outputs": self.to_outputs(), "_kernel": None}

    def to_outputs(self) -> Outputs:
        """Return the current output vectors, which share memory with those in training, and the number of steps."""
        vectors = self.outputs.vectors if self._kernel is None else self._kernel.output_vectors
        return self.outputs._replace(vectors=vectors, n_steps=self.n_steps)

    def step(self, docs: Iterable["Doc"], table: Any, *, alpha: float) -> tuple[float, int]:  # Any: spaCy's Vectors
        """Take one training step on documents, which changes rows of the table and output vectors in place.

        Unknown words are skipped. The random draws depend on the seed of the model and the number of the step.

        Args:
            docs: The documents.
            table: The vectors table of their vocab.
            alpha: The learning rate.

        Returns:
            The sum of the loss over all pairs, and the number of pairs.

        Raises:
            ConfigError: The table is not of type float32.
            TrainingError: The loss or vectors diverge. The table is unchanged.
        """
        _check_table(table)
        if self._kernel is None:
            with reporting_missing_packages():
                self._kernel = _Kernel(self.model, self.training, self.counts, self.outputs)
            self.outputs = self.outputs._replace(vectors=self._kernel.output_vectors)
        chunk = self._chunk(list(docs), table)
        result = self._kernel.train(chunk, table.data, alpha=alpha, step=self.n_steps)
        self.n_steps += 1
        return result

    def _chunk(self, docs: list["Doc"], table: Any) -> Chunk:
        """Return the words of documents as rows of the table. Unknown words have the row n_words."""
        n_words = len(self.counts)
        rows, lengths = [np.zeros(0, np.int64)], [np.zeros(1, np.int64)]
        for doc in docs:
            of_words, of_sentences = self.rows.read(doc, table.key2row, n_words=n_words)
            rows.append(of_words)
            lengths.append(of_sentences)
        tokens = np.minimum(np.concatenate(rows), n_words).astype(
            np.uint32
        )  # further rows were added to the table later
        chunk = Chunk(tokens, np.cumsum(np.concatenate(lengths), dtype=np.int64))
        for array in chunk:
            array.flags.writeable = False  # kernels are compiled for read-only chunks
        return chunk


class _Kernel:
    """The kernel of a model with its arguments. Its weights are padded, unlike the rows of a vectors table."""

    def __init__(self, model: ModelSettings, training: TrainingSettings, counts: Counts, outputs: Outputs) -> None:
        from spacy_w2v.objectives._input_rows import RowPerWord
        from spacy_w2v.objectives._parameters import unpadded_views, zero_parameters
        from spacy_w2v.objectives._registry import objective_of
        from spacy_w2v.objectives._subsampling import make_subsampling
        from spacy_w2v.training._arguments import kernel_settings

        objective = objective_of(model)
        kernel = objective.kernel(training.kernel)
        word_of_type = np.append(np.arange(len(counts), dtype=np.uint32), OUT_OF_VOCABULARY)
        self.training = training
        self.one_thread = objective.needs_one_blas_thread
        self.train_chunk = kernel.load()
        self.subsampling = make_subsampling(word_of_type, counts, sample=training.sample)
        rows = RowPerWord(len(counts))
        self.inputs = rows.layer
        self.layer = objective.tables(counts, tree=outputs.tree)
        self.untrained_loss = objective.untrained_loss(self.layer, counts, sample=training.sample)
        self.settings = kernel_settings(model, kernel, shared_noise=training.shared_noise)
        # Only the input vectors of the words in a batch are filled in. Untouched pages take no memory.
        shapes = objective.shapes(len(counts))
        padded = zero_parameters(shapes)
        self.weights = objective.weights(padded, rows)
        self.parameters = unpadded_views(padded, shapes)
        self.output_vectors[:] = outputs.vectors
        self._unchecked = (0.0, 0)  # loss and number of pairs since the last check of the loss

    @property
    def output_vectors(self) -> Vectors:
        """The output vectors without padding."""
        return self.parameters["output"]

    def train(self, chunk: Chunk, data: Any, *, alpha: float, step: int) -> tuple[float, int]:  # Any: NumPy's or CuPy's
        """Train on a chunk, and write the new vectors of its words to the table's data."""
        from spacy_w2v.training._randomness import item_random_state

        words = self._words(chunk.tokens)
        inputs = self.parameters["input"]
        inputs[words] = gather(data, words)
        with single_threaded_blas() if self.one_thread else nullcontext():
            loss, n_pairs, _ = self.train_chunk(
                chunk,
                self.subsampling,
                self.inputs,
                self.layer,
                self.weights,
                self.settings,
                Alphas(np.float32(alpha), np.float32(alpha)),
                # as for the chunks of one more epoch
                item_random_state(seed=self.training.seed, epoch=self.training.epochs, item=step),
            )
        changed = inputs[words]
        self._check(changed, float(loss), int(n_pairs), alpha=alpha, step=step)
        scatter(data, words, changed)
        return float(loss), int(n_pairs)

    def _words(self, tokens: TokenIds) -> NDArray[np.int64]:
        words = np.unique(tokens).astype(np.int64)
        return words[words < len(self.parameters["input"])]

    def _check(self, changed: Vectors, loss: float, n_pairs: int, *, alpha: float, step: int) -> None:
        """Raise TrainingError if the loss or the changed vectors diverge."""
        from spacy_w2v.training._divergence import DivergenceCheck, problem_of_rows

        if not n_pairs:
            return
        self._unchecked = (self._unchecked[0] + loss, self._unchecked[1] + n_pairs)
        problem = problem_of_rows(changed, name="input")
        if not np.isfinite(loss):
            problem = f"The loss must stay finite, was: {loss}"
        elif self._unchecked[1] >= PAIRS_PER_LOSS_CHECK:
            problem = problem or DivergenceCheck(self.parameters, self.untrained_loss).check_loss(
                self._unchecked[0] / self._unchecked[1]
            )
            self._unchecked = (0.0, 0)
        if problem is not None:
            raise TrainingError(
                f"{problem}, in update {step + 1} with learning rate {alpha:.4g}. Lower the component's alpha."
            )


def _check_table(table: Any) -> None:
    """Raise ConfigError for a table that is not float32. A read-only table gets a writable copy."""
    if table.data.dtype != np.float32:
        raise ConfigError(
            f"update needs vectors of type float32, but the pipeline's are {table.data.dtype}, in which small steps "
            "are lost to rounding. Use float32 vectors, or set update = false."
        )
    if isinstance(table.data, np.ndarray) and not table.data.flags.writeable:
        table.data = table.data.copy()  # as after from_bytes


class LearningRates:
    """The learning rate of each update: a constant, or a Thinc schedule, whose last value is repeated."""

    def __init__(self, alpha: float | Iterable[float]) -> None:
        """Take the first value. Raises ConfigError if it is negative, not finite, or missing."""
        self._values = iter(alpha) if isinstance(alpha, Iterable) else iter([alpha])
        self._seen: list[float] = []  # kept, because a component that is initialized again starts again
        self.at(0)

    def __getstate__(self) -> dict[str, object]:
        """Let a copy stay at the current rate: schedules are generators, which cannot be copied."""
        return self.__dict__ | {"_values": iter(())}

    def at(self, step: int) -> float:
        """Return the learning rate of a step, counted from 0. Raises ConfigError if it is negative or not finite."""
        for value in islice(self._values, max(0, step + 1 - len(self._seen))):
            if not 0 <= value < float("inf"):
                raise ConfigError(f"alpha must be at least 0, was: {float(value)}")
            self._seen.append(float(value))
        if not self._seen:
            raise ConfigError("alpha must be at least 0, was: a schedule without values")
        return self._seen[min(step, len(self._seen) - 1)]


class MeanLoss:
    """The mean loss per pair since the dict of losses was created. spaCy creates one for each row of its table."""

    def __init__(self) -> None:
        self._loss, self._n_pairs, self._shown = 0.0, 0, 0.0

    def add(self, shown: float | None, loss: float, n_pairs: int) -> float:
        """Return the mean loss including further pairs.

        Args:
            shown: The loss that the dict has now; None if the dict is new.
            loss: Sum of the loss over the further pairs.
            n_pairs: Number of further pairs.
        """
        if shown != self._shown:
            self._loss, self._n_pairs = 0.0, 0
        self._loss, self._n_pairs = self._loss + loss, self._n_pairs + n_pairs
        self._shown = self._loss / self._n_pairs if self._n_pairs else 0.0
        return self._shown
