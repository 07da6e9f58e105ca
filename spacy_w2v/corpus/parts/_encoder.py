"""Encodes parts of a corpus on a machine of a cluster."""

import math
import platform
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from spacy_w2v.corpus._encoding import Documents, EncodingProgress, encode_in_steps
from spacy_w2v.corpus._fingerprint import CorpusFingerprint
from spacy_w2v.corpus._store import described, open_corpus, read_manifest
from spacy_w2v.corpus.parts._jobs import FinishedPart, PartJob
from spacy_w2v.corpus.parts._progress import PartsProgress
from spacy_w2v.errors import CorpusError, CorpusWarning, StorageError
from spacy_w2v.sources._source import TextSource
from spacy_w2v.tokenization._encode import PickledPipeline


class PartReport(NamedTuple):
    """What has been done of a part."""

    progress: EncodingProgress | None
    """The progress; None before the first batch."""
    is_complete: bool
    """Whether the part is complete and has been checked."""
    documents: Documents
    warnings: tuple[str, ...]
    """The texts of new warnings."""


def received(report: PartReport, job: PartJob, directory: Path, progress: PartsProgress) -> FinishedPart | None:
    """Pass on the warnings and the progress of a report from elsewhere, and return the part if it is complete.

    Args:
        report: The report.
        job: The part.
        directory: Its directory.
        progress: Receives the progress.

    Raises:
        StorageError: The part is damaged.
    """
    for text in report.warnings:
        warnings.warn(text, CorpusWarning, stacklevel=3)
    if report.progress is not None:
        progress.update(job.fingerprint.digest(), report.progress)
    if not report.is_complete:
        return None
    return FinishedPart(job, described(directory, read_manifest(directory)), report.documents)


class PartEncoder:
    """Encodes parts, one at a time, in calls of limited time. So its progress is known without a second thread."""

    def __init__(
        self,
        payload: bytes,
        code_path: Path | None,
        *,
        n_cores: int,
        n_process: int | None = None,
    ):
        """Create the tokenizer.

        Args:
            payload: A pickle of `pickled_pipeline`.
            code_path: A Python file with the user's registered functions.
            n_cores: The number of cores to use with n_process = 0.
            n_process: The number of processes. If None, that of the settings.
        """
        self.pipeline = PickledPipeline(payload, code_path)
        self.settings = self.pipeline.settings
        if n_process is not None:
            self.settings = self.settings.model_copy(update={"n_process": n_process})
        self.code_path = code_path
        self.n_cores = n_cores
        self._steps: Iterator[EncodingProgress] = iter(())
        self._directory = Path()
        self._documents = Documents()

    def begin(self, job: PartJob, directory: Path, seconds: float) -> PartReport:
        """Begin a part that another machine has sent. See `proceed`.

        Args:
            job: The part.
            directory: A new directory in the cache.
            seconds: As for `proceed`.

        Raises:
            CorpusError: This machine has other texts.
            StorageError: This machine has another cache.
        """
        if not directory.is_dir():
            raise StorageError(
                f"All machines must reach the cache at the same path, but {directory.parent} is not the same directory "
                f"on {platform.node()}. Choose a cache that all of them share."
            )
        _check_same(job.source, job.fingerprint)
        self._start(job, directory)
        return self.proceed(seconds)

    def encode(self, job: PartJob, directory: Path) -> PartReport:
        """Encode a part of this machine; see `begin` for the arguments, and `proceed` for errors."""
        self._start(job, directory)
        return self.proceed(math.inf)

    def _start(self, job: PartJob, directory: Path) -> None:
        self._directory, self._documents = directory, Documents()
        self._steps = encode_in_steps(
            job.source, self.pipeline, self.settings, directory,
            fingerprint=job.fingerprint, code_path=self.code_path, documents=self._documents, n_cores=self.n_cores,
        )  # fmt: skip

    def proceed(self, seconds: float) -> PartReport:
        """Encode the part that was begun, until it is complete or the time is over.

        Args:
            seconds: The time after which no further batch is encoded.

        Raises:
            CorpusError: The texts cannot be read.
            StorageError: The part cannot be written.
        """
        end = time.perf_counter() + seconds
        progress, is_complete = None, False
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            while not is_complete and (progress is None or time.perf_counter() < end):
                latest = next(self._steps, None)
                is_complete, progress = latest is None, latest or progress
            if is_complete:
                open_corpus(self._directory)
        texts = tuple(str(warning.message) for warning in caught if issubclass(warning.category, CorpusWarning))
        return PartReport(progress, is_complete, self._documents, texts)


def _check_same(source: TextSource, fingerprint: CorpusFingerprint) -> None:
    """Raise CorpusError if the texts on this machine differ from those of the machine that has sent them."""
    rule = "All machines must read the same texts at the same path"
    try:
        is_same = source.fingerprint() == fingerprint.source
    except CorpusError as error:
        raise CorpusError(f"{rule}, but on {platform.node()} this fails: {error}") from None
    if not is_same:
        raise CorpusError(f"{rule}, but {source.name} differs on {platform.node()}. Copy the files with their times.")
