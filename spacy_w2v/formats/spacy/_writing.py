"""Pipelines with vectors, which `spacy.load` and `vectors` in `[initialize]` read."""

from collections.abc import Collection
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from spacy_w2v._atomic import parse_json, read_bounded
from spacy_w2v._system.paths import without_folders
from spacy_w2v.config._export import ExportSettings, check_floret_table, check_merging
from spacy_w2v.errors import ConfigError, StorageError
from spacy_w2v.formats._matrices import as_dtype, copy_matrix, streamed_blocks
from spacy_w2v.formats.spacy._floret_table import (
    FloretTableOnDisk,
    floret_table,
    store_words_of_model,
    without_subwords,
)
from spacy_w2v.formats.spacy._key_block import store_key_block
from spacy_w2v.model._composition import subwords_of_mode
from spacy_w2v.model._publishing import published_record
from spacy_w2v.model._word_vectors import WordVectors
from spacy_w2v.tokenization._affix_rules import unsaved_rules
from spacy_w2v.tokenization._pipelines import bare_pipeline

if TYPE_CHECKING:
    from spacy.language import Language

    from spacy_w2v.formats.spacy._keys import TableKeys
    from spacy_w2v.model._trained import TrainedModel

PIPELINE_FILES = ("config.cfg", "meta.json", "tokenizer", "vocab")
"""The files of a pipeline, besides a directory for each component."""


def set_vectors(
    nlp: "Language",
    vectors: WordVectors,
    *,
    max_vectors: int | None = None,
    merge_rare: bool = False,
    dtype: str = "float32",
) -> None:
    """Replace the vectors of a pipeline's vocab, rank its lexemes by frequency, and describe them in its meta data.

    Args:
        nlp: The pipeline.
        vectors: The vectors of a model.
        max_vectors: Number of vectors to keep, those of the most frequent words. None for all.
        merge_rare: Whether to map each removed word to the most similar remaining vector, by cosine similarity. Words
            whose vector is zero are left out.
        dtype: Data type of the table, "float32" or "float16".

    Raises:
        ConfigError: merge_rare is set without max_vectors, or the vectors cannot be post-processed.
    """
    from spacy.vectors import Vectors

    check_merging(merge_rare=merge_rare, max_vectors=max_vectors)
    if (subwords := subwords_of_mode(vectors, "floret")) is not None:
        check_floret_table(composed=False, max_vectors=max_vectors, merge_rare=merge_rare, dtype=dtype)
        name, attr = _table_name(nlp), _model_of(vectors).attr
        replace_table(nlp, floret_table(subwords, strings=nlp.vocab.strings, attr=attr, name=name))
        store_words_of_model(nlp, vectors)
        _store_record(nlp, vectors)
        return
    keys = _keys(vectors, max_vectors=max_vectors, merge_rare=merge_rare)
    n_rows = len(_model_of(vectors).vocabulary.first(max_vectors))
    data = copy_matrix(vectors, n_words=n_rows, dtype=dtype)
    table = Vectors(data=data, strings=nlp.vocab.strings, name=_table_name(nlp))
    for block in keys.blocks():
        for text in block.texts.to_pylist():
            nlp.vocab.strings.add(text)
        table.key2row.update(zip(block.ids.tolist(), block.rows.tolist(), strict=True))
    replace_table(nlp, table)
    _store_frequencies(nlp, vectors, keys, n_rows=n_rows, dtype=dtype)
    _store_record(nlp, vectors)


def _model_of(vectors: WordVectors) -> "TrainedModel":
    assert vectors.model is not None, "these vectors belong to a model"
    return vectors.model


def _keys(vectors: WordVectors, *, max_vectors: int | None, merge_rare: bool) -> "TableKeys":
    """Return the keys of the vectors table: those of the words that are kept and, with merge_rare, of all words."""
    from spacy_w2v.formats.spacy._keys import spacy_keys
    from spacy_w2v.formats.spacy._merging import keep_first_rows

    model = _model_of(vectors)
    kept = model.vocabulary.first(max_vectors)
    if not merge_rare:
        return spacy_keys(kept, attr=model.attr)
    keys = spacy_keys(model.vocabulary, attr=model.attr)
    places, rows = keep_first_rows(keys.rows, vectors.matrix, len(kept), merge_rare=True)
    return keys.take(places)._replace(rows=rows)


def _store_frequencies(nlp: "Language", vectors: WordVectors, keys: "TableKeys", *, n_rows: int, dtype: str) -> None:
    """Store the count of each row's word in the pipeline, under the last key of the row."""
    from spacy_w2v.formats.spacy._frequencies import sampled_words, store_frequencies

    model = _model_of(vectors)
    names, has_name = np.zeros(n_rows, np.uint64), np.zeros(n_rows, bool)
    names[keys.rows], has_name[keys.rows] = keys.ids, True  # the last key of each row
    rows = np.flatnonzero(has_name)
    store_frequencies(
        nlp.vocab,
        names[rows],
        model.vocabulary.counts[rows],
        n_tokens=model.record.corpus.n_tokens,
        sample=as_dtype(vectors.vectors_at(rows[sampled_words(len(rows))]), dtype),
    )


def _table_name(nlp: "Language") -> str:
    return f"{nlp.lang}_w2v.vectors"


def replace_table(nlp: "Language", table: Any) -> None:  # Any: spaCy's Vectors has no types
    """Set the vectors table of a pipeline, and rank its lexemes by the rows of the table."""
    from spacy.util import OOV_RANK

    nlp.vocab.vectors = table
    for lexeme in nlp.vocab:  # lexemes that are created later take their rank from the table
        lexeme.rank = table.key2row.get(lexeme.orth, OOV_RANK)


