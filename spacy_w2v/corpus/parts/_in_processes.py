"""Encodes parts of a corpus in several processes of this machine, one part at a time in each."""

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path

from spacy_w2v.corpus.parts._encoder import PartEncoder, PartReport, received
from spacy_w2v.corpus.parts._jobs import FinishedPart, PartJob, Workplace
from spacy_w2v.corpus.parts._progress import PartsProgress
from spacy_w2v.tokenization._processes import map_in_processes


def encode_in_processes(
    jobs: Sequence[PartJob],
    workplace: Workplace,
    *,
    payload: bytes,
    code_path: Path | None,
    n_process: int,
    progress: PartsProgress,
) -> Generator[FinishedPart, None, None]:
    """Encode parts, and yield them in order. The progress is reported when a part is complete.

    Args:
        jobs: The parts to encode.
        workplace: Makes the directory of a part. It is needed until the next part is asked for.
        payload: A pickle of `pickled_pipeline`.
        code_path: A Python file with the user's registered functions.
        n_process: The number of processes.
        progress: Receives the progress.

    Raises:
        CorpusError: The texts cannot be read, or a process has ended.
        StorageError: The parts cannot be written.
    """
    stacks: dict[Path, ExitStack] = {}

    def arguments() -> Iterator[tuple[PartJob, Path]]:
        """Yield parts with their directories."""
        for job in jobs:
            with ExitStack() as stack:
                directory = stack.enter_context(workplace())
                stacks[directory] = stack.pop_all()
            yield job, directory

    results = map_in_processes(partial(_make_function, payload, code_path), arguments(), n_process)
    try:
        with closing(results):
            for (job, directory), report in results:
                if (finished := received(report, job, directory, progress)) is not None:
                    yield finished
                stacks.pop(directory).close()
    finally:
        for stack in stacks.values():
            stack.close()


def _make_function(payload: bytes, code_path: Path | None) -> Callable[[tuple[PartJob, Path]], PartReport]:
    """Return the function that encodes a part in another process."""
    encoder = PartEncoder(payload, code_path, n_cores=1, n_process=1)
    return lambda argument: encoder.encode(*argument)
