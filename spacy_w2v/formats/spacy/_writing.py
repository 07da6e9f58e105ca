"""Vectors in spaCy's own table, in a pipeline directory that `spacy.load` and `[initialize] vectors` read."""

from collections.abc import Collection
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from spacy_w2v._atomic import parse_json, read_bounded
from spacy_w2v.config._export import ExportSettings, VectorKind, check_merging
from spacy_w2v.errors import ConfigError, StorageError
from spacy_w2v.formats._matrices import matrix_of, of_type, passing_blocks
from spacy_w2v.model._trained import TrainedModel
from spacy_w2v.tokenization._affix_rules import unsaved_rules
from spacy_w2v.tokenization._pipelines import bare_pipeline

if TYPE_CHECKING:
    from spacy.language import Language

    from spacy_w2v.formats.spacy._keys import TableKeys

PIPELINE_FILES = ("config.cfg", "meta.json", "tokenizer", "vocab")
"""What spaCy writes of a pipeline, beside a directory for each component."""


def set_vectors(
    nlp: "Language",
    model: TrainedModel,
    *,
    max_vectors: int | None = None,
    merge_rare: bool = False,
    dtype: str = "float32",
    vector_kind: VectorKind = "input",
) -> None:
    """Put the vectors into a pipeline's vocab, in place of those it has, and rank its lexemes by frequency.

    max_vectors: only those of the most frequent words. merge_rare: the keys of all other words, but those whose vector
    is zero, share the row of the most similar word that is kept, by cosine. dtype: "float32" or "float16".
    vector_kind: "input", "output" or "mean". Raises ConfigError as `TrainedModel.vectors` does, and for merge_rare
    without max_vectors.
    """
    from spacy.vectors import Vectors

    check_merging(merge_rare=merge_rare, max_vectors=max_vectors)
    keys = _keys(model, max_vectors=max_vectors, merge_rare=merge_rare, vector_kind=vector_kind)
    n_rows = len(model.vocabulary.first(max_vectors))
    data = matrix_of(model.word_vectors(vector_kind), n_words=n_rows, dtype=dtype)
    table = Vectors(data=data, strings=nlp.vocab.strings, name=_table_name(nlp))
    for block in keys.blocks():
        for text in block.texts.to_pylist():
            nlp.vocab.strings.add(text)
        table.key2row.update(zip(block.ids.tolist(), block.rows.tolist(), strict=True))
    put_table(nlp, table)
    _keep_frequencies(nlp, model, keys, n_rows=n_rows, dtype=dtype, vector_kind=vector_kind)


def _keys(model: TrainedModel, *, max_vectors: int | None, merge_rare: bool, vector_kind: VectorKind) -> "TableKeys":
    """Return the keys of a table of the first vectors, or those of all words where rare ones are merged."""
    from spacy_w2v.formats.spacy._keys import spacy_keys
    from spacy_w2v.formats.spacy._merging import keep_first

    kept = model.vocabulary.first(max_vectors)
    if not merge_rare:
        return spacy_keys(kept, attr=model.attr)
    keys = spacy_keys(model.vocabulary, attr=model.attr)
    places, rows = keep_first(keys.rows, model.vectors(vector_kind), len(kept), merge_rare=True)
    return keys.take(places)._replace(rows=rows)


def _keep_frequencies(
    nlp: "Language", model: TrainedModel, keys: "TableKeys", *, n_rows: int, dtype: str, vector_kind: VectorKind
) -> None:
    """Keep the count of each row's word with a pipeline, under the key that names the row."""
    from spacy_w2v.formats.spacy._frequencies import keep_frequencies, sampled_words

    names, has_name = np.zeros(n_rows, np.uint64), np.zeros(n_rows, bool)
    names[keys.rows], has_name[keys.rows] = keys.ids, True  # the last of each row
    rows = np.flatnonzero(has_name)
    keep_frequencies(
        nlp.vocab,
        names[rows],
        model.vocabulary.counts[rows],
        n_tokens=model.record.corpus.n_tokens,
        sample=of_type(model.word_vectors(vector_kind).vectors_at(rows[sampled_words(len(rows))]), dtype),
    )


def _table_name(nlp: "Language") -> str:
    return f"{nlp.lang}_w2v.vectors"


def put_table(nlp: "Language", table: Any) -> None:  # Any: spaCy's Vectors has no types
    """Make a table that of a pipeline, and its rows the ranks of its words."""
    from spacy.util import OOV_RANK

    nlp.vocab.vectors = table
    for lexeme in nlp.vocab:  # those that come later get their ranks of the table
        lexeme.rank = table.key2row.get(lexeme.orth, OOV_RANK)


