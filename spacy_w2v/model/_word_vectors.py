"""Words with their vectors, from any program: looking them up, comparing them, and reading them in blocks."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spacy_w2v._arrays import Counts, Offsets, Tree, Vectors
from spacy_w2v.config._export import PostprocessChoice, VectorKind, VectorKindChoice
from spacy_w2v.errors import ConfigError, UnknownWordError
from spacy_w2v.model._card import card_of_vectors
from spacy_w2v.model._comparisons import Comparisons
from spacy_w2v.model._composition import composed_vectors, describe_unknown, postprocessed_table
from spacy_w2v.model._lookup import NO_ROW, forms_of, list_of, places_of
from spacy_w2v.model._neighbours import most_similar
from spacy_w2v.model._postprocessed_matrix import Matrix, PostprocessedMatrix
from spacy_w2v.model._postprocessing import Postprocessing, chosen_postprocessing
from spacy_w2v.model._row_slices import row_slices
from spacy_w2v.model._senses import KEYED, Senses

if TYPE_CHECKING:
    from spacy.language import Language

    from spacy_w2v.model._trained import TrainedModel
    from spacy_w2v.subwords._table import SubwordTable


@dataclass(frozen=True, eq=False)
class WordVectors(Senses, Comparisons):
    """Words and their vectors, from any program.

    `open_vectors` reads them from models, spaCy pipelines, gensim, and files of word2vec, GloVe or fastText.
    `Word2Vec.word_vectors` returns those of a model.

    Example:
        >>> vectors = spacy_w2v.open_vectors("vectors.txt.gz")
        >>> len(vectors), vectors.vector_size
        (1817, 50)
        >>> "minister" in vectors
        True
        >>> vectors["minister"].shape
        (50,)
    """

    name: str
    """The name in messages and records, such as a path or the name of a pipeline."""
    words: list[str]
    """The words, all different. The most frequent come first, if the source knows the frequencies."""
    rows: NDArray[np.int64]
    """The row of each word in the matrix. Several words may share a row, as in spaCy's tables."""
    matrix: Matrix
    """float32 or float16, rows × d. It may be a read-only memory map, or be computed on access."""
    counts: Counts | None = None
    """int64; the number of tokens of each word in its corpus, or None if unknown."""
    attr: str | None = None
    """What the words are: the attribute of tokens "ORTH", "LOWER" or "NORM", "LEMMA", or "KEY"; None if unknown."""
    lang: str | None = None
    """spaCy's code of the language, or None if unknown."""
    n_repeated: int = 0
    """Number of repeated words in the source. Only the first vector of a word is used."""
    model: "TrainedModel | None" = None
    """The model of these vectors, which also has output vectors, settings and a record; None without a model."""
    nlp: "Language | None" = None
    """The pipeline of these vectors, which also has a tokenizer; None without a pipeline."""
    vector_kind: VectorKind = "input"
    """Which vectors of the model these are."""
    done_before: str | None = None
    """How the vectors of a pipeline were post-processed before they were exported to it; None if that is unknown."""
    trained_subwords: "SubwordTable | None" = None
    """The rows of subwords, as they were trained or read; None if the vectors are those of words only."""

    def __repr__(self) -> str:
        """Return a summary on one line."""
        attr = f", attr={self.attr!r}" if self.attr else ""
        table = self.trained_subwords
        subwords = "" if table is None else f", subwords={table.settings.mode!r}"
        return f"WordVectors({self.name!r}, words={len(self)}, vector_size={self.vector_size}{attr}{subwords})"

    def _repr_html_(self) -> str:
        """Return the card that notebooks show."""
        return card_of_vectors(self)

    def __len__(self) -> int:
        return len(self.words)

    def __contains__(self, word: object) -> bool:
        return word in self.index

    def __getitem__(self, word: str | Iterable[str]) -> NDArray[np.floating[Any]]:
        """Return the vector of a word, float32[d] or float16[d], or those of n words, [n, d].

        With subwords, the vector of an unknown word is the mean of the rows of its subwords.

        Raises:
            UnknownWordError: A word has no vector. This is also a KeyError.
        """
        if self.trained_subwords is not None:
            return self._with_composed(word)
        vectors: NDArray[np.floating[Any]] = self.matrix[places_of(word, self.row)]
        return vectors

    def _with_composed(self, word: str | Iterable[str]) -> Vectors:
        if isinstance(word, str):
            only: Vectors = composed_vectors(self, [word])[0]
            return only
        return composed_vectors(self, list_of(word))

    def composes(self, word: str) -> bool:
        """Return whether a word has a vector that is composed of subwords, of which at least one was trained.

        Example:
            >>> spacy_w2v.open_vectors("vectors").composes("ministerhood")
            False
        """
        return self.trained_subwords is not None and bool(self.trained_subwords.trained_shares([word])[0] > 0)

    @cached_property
    def subwords(self) -> "SubwordTable | None":
        """The rows of subwords, post-processed like the vectors; None if the vectors are those of words only."""
        return None if self.trained_subwords is None else postprocessed_table(self.trained_subwords, self.matrix)

    @property
    def vector_size(self) -> int:
        """The number of dimensions d."""
        return int(self.matrix.shape[1])

    @cached_property
    def index(self) -> dict[str, int]:
        """The index of each word in `words`."""
        if self.model is not None:
            return self.model.vocabulary.index
        return {word: place for place, word in enumerate(self.words)}

    @cached_property
    def in_order(self) -> bool:
        """Whether row i of the matrix is the vector of word i, for all words and rows."""
        return len(self.rows) == len(self.matrix) and bool((self.rows == np.arange(len(self.rows))).all())

    @cached_property
    def first_places(self) -> Offsets:
        """The index of the first word of each row that has one, int64, in the order of the words."""
        if self.in_order:
            return np.arange(len(self.rows))
        _, places = np.unique(self.rows, return_index=True)
        return np.sort(places)

    @cached_property
    def word_of_row(self) -> NDArray[np.int64]:
        """The index of the word of each row, int64; the last word if several share the row, -1 if no word has it."""
        word_of_row = np.full(len(self.matrix), -1, np.int64)
        word_of_row[self.rows] = np.arange(len(self.rows))  # of several assignments, NumPy keeps the last
        return word_of_row

    @property
    def output(self) -> Vectors | None:
        """The output vectors of the model, float32. None if there is no model.

        Their rows are words, or with hierarchical softmax the inner nodes of `tree`.
        """
        return self.model.output_vectors if self.model is not None else None

    @property
    def tree(self) -> Tree | None:
        """The tree of hierarchical softmax. None with other losses, or without a model."""
        return self.model.tree if self.model is not None else None

    def of_kind(self, kind: VectorKindChoice) -> "WordVectors":
        """Return the input, output or mean vectors of the same words, post-processed in the same way.

        Args:
            kind: "input", "output", "mean" or "sum" of both, or "recorded" for no change.

        Raises:
            ConfigError: There are no output vectors of words, because there is no model, or because it was trained with
                hierarchical softmax.

        Example:
            >>> vectors = spacy_w2v.open_vectors("vectors")
            >>> vectors.of_kind("output").most_similar("minister", topn=1)
            [('prime', 0.86)]
        """
        if kind == "recorded":
            return self
        if self.model is not None:
            return self._of_model(self.model, kind, self.postprocessing)
        if kind != "input":
            raise ConfigError(
                f'vector_kind must be "input" for word vectors without output vectors, such as {self.name}, was: '
                f'"{kind}".'
            )
        return self

    @property
    def postprocessing(self) -> Postprocessing | None:
        """What is done to each vector on access; None for nothing. Vectors of a file are as they are in the file."""
        return self.matrix.postprocessing if isinstance(self.matrix, PostprocessedMatrix) else None

    def postprocessed(
        self, postprocess: PostprocessChoice, *, whitening_strength: float | None = None
    ) -> "WordVectors":
        """Return the vectors with another post-processing, which replaces the one that they have.

        The vectors of all words are centred: their mean is subtracted. Soft whitening also evens out the spread along
        their principal axes. Rows are computed on access, and the same vectors always give the same bits.

        Args:
            postprocess: "center", "soft-whiten", None for the vectors as they were trained or read, or "recorded" for
                no change.
            whitening_strength: How far "soft-whiten" evens out the axes, from 0 to 1. None for the strength that the
                vectors have, or 0.25.

        Raises:
            ConfigError: An argument is invalid, a strength is given without "soft-whiten", or vectors are to be
                post-processed that a pipeline says were post-processed before.

        Example:
            >>> vectors = spacy_w2v.open_vectors("vectors.txt.gz").postprocessed("soft-whiten")
            >>> bool(abs(vectors.matrix[:].mean(axis=0)).max() < 1e-6)
            True
        """
        now = self.postprocessing
        chosen = chosen_postprocessing(postprocess, whitening_strength, recorded=now)
        if chosen == now:
            return self
        if self.done_before is not None:
            raise ConfigError(
                f"Vectors can be post-processed once, but those of {self.name} were when they were exported "
                f"({self.done_before}). Name the model that they were exported from."
            )
        if self.model is not None:
            return self._of_model(self.model, self.vector_kind, chosen)
        raw = self.matrix.raw if isinstance(self.matrix, PostprocessedMatrix) else self.matrix
        if chosen is None:
            return replace(self, matrix=raw)
        rows = None if self.in_order else np.unique(self.rows)
        return replace(self, matrix=PostprocessedMatrix(raw, chosen, rows=rows))

    def _of_model(
        self, model: "TrainedModel", kind: VectorKind, postprocessing: Postprocessing | None
    ) -> "WordVectors":
        if postprocessing is None:
            return model.word_vectors(kind, name=self.name, postprocess=None)
        strength = postprocessing.whitening_strength
        return model.word_vectors(kind, name=self.name, postprocess=postprocessing.kind, whitening_strength=strength)

    def row(self, word: str) -> int:
        """Return the row of a word in the matrix.

        Raises:
            UnknownWordError: The word has no vector. The text names near spellings.

        Example:
            >>> vectors = spacy_w2v.open_vectors("vectors")
            >>> bool((vectors.matrix[vectors.row("minister")] == vectors["minister"]).all())
            True
        """
        place = self.index.get(word)
        if place is None:
            raise UnknownWordError(describe_unknown(self, word))
        return int(self.rows[place])

    def vectors_at(self, rows: NDArray[np.int64]) -> Vectors:
        """Return some rows of the matrix.

        Args:
            rows: int64[n]; indices of rows.

        Returns:
            float32[n, d].

        Example:
            >>> vectors = spacy_w2v.open_vectors("vectors")
            >>> vectors.vectors_at(vectors.rows[:3]).shape
            (3, 50)
        """
        return np.asarray(self.matrix[rows], np.float32)

    def row_blocks(self) -> Iterator[Vectors]:
        """Yield the rows of the matrix in blocks, float32.

        Example:
            >>> vectors = spacy_w2v.open_vectors("vectors")
            >>> sum(len(block) for block in vectors.row_blocks())
            1817
        """
        for some in row_slices(len(self.matrix), self.vector_size):
            yield np.asarray(self.matrix[some], np.float32)

    def blocks(self, *, n_words: int | None = None) -> Iterator[NDArray[np.floating[Any]]]:
        """Yield the vectors of the words in blocks, in the order of the words, with the dtype of the matrix.

        Args:
            n_words: Number of words, from the first; None for all.

        Example:
            >>> vectors = spacy_w2v.open_vectors("vectors")
            >>> [block.shape for block in vectors.blocks(n_words=100)]
            [(100, 50)]
        """
        n_words = len(self) if n_words is None else min(n_words, len(self))
        for some in row_slices(n_words, self.vector_size):
            yield self.matrix[some] if self.in_order else self.matrix[self.rows[some]]

    def rows_of(self, words: Sequence[str]) -> Offsets:
        """Return the row that a pipeline with these vectors finds for each word as a token.

        A word is looked up as it is, otherwise in lower, title and upper case, like the component `w2v` does. The
        vectors of a trained model also know the texts that each word has in the corpus, as spaCy's table does. In those
        of other programs, a phrase such as "new york" is also found as "new_york". A word that is only known with
        senses has the row of the commonest one: "duck" that of "duck|NOUN".

        Args:
            words: The words.

        Returns:
            int64; the row of each word, or -1 if it has no vector.

        Example:
            >>> vectors = spacy_w2v.open_vectors("vectors")
            >>> rows = vectors.rows_of(["minister", "Minister", "MINISTER", "qwerty"])
            >>> (rows == vectors.row("minister")).tolist()
            [True, True, True, False]
        """
        if self.model is not None:
            found = self.model.vocabulary.rows_of(words)
        else:
            places = (
                next((self.index[form] for form in forms_of(word) if form in self.index), NO_ROW) for word in words
            )
            found = np.fromiter(places, np.int64, len(words))
        rows = np.where(found == NO_ROW, NO_ROW, self.rows[found]) if self.words else found
        return self.rows_of_commonest_senses(words, rows)

    def rows_by_key(self, attr: str) -> dict[str, int]:
        """Return the rows of the words of a corpus with another token attribute, in the order of the words.

        With "LOWER", a word with capitals is also used for its lower case, if that has no vector: "Paris" for "paris".
        The first of several such words is used, which is the most frequent. With other attributes, words do not change.
        Keys with senses stand for their texts, unless the words of the corpus are keys too.

        Args:
            attr: What the words of the corpus are, as in `[w2v.tokens]`.

        Example:
            >>> vectors = spacy_w2v.open_vectors("vectors")
            >>> vectors.rows_by_key("LOWER")["minister"] == vectors.row("minister")
            True
        """
        rows = dict(zip(self.words, self.rows.tolist(), strict=True))
        if attr in KEYED or (attr != "LOWER" and not self.have_senses):
            return rows
        by_key: dict[str, int] = {}
        for word, text in zip(self.words, self.texts, strict=True):
            key = text.lower() if attr == "LOWER" else text
            by_key.setdefault(key, rows.get(key, rows[word]))
        return by_key

    def most_similar(
        self,
        word: str | Sequence[str] | ArrayLike | None = None,
        *,
        positive: str | Sequence[str] | None = None,
        negative: str | Sequence[str] = (),
        topn: int = 10,
    ) -> list[tuple[str, float]]:
        """Return the words most similar to a word, several words, or a vector.

        Several words are compared by the mean of their vectors, scaled to length 1 and with a negative sign for
        `negative`, as in gensim: `positive=["king", "woman"], negative=["man"]`. Of words that share a row, only one is
        returned.

        Args:
            word: A word, a list of words, or a vector of d numbers.
            positive: Words, instead of `word`.
            negative: Words to subtract.
            topn: Number of words to return.

        Returns:
            Words with their cosine similarities in [-1, 1], most similar first. The given words are excluded.

        Raises:
            UnknownWordError: A word has no vector. The text names near spellings.
            ConfigError: Neither a word nor a vector is given, or `topn` is negative.

        Example:
            >>> vectors = spacy_w2v.open_vectors("vectors.txt.gz")
            >>> vectors.most_similar("minister", topn=2)
            [('prime', 0.89), ('philip', 0.86)]
            >>> words = vectors.most_similar(positive=["minister", "union"], negative=["prime"], topn=5)
        """
        return most_similar(self, word, positive=positive, negative=negative, topn=topn)
