"""Annotates a source with a pipeline, and writes its Docs to a directory of DocBin files."""

import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import spacy.about

from spacy_w2v._version import __version__
from spacy_w2v.config._schema import TokensSettings
from spacy_w2v.corpus._encoding import Documents, EncodingProgress, check_documents
from spacy_w2v.corpus._fingerprint import tokenizer_fingerprint
from spacy_w2v.corpus.annotated._annotating import Annotating, annotate_stream
from spacy_w2v.corpus.annotated._doc_arrays import ATTRIBUTES
from spacy_w2v.corpus.annotated._shards import AnnotatedManifest, Shard, ShardDirectory, opened_shards
from spacy_w2v.corpus.shards._cutting import small_batches
from spacy_w2v.errors import ConfigError, CorpusError
from spacy_w2v.errors._wording import worded
from spacy_w2v.keys._requirements import ATTRIBUTES as KINDS
from spacy_w2v.sources._docbin_format import UnpackedDocs, joined
from spacy_w2v.sources._docbin_values import unpack_value
from spacy_w2v.sources._source import TextBatch, TextSource
from spacy_w2v.tokenization._components import annotation_set_by, needed_components
from spacy_w2v.tokenization.annotation._annotator import Annotator
from spacy_w2v.tokenization.annotation._fingerprint import pipeline_fingerprint

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc

TOKENS_PER_SHARD = 500_000
"""The default size of a shard: some 6 MB on disk, 50 MB while it is read, and a minute and a half of parsing."""


class AllAnnotation:
    """Stands for a key function that needs everything that is written."""

    requires = tuple(KINDS)

    def __call__(self, doc: "Doc") -> Iterator[tuple[int, int, str]]:
        """Yield no keys."""
        return iter(())


@dataclass(frozen=True)
class Annotation:
    """What is annotated, and by what."""

    source: TextSource
    nlp: "Language"
    tokens: TokensSettings
    """The block `[w2v.tokens]`, of which `n_process` and `max_tokens` count."""
    tokens_per_shard: int = TOKENS_PER_SHARD
    code_path: Path | None = None

    def components(self) -> list[str]:
        """Return the names of the components that run: those that set something that is written, and what they need.

        Raises:
            ConfigError: There are none.
        """
        names = needed_components(self.nlp, AllAnnotation())
        if not names:
            raise ConfigError(
                "A pipeline must have components that annotate, but this one has none: "
                f"{', '.join(self.nlp.pipe_names) or 'no component at all'}. Set pipeline in [w2v.tokens] to one with "
                "a tagger, a parser, or others."
            )
        return names

    def sets(self) -> list[str] | None:
        """Return the annotation that the components set; None if one of them does not say what it sets."""
        found = annotation_set_by(self.nlp)
        return None if found is None else [name for name in KINDS if name in found]

    def made_of(self) -> dict[str, Any]:
        """Return what determines the Docs, as JSON values."""
        return {
            "source": self.source.name,
            "source_fingerprint": self.source.fingerprint(),
            "tokenizer": tokenizer_fingerprint(self.nlp, self.tokens, code_path=self.code_path),
            **pipeline_fingerprint(self.nlp, self.components()),
            "attributes": ["ORTH", "SPACY", *ATTRIBUTES],
            "max_tokens": self.tokens.max_tokens,
            "tokens_per_shard": self.tokens_per_shard,
            "spacy": spacy.about.__version__,
            "spacy_w2v": __version__,
        }

    def tasks(self, n_done: int) -> Generator[tuple[TextBatch, bytes], None, None]:
        """Annotate the texts after those of some tasks, which are read and skipped. Raises CorpusError."""
        parts = [(name, self.nlp.get_pipe(name)) for name in self.components()]
        annotator = Annotator(self.nlp.vocab, self.nlp.tokenizer, parts, self.nlp.batch_size)
        annotating = Annotating(annotator, self.sets(), self.nlp.max_length)
        tasks = islice(small_batches(self.source.batches()), n_done, None)
        return annotate_stream(tasks, annotating, n_process=self.tokens.n_process, code_path=self.code_path)