def make_spacy_pipeline(
    model: TrainedModel,
    *,
    max_vectors: int | None = None,
    merge_rare: bool = False,
    dtype: str = "float32",
    vector_kind: VectorKind = "input",
) -> "Language":
    """Return a pipeline without components, with the tokenizer of the model's config and the vectors."""
    nlp = model.make_pipeline()
    set_vectors(nlp, model, max_vectors=max_vectors, merge_rare=merge_rare, dtype=dtype, vector_kind=vector_kind)
    describe(nlp, model, vector_kind=vector_kind)
    return nlp


def describe(nlp: "Language", model: TrainedModel, *, vector_kind: VectorKind) -> None:
    """Fill in the meta data of a pipeline that holds these vectors and nothing else."""
    corpus, settings = model.record.corpus, model.settings
    n_words = nlp.vocab.vectors.shape[0]
    nlp.meta["name"] = "w2v_vectors"
    nlp.meta["description"] = (
        f"word2vec vectors ({settings.architecture}, {settings.loss}) of {n_words} words in "
        f"{model.vector_size} dimensions, trained on {corpus.n_tokens:,} tokens of {corpus.source}"
    )
    nlp.meta["sources"] = [{"name": corpus.source, "url": "", "license": "", "author": ""}]
    note_vectors(nlp, model, vector_kind=vector_kind)


def note_vectors(nlp: "Language", model: TrainedModel, *, vector_kind: VectorKind) -> None:
    """Keep in the meta data of a pipeline, under "w2v", how its vectors were trained."""
    nlp.meta["w2v"] = model.record.for_pipeline(vector_kind).to_json()


def check_can_be_saved(nlp: "Language") -> None:
    """Raise ConfigError if spaCy cannot save the tokenizer, or would load it as one that makes other tokens."""
    if not hasattr(nlp.tokenizer, "to_disk"):
        raise ConfigError(
            f"The tokenizer must have to_disk and from_disk to be saved for spaCy, but {type(nlp.tokenizer).__name__} "
            'has none. Derive it from spacy.util.DummyTokenizer, or leave "spacy" out of the formats of [w2v.export].'
        )
    if lost := "; ".join(unsaved_rules(nlp.tokenizer)):
        raise ConfigError(
            f"The tokenizer must be made of regular expressions to be saved for spaCy, but {lost}. Change it, or leave "
            '"spacy" out of the formats of [w2v.export].'
        )


def check_no_components(path: Path, *, but: Collection[str] = ()) -> None:
    """Raise StorageError if a pipeline with components is at a path: vectors must not take the place of it.

    but: components that what is written has too.
    """
    meta = path / "meta.json"
    try:
        facts = parse_json(read_bounded(meta), name=str(meta)) if meta.is_file() else {}
        components = facts.get("components", []) if isinstance(facts, dict) else None
        if not isinstance(components, list):
            raise StorageError(f"{meta} must name components")
    except StorageError as error:
        raise StorageError(
            f"Only vectors may be overwritten, but it is not known what {path} holds: its meta.json is damaged. "
            "Name another directory."
        ) from error
    if lost := [name for name in components if name not in but]:
        raise StorageError(
            f"Only vectors may be overwritten, but {path} is a pipeline with components: {', '.join(map(str, lost))}. "
            "Name another directory."
        )


def write_spacy(model: TrainedModel, path: Path, settings: ExportSettings, *, nlp: "Language | None" = None) -> None:
    """Write a pipeline directory: what `nlp.to_disk` writes of `make_spacy_pipeline`, to the byte, in less memory.

    nlp: the pipeline of the run that made the model, which stays as it is; None to make it of the model's config.
    """
    from spacy_w2v.formats.spacy._table import TableOnDisk

    check_merging(merge_rare=settings.merge_rare, max_vectors=settings.max_vectors)
    model.objective.check_vector_kind(settings.vector_kind)
    nlp = bare_pipeline(nlp) if nlp is not None else model.make_pipeline()
    check_can_be_saved(nlp)
    keys = _keys(
        model, max_vectors=settings.max_vectors, merge_rare=settings.merge_rare, vector_kind=settings.vector_kind
    )
    n_rows = len(model.vocabulary.first(settings.max_vectors))
    nlp.vocab.vectors = TableOnDisk(
        keys,
        partial(passing_blocks, model.word_vectors(settings.vector_kind), n_words=n_rows),
        shape=(n_rows, model.vector_size),
        dtype=settings.dtype,
        name=_table_name(nlp),
    )
    _keep_frequencies(nlp, model, keys, n_rows=n_rows, dtype=settings.dtype, vector_kind=settings.vector_kind)
    describe(nlp, model, vector_kind=settings.vector_kind)
    nlp.to_disk(path)
