"""A trained model: its vocabulary, input and output vectors, config and record."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spacy_w2v._arrays import Parameters, TokenIds, Tree, Vectors
from spacy_w2v.config._export import PostprocessChoice, VectorKindChoice
from spacy_w2v.config._schema import ModelSettings, VectorKind
from spacy_w2v.config._trust import check_no_variables
from spacy_w2v.model import _predictions as predictions
from spacy_w2v.model._card import card_of_model
from spacy_w2v.model._comparisons import Comparisons
from spacy_w2v.model._lookup import places_of
from spacy_w2v.model._mean_matrix import matrix_of_kind
from spacy_w2v.model._postprocessed_matrix import Matrix, PostprocessedMatrix
from spacy_w2v.model._postprocessing import Postprocessing, chosen_postprocessing
from spacy_w2v.model._run_record import JsonDict, RunRecord
from spacy_w2v.model._senses_of_model import SensesOfModel
from spacy_w2v.model._vocabulary import Vocabulary
from spacy_w2v.model._word_vectors import WordVectors
from spacy_w2v.objectives._input_rows import SUBWORDS
from spacy_w2v.objectives._objective import Objective
from spacy_w2v.objectives._registry import objective_of

if TYPE_CHECKING:
    from spacy.language import Language

    from spacy_w2v.subwords._table import SubwordTable


@dataclass(frozen=True, eq=False)
class TrainedModel(Comparisons, SensesOfModel):
    """A trained model: the vocabulary, all trained vectors, and the config and record of the run."""

    vocabulary: Vocabulary
    """The words, their counts and their texts in the corpus."""
    parameters: Parameters
    """The trained arrays by name, such as "input" and "output", float32. `Objective.shapes` defines them.

    A model with subwords also has "subwords", the rows of which the input vectors are composed.
    """
    config: str
    """The complete config of the run, as the text of a config file."""
    record: RunRecord
    """The record of the run: source, sizes, hyper-parameters, results, and versions of packages."""
    stored_tree: Tree | None = None
    """The tree of hierarchical softmax, if counts and settings do not determine it. Models from gensim have one."""
    trusts_config: bool = True
    """Whether `make_pipeline` may call any function that the config names. Otherwise it only makes spaCy's tokenizers.

    It is False for a model that is read from disk, unless you ask for it, because the model may come from other people.
    """
    buckets: TokenIds | None = None
    """uint32; the bucket of each row of "subwords" after the own rows of words. None for a model without subwords."""

    def __repr__(self) -> str:
        """Return a summary on one line."""
        mode = self.settings.subwords.mode
        return (
            f"{type(self).__name__}(words={len(self)}, vector_size={self.vector_size}, attr={self.attr!r}, "
            f"architecture={self.settings.architecture!r}, loss={self.settings.loss!r}"
            f"{'' if mode is None else f', subwords={mode!r}'})"
        )

    def _repr_html_(self) -> str:
        """Return the card that notebooks show."""
        return card_of_model(self)

    @property
    def meta(self) -> JsonDict:
        """The record as plain JSON values, like spaCy's `nlp.meta`.

        Each access returns a new dict. To save a note with the model, set it in the record:
        `model.record.comment = "..."`.
        """
        return self.record.to_json()

    @property
    def words(self) -> list[str]:
        """The words, most frequent first."""
        return self.vocabulary.words

    @property
    def input_vectors(self) -> Vectors:
        """The input vectors, float32[v, d], as they were trained: word vectors without post-processing."""
        return self.parameters["input"]

    @property
    def output_vectors(self) -> Vectors:
        """The output vectors, float32[v, d], which represent words as they are predicted.

        With hierarchical softmax they are float32[v - 1, d], one row for each inner node of the tree.
        """
        return self.parameters["output"]

    @property
    def vector_size(self) -> int:
        """The number of dimensions d."""
        return int(self.input_vectors.shape[1])

    @property
    def attr(self) -> str:
        """What the words are: the attribute of tokens "ORTH", "LOWER" or "NORM", "LEMMA", or "KEY" with other keys."""
        return self.record.tokens.attr

    @property
    def settings(self) -> ModelSettings:
        """Architecture, loss and hyper-parameters of the model."""
        return self.record.model

    @property
    def objective(self) -> Objective:
        """The loss and the functions that depend on it."""
        return objective_of(self.settings)

    @cached_property
    def subwords(self) -> "SubwordTable | None":
        """The rows of subwords as they were trained, which compose the vector of any string; None without subwords."""
        if self.buckets is None:
            return None
        from spacy_w2v.subwords._table import SubwordTable

        table = self.parameters[SUBWORDS]
        return SubwordTable(self.settings.subwords, self.buckets, table, n_words=len(table) - len(self.buckets))

    @cached_property
    def tree(self) -> Tree | None:
        """The tree of hierarchical softmax; None with other losses."""
        return self.stored_tree or self.objective.tree(self.vocabulary.counts)

    def make_pipeline(self) -> "Language":
        """Return a pipeline without components, with the tokenizer of the run.

        Raises:
            ConfigError: The config names functions that the model is not trusted to call, or a package is missing.

        Example:
            >>> nlp = spacy_w2v.load("vectors").make_pipeline()
            >>> [token.text for token in nlp("The minister's speech.")]
            ['The', 'minister', "'s", 'speech', '.']
        """
        from spacy_w2v.config._loading import parse_config
        from spacy_w2v.tokenization._pipelines import make_pipeline

        if not self.trusts_config:
            check_no_variables(self.config)
        return make_pipeline(parse_config(self.config), trusted=self.trusts_config)

    def __len__(self) -> int:
        return len(self.vocabulary)

    def __contains__(self, word: object) -> bool:
        return word in self.vocabulary

    def __getitem__(self, word: str | Iterable[str]) -> Vectors:
        """Return the vector of a word, float32[d], or those of n words, float32[n, d].

        They are of the kind and post-processed as the record of the run says. Unless `[w2v.export]` of the run says
        otherwise, they are input vectors as they were trained. With subwords, the vector of a word that is not in the
        vocabulary is composed of those of its subwords that were trained.

        Raises:
            UnknownWordError: A word is not in the vocabulary, and has no subword. This is also a KeyError.
        """
        if self.buckets is not None:
            return np.asarray(self.word_vectors()[word])
        matrix = self._matrix(self.record.export.vector_kind, self.record.postprocessing)
        vectors: Vectors = matrix[places_of(word, self.rank)]
        return vectors

    def rank(self, word: str) -> int:
        """Return the rank of a word, 0 for the most frequent one.

        Raises:
            UnknownWordError: The word is not in the vocabulary. The text names near spellings.

        Example:
            >>> model = spacy_w2v.load("vectors")
            >>> model.rank("the")
            0
        """
        rank = self.vocabulary.index.get(word)  # not by `word_vectors`, which makes an array for all words
        return self.word_vectors().row(word) if rank is None else rank

    def word_vectors(
        self,
        kind: VectorKindChoice = "recorded",
        *,
        name: str | None = None,
        postprocess: PostprocessChoice = "recorded",
        whitening_strength: float | None = None,
    ) -> WordVectors:
        """Return the words with their vectors, in the memory of this model.

        The rows of means and of post-processed vectors are computed on access.

        Args:
            kind: "input", "output", "mean" or "sum" of both, or "recorded" for what the run's `[w2v.export]` says,
                which is "input" by default, or "sum" for GloVe.
            name: The name in messages; None for the source of the corpus.
            postprocess: What is done to them: "recorded" for what `[w2v.export]` says, "center", "soft-whiten", or None
                for the vectors as they were trained. See `WordVectors.postprocessed`.
            whitening_strength: The strength of "soft-whiten", from 0 to 1. None for that of the record, or 0.25.

        Returns:
            The words, most frequent first, with their vectors and counts.

        Raises:
            ConfigError: `kind` has another value, or is not "input" for a model of hierarchical softmax, whose output
                vectors belong to the inner nodes of the tree; or the post-processing is invalid.

        Example:
            >>> vectors = spacy_w2v.load("vectors").word_vectors("mean")
            >>> vectors["minister"].shape
            (50,)
        """
        chosen = chosen_postprocessing(postprocess, whitening_strength, recorded=self.record.postprocessing)
        kind = self.record.export.vector_kind if kind == "recorded" else kind
        self.objective.check_vector_kind(kind)
        return WordVectors(
            name=name or f"a model of {self.record.corpus.source}",
            words=self.words,
            rows=np.arange(len(self)),
            matrix=self._matrix(kind, chosen),
            counts=self.vocabulary.counts,
            attr=self.attr,
            lang=self.record.lang,
            model=self,
            vector_kind=kind,
            trained_subwords=self.subwords if kind == "input" else None,
        )

    def _matrix(self, kind: VectorKind, postprocessing: Postprocessing | None) -> Matrix:
        """Return the vectors of all words. Post-processing is fitted once."""
        raw = matrix_of_kind(self.parameters, kind)
        if postprocessing is None:
            return raw
        return self._postprocessed.setdefault((kind, postprocessing), PostprocessedMatrix(raw, postprocessing))

    @cached_property
    def _postprocessed(self) -> dict[tuple[VectorKind, Postprocessing], PostprocessedMatrix]:
        return {}

    def vectors(
        self,
        kind: VectorKindChoice = "recorded",
        *,
        postprocess: PostprocessChoice = "recorded",
        whitening_strength: float | None = None,
    ) -> Vectors:
        """Return the vectors of all words, float32[v, d].

        Input and output vectors without post-processing are in the memory of this model.

        Args:
            kind: The kind of vectors, as for `word_vectors`.
            postprocess: What is done to the vectors, as for `word_vectors`.
            whitening_strength: The strength of "soft-whiten", as for `word_vectors`.

        Raises:
            ConfigError: See `word_vectors`.

        Example:
            >>> spacy_w2v.load("vectors").vectors("output").shape
            (1817, 50)
        """
        chosen = self.word_vectors(kind, postprocess=postprocess, whitening_strength=whitening_strength)
        return np.asarray(chosen.matrix)

    def most_similar(
        self,
        word: str | Sequence[str] | ArrayLike | None = None,
        *,
        positive: str | Sequence[str] | None = None,
        negative: str | Sequence[str] = (),
        topn: int = 10,
        vector_kind: VectorKindChoice = "recorded",
        postprocess: PostprocessChoice = "recorded",
        whitening_strength: float | None = None,
    ) -> list[tuple[str, float]]:
        """Return the words most similar to a word, several words, or a vector.

        Several words are compared by the mean of their vectors, scaled to length 1 and with a negative sign for
        `negative`, as in gensim: `positive=["king", "woman"], negative=["man"]`.

        Args:
            word: A word, a list of words, or a vector of d numbers.
            positive: Words, instead of `word`.
            negative: Words to subtract.
            topn: Number of words to return.
            vector_kind: The kind of vectors to compare, as for `word_vectors`.
            postprocess: What is done to the vectors, as for `word_vectors`.
            whitening_strength: The strength of "soft-whiten", as for `word_vectors`.

        Returns:
            Words with their cosine similarities in [-1, 1], most similar first. The given words are excluded.

        Raises:
            UnknownWordError: A word is not in the vocabulary. The text names near spellings.
            ConfigError: Neither a word nor a vector is given, or the model has no vectors of this kind.

        Example:
            >>> model = spacy_w2v.load("vectors")
            >>> model.most_similar("minister", topn=2)
            [('prime', 0.89), ('philip', 0.86)]
        """
        chosen = self.word_vectors(vector_kind, postprocess=postprocess, whitening_strength=whitening_strength)
        return chosen.most_similar(word, positive=positive, negative=negative, topn=topn)

    def predict_context(self, words: Sequence[str], *, topn: int = 10) -> list[tuple[str, float]]:
        """Return the words that are most probable among the words of a context.

        This is gensim's `predict_output_word`, for all losses. The mean of the context's input vectors predicts (or
        their sum, for CBOW with `cbow_mean = false`). The probabilities are those of the tree with hierarchical
        softmax, otherwise those of the softmax over all words. Negative sampling does not train this softmax, so trust
        the order of its words more than their probabilities.

        Args:
            words: Strings, or spaCy tokens, for example a Doc or a Span. Their order has no effect, and words that are
                not in the vocabulary are ignored, also by a model with subwords.
            topn: Number of words to return.

        Returns:
            Words with their probabilities in [0, 1], most probable first. The probabilities of all words sum to 1.

        Raises:
            UnknownWordError: No word of the context is in the vocabulary.
            ConfigError: `words` is a text instead of a list.

        Example:
            >>> model = spacy_w2v.load("vectors")
            >>> model.predict_context(["prime", "howard"], topn=2)
            [('prime', 0.04), ('minister', 0.03)]
        """
        return predictions.predict_context(self, words, topn=topn)

    def score(self, sentences: Iterable[Sequence[str]]) -> NDArray[np.float64]:
        """Return the log-likelihood of each sentence.

        It is the sum over all pairs of a context word and a centre (skip-gram), or over all centres that have a context
        (CBOW). Words that are not in the vocabulary are dropped, also by a model with subwords. Windows have their full
        size, and words are not subsampled. This is gensim's `score` (Taddy 2015, arXiv 1504.07295) for sentences of any
        length, but exact: gensim looks up scores in a table and skips those beyond ±6.

        Args:
            sentences: Each a list of strings, or of spaCy tokens such as a Doc.

        Returns:
            float64; natural logarithms, at most 0. A sentence with fewer than two known words has 0.

        Raises:
            ConfigError: The model was trained with negative sampling, which learns no probabilities, or a sentence is
                a text instead of a list.

        Example:
            >>> model = spacy_w2v.train("news.txt", loss='hierarchical-softmax', vector_size=20)
            >>> likely, unlikely = model.score([["the", "prime", "minister"], ["prime", "the", "the"]])
        """
        return predictions.score(self, sentences)

    def composes(self, word: str) -> bool:
        """Return whether a word has a vector that is composed of subwords, of which at least one was trained.

        Example:
            >>> spacy_w2v.load("vectors").composes("ministerhood")
            False
        """
        return self.word_vectors().composes(word)

    def near_spellings(self, word: str) -> str:
        """Return a sentence that names words with a spelling near to a word that is not in the vocabulary.

        Example:
            >>> spacy_w2v.load("vectors").near_spellings("ministr")
            'Near spellings: minister, ministry, ministers.'
        """
        return self.word_vectors().near_spellings(word)
