"""The vectors of documents and spans, as spaCy's hooks: from the table of a document's own vocab."""

import warnings
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from spacy.attrs import ORTH
from spacy.errors import Warnings
from spacy.tokens import Doc, Span, Token

from spacy_w2v._arrays import Offsets, Vectors
from spacy_w2v.errors import ConfigError
from spacy_w2v.formats.spacy._table_data import gather
from spacy_w2v.formats.spacy._table_facts import table_facts
from spacy_w2v.formats.spacy._word_rows import WordRows
from spacy_w2v.model._lookup import NO_ROW
from spacy_w2v.pipeline._pooling import (
    corpus_probabilities,
    pooled,
    sif_weights,
    without_components,
    zipf_probabilities,
)
from spacy_w2v.pipeline._state import Fitted


@dataclass(frozen=True)
class PoolingSettings:
    """How one vector is made of many."""

    pooling: Literal["sif", "mean"] = "sif"
    """Smooth inverse frequency weighting, or the plain mean."""
    sif_a: float = 1e-3
    """Words much rarer than this, as relative frequency, have a weight near 1; those more frequent near 0."""
    n_common: int = 1
    """Directions common to all texts that are taken out, with "sif"."""
    frequencies: Literal["corpus", "zipf"] = "corpus"
    """From the counts of the model, or by Zipf's law from the order of the table's rows."""
    max_edits: int = 0
    """An unknown word takes the vector of the word spelled most like it, up to so many edits; 0: it has none."""

    def __post_init__(self) -> None:
        if self.sif_a <= 0:
            raise ConfigError(f"sif_a must be greater than 0, was: {self.sif_a}")
        if self.n_common < 0:
            raise ConfigError(f"n_common must be at least 0, was: {self.n_common}")
        if self.max_edits not in (0, 1, 2):
            raise ConfigError(f"max_edits must be 0, 1 or 2, was: {self.max_edits}")

    @property
    def n_removed(self) -> int:
        """Common components that are taken out."""
        return self.n_common if self.pooling == "sif" else 0