def make_spacy_pipeline(
    vectors: WordVectors,
    *,
    max_vectors: int | None = None,
    merge_rare: bool = False,
    dtype: str = "float32",
) -> "Language":
    """Return a pipeline without components, with the tokenizer of the model's config and the vectors.

    The arguments are those of `set_vectors`.
    """
    nlp = _model_of(vectors).make_pipeline()
    set_vectors(nlp, vectors, max_vectors=max_vectors, merge_rare=merge_rare, dtype=dtype)
    describe_pipeline(nlp, vectors)
    return nlp


def describe_pipeline(nlp: "Language", vectors: WordVectors) -> None:
    """Fill in the meta data of a pipeline that has nothing but the vectors of a model."""
    model = _model_of(vectors)
    corpus, settings = model.record.corpus, model.settings
    n_rows, source = nlp.vocab.vectors.shape[0], without_folders(corpus.source)
    rows = f"{n_rows:,} words" if nlp.vocab.vectors.mode == "default" else f"subwords in {n_rows:,} rows"
    nlp.meta["name"] = "w2v_vectors"
    nlp.meta["description"] = (
        f"word2vec vectors ({settings.architecture}, {settings.loss}) of {rows} in "
        f"{model.vector_size} dimensions, trained on {corpus.n_tokens:,} tokens of {source}"
    )
    nlp.meta["sources"] = [{"name": source, "url": "", "license": "", "author": ""}]


def _store_record(nlp: "Language", vectors: WordVectors) -> None:
    """Store the record of the training run in a pipeline, under "w2v" in its meta data, and the keys in its vocab."""
    record = _model_of(vectors).record.for_pipeline(vectors.vector_kind, vectors.postprocessing)
    nlp.meta["w2v"] = published_record(record).to_json()
    store_key_block(nlp.vocab, record.tokens.key_block)


def check_can_be_saved(nlp: "Language") -> None:
    """Raise ConfigError if spaCy cannot save the tokenizer, or if the saved one would produce other tokens."""
    if not hasattr(nlp.tokenizer, "to_disk"):
        raise ConfigError(
            f"The tokenizer must have to_disk and from_disk to be saved for spaCy, but {type(nlp.tokenizer).__name__} "
            'does not. Derive it from spacy.util.DummyTokenizer, or remove "spacy" from formats in [w2v.export].'
        )
    if lost := "; ".join(unsaved_rules(nlp.tokenizer)):
        raise ConfigError(
            f"The tokenizer must consist of regular expressions to be saved for spaCy, but {lost}. Change it, or "
            'remove "spacy" from formats in [w2v.export].'
        )


def check_no_components(path: Path, *, allowed: Collection[str] = ()) -> None:
    """Raise StorageError if vectors would overwrite a pipeline with components.

    Args:
        path: The output directory.
        allowed: Components that the new pipeline has as well.
    """
    meta = path / "meta.json"
    try:
        facts = parse_json(read_bounded(meta), name=str(meta)) if meta.is_file() else {}
        components = facts.get("components", []) if isinstance(facts, dict) else None
        if not isinstance(components, list):
            raise StorageError(f"{meta} must name components")
    except StorageError as error:
        raise StorageError(
            f"Only vectors can be overwritten, but {path} has a damaged meta.json, so that its content is unknown. "
            "Choose another directory."
        ) from error
    if lost := [name for name in components if name not in allowed]:
        raise StorageError(
            f"Only vectors can be overwritten, but {path} is a pipeline with components: {', '.join(map(str, lost))}. "
            "Choose another directory."
        )


def write_spacy(vectors: WordVectors, path: Path, settings: ExportSettings, *, nlp: "Language | None" = None) -> None:
    """Save a pipeline with vectors. The files are identical to those of `make_spacy_pipeline`, but need less memory.

    Args:
        vectors: The vectors of a model, which the settings selected.
        path: The directory of the pipeline.
        settings: Which words to write, and the data type.
        nlp: The pipeline of the training run, which is not changed. None to create it from the model's config.

    Raises:
        ConfigError: The tokenizer cannot be saved, or the settings do not fit the model.
    """
    from spacy_w2v.formats.spacy._table import TableOnDisk

    check_merging(merge_rare=settings.merge_rare, max_vectors=settings.max_vectors)
    model = _model_of(vectors)
    nlp = bare_pipeline(nlp) if nlp is not None else model.make_pipeline()
    check_can_be_saved(nlp)
    if settings.composed:
        vectors = without_subwords(vectors)
    if (subwords := subwords_of_mode(vectors, "floret")) is not None:
        check_floret_table(
            composed=False, max_vectors=settings.max_vectors, merge_rare=settings.merge_rare, dtype=settings.dtype
        )
        nlp.vocab.vectors = FloretTableOnDisk(subwords, attr=model.attr, name=_table_name(nlp))
        store_words_of_model(nlp, vectors)
        _finish(nlp, vectors, path)
        return
    keys = _keys(vectors, max_vectors=settings.max_vectors, merge_rare=settings.merge_rare)
    n_rows = len(model.vocabulary.first(settings.max_vectors))
    nlp.vocab.vectors = TableOnDisk(
        keys,
        partial(streamed_blocks, vectors, n_words=n_rows),
        shape=(n_rows, model.vector_size),
        dtype=settings.dtype,
        name=_table_name(nlp),
    )
    _store_frequencies(nlp, vectors, keys, n_rows=n_rows, dtype=settings.dtype)
    _finish(nlp, vectors, path)


def _finish(nlp: "Language", vectors: WordVectors, path: Path) -> None:
    """Describe the vectors in the meta data of a pipeline, and save it."""
    _store_record(nlp, vectors)
    describe_pipeline(nlp, vectors)
    nlp.to_disk(path)
