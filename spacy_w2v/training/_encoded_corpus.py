"""The encoded corpus of a run: the one in the cache or a new one, in which phrases are joined if settings say so."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from spacy_w2v._system.memory import release_free_memory
from spacy_w2v.cluster._cluster import Cluster
from spacy_w2v.config._phrases import PhraseSettings
from spacy_w2v.config._schema import W2VSettings
from spacy_w2v.corpus._cache import prepared_corpus
from spacy_w2v.corpus._store import Corpus
from spacy_w2v.phrases._joined_corpus import joined_corpus
from spacy_w2v.phrases._joined_spans import joined_spans
from spacy_w2v.phrases._table import PhraseTable
from spacy_w2v.sources._source import TextSource
from spacy_w2v.training.callbacks._callback import Callback

if TYPE_CHECKING:
    from spacy.language import Language


@contextmanager
def encoded_corpus(
    source: TextSource,
    nlp: "Language",
    settings: W2VSettings,
    *,
    cache_dir: Path | None,
    code_path: Path | None,
    callback: Callback,
    cluster: Cluster | None,
) -> Iterator[Corpus]:
    """Find a corpus in the cache or encode it, and join its phrases. It may be deleted after the block.

    Args:
        source: The source of the texts.
        nlp: The pipeline whose tokenizer makes the tokens.
        settings: The settings of the run.
        cache_dir: The directory of the cache. If None, the user's cache directory.
        code_path: A Python file with the user's registered functions.
        callback: Receives the events of encoding, and of finding and joining phrases.
        cluster: The machines that encode. If None, this one.

    Raises:
        ConfigError: The file that `[w2v.phrases]` names holds no phrases.
        CorpusError: The corpus cannot be read, or has no tokens.
        StorageError: The cache cannot be used, or the file of phrases is missing or damaged.
    """
    phrases = given_phrases(settings.phrases)  # before the corpus is encoded, since it may raise an error
    with prepared_corpus(
        source, nlp, settings.tokens, max_vocab_size=settings.vocabulary.max_vocab_size,
        cache_dir=cache_dir, code_path=code_path, callback=callback,
        cluster=cluster, most_machines=settings.distributed.machines,
    ) as corpus:  # fmt: skip
        release_free_memory()  # the memory of encoding
        with (
            joined_spans(corpus, settings.vocabulary, cache_dir=cache_dir, callback=callback) as of_keys,
            joined_corpus(of_keys, settings.phrases, given=phrases, cache_dir=cache_dir, callback=callback) as joined,
        ):
            release_free_memory()  # the memory of finding phrases
            yield joined


def given_phrases(settings: PhraseSettings) -> PhraseTable | None:
    """Return the phrases that settings name by a path; None without a path. Raises the errors of `encoded_corpus`."""
    if settings.path is None:
        return None
    from spacy_w2v.formats._phrases import open_phrases

    return open_phrases(settings.path)
