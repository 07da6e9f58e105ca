"""Corpora of several parts in the cache: parts that are not there are encoded, on this machine or on a cluster."""

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import astuple
from pathlib import Path

from spacy_w2v.cluster._cluster import Cluster
from spacy_w2v.corpus._cache_directory import find_entry, new_entry, remedy, tidy
from spacy_w2v.corpus._encoding import Documents, check_documents, encode_in_steps
from spacy_w2v.corpus._entries import Request, check_digest, find_corpus, keep_corpus, why_not_found
from spacy_w2v.corpus._fingerprint import CorpusFingerprint
from spacy_w2v.corpus._store import Corpus, open_corpus
from spacy_w2v.corpus.parts._in_processes import encode_in_processes
from spacy_w2v.corpus.parts._jobs import FinishedPart, PartJob, Workplace
from spacy_w2v.corpus.parts._on_cluster import encode_on_cluster
from spacy_w2v.corpus.parts._progress import PartsProgress
from spacy_w2v.corpus.parts._whole import open_whole, write_whole
from spacy_w2v.errors import StorageError
from spacy_w2v.sources._parts import DivisibleSource
from spacy_w2v.sources._source import TextSource
from spacy_w2v.tokenization._encode import encodes_by_pretokens, pickled_pipeline


@contextmanager
def prepared_parts(
    request: Request, sources: Sequence[tuple[str, TextSource]], cluster: Cluster | None
) -> Iterator[Corpus]:
    """Find a corpus of several parts in the cache, or encode the parts that are missing; see `prepared_corpus`.

    Each part is in the cache as soon as it is complete, so it is not encoded again if the process is killed.

    Args:
        request: The corpus.
        sources: The parts of its source, with their fingerprints.
        cluster: The machines that encode the parts. If None, this one.
    """
    with ExitStack() as stack:
        fingerprints = [request.fingerprint.of(name) for name, _ in sources]
        found = _found(request, fingerprints)
        missing = {
            part.digest(): PartJob(source, part)
            for part, (_, source) in zip(fingerprints, sources, strict=True)
            if part.digest() not in found
        }
        fingerprint = request.fingerprint.of_parts(name for name, _ in sources)
        documents = Documents()
        if missing:
            _announce(request, fingerprint, n_missing=len(missing), n_found=len(found))
            if isinstance(request.source, DivisibleSource):
                request.source.check()
            with closing(_encoded(request, list(missing.values()), cluster, stack)) as encoded:
                for digest, corpus, read in encoded:
                    found[digest] = corpus
                    documents.add(*astuple(read.counts), example=read.example)
        parts = [found[part.digest()] for part in fingerprints]
        n_tokens = sum(part.counts.n_tokens for part in parts)
        if n_tokens == 0:  # the error gives the numbers of all documents
            documents = Documents()
            for part in parts:
                documents.add(part.counts.n_documents, part.counts.n_null, part.counts.n_not_text, example=None)
        check_documents(documents, n_tokens=n_tokens, name=request.source.name)
        if any(part.fingerprint.source is None for part in parts):  # texts have changed while they were read
            fingerprint = fingerprint.of(None)
        corpus = _whole(request, fingerprint, parts, stack)
        if not missing:
            tidy(request.cache_dir)
            request.callback.on_message(f"Using the encoded corpus {corpus.directory}")
        yield corpus


def _found(request: Request, fingerprints: Sequence[CorpusFingerprint]) -> dict[str, Corpus]:
    """Return the parts that are in the cache, by the digests of their fingerprints."""
    found: dict[str, Corpus] = {}
    for digest in dict.fromkeys(part.digest() for part in fingerprints):
        again = "Encoding a part of the corpus"
        corpus = find_corpus(request.cache_dir / digest, request.callback.on_message, again=again)
        if corpus is not None:
            found[digest] = corpus
    return found


def _announce(request: Request, fingerprint: CorpusFingerprint, *, n_missing: int, n_found: int) -> None:
    """Report how many parts are encoded, and why, if parts with other settings are in the cache."""
    n_all = n_missing + n_found
    if n_found:
        request.callback.on_message(f"Encoding {n_missing} of {n_all} parts of the corpus. The others are in the cache")
        return
    reason = ""
    if request.cache_dir.is_dir():
        reason = why_not_found(request.cache_dir, request.source.name, fingerprint)
    if reason:
        request.callback.on_message(f"Encoding the corpus again, because {reason}")
    request.callback.on_message(f"Encoding the corpus in {n_all} parts")


