"""Writing of fastText's .bin files, which fastText and gensim read."""

from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path

import numpy as np

from spacy_w2v._arrays import Counts, Vectors
from spacy_w2v.config._export import ExportSettings
from spacy_w2v.config._losses import LOSSES
from spacy_w2v.errors import ConfigError
from spacy_w2v.formats._matrices import streamed_rows
from spacy_w2v.formats._names import check_entries
from spacy_w2v.formats.fasttext._layout import (
    BEGINNING,
    CBOW,
    DICTIONARY,
    ENTRY,
    HIERARCHICAL_SOFTMAX,
    HYPER_PARAMETERS,
    LEARNING_RATE_UPDATES,
    MAGIC,
    NEGATIVE_SAMPLING,
    OF_WORDS,
    QUANTIZED,
    SHAPE,
    SKIP_GRAM,
    SOFTMAX,
    VERSION,
    HyperParameters,
)
from spacy_w2v.formats.word2vec._writing import open_for_writing
from spacy_w2v.model._composition import subwords_of_mode
from spacy_w2v.model._trained import TrainedModel
from spacy_w2v.model._word_vectors import WordVectors
from spacy_w2v.objectives._registry import architecture_of
from spacy_w2v.subwords._table import SubwordTable


def write_fasttext(vectors: WordVectors, path: Path, settings: ExportSettings) -> None:
    """Write a .bin file of fastText, with a row of zeros for each bucket that was not trained.

    The output vectors are those of the model, if words have some, otherwise zeros.

    Args:
        vectors: Vectors with subwords in the mode fasttext, and counts.
        path: The file.
        settings: Which words to write.

    Raises:
        ConfigError: The vectors have no such subwords or no counts, or a word cannot be written in this format.
    """
    table, counts = subwords_of_mode(vectors, "fasttext"), vectors.counts
    if table is None:
        raise ConfigError(f"The format fasttext needs the subwords of fastText, but {vectors.name} has none.")
    if counts is None:
        raise ConfigError(
            f"The format fasttext needs the count of each word, but {vectors.name} has none. Export to gensim."
        )
    words, counts = vectors.words[: settings.max_vectors], counts[: settings.max_vectors]
    check_entries(words)
    output = _output_vectors(vectors.model, shape=(len(words), table.vector_size))
    hyper_parameters = _hyper_parameters(vectors.model, table)
    n_tokens = vectors.model.record.corpus.n_tokens if vectors.model is not None else int(counts.sum())
    with open_for_writing(path) as file:
        file.write(BEGINNING.pack(MAGIC, VERSION) + HYPER_PARAMETERS.pack(*hyper_parameters))
        file.write(DICTIONARY.pack(len(words), len(words), 0, n_tokens, -1))
        file.writelines(_entries(words, counts))
        own_rows = streamed_rows(table.matrix[: len(words)])
        n_rows = len(words) + table.settings.buckets
        file.write(QUANTIZED.pack(0) + SHAPE.pack(n_rows, table.vector_size))
        file.writelines(map(_bytes, chain(own_rows, table.blocks_of_all_buckets())))
        file.write(QUANTIZED.pack(0) + SHAPE.pack(*output.shape))
        file.writelines(map(_bytes, streamed_rows(output)))


def _entries(words: Sequence[str], counts: Counts) -> Iterator[bytes]:
    for word, count in zip(words, counts.tolist(), strict=True):
        yield word.encode() + b"\0" + ENTRY.pack(count, OF_WORDS)


def _output_vectors(model: TrainedModel | None, *, shape: tuple[int, int]) -> Vectors:
    """Return the output vectors of words: zeros if they have none. The inner nodes of fastText's tree are others."""
    if model is not None and model.tree is None:
        return model.output_vectors[: shape[0]]
    return np.zeros(shape, np.float32)


def _hyper_parameters(model: TrainedModel | None, table: SubwordTable) -> HyperParameters:
    """Return the hyper-parameters of a model, or for vectors without one fastText's defaults."""
    of_table = {
        "dim": table.vector_size,
        "word_ngrams": 1,
        "bucket": table.settings.buckets,
        "minn": table.settings.min_n,
        "maxn": table.settings.max_n,
        "lr_update_rate": LEARNING_RATE_UPDATES,
    }
    if model is None:
        return HyperParameters(
            ws=5, epoch=5, min_count=5, neg=5, loss=NEGATIVE_SAMPLING, model=SKIP_GRAM, t=1e-4, **of_table
        )
    settings, record = model.settings, model.record
    of_words = NEGATIVE_SAMPLING if LOSSES[settings.loss].needs_noise else SOFTMAX
    return HyperParameters(
        ws=settings.window,
        epoch=record.training.epochs,
        min_count=record.vocabulary.min_count,
        neg=settings.negative,
        loss=of_words if model.tree is None else HIERARCHICAL_SOFTMAX,
        model=SKIP_GRAM if architecture_of(settings).gensim_sg else CBOW,
        t=record.training.sample,
        **of_table,
    )


def _bytes(block: Vectors) -> bytes:
    return np.ascontiguousarray(block, "<f4").tobytes()
