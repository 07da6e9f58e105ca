"""The whole way: texts to an encoded corpus, to a vocabulary, to trained weights, to a model."""

import platform
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spacy_w2v.config.schema import W2VSettings
from spacy_w2v.corpus.cache import EncodingListener, EncodingProgress, prepared_corpus
from spacy_w2v.corpus.source import TextSource
from spacy_w2v.corpus.store import Corpus
from spacy_w2v.errors import TrainingError
from spacy_w2v.memory import physical_memory, release_free_memory
from spacy_w2v.model.trained import TrainedModel
from spacy_w2v.model.vocabulary import build_vocabulary, vocabulary_facts
from spacy_w2v.output_layers import make_output_layer, n_output_rows
from spacy_w2v.sampling import make_subsampling
from spacy_w2v.training.trainer import (
    EpochResult,
    TrainingListener,
    TrainingProgress,
    initial_weights,
    train_weights,
    without_padding,
)

if TYPE_CHECKING:
    from spacy.language import Language


@dataclass(frozen=True)
class JobListener:
    """Whom to tell while a job runs."""

    message: Callable[[str], None] = lambda text: None
    encoding: Callable[[EncodingProgress], None] = lambda progress: None
    corpus: Callable[[dict[str, Any]], None] = lambda facts: None
    """Called with the facts of corpus and vocabulary before training starts."""
    training: Callable[[TrainingProgress], None] = lambda progress: None
    epoch: Callable[[EpochResult], None] = lambda result: None

    def for_encoding(self) -> EncodingListener:
        """Return the part that encoding calls."""
        return EncodingListener(message=self.message, progress=self.encoding)


@dataclass(frozen=True)
class Word2VecJob:
    """What to train, on what, and with which tokens."""

    source: TextSource
    nlp: "Language"
    settings: W2VSettings
    config: str = ""
    """The complete config, as text, to be kept with the model."""
    cache_dir: Path | None = None
    """Where encoded corpora are kept; None for the user's cache directory."""
    code_path: Path | None = None
    """Python file with registered functions of the user's own, for the processes that tokenize."""
    before_training: Callable[[int], None] = field(default=lambda n_bytes: None)
    """Called with the size of the results, in bytes, before training starts; may raise."""

    def run(self, listener: JobListener | None = None) -> TrainedModel:
        """Do it all. Raises the errors of spacy_w2v.errors."""
        told = listener or JobListener()
        with prepared_corpus(
            self.source,
            self.nlp,
            self.settings.tokens,
            max_vocab_size=self.settings.vocabulary.max_vocab_size,
            cache_dir=self.cache_dir,
            code_path=self.code_path,
            listener=told.for_encoding(),
        ) as corpus:
            return self._train(corpus, told)

    def _train(self, corpus: Corpus, told: JobListener) -> TrainedModel:
        settings = self.settings.completed()
        release_free_memory()  # of encoding
        vocabulary, word_of_type = build_vocabulary(
            corpus.read_types(),
            n_type_ids=corpus.n_type_ids,
            min_count=settings.vocabulary.min_count,
            max_final_vocab=settings.vocabulary.max_final_vocab,
        )
        corpus_facts = {"source": corpus.source, **asdict(corpus.counts)}
        facts = vocabulary_facts(vocabulary, n_tokens=corpus.counts.n_tokens, n_types=corpus.counts.n_types)
        told.corpus(corpus_facts | facts)
        matrix_bytes = len(vocabulary) * settings.model.vector_size * 4
        _check_memory(2 * matrix_bytes, n_words=len(vocabulary), vector_size=settings.model.vector_size)
        self.before_training((2 + len(settings.export.formats)) * matrix_bytes)
        subsampling = make_subsampling(word_of_type, vocabulary.counts, sample=settings.training.sample)
        layer = make_output_layer(settings.model, vocabulary.counts, sample=settings.training.sample)
        release_free_memory()  # of what made the vocabulary, before the weights take theirs
        weights = initial_weights(
            n_words=len(vocabulary),
            n_outputs=n_output_rows(layer, n_words=len(vocabulary)),
            vector_size=settings.model.vector_size,
            seed=settings.training.seed,
        )
        results = train_weights(
            corpus,
            subsampling,
            layer,
            weights,
            model=settings.model,
            training=settings.training,
            listener=TrainingListener(progress=told.training, epoch=told.epoch),
        )
        release_free_memory()  # of the chunks
        meta = {
            "created": datetime.now(timezone.utc).isoformat(timespec="seconds"),
            "corpus_fingerprint": corpus.fingerprint,
            "lang": self.nlp.lang,
            "corpus": corpus_facts,
            "vocabulary": settings.vocabulary.model_dump() | facts,
            "tokens": settings.tokens.model_dump(),
            "model": settings.model.model_dump(),
            "training": settings.training.model_dump(),
            "results": [result._asdict() for result in results],
            "versions": _versions(),
        }
        return TrainedModel(
            vocabulary=vocabulary,
            input_vectors=without_padding(weights.input, settings.model.vector_size),
            output_vectors=without_padding(weights.output, settings.model.vector_size),
            config=self.config,
            meta=meta,
        )


def _check_memory(n_bytes: int, *, n_words: int, vector_size: int) -> None:
    """Raise TrainingError if the weights alone are larger than this machine's memory."""
    memory = physical_memory()
    if memory is not None and n_bytes > memory:
        raise TrainingError(
            f"The weights must fit into memory, {memory / 1e9:.1f} GB, but {n_words} words of {vector_size} dimensions "
            f"take {n_bytes / 1e9:.1f} GB. Raise min_count, or lower max_final_vocab or vector_size."
        )


def _versions() -> dict[str, str]:
    packages = ("spacy-w2v", "spacy", "gensim", "numpy", "numba", "datasets", "pyarrow")
    return {"python": platform.python_version(), **{package: version(package) for package in packages}}
