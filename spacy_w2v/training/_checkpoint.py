"""The state of a run on disk: a model that can be loaded, and progress.json, to resume from there.

progress.json: format version, the settings and the corpus that a run must keep, learning rates, results so far.
"""

import json
from collections.abc import Iterator
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
from spacy_w2v.corpus._fingerprint import PARTS, changed_parts
from spacy_w2v.corpus._store import Corpus
from spacy_w2v.errors import ConfigError, StorageError
from spacy_w2v.model._arrays import read_blocks
from spacy_w2v.model._blocks import parse_block
from spacy_w2v.model._run_record import EpochResult, LearningRate, RunRecord
from spacy_w2v.model._storage import PROGRESS_FILE, parameter_file, read_model
from spacy_w2v.model._trained import TrainedModel
from spacy_w2v.model._vocabulary import Vocabulary
from spacy_w2v.training._lasting_settings import changed_settings
from spacy_w2v.training._progress_record import CorpusIdentity, Progress
from spacy_w2v.training._remedies import resume_option, start_again

FORMAT = "spacy-w2v checkpoint"
FORMAT_VERSION = 1


@dataclass(frozen=True)
class CheckpointPlace:
    """The directory where a run keeps its state, and what becomes of the state of an earlier run there."""

    path: Path
    shown: Path | None = None
    """What errors name in place of it, as the output of the run."""
    resume: bool = False
    """Continue from the state, which must be there."""
    overwrite: bool = False
    """Start again even if there is one."""

    @contextmanager
    def held(self) -> Iterator[None]:
        """Lock the directory for this process, and remove it when the block ends well. Raises StorageError."""
        with exclusive_writer(self.path, shown=self.shown):
            yield
            self.remove()

    def open(self) -> "Checkpoint | None":
        """Return the state to resume from, see `open_checkpoint`."""
        return open_checkpoint(self.path, resume=self.resume, overwrite=self.overwrite)

    def remove(self) -> None:
        """Remove the state, and what killed runs have left beside it."""
        remove_directory(self.path)


@dataclass(frozen=True)
class Checkpoint:
    """A state that was read, to resume from."""

    path: Path
    record: RunRecord
    """Of the run so far."""
    progress: Progress

    @property
    def epoch(self) -> int:
        """The first epoch that is not done, from 1."""
        return self.progress.state.epoch

    @property
    def n_tasks_done(self) -> int:
        """Tasks that are done."""
        return self.progress.state.n_tasks_done

    @property
    def results(self) -> list[EpochResult]:
        """The epochs that are done."""
        return self.progress.state.epochs

    @property
    def learning_rates(self) -> list[LearningRate]:
        """Those that the run began with, and each change."""
        return self.progress.learning_rates

    def check_settings(self, settings: W2VSettings) -> None:
        """Raise ConfigError, with a line for each, if settings differ that must stay."""
        self._refuse(changed_settings(self.progress.settings, settings))

    def check_corpus(self, now: CorpusIdentity) -> None:
        """Raise ConfigError if `corpus_identity` differs."""
        before = self.progress.corpus
        changed = changed_parts(before.known_fingerprint(), now.fingerprint)
        parts = [PARTS[part] for part in changed if part != "format"]  # which the content does not depend on
        if before.initial != now.initial:
            parts.append("the vectors to start from have changed")
        if not parts and before.content != now.content:
            parts = [f"the corpus has other texts: {before.n_tokens} tokens before, now {now.n_tokens}"]
        self._refuse(parts)

    def read_parameters(self, parameters: Parameters) -> None:
        """Fill parameters, which have no padding but may have gaps. Raises StorageError if the files are damaged."""
        with _damage(self.path):
            for name, array in parameters.items():
                for first, rows in read_blocks(self.path / parameter_file(name), np.float32, array.shape):
                    array[first : first + len(rows)] = rows

    def _refuse(self, differences: list[str]) -> None:
        if differences:
            raise ConfigError(
                f"A resumed run must keep what it began with, but {self.path} differs:\n"
                + "\n".join(differences)
                + f"\nUndo that, or: {start_again()}"
            )


def corpus_identity(
    corpus: Corpus, vocabulary: Vocabulary, word_of_type: TokenIds, *, initial: str | None = None
) -> CorpusIdentity:
    """Return what distinguishes a corpus from others. initial: a hash of the vectors that the run starts from, if any.

    Where a source has no fingerprint, as a generator, only the hash shows a change. It does not see the order of words.
    """
    arrays = (np.ascontiguousarray(array).data for array in (vocabulary.counts, word_of_type, corpus.chunk_tokens))
    return CorpusIdentity(
        fingerprint=corpus.fingerprint.to_json(),
        n_tokens=corpus.counts.n_tokens,
        content=sha256_of(["\n".join(vocabulary.words).encode(), *arrays]),
        initial=initial,
    )


def write_progress(directory: Path, progress: Progress) -> None:
    """Write progress.json to a directory."""
    values = {"format": FORMAT, "format_version": FORMAT_VERSION, **progress.model_dump(exclude_unset=True)}
    (directory / PROGRESS_FILE).write_text(json.dumps(values), encoding="utf-8")


def open_checkpoint(path: Path, *, resume: bool, overwrite: bool) -> Checkpoint | None:
    """Return the checkpoint to resume from, or None to start from the beginning.

    Raises StorageError if `resume` finds none, if one is there but neither `resume` nor `overwrite` is set, and if the
    place is taken by something else.
    """
    recover_directory(path)
    if not path.exists():
        if resume:
            raise StorageError(
                f"{resume_option()} needs the checkpoint of a run that was stopped, but there is no {path}. "
                f"Start the run without {resume_option()}."
            )
        return None
    if not (path / PROGRESS_FILE).is_file():
        raise StorageError(
            f"{path} is where checkpoints are kept, but has no {PROGRESS_FILE}, so it is something else. "
            "Move it, or name another output."
        )
    if resume:
        return read_checkpoint(path)
    if not overwrite:
        raise StorageError(
            f"An earlier run was stopped, and is kept in {path}. Resume it with {resume_option()}, or: {start_again()}"
        )
    return None


def read_checkpoint(path: Path) -> Checkpoint:
    """Return a checkpoint, whose files are checked. Raises StorageError if it is damaged or of another version."""
    with _damage(path):
        record = read_model(path, kind=TrainedModel, mmap=True).record
        values = parse_json(read_bounded(path / PROGRESS_FILE), name=str(path / PROGRESS_FILE))
        version = (values.get("format"), values.get("format_version")) if isinstance(values, dict) else values
        if version == (FORMAT, FORMAT_VERSION):
            progress = parse_block(Progress, values, path=str(path / PROGRESS_FILE))
            if record.results != progress.state.epochs:
                raise StorageError("its model is not of the epochs that its progress.json names. It is damaged.")
            return Checkpoint(path, record, progress)
    raise StorageError(
        f"{path / PROGRESS_FILE} must be a {FORMAT} of version {FORMAT_VERSION}, was: {version!r:.100}. Resume with "
        f"the version of spacy-w2v that wrote it, or: {start_again()}"
    )


@contextmanager
def _damage(path: Path) -> Iterator[None]:
    """Add what can be done to errors of a checkpoint's files."""
    try:
        yield
    except StorageError as error:
        raise StorageError(f"The run cannot resume from its checkpoint {path}: {error} {start_again()}") from error
