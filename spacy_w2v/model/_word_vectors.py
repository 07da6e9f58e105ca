"""Words with their vectors, of any program: looked up, compared, and read in blocks."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import ArrayLike, NDArray

from spacy_w2v._arrays import Counts, Offsets, Tree, Vectors
from spacy_w2v._system.spelling import nearest_spellings
from spacy_w2v.config._export import VectorKind
from spacy_w2v.errors import ConfigError, UnknownWordError
from spacy_w2v.model._lookup import NO_ROW, cases_of
from spacy_w2v.model._mean_matrix import MeanMatrix
from spacy_w2v.model._neighbours import most_similar

if TYPE_CHECKING:
    from spacy.language import Language

    from spacy_w2v.model._trained import TrainedModel

FLOATS_AT_A_TIME = 1_000_000
"""Of the blocks of a matrix: 4 MB."""
MOST_SPELLINGS = 50_000
"""The most frequent words, among which near spellings are looked for."""

Matrix = NDArray[np.floating[Any]] | MeanMatrix


@dataclass(frozen=True, eq=False)
class WordVectors:
    """Words and their vectors, of any program.

    `TrainedModel.word_vectors` returns those of a model, and `open_vectors` those of anything else that has some.
    """

    name: str
    """What messages and records call them: a path, the name of a pipeline, or what they are."""
    words: list[str]
    """All different; the most frequent first, where the source knows."""
    rows: NDArray[np.int64]
    """For each word its row in the matrix. Several words may share one, as in spaCy's tables."""
    matrix: Matrix
    """n × d, float32 or float16; it may be a read-only memory map."""
    counts: Counts | None = None
    """How often each word is in the corpus that it comes from; None where that is not known."""
    attr: str | None = None
    """The attribute of tokens that the words are, ORTH, LOWER or NORM; None where that is not known."""
    lang: str | None = None
    """The code of their language; None where that is not known."""
    n_repeated: int = 0
    """Words of a file that were left out since they were there before."""
    model: "TrainedModel | None" = None
    """The model that they are of, which has output vectors, settings and a record too; None for those of others."""
    nlp: "Language | None" = None
    """The pipeline whose table they are, which has a tokenizer too; None for those of others."""

    def __repr__(self) -> str:
        """Return what they are, on one line."""
        attr = f", attr={self.attr!r}" if self.attr else ""
        return f"WordVectors({self.name!r}, words={len(self)}, vector_size={self.vector_size}{attr})"

    def __len__(self) -> int:
        return len(self.words)

    def __contains__(self, word: object) -> bool:
        return word in self.index

    def __getitem__(self, word: str) -> NDArray[np.floating[Any]]:
        """Return the vector of a word, d floats. Raises UnknownWordError, which is a KeyError."""
        vector: NDArray[np.floating[Any]] = self.matrix[self.row(word)]
        return vector

    @property
    def vector_size(self) -> int:
        """Number of dimensions."""
        return int(self.matrix.shape[1])

    @cached_property
    def index(self) -> dict[str, int]:
        """Word → its place among the words."""
        if self.model is not None:
            return self.model.vocabulary.index
        return {word: place for place, word in enumerate(self.words)}

    @cached_property
    def in_order(self) -> bool:
        """Whether each word has a row of its own, in the order of the words."""
        return len(self.rows) == len(self.matrix) and bool((self.rows == np.arange(len(self.rows))).all())

    @cached_property
    def names(self) -> NDArray[np.int64]:
        """For each row of the matrix the place of the word that names it, the last of several; or -1."""
        names = np.full(len(self.matrix), -1, np.int64)
        names[self.rows] = np.arange(len(self.rows))  # of several places, NumPy keeps the last
        return names

    @property
    def output(self) -> Vectors | None:
        """The vectors of the words as they are predicted, or with a `tree` of its nodes; None where not known."""
        return self.model.output_vectors if self.model is not None else None

    @property
    def tree(self) -> Tree | None:
        """The tree of hierarchical softmax, whose leaves are the rows of the matrix."""
        return self.model.tree if self.model is not None else None

    def of_kind(self, kind: VectorKind) -> "WordVectors":
        """Return the input vectors, which these are, or others of the model that they are of.

        Raises:
            ConfigError: There are no others: they come without a model, or are those of hierarchical softmax.
        """
        if self.model is not None:
            return self.model.word_vectors(kind, name=self.name)
        if kind != "input":
            raise ConfigError(
                f'vector_kind must be "input" for word vectors that come without output vectors, as {self.name}, was: '
                f'"{kind}".'
            )
        return self

    def row(self, word: str) -> int:
        """Return the row of a word in the matrix. Raises UnknownWordError with near spellings."""
        place = self.index.get(word)
        if place is None:
            raise UnknownWordError(
                f"A word must be in the vocabulary of {len(self)} words, was: '{word}'. {self.near_spellings(word)}"
            )
        return int(self.rows[place])

    def at(self, rows: NDArray[np.int64]) -> Vectors:
        """Return some rows of the matrix, as float32."""
        return np.asarray(self.matrix[rows], np.float32)

    def row_blocks(self) -> Iterator[Vectors]:
        """Yield the rows of the matrix, some at a time, as float32."""
        for some in row_slices(len(self.matrix), self.vector_size):
            yield np.asarray(self.matrix[some], np.float32)

    def blocks(self, *, n_words: int | None = None) -> Iterator[NDArray[np.floating[Any]]]:
        """Yield the vectors of the first n_words, or of all, in the order of the words, some at a time."""
        n_words = len(self) if n_words is None else min(n_words, len(self))
        for some in row_slices(n_words, self.vector_size):
            yield self.matrix[some] if self.in_order else self.matrix[self.rows[some]]

    def rows_of(self, words: Sequence[str]) -> Offsets:
        """Return the row that a pipeline finds for each word as a token, or NO_ROW.

        A word is looked up as it stands: with a model of ours first among the texts that stood for its words in the
        corpus, as `spacy_keys` makes the keys of spaCy's table of them, then among the words. One that is in neither is
        looked up in lower, title and upper case, as the component `w2v` does.
        """
        index, forms = self.index, self._words_of_forms({form for word in words for form in cases_of(word)})
        places = (
            next((place for form in cases_of(word) if (place := forms.get(form, index.get(form))) is not None), NO_ROW)
            for word in words
        )
        found = np.fromiter(places, np.int64, len(words))
        return np.where(found == NO_ROW, NO_ROW, self.rows[found])

    def _words_of_forms(self, texts: set[str]) -> dict[str, int]:
        """Return the place of the word that each text stood for most often in the corpus, where that is known."""
        if self.model is None or not texts:
            return {}
        forms = self.model.vocabulary.forms
        asked = pa.array(sorted(texts), forms.schema.field("orth").type)
        forms = forms.filter(pc.is_in(forms["orth"], value_set=asked))
        forms = forms.sort_by([("count", "ascending"), ("word", "descending")])  # the last of several is kept
        return dict(zip(forms["orth"].to_pylist(), forms["word"].to_pylist(), strict=True))

    def rows_by_key(self, attr: str) -> dict[str, int]:
        """Return the rows of the words as a corpus with this attribute of tokens has them, in the order of the words.

        Words are taken as they are. With LOWER, a word with capitals stands for its lower case where the source lacks
        that, as "Paris" for "paris"; of several the first, which is the most frequent.
        """
        rows = dict(zip(self.words, self.rows.tolist(), strict=True))
        if attr != "LOWER":
            return rows
        by_key: dict[str, int] = {}
        for word in self.words:
            lower = word.lower()
            by_key.setdefault(lower, rows.get(lower, rows[word]))
        return by_key

    def most_similar(
        self,
        word: str | Sequence[str] | ArrayLike | None = None,
        *,
        positive: str | Sequence[str] | None = None,
        negative: str | Sequence[str] = (),
        topn: int = 10,
    ) -> list[tuple[str, float]]:
        """Return the words nearest to a word, to several, or to a vector, with their cosine similarities in [-1, 1].

        Of several words, the mean of their vectors of length 1 counts, in which those of `negative` have the other
        sign, as in gensim: positive=["king", "woman"], negative=["man"]. Of words that share a row, one is named.

        Args:
            word: A word, a list of words, or a vector of d numbers.
            positive: Words, in place of `word`.
            negative: Words that are subtracted.
            topn: How many words to return.

        Returns:
            The nearest words, most similar first, without those that were given.

        Raises:
            UnknownWordError: A word has no vector; near spellings are named.
            ConfigError: There is neither a word nor a vector.
        """
        return most_similar(self, word, positive=positive, negative=negative, topn=topn)

    def near_spellings(self, word: str) -> str:
        """Return a sentence with words that are spelled like one that has no vector."""
        if word.lower() in self:
            return f"Its lower case is: '{word.lower()}'."
        near = nearest_spellings(word, self.words[:MOST_SPELLINGS], limit=3, cutoff=0.75)
        return f"Near spellings: {', '.join(near)}." if near else "No word is spelled like it."


def row_slices(n_rows: int, size: int) -> Iterator[slice]:
    """Yield slices of n_rows, of which each has at most FLOATS_AT_A_TIME numbers."""
    n_at_a_time = max(1, FLOATS_AT_A_TIME // size)
    for start in range(0, n_rows, n_at_a_time):
        yield slice(start, min(start + n_at_a_time, n_rows))
