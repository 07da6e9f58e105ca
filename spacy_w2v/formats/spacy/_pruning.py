"""Pruning the vectors table of a pipeline to the most frequent words. The vectors can come from any source."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, get_args

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from spacy_w2v._arrays import Counts
from spacy_w2v.config._arguments import check_max_vectors, check_pipeline
from spacy_w2v.config._export import setting_of_composed
from spacy_w2v.config._schema import TokensSettings, VocabularySettings
from spacy_w2v.corpus._cache import prepared_corpus
from spacy_w2v.corpus._encoding import EncodingCallback
from spacy_w2v.errors import ConfigError
from spacy_w2v.errors._wording import worded
from spacy_w2v.formats.spacy._key_block import find_key_block
from spacy_w2v.formats.spacy._merging import keep_first_rows
from spacy_w2v.formats.spacy._reading import has_rows_of_words, is_floret_table, rows_by_frequency
from spacy_w2v.formats.spacy._writing import replace_table
from spacy_w2v.model._lookup import NO_ROW
from spacy_w2v.model._senses import KEYED
from spacy_w2v.model._trained import TrainedModel
from spacy_w2v.model._word_vectors import WordVectors
from spacy_w2v.sources._source import TextSource

if TYPE_CHECKING:
    from spacy.language import Language


class Pruned(NamedTuple):
    """The size of a vectors table before and after pruning."""

    n_rows: tuple[int, int]
    """Vectors, before and after."""
    n_keys: tuple[int, int]
    """Words with a vector, before and after."""
    coverage: tuple[float, float] | None
    """Share of the tokens with a vector, before and after, in [0, 1]; None if no texts were given."""


def pipeline_to_prune(nlp: Any, max_vectors: int) -> "Language":  # Any: whatever the caller passes
    """Check that an argument is a pipeline.

    Args:
        nlp: The argument.
        max_vectors: The number of vectors to keep, for errors.

    Raises:
        ConfigError: It is not a pipeline. The error suggests how to reduce other vectors.
    """
    rule = f"nlp must be a spaCy pipeline, was: {type(nlp).__name__}."
    if isinstance(nlp, TrainedModel):
        raise ConfigError(f"{rule} Use its to_spacy(max_vectors={max_vectors}) instead.")
    if isinstance(nlp, WordVectors) or hasattr(nlp, "index_to_key"):
        raise ConfigError(f"{rule} The command spacy w2v export can write a smaller file of them.")
    return check_pipeline(nlp)


def _check_prunable(nlp: "Language", max_vectors: int) -> None:
    """Raise ConfigError unless the vectors table of a pipeline can be pruned to max_vectors rows."""
    check_max_vectors(max_vectors, or_none=False)
    table = nlp.vocab.vectors
    if is_floret_table(table):
        raise ConfigError(
            "A vectors table must have a row for each word to be pruned, but all words share the rows of floret's "
            "subwords. Train a model with fewer buckets, or export it as a table of words: "
            f"{setting_of_composed()}."
        )
    if not has_rows_of_words(table):
        raise ConfigError(
            "A vectors table must be of spaCy's own class to be pruned, but that of the pipeline is of another class."
        )
    if not any(row >= 0 for row in table.key2row.values()):
        raise ConfigError("The pipeline must have word vectors to be pruned, but has none.")
    users = [name for name in nlp.component_names if nlp.get_pipe_meta(name).factory == "w2v"]
    if users:
        export = worded(python="to_spacy with max_vectors", command_line="spacy w2v export with --max-vectors")
        raise ConfigError(
            f"A vectors table can only be pruned without a component w2v, but '{users[0]}' needs all its vectors. "
            f"Prune the vectors first, with {export}, and initialize the pipeline with them."
        )


def _key_attribute(nlp: "Language") -> str:
    """Return the token attribute of the keys in the pipeline's vectors table, "ORTH" by default.

    Raises:
        ConfigError: Words in texts cannot be counted by that attribute.
    """
    from spacy.attrs import NAMES

    name: str = NAMES[nlp.vocab.vectors.attr]
    if (block := find_key_block(nlp.vocab)) is not None:
        raise ConfigError(
            "Texts can only count words that are attributes of tokens, but the vectors are those of keys: "
            f"{json.dumps(block)}. Prune them without texts, by the order of the rows, which is that of frequency."
        )
    known = [attr for attr in get_args(TokensSettings.model_fields["attr"].annotation) if attr not in KEYED]
    if name not in known:
        raise ConfigError(
            f"The keys of the vectors table must be one of {', '.join(known)} to count words in texts, but are: "
            f"{name}. Prune it without texts, by the order of its rows."
        )
    return name


def _count_rows(nlp: "Language", types: pa.Table) -> Counts:
    """Return the number of tokens for each row of a pipeline's vectors table.

    Args:
        nlp: The pipeline.
        types: Columns key and count of a corpus that was encoded by the table's attribute.
    """
    from spacy.strings import get_string_id

    table = nlp.vocab.vectors
    rows = np.array([table.key2row.get(get_string_id(key), NO_ROW) for key in types["key"].to_pylist()], np.int64)
    known = rows >= 0
    counts = np.zeros(len(table.data), np.int64)
    np.add.at(counts, rows[known], types["count"].to_numpy()[known])
    return counts


def prune_table(
    nlp: "Language",
    max_vectors: int,
    *,
    source: TextSource | None = None,
    merge_rare: bool = False,
    cache_dir: Path | None = None,
    code_path: Path | None = None,
    n_process: int = 0,
    callback: EncodingCallback | None = None,
) -> Pruned:
    """Keep the vectors of the most frequent words of a pipeline. Vectors without a word are removed.

    Args:
        nlp: The pipeline, which is changed in place.
        max_vectors: Number of vectors to keep.
        source: Texts to count words in. Vectors of equal frequency, and all vectors if there are no texts, keep the
            order of `rows_by_frequency`.
        merge_rare: Whether to map each removed word to the most similar remaining vector, unless its own is zero.
        cache_dir: As for `prepared_corpus`.
        code_path: As for `prepared_corpus`.
        n_process: As in [w2v.tokens].
        callback: As for `prepared_corpus`.

    Raises:
        ConfigError: The vectors cannot be pruned. This is checked before texts are read.
        CorpusError: The texts cannot be read.
    """
    _check_prunable(nlp, max_vectors)
    order = rows_by_frequency(nlp.vocab.vectors)
    if source is None:
        return _keep_first_rows(nlp, order, max_vectors, merge_rare=merge_rare)
    with prepared_corpus(
        source,
        nlp,
        TokensSettings.model_validate({"attr": _key_attribute(nlp), "n_process": n_process}),
        max_vocab_size=VocabularySettings().max_vocab_size,
        cache_dir=cache_dir,
        code_path=code_path,
        callback=callback,
    ) as corpus:
        counts, n_tokens = _count_rows(nlp, corpus.read_types()), corpus.counts.n_tokens
    before = nlp.vocab.vectors.key2row
    pruned = _keep_first_rows(nlp, order[np.argsort(-counts[order], kind="stable")], max_vectors, merge_rare=merge_rare)
    left = list({before[key] for key in nlp.vocab.vectors.key2row})
    return pruned._replace(coverage=(float(counts.sum() / n_tokens), float(counts[left].sum() / n_tokens)))


def _keep_first_rows(nlp: "Language", order: NDArray[np.int64], max_vectors: int, *, merge_rare: bool) -> Pruned:
    """Replace the vectors table of a pipeline with one of the first rows in a given order.

    Args:
        nlp: The pipeline.
        order: All rows that have words, in the new order.
        max_vectors: How many rows to keep.
        merge_rare: As for `prune_table`.
    """
    from spacy.vectors import Vectors
    from thinc.api import get_current_ops
    from thinc.util import to_numpy

    table = nlp.vocab.vectors
    data, n_kept = to_numpy(table.data), min(max_vectors, len(order))
    places = np.zeros(len(data), np.int64)
    places[order] = np.arange(len(order))
    ids, rows = _keys_with_rows(table.key2row)
    smaller = Vectors(strings=nlp.vocab.strings, data=data[order[:n_kept]], name=table.name, attr=table.attr)
    kept = keep_first_rows(places[rows], data, n_kept, merge_rare=merge_rare, order=order)
    smaller.key2row.update(zip(ids[kept.places].tolist(), kept.rows.tolist(), strict=True))
    if not isinstance(table.data, np.ndarray):
        smaller.to_ops(get_current_ops())
    replace_table(nlp, smaller)
    return Pruned((len(data), n_kept), (len(ids), len(smaller.key2row)), coverage=None)


def _keys_with_rows(key2row: Any) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:  # Any: spaCy's dict has no types
    """Return the keys of a table that have a row, and their rows."""
    ids = np.fromiter(key2row.keys(), np.uint64, len(key2row))
    rows = np.fromiter(key2row.values(), np.int64, len(key2row))
    return ids[rows >= 0], rows[rows >= 0]
