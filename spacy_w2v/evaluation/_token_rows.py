"""The rows of the tokens of a text, for words without a vector of their own."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from spacy_w2v._arrays import Offsets
from spacy_w2v.errors import ConfigError
from spacy_w2v.model._lookup import NO_ROW
from spacy_w2v.model._trained import TrainedModel
from spacy_w2v.model._word_vectors import WordVectors
from spacy_w2v.tokenization._encode import make_encoder

if TYPE_CHECKING:
    from spacy.language import Language


def token_finder(vectors: WordVectors) -> Callable[[str], Offsets]:
    """Return a function that takes a text and returns the rows of its tokens that have a vector.

    Raises:
        ConfigError: The vectors have no tokenizer.
    """
    if vectors.model is not None and vectors.are_keys:
        return _rows_of_texts(vectors, vectors.model.make_pipeline())
    if vectors.model is not None:
        keys_of = _corpus_keys(vectors.model)
    elif vectors.nlp is not None:
        keys_of = _pipeline_keys(vectors.nlp)
    else:
        raise ConfigError(
            f"tokenize needs the tokenizer that vectors were trained with, but {vectors.name} has word vectors only. "
            "Omit tokenize, or name a model of spacy w2v train or a spaCy pipeline."
        )

    def rows_of_tokens(text: str) -> Offsets:
        return np.array([vectors.row(key) for key in keys_of(text) if key in vectors], np.int64)

    return rows_of_tokens


def _rows_of_texts(vectors: WordVectors, nlp: "Language") -> Callable[[str], Offsets]:
    """Return a function that takes a text and returns the rows of its tokens, by their commonest keys.

    A word by itself has no context, so that no component could tell which key it has.
    """

    def rows_of_tokens(text: str) -> Offsets:
        rows: Offsets = vectors.rows_of([token.text for token in nlp.make_doc(text)])
        found: Offsets = rows[rows != NO_ROW]
        return found

    return rows_of_tokens


def _corpus_keys(model: TrainedModel) -> Callable[[str], list[str]]:
    """Return a function that takes a text and returns the keys of its tokens, as in the corpus of a model."""
    import pyarrow as pa

    settings = model.record.tokens.model_copy(update={"boundary": "document", "min_tokens": 1})
    encoder = make_encoder(model.make_pipeline(), settings)

    def keys_of(text: str) -> list[str]:
        batch = encoder.encode(pa.array([text], pa.large_string()))
        return [batch.types.keys[number] for number in batch.distinct_types[batch.token_ids].tolist()]

    return keys_of


def _pipeline_keys(nlp: "Language") -> Callable[[str], list[str]]:
    """Return a function that takes a text and returns the keys of its tokens in the table of a pipeline."""
    strings, attr = nlp.vocab.strings, nlp.vocab.vectors.attr

    def keys_of(text: str) -> list[str]:
        return [strings[key] for key in nlp.make_doc(text).to_array([attr]).ravel().tolist()]

    return keys_of
