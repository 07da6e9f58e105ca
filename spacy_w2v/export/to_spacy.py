"""Vectors in spaCy's own table, in a pipeline directory that `spacy.load` and `[initialize] vectors` read."""

import json
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from spacy_w2v.config.export import ExportSettings, VectorKind, check_merging
from spacy_w2v.corpus.affix_rules import lost_when_saved
from spacy_w2v.errors import ConfigError, StorageError
from spacy_w2v.export.merging import merged_keys
from spacy_w2v.model.trained import TrainedModel
from spacy_w2v.model.vocabulary import Vocabulary

if TYPE_CHECKING:
    from spacy.language import Language

PIPELINE_FILES = ("config.cfg", "meta.json", "tokenizer", "vocab")
"""What spaCy writes of a pipeline, beside a directory for each component."""


def spacy_keys(vocabulary: Vocabulary, *, attr: str) -> tuple[list[str], list[int]]:
    """Return the texts that find a vector in spaCy's table, and the row of each.

    spaCy looks vectors up by ORTH, so for other attributes each word has several keys: the forms that the corpus has,
    and for LOWER also the word in upper case, in title case and capitalised, so that a form which the corpus happens
    to lack is found too. The word itself comes last, for spaCy names a row by its last key. A form that stands for
    several words (with NORM) goes to the one it stands for most often.
    """
    key_rows: dict[str, int] = {}
    # Also for ORTH, where words differ from their forms if numbers or URLs are shapes.
    table = vocabulary.forms.sort_by([("count", "descending"), ("word", "ascending")])
    for orth, row in zip(table["orth"].to_pylist(), table["word"].to_pylist(), strict=True):
        key_rows.setdefault(orth, row)
    if attr == "LOWER":
        for row, word in enumerate(vocabulary.words):
            for variant in (word.upper(), word.title(), word.capitalize()):
                if variant.lower() == word:
                    key_rows.setdefault(variant, row)
    for row, word in enumerate(vocabulary.words):
        if key_rows.get(word, row) == row:
            key_rows.pop(word, None)
            key_rows[word] = row
    return list(key_rows), list(key_rows.values())


def set_vectors(
    nlp: "Language",
    model: TrainedModel,
    *,
    max_vectors: int | None = None,
    merge_rare: bool = False,
    dtype: str = "float32",
    vectors: VectorKind = "input",
) -> None:
    """Put the vectors into a pipeline's vocab, in place of those it has, and rank its lexemes by frequency.

    max_vectors: only those of the most frequent words. merge_rare: the keys of all other words, but those whose vector
    is zero, share the row of the most similar word that is kept, by cosine. dtype: "float32" or "float16". vectors:
    "input", "output" or "mean". Raises ConfigError as `TrainedModel.vectors` does, and for merge_rare without
    max_vectors.
    """
    from spacy.vectors import Vectors

    check_merging(merge_rare=merge_rare, max_vectors=max_vectors)
    data = model.vectors(vectors)
    kept = model.vocabulary.first(max_vectors)
    n_rows = len(kept)
    key_rows = dict(zip(*spacy_keys(model.vocabulary if merge_rare else kept, attr=model.attr), strict=True))
    if merge_rare:
        key_rows = merged_keys(key_rows, data, n_rows)
    rank_of_id = {nlp.vocab.strings.add(key): row for key, row in key_rows.items()}
    table = Vectors(
        data=np.array(data[:n_rows], dtype),
        strings=nlp.vocab.strings,
        name=f"{nlp.lang}_w2v.vectors",
    )
    table.key2row.update(rank_of_id)
    put_table(nlp, table)


def put_table(nlp: "Language", table: Any) -> None:  # Any: spaCy's Vectors has no types
    """Make a table that of a pipeline, and its rows the ranks of its words."""
    from spacy.util import OOV_RANK

    nlp.vocab.vectors = table
    for lexeme in nlp.vocab:
        lexeme.rank = table.key2row.get(lexeme.orth, OOV_RANK)
    for word_id, row in table.key2row.items():
        if word_id in nlp.vocab.strings:  # others may have keys whose text is not known, which no lexeme can have
            nlp.vocab[word_id].rank = row


def make_spacy_pipeline(
    model: TrainedModel,
    *,
    max_vectors: int | None = None,
    merge_rare: bool = False,
    dtype: str = "float32",
    vectors: VectorKind = "input",
) -> "Language":
    """Return a pipeline without components, with the tokenizer of the model's config and the vectors."""
    from spacy_w2v.config.loading import make_pipeline, parse_config

    nlp = make_pipeline(parse_config(model.config))
    set_vectors(nlp, model, max_vectors=max_vectors, merge_rare=merge_rare, dtype=dtype, vectors=vectors)
    describe(nlp, model, vectors=vectors)
    return nlp


def describe(nlp: "Language", model: TrainedModel, *, vectors: VectorKind) -> None:
    """Fill in the meta data of a pipeline that holds these vectors and nothing else."""
    facts = model.meta
    n_tokens = facts["corpus"]["n_tokens"]
    n_words = nlp.vocab.vectors.shape[0]
    nlp.meta["name"] = "w2v_vectors"
    nlp.meta["description"] = (
        f"word2vec vectors ({facts['model']['architecture']}, {facts['model']['loss']}) of {n_words} words in "
        f"{model.vector_size} dimensions, trained on {n_tokens:,} tokens of {facts['corpus']['source']}"
    )
    nlp.meta["sources"] = [{"name": facts["corpus"]["source"], "url": "", "license": "", "author": ""}]
    note_vectors(nlp, model, vectors=vectors)


def note_vectors(nlp: "Language", model: TrainedModel, *, vectors: VectorKind) -> None:
    """Keep in the meta data of a pipeline, under "w2v", how its vectors were trained."""
    nlp.meta["w2v"] = {
        part: model.meta[part]
        for part in ("corpus", "vocabulary", "tokens", "model", "training", "results", "versions")
    } | {"vectors": vectors}


def check_can_be_saved(nlp: "Language") -> None:
    """Raise ConfigError if spaCy cannot save the tokenizer, or would load it as one that makes other tokens."""
    if not hasattr(nlp.tokenizer, "to_disk"):
        raise ConfigError(
            f"The tokenizer must have to_disk and from_disk to be saved for spaCy, but {type(nlp.tokenizer).__name__} "
            'has none. Derive it from spacy.util.DummyTokenizer, or leave "spacy" out of the formats of [w2v.export].'
        )
    if lost := "; ".join(lost_when_saved(nlp.tokenizer)):
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
        components = json.loads(meta.read_bytes()).get("components", ()) if meta.is_file() else ()
    except (ValueError, AttributeError) as error:
        raise StorageError(
            f"Only vectors may be overwritten, but what {path} holds cannot be told: its meta.json is damaged. "
            "Name another directory."
        ) from error
    if lost := [name for name in components if name not in but]:
        raise StorageError(
            f"Only vectors may be overwritten, but {path} is a pipeline with components: {', '.join(lost)}. "
            "Name another directory."
        )


def write_spacy(model: TrainedModel, path: Path, settings: ExportSettings) -> None:
    """Write a pipeline directory."""
    nlp = make_spacy_pipeline(
        model,
        max_vectors=settings.max_vectors,
        merge_rare=settings.merge_rare,
        dtype=settings.dtype,
        vectors=settings.vectors,
    )
    check_can_be_saved(nlp)
    nlp.to_disk(path)
