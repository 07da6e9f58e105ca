"""Annotates a stream of texts in one or more processes, which return DocBins."""

import warnings
from collections.abc import Callable, Generator, Iterator, Sequence
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pyarrow as pa

from spacy_w2v._system.cores import available_cores
from spacy_w2v.corpus.annotated._doc_arrays import DocArrays
from spacy_w2v.errors._wording import first_line
from spacy_w2v.keys._requirements import is_annotated
from spacy_w2v.sources._source import TextBatch
from spacy_w2v.tokenization._processes import map_in_processes
from spacy_w2v.tokenization.annotation._annotator import Annotator
from spacy_w2v.tokenization.annotation._pickling import not_picklable, pickled_with, unpickled
from spacy_w2v.tokenization.annotation._pieces import groups_of_pieces

if TYPE_CHECKING:
    from spacy.tokens import Doc


class Annotating(NamedTuple):
    """What annotates texts, in any process."""

    annotator: Annotator
    sets: Sequence[str] | None
    """The annotation that its components set, in the terms of spaCy's factories. If None, they run on all Docs."""
    max_characters: int
    """The maximum length of a text of the pipeline. Longer ones are annotated in parts."""

    def docbin(self, texts: pa.Array) -> bytes:
        """Return the bytes of a DocBin of annotated texts. Docs that have all annotation stay as they are.

        Raises:
            CorpusError: The tokenizer or a component fails.
        """
        arrays = DocArrays()
        for group in groups_of_pieces(texts, self.max_characters):
            with self.annotator.memory_zone():
                for doc, is_first in self.annotator.docs_of(group, texts.type, is_annotated=self._has_all):
                    arrays.add(doc, is_first=is_first)
        return arrays.docs().to_bytes(1)

    def _has_all(self, doc: "Doc") -> bool:
        return self.sets is not None and is_annotated(doc, self.sets)


def annotate_stream(
    tasks: Iterator[TextBatch], annotating: Annotating, *, n_process: int, code_path: Path | None
) -> Generator[tuple[TextBatch, bytes], None, None]:
    """Yield each task with the bytes of a DocBin of its Docs, in order.

    Args:
        tasks: The texts.
        annotating: What annotates them.
        n_process: The number of processes; 0 for one per core.
        code_path: A Python file with the user's registered functions, which each process imports first.

    Raises:
        CorpusError: The texts cannot be read, a component fails, or a process has ended.
    """
    is_asked = n_process > 1
    n_process = n_process or (1 if annotating.annotator.uses_gpu() else available_cores())
    first = list(islice(tasks, 2))
    payload = None
    if n_process > 1 and len(first) == 2:
        payload = _pickled(annotating, n_process if is_asked else None)
    if payload is None:
        for task in chain(first, tasks):
            yield task, annotating.docbin(task.texts)
    else:
        yield from map_in_processes(partial(_make_annotating, payload, code_path), chain(first, tasks), n_process)


def _pickled(annotating: Annotating, n_asked: int | None) -> bytes | None:
    """Return a pickle for annotating in other processes, or None if a component is not picklable.

    Args:
        annotating: What annotates.
        n_asked: The number of processes, if the user asked for several, so that there is a warning if it fails.
    """
    try:
        return pickled_with(annotating.annotator, annotating)
    except Exception as error:  # a user's components may raise any error
        if n_asked is not None:
            name = not_picklable(annotating.annotator)
            what = f"the component '{name}'" if name is not None else "its tokenizer"
            warnings.warn(
                f"A pipeline must be picklable for n_process = {n_asked}, but {what} is not: {first_line(error)}. Only "
                "one process is used.",
                stacklevel=2,
            )
        return None


def _make_annotating(payload: bytes, code_path: Path | None) -> Callable[[TextBatch], bytes]:
    """Return the function that annotates tasks in another process."""
    if code_path is not None:
        from spacy.cli._util import import_code

        import_code(code_path)
    _, (annotating,) = unpickled(payload)
    return lambda task: annotating.docbin(task.texts)
