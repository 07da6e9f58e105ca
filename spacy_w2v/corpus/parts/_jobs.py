"""A part of a corpus to be encoded, and the result."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import NamedTuple, TypeAlias

from spacy_w2v.corpus._encoding import Documents
from spacy_w2v.corpus._fingerprint import CorpusFingerprint
from spacy_w2v.corpus._store import Corpus
from spacy_w2v.sources._source import TextSource


class PartJob(NamedTuple):
    """A part to be encoded. It can be pickled."""

    source: TextSource
    fingerprint: CorpusFingerprint


class FinishedPart(NamedTuple):
    """A part that has been encoded."""

    job: PartJob
    corpus: Corpus
    documents: Documents
    """The documents that were read."""


Workplace: TypeAlias = Callable[[], AbstractContextManager[Path]]
"""Makes a new directory for a part. When the block ends, it is removed, unless it has been moved or is used further."""
