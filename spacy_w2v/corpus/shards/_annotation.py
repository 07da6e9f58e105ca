"""Encodes a source whose texts a pipeline annotates, in shards: those of an earlier run are found in the cache.

The shards of all corpora with the same annotation are in one directory of the cache. They stay there, so that a corpus
with more texts, or with other limits, is annotated only where it is new.
"""

import time
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import astuple, dataclass, replace
from itertools import chain, islice
from pathlib import Path

from spacy_w2v._atomic import remove_abandoned
from spacy_w2v.corpus._cache_directory import UNFINISHED, new_entry
from spacy_w2v.corpus._counts import DocumentCounts
from spacy_w2v.corpus._encoding import (
    Documents,
    EncodingProgress,
    check_documents,
    finish,
    first_tokens,
    reading_errors,
)
from spacy_w2v.corpus._entries import Request, find_corpus, keep_corpus
from spacy_w2v.corpus._fingerprint import CorpusFingerprint
from spacy_w2v.corpus._store import Corpus, CorpusWriter, open_corpus
from spacy_w2v.corpus.shards._content import batch_of
from spacy_w2v.corpus.shards._cutting import SHARD_BYTES, Shard, shards_of
from spacy_w2v.sources._source import TextBatch
from spacy_w2v.tokenization._encode import encode_stream
from spacy_w2v.tokenization._tokens import EncodedBatch


def encode_in_shards(request: Request, directory: Path, *, fingerprint: CorpusFingerprint) -> None:
    """Read a source once, annotate the shards that are not in the cache, and write the corpus of all shards.

    Each shard is in the cache as soon as it is complete, so a run that was killed continues at the first missing one.

    Args:
        request: The corpus.
        directory: An empty directory for the corpus.
        fingerprint: The fingerprint of the corpus, computed before the source is read.

    Raises:
        CorpusError: The source cannot be read, or has no tokens.
        StorageError: The corpus cannot be written.
    """
    source = request.source
    with reading_errors(source, directory):
        annotation = _Annotation(request, directory, fingerprint)
        with closing(annotation.run()) as steps:
            for progress in steps:
                request.callback.on_encoding(progress)
        finish(annotation.writer, source, fingerprint=fingerprint, documents=annotation.documents)
    check_documents(annotation.documents, n_tokens=annotation.writer.chunks.n_tokens, name=source.name)


@dataclass(frozen=True)
class _Planned:
    """A shard whose turn comes."""

    documents: DocumentCounts
    example: str | None
    fraction: float | None
    digest: str
    n_batches: int
    """The number of its batches."""
    found: Corpus | None
    """The shard in the cache, if it is there."""

    @property
    def is_ready(self) -> bool:
        """Whether there is nothing to annotate. The last shard has no texts if all of its documents were left out."""
        return self.found is not None or not self.n_batches

    @classmethod
    def of(cls, shard: Shard, found: Corpus | None) -> "_Planned":
        """Return the plan for a shard, without its texts."""
        return cls(shard.documents, shard.example, shard.fraction, shard.digest, len(shard.batches), found)