def _encoded(
    request: Request, jobs: list[PartJob], cluster: Cluster | None, stack: ExitStack
) -> Generator[tuple[str, Corpus, Documents], None, None]:
    """Encode parts, and yield the digest, corpus and documents of each.

    Args:
        request: The corpus.
        jobs: The parts to encode.
        cluster: The machines that encode. If None, this one.
        stack: Keeps the directories of parts that cannot be moved to the cache.
    """
    progress = PartsProgress(request.callback, n_parts=len(jobs))
    unmoved: set[Path] = set()  # parts that are not in the cache, but used by this run

    @contextmanager
    def workplace() -> Iterator[Path]:
        """Yield a new directory for a part."""
        with ExitStack() as own:
            directory = own.enter_context(new_entry(request.cache_dir))
            yield directory
            if directory in unmoved:
                stack.push(own.pop_all())

    payload = _payload(request, jobs, cluster)
    if payload is None:
        finished = _encode_here(request, jobs, workplace, progress)
    elif cluster is None:
        finished = encode_in_processes(
            jobs, workplace,
            payload=payload, code_path=request.code_path, n_process=request.settings.n_process, progress=progress,
        )  # fmt: skip
    else:
        finished = encode_on_cluster(
            cluster, jobs, workplace,
            payload=payload, code_path=request.code_path, progress=progress, report=request.callback.on_message,
            most_machines=request.most_machines,
        )  # fmt: skip
    with closing(finished):
        for part in finished:
            digest = part.job.fingerprint.digest()
            corpus = keep_corpus(part.corpus, request.cache_dir / digest, request.callback.on_message)
            if corpus.directory == part.corpus.directory:
                unmoved.add(corpus.directory)
            progress.finish(digest)
            yield digest, corpus, part.documents


def _payload(request: Request, jobs: Sequence[PartJob], cluster: Cluster | None) -> bytes | None:
    """Return what other processes or machines encode with, or None to encode the parts here, one after the other.

    With n_process > 1, and a tokenizer that is called text by text, the processes encode the same part.
    """
    nlp, settings = request.nlp, request.settings
    if cluster is not None:
        return pickled_pipeline(nlp, settings, is_asked=True)
    if settings.n_process > 1 and len(jobs) > 1 and encodes_by_pretokens(nlp, settings):
        return pickled_pipeline(nlp, settings, is_asked=True)
    return None


def _encode_here(
    request: Request, jobs: list[PartJob], workplace: Workplace, progress: PartsProgress
) -> Generator[FinishedPart, None, None]:
    """Encode parts on this machine, one after the other. The directory of each is needed until the next is asked for.

    Args:
        request: The corpus.
        jobs: The parts to encode.
        workplace: Makes the directory of a part.
        progress: Receives the progress.
    """
    for job in jobs:
        documents = Documents()
        with workplace() as directory:
            steps = encode_in_steps(
                job.source, request.nlp, request.settings, directory,
                fingerprint=job.fingerprint, code_path=request.code_path, documents=documents,
            )  # fmt: skip
            with closing(steps):
                for step in steps:
                    progress.update(job.fingerprint.digest(), step)
            yield FinishedPart(job, open_corpus(directory), documents)


def _whole(request: Request, fingerprint: CorpusFingerprint, parts: Sequence[Corpus], stack: ExitStack) -> Corpus:
    """Find the corpus of these parts in the cache, or merge their types.

    Args:
        request: The corpus.
        fingerprint: Its fingerprint.
        parts: Its parts.
        stack: Keeps the directory, if it cannot be moved to the cache.

    Raises:
        StorageError: The cache cannot be written.
    """
    entry = request.cache_dir / fingerprint.digest()

    def open_checked(path: Path) -> Corpus:
        corpus = open_whole(path, parts)
        check_digest(corpus, path)
        return corpus

    def find(path: Path, report: Callable[[str], None]) -> Corpus | None:
        return find_entry(path, open_checked, report, again="Merging the parts of the corpus")

    if fingerprint.source is not None and (found := find(entry, request.callback.on_message)) is not None:
        return found
    with ExitStack() as own:
        directory = own.enter_context(new_entry(request.cache_dir))
        try:
            written = write_whole(directory, parts, source=request.source.name, fingerprint=fingerprint)
        except OSError as error:
            raise StorageError(f"The corpus cannot be written to {directory}: {error}. {remedy()}") from error
        corpus = keep_corpus(written, entry, request.callback.on_message, find=find)
        if corpus.directory == directory:
            stack.push(own.pop_all())
    return corpus
