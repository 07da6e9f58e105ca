"""Checkpoints: the state of a run on disk, as a model that can be loaded and a file progress.json to resume from.

progress.json holds a format version, the settings and the corpus that the resumed run must have, the learning rates,
and the results so far.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from spacy_w2v._arrays import Parameters, TokenIds
from spacy_w2v._atomic import (
    exclusive_writer,
    parse_json,
    read_bounded,
    recover_directory,
    remove_directory,
)
from spacy_w2v._system.hashing import sha256_of
from spacy_w2v.config._schema import W2VSettings
from spacy_w2v.corpus._fingerprint import VERSION_OF_PARTS, changed_parts, clauses_of
from spacy_w2v.corpus._store import Corpus
from spacy_w2v.errors import ConfigError, StorageError
from spacy_w2v.model._arrays import parse_array, read_array, read_blocks
from spacy_w2v.model._blocks import parse_block
from spacy_w2v.model._run_record import EpochResult, LearningRate, RunRecord
from spacy_w2v.model._storage import BUCKETS_FILE, PROGRESS_FILE, best_file, parameter_file, read_model
from spacy_w2v.model._trained import TrainedModel
from spacy_w2v.model._vocabulary import Vocabulary
from spacy_w2v.objectives._input_rows import InputRows
from spacy_w2v.objectives._parameters import Shape
from spacy_w2v.training._fixed_settings import changed_settings
from spacy_w2v.training._progress_record import CorpusIdentity, Progress
from spacy_w2v.training._remedies import or_start_again, resume_option, start_again

FORMAT = "spacy-w2v checkpoint"
FORMAT_VERSION = 1


@dataclass(frozen=True)
class CheckpointDirectory:
    """The directory for the checkpoint of a run, and what to do with a checkpoint that is already there."""

    path: Path
    shown: Path | None = None
    """A path to name in errors instead, such as the output of the run."""
    resume: bool = False
    """Resume from the checkpoint, which must exist."""
    overwrite: bool = False
    """Start from the beginning even if there is a checkpoint."""

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Lock the directory for this process, and remove it when the block ends without an error.

        Raises:
            StorageError: Another process has locked it.
        """
        with exclusive_writer(self.path, shown=self.shown):
            yield
            self.remove()

    def open(self) -> "Checkpoint | None":
        """Return the checkpoint to resume from, or None; see `open_checkpoint`."""
        return open_checkpoint(self.path, resume=self.resume, overwrite=self.overwrite)

    def remove(self) -> None:
        """Remove the checkpoint and the leftovers of killed runs."""
        remove_directory(self.path)


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint that was read from disk."""

    path: Path
    record: RunRecord
    """The record of the run so far."""
    progress: Progress

    @property
    def epoch(self) -> int:
        """The first epoch that is not complete, from 1."""
        return self.progress.state.epoch

    @property
    def n_tasks_done(self) -> int:
        """Number of completed tasks."""
        return self.progress.state.n_tasks_done

    @property
    def results(self) -> list[EpochResult]:
        """The results of the complete epochs."""
        return self.progress.state.epochs

    @property
    def learning_rates(self) -> list[LearningRate]:
        """The initial settings of the learning rate, and each change."""
        return self.progress.learning_rates

    def check_settings(self, settings: W2VSettings) -> None:
        """Raise ConfigError, with a line for each difference, if settings that must not change have changed."""
        self._refuse(changed_settings(self.progress.settings, settings))

    def check_corpus(self, now: CorpusIdentity) -> None:
        """Raise ConfigError if the corpus or the initial vectors have changed."""
        before = self.progress.corpus
        changed = changed_parts(before.known_fingerprint(), now.fingerprint)
        parts = clauses_of([part for part in changed if part != "format"])  # the content does not depend on the format
        if before.initial != now.initial:
            parts.append("the vectors to start from have changed")
        if before.word_pairs != now.word_pairs:
            parts.append("the word pairs by which vectors are scored have changed")
        if not parts and before.content != now.content:
            parts = [f"the texts have changed: {before.n_tokens} tokens before, now {now.n_tokens}"]
            if "format" in changed and now.fingerprint["format"] == VERSION_OF_PARTS:
                parts = ["the corpus is now encoded in parts, which changes its chunks"]
        self._refuse(parts)

    def read_parameters(self, parameters: Parameters) -> None:
        """Fill arrays with the parameters of the checkpoint.

        Args:
            parameters: float32 arrays without padding. Their rows need not be contiguous.

        Raises:
            StorageError: The files are damaged.
        """
        with _with_remedy(self.path):
            for name, array in parameters.items():
                for first, rows in read_blocks(self.path / parameter_file(name), np.float32, array.shape):
                    array[first : first + len(rows)] = rows

    def check_rows(self, inputs: InputRows) -> None:
        """Raise StorageError unless the rows of subwords are those of a run, which resumes from the checkpoint.

        Another version of this package may order them differently.
        """
        if inputs.buckets is None:
            return
        with _with_remedy(self.path):
            path = self.path / BUCKETS_FILE
            if not np.array_equal(parse_array(path.read_bytes(), np.uint32, None, name=str(path)), inputs.buckets):
                raise StorageError(f"{path} must have the subwords of the run in their order, but has not.")

    def best_weights(self, shapes: Mapping[str, Shape]) -> Parameters:
        """Return the parameters as they were at the best score so far, if that was before the checkpoint.

        Args:
            shapes: Their shapes, by name.

        Raises:
            StorageError: The files are missing or damaged.
        """
        with _with_remedy(self.path):
            return {name: read_array(self.path / best_file(name), np.float32, shape) for name, shape in shapes.items()}

    def _refuse(self, differences: list[str]) -> None:
        if differences:
            raise ConfigError(
                "A resumed run must have the settings and texts of its checkpoint, but these differ from "
                f"{self.path}:\n" + "\n".join(differences) + f"\nUndo these changes, {or_start_again()}"
            )


def corpus_identity(
    corpus: Corpus,
    vocabulary: Vocabulary,
    word_of_type: TokenIds,
    *,
    initial: str | None = None,
    word_pairs: str | None = None,
) -> CorpusIdentity:
    """Return the identity of a corpus, which a resumed run must have.

    If the source has no fingerprint, such as a generator, only the hash reveals a change. It does not cover the order
    of the words in a sentence.

    Args:
        corpus: The corpus.
        vocabulary: The vocabulary.
        word_of_type: The word id of each type.
        initial: A hash of the vectors that the run starts from; None without such vectors.
        word_pairs: A hash of the word pairs by which vectors are scored; None without scores.
    """
    arrays = (np.ascontiguousarray(array).data for array in (vocabulary.counts, word_of_type, corpus.chunk_tokens))
    return CorpusIdentity(
        fingerprint=corpus.fingerprint.to_json(),
        n_tokens=corpus.counts.n_tokens,
        content=sha256_of(["\n".join(vocabulary.words).encode(), *arrays]),
        initial=initial,
        word_pairs=word_pairs,
    )


def write_progress(directory: Path, progress: Progress) -> None:
    """Write the file progress.json in a directory."""
    values = {"format": FORMAT, "format_version": FORMAT_VERSION, **progress.model_dump(exclude_unset=True)}
    (directory / PROGRESS_FILE).write_text(json.dumps(values), encoding="utf-8")


def open_checkpoint(path: Path, *, resume: bool, overwrite: bool) -> Checkpoint | None:
    """Return the checkpoint to resume from, or None to start from the beginning.

    Args:
        path: The directory of the checkpoint.
        resume: Resume from the checkpoint, which must exist.
        overwrite: Start from the beginning even if there is a checkpoint.

    Raises:
        StorageError: There is no checkpoint to resume from, or there is one and neither argument is set, or the
            directory holds something else.
    """
    recover_directory(path)
    if not path.exists():
        if resume:
            raise StorageError(
                f"{resume_option()} needs the checkpoint of an interrupted run, but there is no {path}. "
                f"Start the run without {resume_option()}."
            )
        return None
    if not (path / PROGRESS_FILE).is_file():
        raise StorageError(
            f"{path} must be a checkpoint, but it has no {PROGRESS_FILE}. Move it, or name another output."
        )
    if resume:
        return read_checkpoint(path)
    if not overwrite:
        raise StorageError(
            f"There is a checkpoint of an interrupted run in {path}. Resume it with {resume_option()}, "
            f"{or_start_again()}"
        )
    return None


def read_checkpoint(path: Path) -> Checkpoint:
    """Read a checkpoint and check its files.

    Raises:
        StorageError: It is damaged, or has another format version.
    """
    with _with_remedy(path):
        record = read_model(path, kind=TrainedModel, mmap=True).record
        values = parse_json(read_bounded(path / PROGRESS_FILE), name=str(path / PROGRESS_FILE))
        version = (values.get("format"), values.get("format_version")) if isinstance(values, dict) else values
        if version == (FORMAT, FORMAT_VERSION):
            progress = parse_block(Progress, values, path=str(path / PROGRESS_FILE))
            if record.results != progress.state.epochs:
                raise StorageError("its model and its progress.json are of different epochs. It is damaged.")
            return Checkpoint(path, record, progress)
    raise StorageError(
        f"{path / PROGRESS_FILE} must be a {FORMAT} of version {FORMAT_VERSION}, was: {version!r:.100}. Resume with "
        f"the version of spacy-w2v that wrote it, {or_start_again()}"
    )


@contextmanager
def _with_remedy(path: Path) -> Iterator[None]:
    """Add a remedy to errors about the files of a checkpoint."""
    try:
        yield
    except StorageError as error:
        raise StorageError(f"The run cannot resume from its checkpoint {path}: {error} {start_again()}") from error
