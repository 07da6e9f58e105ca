"""A trained model: words with their input and output vectors, and how they came about."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spacy_w2v._arrays import Parameters, Tree, Vectors
from spacy_w2v.config._schema import ModelSettings, VectorKind
from spacy_w2v.config._trust import check_no_variables
from spacy_w2v.model import _predictions as predictions
from spacy_w2v.model._mean_matrix import MeanMatrix
from spacy_w2v.model._run_record import JsonDict, RunRecord
from spacy_w2v.model._vocabulary import Vocabulary
from spacy_w2v.model._word_vectors import Matrix, WordVectors
from spacy_w2v.objectives._objective import Objective
from spacy_w2v.objectives._registry import objective_of

if TYPE_CHECKING:
    from spacy.language import Language


@dataclass(frozen=True, eq=False)
class TrainedModel:
    """Word vectors with all that training knows of them."""

    vocabulary: Vocabulary
    parameters: Parameters
    """All arrays that training has changed, by name, as `Objective.shapes` says."""
    config: str
    """The config of the run, complete, as the text of a config file."""
    record: RunRecord
    """What it was trained on, how, and what came of it: source, counts, hyper-parameters, results, versions."""
    stored_tree: Tree | None = None
    """The tree of hierarchical softmax where counts and settings do not give it, as of a model from gensim."""
    trusts_config: bool = True
    """Whether a pipeline that is made from the config may run any function that this names; else only its tokenizer.

    False for a model that is read, unless asked for: it may come from somebody else.
    """

    def __repr__(self) -> str:
        """Return what kind of model it is, on one line."""
        return (
            f"{type(self).__name__}(words={len(self)}, vector_size={self.vector_size}, attr={self.attr!r}, "
            f"architecture={self.settings.architecture!r}, loss={self.settings.loss!r})"
        )

    @property
    def meta(self) -> JsonDict:
        """The record as plain JSON values, as `nlp.meta` of spaCy.

        A new dict each time: to keep a note with the model, set it in the record, as `model.record.comment = "..."`.
        """
        return self.record.to_json()

    @property
    def words(self) -> list[str]:
        """The words, by falling count."""
        return self.vocabulary.words

    @property
    def input_vectors(self) -> Vectors:
        """V × d, float32: the word vectors."""
        return self.parameters["input"]

    @property
    def output_vectors(self) -> Vectors:
        """V × d, float32: the vectors of words as they are predicted.

        With hierarchical softmax (v - 1) × d, of the inner nodes of its tree: `Tree.nodes` are the rows.
        """
        return self.parameters["output"]

    @property
    def vector_size(self) -> int:
        """Number of dimensions."""
        return int(self.input_vectors.shape[1])

    @property
    def attr(self) -> str:
        """The attribute of tokens that words are: ORTH, LOWER or NORM."""
        return self.record.tokens.attr

    @property
    def settings(self) -> ModelSettings:
        """Architecture, loss and hyper-parameters of the model."""
        return self.record.model

    @property
    def objective(self) -> Objective:
        """The loss, with all that depends on it."""
        return objective_of(self.settings)

    @cached_property
    def tree(self) -> Tree | None:
        """The tree of hierarchical softmax; None with other losses."""
        return self.stored_tree or self.objective.tree(self.vocabulary.counts)

    def make_pipeline(self) -> "Language":
        """Return a pipeline without components, with the tokenizer that the config names. Raises ConfigError."""
        from spacy_w2v.config._loading import parse_config
        from spacy_w2v.tokenization._pipelines import make_pipeline

        if not self.trusts_config:
            check_no_variables(self.config)
        return make_pipeline(parse_config(self.config), trusted=self.trusts_config)

    def __len__(self) -> int:
        return len(self.vocabulary)

    def __contains__(self, word: object) -> bool:
        return word in self.vocabulary

    def __getitem__(self, word: str) -> Vectors:
        """Return the vector of a word, d floats. Raises UnknownWordError, which is a KeyError."""
        vector: Vectors = self.input_vectors[self.rank(word)]
        return vector

    def rank(self, word: str) -> int:
        """Return the rank of a word. Raises UnknownWordError with near spellings."""
        rank = self.vocabulary.index.get(word)  # without `word_vectors`, which makes an array as long as the words
        return self.word_vectors().row(word) if rank is None else rank

    def word_vectors(self, kind: VectorKind = "input", *, name: str | None = None) -> WordVectors:
        """Return the words with their vectors, which share the memory of this model.

        Args:
            kind: "input", "output", or "mean" of the two, of which rows are computed when they are taken.
            name: What messages call them; None for the source of the corpus.

        Returns:
            The words, most frequent first, their vectors and counts, and this model.

        Raises:
            ConfigError: `kind` is none of these, or is not "input" with hierarchical softmax, where the output vectors
                belong to the inner nodes of the tree.
        """
        self.objective.check_vector_kind(kind)
        matrices: dict[VectorKind, Matrix] = {"input": self.input_vectors, "output": self.output_vectors}
        return WordVectors(
            name=name or f"a model of {self.record.corpus.source}",
            words=self.words,
            rows=np.arange(len(self)),
            matrix=MeanMatrix(self.input_vectors, self.output_vectors) if kind == "mean" else matrices[kind],
            counts=self.vocabulary.counts,
            attr=self.attr,
            lang=self.record.lang,
            model=self,
        )

    def vectors(self, kind: VectorKind = "input") -> Vectors:
        """Return v × d vectors of words: "input", "output" (both share the model's memory), or "mean" of the two.

        Raises ConfigError as `word_vectors` does.
        """
        return np.asarray(self.word_vectors(kind).matrix)

    def most_similar(
        self,
        word: str | Sequence[str] | ArrayLike | None = None,
        *,
        positive: str | Sequence[str] | None = None,
        negative: str | Sequence[str] = (),
        topn: int = 10,
        vector_kind: VectorKind = "input",
    ) -> list[tuple[str, float]]:
        """Return the words nearest to a word, to several, or to a vector of d numbers, with their cosine similarities.

        As `WordVectors.most_similar`, with one argument more: vector_kind, those that are compared. Raises ConfigError
        as `word_vectors` does, too.
        """
        return self.word_vectors(vector_kind).most_similar(word, positive=positive, negative=negative, topn=topn)

    def predict_context(self, words: Sequence[str], *, topn: int = 10) -> list[tuple[str, float]]:
        """Return the words that fit best among these words of a context, with their probabilities in [0, 1].

        words: strings, or tokens of spaCy (a Doc or a Span). Their order does not count, and unknown ones are left out.
        As `predict_output_word` of gensim, but for all losses: the mean of the context's input vectors (with
        `cbow_mean = false` of CBOW their sum) predicts; with hierarchical softmax by products along the tree, else by
        the softmax over all words. The probabilities of all words sum to 1. A model of negative sampling was not
        trained for this softmax: trust its order more than its probabilities. Raises UnknownWordError if no word of the
        context is known, and ConfigError for a plain text.
        """
        return predictions.predict_context(self, words, topn=topn)

    def score(self, sentences: Iterable[Sequence[str]]) -> NDArray[np.float64]:
        """Return the log-likelihood of each sentence, a list of words or a Doc: natural logarithms, at most 0.

        The sum over all pairs of a word of the context that predicts a centre (skip-gram), or over all centres that
        have a context (CBOW). Unknown words are dropped (a sentence without two known ones has 0), windows are full,
        nothing is subsampled: as `score` of gensim (Taddy 2015, arXiv 1504.07295), but exact, where gensim rounds
        scores to a table and skips those past 6, and of sentences of any length. Raises ConfigError with negative
        sampling, which learns no probabilities, and for a plain text.
        """
        return predictions.score(self, sentences)

    def near_spellings(self, word: str) -> str:
        """Return a sentence with words of the vocabulary that are spelled like one that it lacks."""
        return self.word_vectors().near_spellings(word)