class _Annotation:
    """Annotates the missing shards of a source in one stream, and joins all shards in order."""

    def __init__(self, request: Request, directory: Path, fingerprint: CorpusFingerprint):
        """Prepare to read the source.

        Args:
            request: The corpus.
            directory: Its empty directory.
            fingerprint: Its fingerprint.
        """
        self.request = request
        self.writer = CorpusWriter(directory, max_types=fingerprint.max_vocab_size)
        self.documents = Documents()
        self._fingerprint = replace(  # limits of the whole corpus do not concern its shards
            fingerprint, source=None, max_vocab_size=None, tokens={**fingerprint.tokens, "max_tokens": None}
        )
        self._shelf = request.cache_dir / self._fingerprint.digest()
        self._planned: deque[_Planned] = deque()
        self._start = time.perf_counter()
        self._fraction: float | None = None  # of the source that has been read
        self._found = 0.0  # the fraction of the source that was found in the cache

    @property
    def _n_left(self) -> int | None:
        """The number of tokens that are still wanted; None for all."""
        most = self.request.settings.max_tokens
        return None if most is None else most - self.writer.chunks.n_tokens

    @property
    def _is_full(self) -> bool:
        """Whether there are `max_tokens` tokens."""
        return self._n_left is not None and self._n_left <= 0

    def run(self) -> Generator[EncodingProgress, None, None]:
        """Join all shards, until there are `max_tokens` tokens, and yield the progress."""
        remove_abandoned(self._shelf, prefix=UNFINISHED)
        shards = shards_of(self.request.source.batches(), shard_bytes=SHARD_BYTES)
        for n_found, shard in enumerate(shards):
            if (found := self._find(shard)) is None and shard.batches:
                if n_found:
                    self._announce(n_found)
                self._start = time.perf_counter()
                yield from self._annotated(shard, shards)
                return
            yield self._joined_ready(_Planned.of(shard, found))
            if self._is_full:
                return

    def _announce(self, n_found: int) -> None:
        """Report that shards were found before the first that is missing."""
        share = f", {self._found:.0%} of all," if self._found else ""
        self.request.callback.on_message(
            f"Annotating from document {self.documents.counts.n_documents + 1:,} on. The texts before it{share} are in "
            "the cache"
        )

    def _find(self, shard: Shard) -> Corpus | None:
        """Return a shard from the cache, or None if it is not there."""
        entry = self._shelf / self._fingerprint_of(shard.digest).digest()
        return find_corpus(entry, self.request.callback.on_message, again="Annotating some texts")

    def _fingerprint_of(self, digest: str) -> CorpusFingerprint:
        """Return the fingerprint of a shard, given the hash of its texts."""
        return self._fingerprint.of(f"texts:{digest}")

    def _annotated(self, first: Shard, others: Iterator[Shard]) -> Generator[EncodingProgress, None, None]:
        """Annotate a shard, and those of the others that are missing, in one stream. Join all of them in order."""
        batches = self._missing_batches(first, others)
        encoded = encode_stream(batches, self.request.nlp, self.request.settings, code_path=self.request.code_path)
        with closing(encoded):
            for batch in encoded:
                yield from self._joined_in_turn()
                planned = self._planned.popleft()
                rest = islice(encoded, planned.n_batches - 1)
                yield from self._annotated_shard(planned, chain([batch], rest))
                if self._is_full:
                    return
            yield from self._joined_in_turn()

    def _missing_batches(self, first: Shard, others: Iterator[Shard]) -> Iterator[TextBatch]:
        """Yield the batches of a shard and of the others that are not in the cache, after planning all before them."""
        for shard in chain([first], others):
            found = None if shard is first else self._find(shard)
            self._planned.append(_Planned.of(shard, found))
            if found is None:
                yield from shard.batches

    def _joined_in_turn(self) -> Iterator[EncodingProgress]:
        """Join the shards whose turn it is and that need no annotation."""
        while self._planned and not self._is_full and self._planned[0].is_ready:
            yield self._joined_ready(self._planned.popleft())

    def _joined_ready(self, planned: _Planned) -> EncodingProgress:
        """Join a shard that needs no annotation, and return the progress."""
        before, after = self._fraction or 0.0, planned.fraction
        self._found += max(0.0, after - before) if after is not None else 0.0
        self._join(planned, planned.found)
        return self._progress(after)

    def _annotated_shard(
        self, planned: _Planned, encoded: Iterable[tuple[TextBatch, EncodedBatch]]
    ) -> Generator[EncodingProgress, None, None]:
        """Write a shard, keep it in the cache, and join it. A shard with enough tokens is not annotated to its end."""
        n_documents, n_left = 0, planned.n_batches
        with new_entry(self.request.cache_dir) as directory:
            writer = CorpusWriter(directory, max_types=None)
            for texts, batch in encoded:
                writer.add(batch)
                n_left -= 1
                n_documents += texts.n_documents
                n_tokens = writer.chunks.n_tokens
                yield self._progress(texts.fraction, n_more_documents=n_documents, n_more_tokens=n_tokens)
                if self._n_left is not None and n_tokens >= self._n_left:
                    break
            fingerprint = self._fingerprint if n_left else self._fingerprint_of(planned.digest)
            writer.close(source=self.request.source.name, fingerprint=fingerprint, documents=planned.documents)
            self._shelf.mkdir(mode=0o700, exist_ok=True)
            entry, report = self._shelf / fingerprint.digest(), self.request.callback.on_message
            self._join(planned, keep_corpus(open_corpus(directory), entry, report))

    def _join(self, planned: _Planned, shard: Corpus | None) -> None:
        """Add the tokens and phrases of a shard to the corpus, if it has texts, and count its documents."""
        if shard is not None:
            batch = batch_of(shard)
            self.writer.add(batch if self._n_left is None else first_tokens(batch, self._n_left))
        self.documents.add(*astuple(planned.documents), example=planned.example)

    def _progress(
        self, fraction: float | None, *, n_more_documents: int = 0, n_more_tokens: int = 0
    ) -> EncodingProgress:
        """Return the progress.

        Args:
            fraction: The fraction of the source that has been read; None if it is unknown.
            n_more_documents: Documents that have been annotated, but not joined.
            n_more_tokens: Their tokens.
        """
        self._fraction = fraction
        return EncodingProgress(
            n_documents=self.documents.counts.n_documents + n_more_documents,
            n_tokens=self.writer.chunks.n_tokens + n_more_tokens,
            n_types=len(self.writer.types),
            fraction=fraction,
            seconds=time.perf_counter() - self._start,
            found=self._found,
        )
