"""Annotates a stream of texts in one or more processes, which return DocBins."""

from collections.abc import Callable, Generator, Iterator, Sequence
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pyarrow as pa

from spacy_w2v.corpus.annotated._doc_arrays import DocArrays
from spacy_w2v.keys._requirements import is_annotated
from spacy_w2v.sources._docbin_format import COMPRESSION
from spacy_w2v.sources._source import TextBatch
from spacy_w2v.tokenization._code import import_user_code
from spacy_w2v.tokenization._processes import map_in_processes
from spacy_w2v.tokenization.annotation._annotator import Annotator
from spacy_w2v.tokenization.annotation._pickling import pickled_if_possible, unpickled
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
        return arrays.docs().to_bytes(COMPRESSION)

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
    n_asked, n_process = n_process, annotating.annotator.n_processes(n_process)
    first = list(islice(tasks, 2))
    payload = None
    if n_process > 1 and len(first) == 2:
        payload = pickled_if_possible(
            annotating.annotator, annotating, n_asked=n_asked, without_components="its tokenizer"
        )
    if payload is None:
        for task in chain(first, tasks):
            yield task, annotating.docbin(task.texts)
    else:
        yield from map_in_processes(partial(_make_annotating, payload, code_path), chain(first, tasks), n_process)


def _make_annotating(payload: bytes, code_path: Path | None) -> Callable[[TextBatch], bytes]:
    """Return the function that annotates tasks in another process."""
    import_user_code(code_path)
    _, (annotating,) = unpickled(payload)
    return lambda task: annotating.docbin(task.texts)