def annotate_to_directory(
    annotation: Annotation,
    directory: Path,
    *,
    overwrite: bool,
    on_start: Callable[[AnnotatedManifest], None],
    on_progress: Callable[[EncodingProgress], None],
) -> AnnotatedManifest:
    """Annotate a source, and write shards, each of which is complete when it appears.

    If the directory has shards of the same source and pipeline, the texts after them are annotated. The files are the
    same to the byte, whether a run was interrupted or not, and for any number of processes.

    Args:
        annotation: What is annotated, and by what.
        directory: The directory of the shards.
        overwrite: Whether to replace the shards of earlier runs, whatever they were made of.
        on_start: Receives what an earlier run has finished.
        on_progress: Receives the progress after each task.

    Returns:
        The manifest of the complete directory.

    Raises:
        CorpusError: The texts cannot be read or annotated, or there are none.
        StorageError: The directory has something else, or cannot be written.
    """
    with opened_shards(directory, annotation.made_of(), overwrite=overwrite) as shards:
        if shards.manifest.made_of["source_fingerprint"] is None and shards.manifest.shards:
            raise CorpusError(
                f"Annotation can only continue if the source is the same, but {annotation.source.name} cannot be "
                f"recognized. Start again with {worded(python='overwrite=True', command_line='--overwrite')}."
            )
        on_start(shards.manifest)
        if not shards.manifest.is_complete:
            _annotate(annotation, shards, on_progress)
        return shards.manifest


def _annotate(annotation: Annotation, shards: ShardDirectory, on_progress: Callable[[EncodingProgress], None]) -> None:
    """Add the shards that are missing; see `annotate_to_directory`."""
    total = shards.manifest.total()
    documents = Documents()
    documents.add(total.n_documents, total.n_null, total.n_not_text, example=None)
    n_tokens = total.n_tokens
    start = time.perf_counter()
    found = None if total.n_tasks else 0.0  # what was read and skipped
    shard = _NewShard()
    with closing(annotation.tasks(total.n_tasks)) as results:
        for task, content in results:
            docs = unpack_value(content)
            shard.add(task, docs)
            documents.add(len(docs.lengths), task.n_null, task.n_not_text, example=task.example)
            n_tokens += len(docs.tokens)
            if shard.n_tokens >= annotation.tokens_per_shard:
                shards.add(*shard.finished())
                shard = _NewShard()
            n_documents, seconds = documents.counts.n_documents, time.perf_counter() - start
            found = task.fraction or 0.0 if found is None else found
            on_progress(EncodingProgress(n_documents, n_tokens, 0, task.fraction, seconds, found))
            if annotation.tokens.max_tokens is not None and n_tokens >= annotation.tokens.max_tokens:
                break
    check_documents(documents, n_tokens=n_tokens, name=annotation.source.name)
    if shard.parts:
        shards.add(*shard.finished())
    shards.complete()


class _NewShard:
    """The Docs of the shard that comes next."""

    def __init__(self) -> None:
        self.parts: list[UnpackedDocs] = []
        self.n_tokens = 0
        self._counts = {"n_tasks": 0, "n_null": 0, "n_not_text": 0}

    def add(self, task: TextBatch, docs: UnpackedDocs) -> None:
        """Add the Docs of a task."""
        self.parts.append(docs)
        self.n_tokens += len(docs.tokens)
        self._counts["n_tasks"] += 1
        self._counts["n_null"] += task.n_null
        self._counts["n_not_text"] += task.n_not_text

    def finished(self) -> tuple[bytes, Shard]:
        """Return the bytes of the DocBin, and what it was made of."""
        docs = joined(self.parts)
        return docs.to_bytes(), Shard(n_documents=len(docs.lengths), n_tokens=self.n_tokens, **self._counts)
