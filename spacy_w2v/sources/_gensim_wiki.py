"""The excerpt of English Wikipedia that gensim bundles: real text without a download."""

import bz2
import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pyarrow as pa

from spacy_w2v._system.hashing import sha256_of
from spacy_w2v.errors import CorpusError
from spacy_w2v.sources._source import TextBatch, Texts, coalesce, take_documents

FILE_NAME = "enwiki-latest-pages-articles1.xml-p000000010p000030302-shortened.bz2"

# Markup that gensim's filter does not remove: italics and bold, headings, lists and tables.
QUOTES = re.compile("'{2,}")
LINE_MARKS = re.compile(r"^[=*#:;|! ]+|=+\s*$", re.MULTILINE)


@dataclass(frozen=True)
class GensimWiki(Texts):
    """107 articles of English Wikipedia from about 2011: some 480,000 words, one paragraph per line."""

    max_documents: int | None = None

    @property
    def name(self) -> str:
        """The name of the source in messages."""
        return "Wikipedia excerpt of gensim"

    def fingerprint(self) -> str:
        """Return a hash of the file."""
        return f"gensim-wiki:{sha256_of([self._path().read_bytes()])}:{self.max_documents}"

    def batches(self) -> Iterator[TextBatch]:
        """Yield the articles, without redirects."""
        return take_documents(coalesce(self._batches()), self.max_documents)

    def _path(self) -> Path:
        # Importing gensim for gensim.test.utils.datapath takes 0.7 s.
        gensim = find_spec("gensim")
        folders = gensim.submodule_search_locations if gensim is not None else None
        path = Path(next(iter(folders or ["gensim"])), "test", "test_data", FILE_NAME)
        if not path.exists():
            raise CorpusError(f"gensim must have its test data, but {path} does not exist. Install gensim from PyPI.")
        return path

    def _batches(self) -> Iterator[TextBatch]:
        from gensim.corpora.wikicorpus import extract_pages, filter_wiki

        path = self._path()
        size = path.stat().st_size
        with path.open("rb") as raw, bz2.open(raw) as file:
            for _, markup, _ in extract_pages(file, ("0",)):
                text = filter_wiki(markup)
                if text.lstrip().lower().startswith("#redirect"):
                    continue
                texts = pa.array([LINE_MARKS.sub("", QUOTES.sub("", text))], pa.large_string())
                yield TextBatch(texts, 1, 0, 0, raw.tell() / size)


def gensim_wiki(max_documents: int | None = None) -> GensimWiki:
    """Read the Wikipedia excerpt that gensim bundles: 107 English articles, for examples and tests.

    This is the reader "spacy_w2v.GensimWiki.v1" of configs. The excerpt is too small for good vectors.

    Args:
        max_documents: The maximum number of articles to read. If None, all articles are read.

    Returns:
        A source of texts, for `spacy_w2v.train` and other functions that take texts. Reading it raises CorpusError if
        gensim was installed without its test data.

    Example:
        >>> model = spacy_w2v.train(spacy_w2v.gensim_wiki(max_documents=3), vector_size=10)
    """
    return GensimWiki(max_documents=max_documents)


make_gensim_wiki_v1 = gensim_wiki