class DocVectors:
    """Makes the vectors of documents and spans; its methods are spaCy's hooks.

    It holds no vocab, so that a document that is pickled with its hooks stays small.
    """

    def __init__(self, settings: PoolingSettings, fitted: Fitted | None) -> None:
        self.settings = settings
        self.fitted = fitted
        self._words: WordRows | None = None  # of the table that was used last
        self._weights = np.zeros(0, np.float32)

    def __getstate__(self) -> dict[str, object]:
        """Leave out what is made again when it is needed."""
        return self.__dict__ | {"_words": None, "_weights": np.zeros(0, np.float32)}

    def check(self) -> None:
        """Raise ConfigError unless all is known that the settings need."""
        settings, fitted = self.settings, self.fitted
        if settings.pooling != "sif":
            return
        if fitted is None and (settings.frequencies == "corpus" or settings.n_common):
            raise ConfigError(
                'pooling = "sif" needs what only initialize finds out. Call nlp.initialize() or, in a pipeline that is '
                'trained, initialize(get_examples, nlp=nlp) of the component alone; or set pooling = "mean".'
            )
        if settings.frequencies == "corpus" and fitted is not None and fitted.counts is None:
            raise ConfigError(
                'pooling = "sif" needs the frequencies of words, but these vectors came without: they were not '
                "exported by spacy-w2v, or by an earlier version. Initialize the component with their model as "
                'path; or set frequencies = "zipf" if the rows of their table go from the most frequent word to the '
                'rarest, or pooling = "mean".'
            )
        if fitted is None or not settings.n_common:
            return
        if settings.n_common > len(fitted.common):
            raise ConfigError(
                f"n_common must be at most {len(fitted.common)}, the number that initialize found, "
                f"was: {settings.n_common}. Lower it, or initialize the component again."
            )
        now, then = (settings.sif_a, settings.frequencies), (fitted.facts.sif_a, fitted.facts.frequencies)
        if now != then:
            raise ConfigError(
                "sif_a and frequencies must be those with which the common components were found, "
                f"{then[0]} and {then[1]}, were: {now[0]} and {now[1]}. "
                "Initialize the component again, or set n_common = 0."
            )

    def rows(self, tokens: Any) -> Offsets:  # Any: a Doc or Span, of which spaCy's stubs say less than we use
        """Return the row of each token in the table of its vocab; NO_ROW for one without a vector.

        Raises ConfigError if the table is not the one that this was made for.
        """
        words = self.bind(tokens.vocab)
        keys: NDArray[np.uint64] = tokens.to_array([getattr(words.table, "attr", ORTH)])
        return words.find(keys.reshape(-1))

    def pool(self, vocab: Any, rows: Offsets) -> Vectors:
        """Return the vector of a text with these rows of the vocab's table: d floats, float32."""
        table = self.bind(vocab).table.data
        vector = pooled(gather(table, rows), self._weights[rows])
        if self.settings.n_removed and self.fitted is not None:
            vector = without_components(vector, self.fitted.common[: self.settings.n_removed])
        return vector

    def doc_vector(self, doc: Any) -> Vectors:
        """Return the vector of a document, which the component has put there."""
        stored: Vectors | None = doc._.w2v_vector
        return self.span_vector(doc) if stored is None else stored

    def doc_norm(self, doc: Any) -> float:
        """Return the norm of the vector of a document."""
        return float(np.linalg.norm(self.doc_vector(doc)))

    def span_vector(self, span: Any) -> Vectors:
        """Return the vector of a span, or of a document without a look at what it has."""
        return self.pool(span.vocab, self.rows(span))

    def has_vector(self, span: Any) -> bool:
        """Return whether some token of a document or span has a vector."""
        return bool((self.rows(span) != NO_ROW).any())

    def similarity(self, this: Any, other: Any) -> float:
        """Return the cosine of a document or span and a Doc, Span, Token or Lexeme, all pooled in the same way."""
        if _same_words(this, other):
            return 1.0  # as spaCy does, even if no word is known
        first, second = self._vector_of(this, this), self._vector_of(other, this)
        norms = float(np.linalg.norm(first) * np.linalg.norm(second))
        if not norms:
            if not this.has_vector or not other.has_vector:
                warnings.warn(Warnings.W008.format(obj=type(this).__name__), stacklevel=2)
            return 0.0
        return float(first @ second) / norms

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
        """Return the words of a vocab's table, after a check that it is the right one if it is new.

        Raises ConfigError if it is not.
        """
        table = vocab.vectors
        words = self._words
        if words is not None and words.is_of(table):
            return words
        self.check()
        self._check_table(table)
        words = WordRows(table, vocab.strings, max_edits=self.settings.max_edits)
        weights = np.ones(words.n_rows, np.float32)
        if self.settings.pooling == "sif":
            weights = sif_weights(self._probabilities(words.n_rows), a=self.settings.sif_a)
        self._weights = np.append(weights, np.float32(0))  # for NO_ROW, the last
        self._words = words
        return words

    def _probabilities(self, n_rows: int) -> NDArray[np.float64]:
        if self.settings.frequencies == "zipf" or self.fitted is None or self.fitted.counts is None:
            return zipf_probabilities(n_rows)
        return corpus_probabilities(self.fitted.counts, n_tokens=self.fitted.facts.n_tokens, n_rows=n_rows)

    def _check_table(self, table: Any) -> None:
        if not len(table.data):
            raise ConfigError(
                "The component makes document vectors of word vectors, but the pipeline has none. Give it those that "
                "the component was made with, by [initialize] vectors, or initialize the component."
            )
        if self.fitted is None:
            return
        expected = self.fitted.facts.table
        actual = table_facts(table, n_rows=expected.n_rows)  # rows that were added after them do no harm
        if not actual.are_of(expected):
            same_size = actual.shape == expected.shape
            now = "the same size with other numbers" if same_size else f"{len(table.data)} rows of {table.shape[1]}"
            raise ConfigError(
                f"The vectors of the pipeline must be those that the component was made with, {expected.n_rows} rows "
                f"of {expected.vector_size} dimensions, but are others: {now}. Load those, or initialize the component "
                "again. A pipeline has one table, for one such component."
            )


def _same_words(this: Any, other: Any) -> bool:
    """Return whether two documents or spans have the same words, in order."""
    if not isinstance(other, Doc | Span) or len(this) != len(other):
        return False
    return bool(np.array_equal(this.to_array([ORTH]), other.to_array([ORTH])))
