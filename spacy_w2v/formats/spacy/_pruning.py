"""A smaller table for a pipeline that has vectors already, of any program: those of the most frequent words."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, get_args

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from spacy_w2v._arrays import Counts
from spacy_w2v.config._arguments import check_max_vectors, check_pipeline
from spacy_w2v.config._schema import TokensSettings, VocabularySettings
from spacy_w2v.corpus._cache import prepared_corpus
from spacy_w2v.corpus._encoding import EncodingCallback
from spacy_w2v.errors import ConfigError
from spacy_w2v.errors._wording import worded
from spacy_w2v.formats.spacy._merging import keep_first
from spacy_w2v.formats.spacy._reading import has_rows_of_words, rows_by_frequency
from spacy_w2v.formats.spacy._writing import put_table
from spacy_w2v.model._lookup import NO_ROW
from spacy_w2v.model._trained import TrainedModel
from spacy_w2v.model._word_vectors import WordVectors
from spacy_w2v.sources._source import TextSource

if TYPE_CHECKING:
    from spacy.language import Language


class Pruned(NamedTuple):
    """What became of a table."""

    n_rows: tuple[int, int]
    """Rows, before and after."""
    n_keys: tuple[int, int]
    """Words that have one, before and after."""
    coverage: tuple[float, float] | None
    """Share of the tokens of a corpus that have a vector, before and after, in [0, 1]; None without a corpus."""


def pipeline_to_prune(nlp: Any, max_vectors: int) -> "Language":  # Any: whatever a program passes
    """Return the pipeline that an argument is. Raises ConfigError, with another way to make other vectors smaller."""
    rule = f"nlp must be a spaCy pipeline, was: {type(nlp).__name__}."
    if isinstance(nlp, TrainedModel):
        raise ConfigError(f"{rule} Take its to_spacy(max_vectors={max_vectors}) instead.")
    if isinstance(nlp, WordVectors) or hasattr(nlp, "index_to_key"):
        raise ConfigError(f"{rule} The command spacy w2v export makes a smaller file of them.")
    return check_pipeline(nlp)


def _check_prunable(nlp: "Language", max_vectors: int) -> None:
    """Raise ConfigError unless a pipeline has a table that can be made smaller, to so many rows."""
    check_max_vectors(max_vectors, or_none=False)
    table = nlp.vocab.vectors
    if not has_rows_of_words(table):
        raise ConfigError(
            "Only a table with a row for each word can be pruned, but the pipeline has others (floret, or of a class "
            "of its own)."
        )
    if not any(row >= 0 for row in table.key2row.values()):
        raise ConfigError("The pipeline must have word vectors to be pruned, but it has none.")
    users = [name for name in nlp.component_names if nlp.get_pipe_meta(name).factory == "w2v"]
    if users:
        export = worded(python="to_spacy with max_vectors", command_line="spacy w2v export with --max-vectors")
        raise ConfigError(
            f"The table of the component '{users[0]}' must stay as the component was made with it. Prune the vectors "
            f"before: {export}, and a pipeline that is initialized with these."
        )


def _key_attribute(nlp: "Language") -> str:
    """Return the attribute of tokens that the pipeline's table has as keys: "ORTH", save for tables made otherwise.

    Raises ConfigError for an attribute that words of texts cannot be counted by.
    """
    from spacy.attrs import NAMES

    name: str = NAMES[nlp.vocab.vectors.attr]
    known = get_args(TokensSettings.model_fields["attr"].annotation)
    if name not in known:
        raise ConfigError(
            f"To count words in texts, the table must have keys by one of {', '.join(known)}, but has them by {name}. "
            "Prune it without texts, by the order of its rows."
        )
    return name


def _count_rows(nlp: "Language", types: pa.Table) -> Counts:
    """Return how often each row of a pipeline's table is that of a token.

    types: columns key and count, of an encoded corpus with the table's attribute.
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
    """Keep the rows of the most frequent words of a pipeline's table, at most max_vectors, the most frequent first.

    source: texts to count words in. Rows that are equally frequent go by their order in the table, as
    `rows_by_frequency` finds it, and without texts all do. merge_rare: all other words share the row that is most
    similar to theirs, by cosine, but those whose vector is zero; else they have none. Rows that no word has are
    dropped. n_process: as in [w2v.tokens]. cache_dir, code_path, callback: see `prepared_corpus`.

    Raises ConfigError, before anything is read, and CorpusError.
    """
    _check_prunable(nlp, max_vectors)
    order = rows_by_frequency(nlp.vocab.vectors)
    if source is None:
        return _keep_first(nlp, order, max_vectors, merge_rare=merge_rare)
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
    pruned = _keep_first(nlp, order[np.argsort(-counts[order], kind="stable")], max_vectors, merge_rare=merge_rare)
    left = list({before[key] for key in nlp.vocab.vectors.key2row})
    return pruned._replace(coverage=(float(counts.sum() / n_tokens), float(counts[left].sum() / n_tokens)))


def _keep_first(nlp: "Language", order: NDArray[np.int64], max_vectors: int, *, merge_rare: bool) -> Pruned:
    """Give a pipeline a table of the first rows in an order of all that have words."""
    from spacy.vectors import Vectors
    from thinc.api import get_current_ops
    from thinc.util import to_numpy

    table = nlp.vocab.vectors
    data, n_kept = to_numpy(table.data), min(max_vectors, len(order))
    places = np.zeros(len(data), np.int64)
    places[order] = np.arange(len(order))
    ids, rows = _keys_with_rows(table.key2row)
    smaller = Vectors(strings=nlp.vocab.strings, data=data[order[:n_kept]], name=table.name, attr=table.attr)
    kept = keep_first(places[rows], data[order], n_kept, merge_rare=merge_rare)
    smaller.key2row.update(zip(ids[kept.places].tolist(), kept.rows.tolist(), strict=True))
    if not isinstance(table.data, np.ndarray):
        smaller.to_ops(get_current_ops())
    put_table(nlp, smaller)
    return Pruned((len(data), n_kept), (len(ids), len(smaller.key2row)), coverage=None)


def _keys_with_rows(key2row: Any) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:  # Any: spaCy's dict has no types
    """Return the keys of a table that have a row, and their rows."""
    ids = np.fromiter(key2row.keys(), np.uint64, len(key2row))
    rows = np.fromiter(key2row.values(), np.int64, len(key2row))
    return ids[rows >= 0], rows[rows >= 0]
