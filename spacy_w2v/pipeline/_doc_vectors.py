"""The vectors of documents and spans, computed from the vectors table of their vocab by spaCy's hooks."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from spacy.attrs import ORTH
from spacy.errors import Warnings
from spacy.tokens import Doc, Span, Token

from spacy_w2v._arrays import Offsets, Vectors
from spacy_w2v.errors import ConfigError
from spacy_w2v.formats.spacy._composed_rows import composer_of_subwords
from spacy_w2v.formats.spacy._floret_words import find_words
from spacy_w2v.formats.spacy._key_block import KeyBlock
from spacy_w2v.formats.spacy._table_fingerprint import fingerprint_of
from spacy_w2v.formats.spacy._word_rows import WordRows
from spacy_w2v.model._lookup import NO_ROW
from spacy_w2v.pipeline._keyed_rows import KeyedRows, keyed_rows
from spacy_w2v.pipeline._pooling import (
    corpus_probabilities,
    remove_components,
    sif_weights,
    weighted_mean,
    zipf_probabilities,
)
from spacy_w2v.pipeline._state import Fitted
from spacy_w2v.subwords._table import SubwordTable


@dataclass(frozen=True)
class PoolingSettings:
    """How the vector of a text is computed from the vectors of its words."""

    pooling: Literal["sif", "mean"] = "sif"
    """Smooth inverse frequency weighting (SIF), or the mean."""
    sif_a: float = 1e-3
    """Words of a much lower relative frequency than this have a weight near 1, and of a much higher one near 0."""
    n_common: int = 1
    """Number of common components that "sif" removes."""
    frequencies: Literal["corpus", "zipf"] = "corpus"
    """Word frequencies from the counts of the model, or by Zipf's law from the order of the table's rows."""
    max_edits: int = 0
    """Largest edit distance at which an unknown word takes the vector of a known word; 0 for never."""

    def __post_init__(self) -> None:
        if self.sif_a <= 0:
            raise ConfigError(f"sif_a must be greater than 0, was: {self.sif_a}")
        if self.n_common < 0:
            raise ConfigError(f"n_common must be at least 0, was: {self.n_common}")
        if self.max_edits not in (0, 1, 2):
            raise ConfigError(f"max_edits must be 0, 1 or 2, was: {self.max_edits}")

    @property
    def n_removed(self) -> int:
        """Number of common components that are removed."""
        return self.n_common if self.pooling == "sif" else 0


class DocVectors:
    """Computes the vectors of documents and spans. Its methods are spaCy's hooks.

    It has no reference to a vocab, so that a pickled document with hooks is small.
    """

    def __init__(
        self,
        settings: PoolingSettings,
        fitted: Fitted | None,
        *,
        subwords: SubwordTable | None = None,
        attr: str | None = None,
        key_block: KeyBlock | None = None,
    ) -> None:
        """Create them.

        Args:
            settings: How the vectors of documents are computed.
            fitted: What `initialize` computed.
            subwords: The rows of which vectors of words are composed that the table lacks; None for no such vectors.
            attr: The token attribute that these words are.
            key_block: The key function of the vectors, for a vocab that does not say it; None without one.
        """
        self.settings = settings
        self.fitted = fitted
        self.subwords = subwords
        self.attr = attr
        self.key_block = key_block
        self._words: WordRows | None = None  # of the last table used
        self._keyed: KeyedRows | None = None
        self._weights = np.zeros(0, np.float32)
        self._weight_of_id: dict[int, float] = {}

    def __getstate__(self) -> dict[str, object]:
        """Leave out what is computed again when it is needed."""
        computed: dict[str, object] = {
            "_words": None,
            "_keyed": None,
            "_weights": np.zeros(0, np.float32),
            "_weight_of_id": {},
        }
        return self.__dict__ | computed

    def check(self) -> None:
        """Raise ConfigError if the settings need something that `initialize` has not computed."""
        settings, fitted = self.settings, self.fitted
        if settings.pooling != "sif":
            return
        if fitted is None and (settings.frequencies == "corpus" or settings.n_common):
            raise ConfigError(
                'pooling = "sif" needs an initialized component, but this one is not. Call nlp.initialize() or, in a '
                'trained pipeline, initialize(get_examples, nlp=nlp) of this component, or set pooling = "mean".'
            )
        if settings.frequencies == "corpus" and fitted is not None and fitted.counts is None:
            raise ConfigError(
                'pooling = "sif" needs word frequencies, but these vectors have none: they were not exported by '
                "spacy-w2v, or by an early version of it. Initialize the component with their model as path. Or set "
                'frequencies = "zipf" if the rows of their table are sorted by frequency, or pooling = "mean".'
            )
        if fitted is None or not settings.n_common:
            return
        if settings.n_common > len(fitted.common):
            raise ConfigError(
                f"n_common must be at most {len(fitted.common)}, the number that initialize computed, "
                f"was: {settings.n_common}. Lower it, or initialize the component again."
            )
        now, then = (settings.sif_a, settings.frequencies), (fitted.meta.sif_a, fitted.meta.frequencies)
        if now != then:
            raise ConfigError(
                "sif_a and frequencies must have the values with which the common components were computed, "
                f"{then[0]} and {then[1]}, were: {now[0]} and {now[1]}. "
                "Initialize the component again, or set n_common = 0."
            )

    def rows(self, tokens: Any) -> Offsets:  # Any: a Doc or Span, whose stubs lack to_array
        """Return the row of each token in the vectors table, or NO_ROW for a token without a vector.

        Args:
            tokens: A document or span.

        Raises:
            ConfigError: The table is not the one that the component was initialized with.
        """
        words = self.bind(tokens.vocab)
        if self._keyed is not None:
            return self._keyed.token_rows(tokens)
        keys: NDArray[np.uint64] = tokens.to_array([getattr(words.table, "attr", ORTH)])
        return words.find(keys.reshape(-1))

    def unit_rows(self, tokens: Any) -> Offsets:  # Any: as above
        """Return the rows of which the vector of a document or span consists.

        They are those of its tokens, except that a phrase counts once if the vectors have keys of phrases.
        """
        keyed = self.keyed(tokens.vocab)
        return self.rows(tokens) if keyed is None else keyed.unit_rows(tokens)

    def keyed(self, vocab: Any) -> KeyedRows | None:
        """Return what looks up the keys of documents in a vocab's table; None if an attribute is the key of a token."""
        self.bind(vocab)
        return self._keyed

    def pool(self, vocab: Any, rows: Offsets) -> Vectors:
        """Return the vector of a text.

        Args:
            vocab: The vocab, whose table has the vectors.
            rows: The row of each word or phrase; NO_ROW for a word without a vector.

        Returns:
            The vector (d), float32.
        """
        words = self.bind(vocab)
        vector = weighted_mean(words.vectors_at(rows), self._weights_at(words, rows))
        if self.settings.n_removed and self.fitted is not None:
            vector = remove_components(vector, self.fitted.common[: self.settings.n_removed])
        return vector

    def _weights_at(self, words: WordRows, rows: Offsets) -> NDArray[np.float32]:
        """Return the weight of each row, or of the word whose composed vector it is."""
        composed = words.composed
        if composed is None:
            return self._weights[rows]
        is_composed = rows >= words.n_rows
        weights: NDArray[np.float32] = self._weights[np.where(is_composed, NO_ROW, rows)]
        ids = [composed.ids[number] for number in (rows[is_composed] - words.n_rows).tolist()]
        weights[is_composed] = [self._weight_of_id.get(each, 1.0) for each in ids]
        return weights

    def doc_vector(self, doc: Any) -> Vectors:
        """Return the vector of a document, as the component has set it."""
        stored: Vectors | None = doc._.w2v_vector
        return self.span_vector(doc) if stored is None else stored

    def doc_norm(self, doc: Any) -> float:
        """Return the norm of the vector of a document."""
        return float(np.linalg.norm(self.doc_vector(doc)))

    def span_vector(self, span: Any) -> Vectors:
        """Compute the vector of a span or document."""
        return self.pool(span.vocab, self.unit_rows(span))

    def has_vector(self, span: Any) -> bool:
        """Return whether any token of a document or span has a vector."""
        return bool((self.unit_rows(span) != NO_ROW).any())

    def similarity(self, this: Any, other: Any) -> float:
        """Return the cosine similarity of two objects, whose vectors are pooled in the same way.

        Args:
            this: A document or span.
            other: A document, span, token or lexeme.
        """
        if _same_words(this, other) and self._same_units(this, other):
            return 1.0  # as spaCy does, even if no word is known
        first, second = self._vector_of(this, this), self._vector_of(other, this)
        norms = float(np.linalg.norm(first) * np.linalg.norm(second))
        if not norms:
            if not this.has_vector or not other.has_vector:
                warnings.warn(Warnings.W008.format(obj=type(this).__name__), stacklevel=2)
            return 0.0
        return float(first @ second) / norms

    def _same_units(self, this: Any, other: Any) -> bool:
        """Return whether the same words have the same keys, too."""
        if other.vocab is not this.vocab or self.keyed(this.vocab) is None:
            return self.keyed(this.vocab) is None
        return np.array_equal(self.unit_rows(this), self.unit_rows(other))

    def _vector_of(self, thing: Any, this: Any) -> Vectors:
        foreign = thing.vocab.vectors is not this.vocab.vectors
        if isinstance(thing, Doc | Span):
            hooked = "vector" in (thing if isinstance(thing, Doc) else thing.doc).user_hooks
            own: Vectors = thing.vector if foreign or hooked else self.span_vector(thing)
            return own
        if foreign:
            vector: Vectors = thing.vector
            return vector
        if isinstance(thing, Token):
            return self.span_vector(thing.doc[thing.i : thing.i + 1])
        return self.span_vector(Doc(thing.vocab, words=[thing.orth_]))

    def bind(self, vocab: Any) -> WordRows:
        """Return the words of a vocab's vectors table, which is checked if it was not used before.

        Args:
            vocab: The vocab.

        Raises:
            ConfigError: The table is not the one that the component was initialized with.
        """
        table = vocab.vectors
        words = self._words
        if words is not None and words.is_of(table):
            return words
        self.check()
        self._check_table(table)
        compose = composer_of_subwords(self.subwords) if self.subwords is not None else None
        key_of = key_function(self.attr, vocab)
        words = WordRows(table, vocab.strings, max_edits=self.settings.max_edits, compose=compose, key_of=key_of)
        weights = np.ones(words.n_rows, np.float32)
        if self.settings.pooling == "sif" and not words.n_rows:
            self._weight_of_id = self._weights_of_words(vocab)
        elif self.settings.pooling == "sif":
            weights = sif_weights(self._probabilities(words.n_rows), a=self.settings.sif_a)
        self._weights = np.append(weights, np.float32(0))  # NO_ROW is the last index
        self._words, self._keyed = words, keyed_rows(vocab, words, self.key_block)
        return words

    def _weights_of_words(self, vocab: Any) -> dict[int, float]:
        """Return the weight of each word of the corpus, by its id, for a table in the mode floret.

        A word that the corpus lacks has the frequency 0.

        Raises:
            ConfigError: The words are not known.
        """
        words = find_words(vocab)
        if words is None:
            raise ConfigError(
                'pooling = "sif" needs the words of the corpus and their counts, but a floret table has none unless '
                'spacy-w2v exported it. Initialize the component with the model as path, or set pooling = "mean".'
            )
        if self.settings.frequencies == "zipf":
            probabilities = zipf_probabilities(len(words.ids))
        else:
            probabilities = corpus_probabilities(words.counts, n_tokens=words.n_tokens, n_rows=len(words.ids))
        return dict(zip(words.ids.tolist(), sif_weights(probabilities, a=self.settings.sif_a).tolist(), strict=True))

    def _probabilities(self, n_rows: int) -> NDArray[np.float64]:
        if self.settings.frequencies == "zipf" or self.fitted is None or self.fitted.counts is None:
            return zipf_probabilities(n_rows)
        return corpus_probabilities(self.fitted.counts, n_tokens=self.fitted.meta.n_tokens, n_rows=n_rows)

    def _check_table(self, table: Any) -> None:
        if not len(table.data):
            raise ConfigError(
                "The component needs word vectors to compute document vectors, but the pipeline has none. Load the "
                "vectors that the component was initialized with, or initialize the component."
            )
        if self.fitted is None:
            return
        expected = self.fitted.meta.table
        actual = fingerprint_of(table, n_rows=expected.n_rows)  # rows may have been added after these
        if not actual.matches(expected):
            same_size = actual.shape == expected.shape
            found = "other values" if same_size else f"{len(table.data)} rows of {table.shape[1]} dimensions"
            raise ConfigError(
                "The pipeline must have the vectors that the component was initialized with, "
                f"{expected.n_rows} rows of {expected.vector_size} dimensions, but has {found}. Load those vectors, or "
                "initialize the component again. A pipeline has one vectors table and can have one component w2v."
            )


def key_function(attr: str | None, vocab: Any) -> Callable[[str], str]:
    """Return a function from the text of a word to what its vector is composed of.

    Args:
        attr: The token attribute that the words of the vectors are; None for their texts.
        vocab: The vocab, which knows norms.
    """
    if attr == "LOWER":
        return str.lower
    return (lambda text: str(vocab[text].norm_)) if attr == "NORM" else str


def _same_words(this: Any, other: Any) -> bool:
    """Return whether two documents or spans have the same words in the same order."""
    if not isinstance(other, Doc | Span) or len(this) != len(other):
        return False
    return bool(np.array_equal(this.to_array([ORTH]), other.to_array([ORTH])))
