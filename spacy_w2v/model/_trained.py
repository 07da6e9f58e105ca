"""A trained model: words with their input and output vectors, and how they came about."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spacy_w2v._arrays import Tree, Vectors
from spacy_w2v._system.spelling import nearest_spellings
from spacy_w2v.config._arguments import check_whole_number
from spacy_w2v.config._schema import ModelSettings, VectorKind
from spacy_w2v.config._trust import check_no_variables
from spacy_w2v.errors import ConfigError, UnknownWordError
from spacy_w2v.model import _predictions as predictions
from spacy_w2v.model._facts import settings_of
from spacy_w2v.model._vocabulary import Vocabulary
from spacy_w2v.objectives._objective import Objective
from spacy_w2v.objectives._registry import objective_of

if TYPE_CHECKING:
    from spacy.language import Language

FLOATS_AT_A_TIME = 1_000_000
"""Of the blocks of `TrainedModel.vector_blocks`: 4 MB."""


@dataclass(frozen=True, eq=False)
class TrainedModel:
    """Word vectors with all that training knows of them."""

    vocabulary: Vocabulary
    input_vectors: Vectors
    """v × d, float32: the word vectors."""
    output_vectors: Vectors
    """v × d, float32: the vectors of words as they are predicted; or (v - 1) × d, with hierarchical softmax, of the
    inner nodes of its tree (`Tree.nodes` are the rows)."""
    config: str
    """The config of the run, complete, as the text of a config file."""
    meta: dict[str, Any]
    """Facts for people and programs: source, counts of the corpus, hyper-parameters, results, versions."""
    own_tree: Tree | None = None
    """The tree of hierarchical softmax where it is another than counts and settings give, as of a model from gensim."""
    trusts_config: bool = True
    """Whether a pipeline that is made from the config may run any function that this names; else only its tokenizer.

    False for a model that is read, unless asked for: it may come from anybody.
    """

    def __repr__(self) -> str:
        """Return what kind of model it is, on one line."""
        facts = self.meta.get("model", {}) | self.meta.get("tokens", {})
        names = ("attr", "architecture", "loss")
        known = "".join(f", {name}={facts[name]!r}" for name in names if name in facts)
        return f"{type(self).__name__}(words={len(self)}, vector_size={self.vector_size}{known})"

    @property
    def words(self) -> list[str]:
        """The words, by falling count."""
        return self.vocabulary.words

    @property
    def vector_size(self) -> int:
        """Number of dimensions."""
        return int(self.input_vectors.shape[1])

    @property
    def attr(self) -> str:
        """The attribute of tokens that words are: ORTH, LOWER or NORM."""
        return str(self.meta["tokens"]["attr"])

    @cached_property
    def settings(self) -> ModelSettings:
        """Architecture, loss and hyper-parameters of the model."""
        return settings_of(ModelSettings, self.meta["model"], path="meta", section="model")

    @property
    def objective(self) -> Objective:
        """The loss, with all that depends on it."""
        return objective_of(self.settings)

    @cached_property
    def tree(self) -> Tree | None:
        """The tree of hierarchical softmax; None with other losses."""
        return self.own_tree or self.objective.tree(self.vocabulary.counts)

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
        rank = self.vocabulary.index.get(word)
        if rank is None:
            raise UnknownWordError(
                f"A word must be in the vocabulary of {len(self)} words, was: '{word}'. {self.near_spellings(word)}"
            )
        return rank

    def vectors(self, kind: VectorKind = "input") -> Vectors:
        """Return v × d vectors of words: "input", "output" (both share the model's memory), or "mean" of the two.

        Raises ConfigError for any other kind, and for all but "input" with hierarchical softmax, where the output
        vectors belong to the inner nodes of the tree.
        """
        self.objective.check_vectors(kind)
        if kind == "input":
            return self.input_vectors
        return self.output_vectors if kind == "output" else self.some_vectors(kind, slice(None))

    def vector_blocks(self, kind: VectorKind = "input", *, n_rows: int | None = None) -> Iterator[Vectors]:
        """Yield the first n_rows of `vectors`, or all, some at a time: a mean takes the memory of one block only.

        Raises ConfigError as `vectors` does.
        """
        self.objective.check_vectors(kind)
        n_rows = len(self) if n_rows is None else min(n_rows, len(self))
        n_at_a_time = max(1, FLOATS_AT_A_TIME // self.vector_size)
        for start in range(0, n_rows, n_at_a_time):
            yield self.some_vectors(kind, slice(start, min(start + n_at_a_time, n_rows)))

    def some_vectors(self, kind: VectorKind, rows: slice | NDArray[np.int64]) -> Vectors:
        """Return the vectors of some words by rank, of a kind that the model has for each word."""
        if kind != "mean":
            return (self.input_vectors if kind == "input" else self.output_vectors)[rows]
        mean: Vectors = self.input_vectors[rows] + self.output_vectors[rows]
        mean /= np.float32(2)
        return mean

    def most_similar(
        self,
        word: str | Sequence[str] | ArrayLike | None = None,
        *,
        positive: str | Sequence[str] | None = None,
        negative: str | Sequence[str] = (),
        topn: int = 10,
        vectors: VectorKind = "input",
    ) -> list[tuple[str, float]]:
        """Return the words nearest to a word, to several, or to a vector of d numbers, with their cosine similarities.

        Of several words, the mean of their vectors of length 1 counts, in which those of `negative` have the other
        sign, as in gensim: positive=["king", "woman"], negative=["man"]. The words themselves are left out. vectors:
        those that are compared. Raises UnknownWordError; ConfigError as `vectors` does, and for what is neither.
        """
        check_whole_number(topn, name="topn", at_least=0)
        self.objective.check_vectors(vectors)
        given = word if positive is None else positive
        if given is None or (isinstance(given, str | list | tuple) and all(isinstance(item, str) for item in given)):
            added, subtracted = _as_words(given), _as_words(negative)
            left_out = np.array([self.rank(item) for item in added + subtracted], np.int64)
            query = self._mean_of(left_out, np.repeat([1.0, -1.0], [len(added), len(subtracted)]), vectors)
        else:
            left_out = np.zeros(0, np.int64)
            query = predictions.vector_of_numbers(given, self.vector_size)
        blocks = [(block @ query, np.linalg.norm(block, axis=1)) for block in self.vector_blocks(vectors)]
        scores, norms = (np.concatenate(parts) for parts in zip(*blocks, strict=True))
        norms *= np.linalg.norm(query)
        similarities = np.divide(scores, norms, out=np.zeros_like(scores), where=norms > 0)
        similarities[left_out] = -np.inf
        n_found = min(topn, len(self) - np.unique(left_out).size)
        nearest = np.argsort(-similarities, kind="stable")[:n_found]
        return [(self.words[rank], float(similarities[rank])) for rank in nearest]

    def _mean_of(self, ranks: NDArray[np.int64], signs: NDArray[np.float64], kind: VectorKind) -> Vectors:
        """Return the vector of a word as it is, or the mean of several of length 1. Raises ConfigError for none."""
        if not ranks.size:
            raise ConfigError("most_similar needs a word, several, or a vector, but has none.")
        rows = self.some_vectors(kind, ranks)
        if ranks.size == 1 and signs[0] > 0:
            only: Vectors = rows[0]
            return only
        lengths = np.linalg.norm(rows, axis=1, keepdims=True)
        mean: Vectors = (rows / np.where(lengths > 0, lengths, 1) * signs[:, None]).mean(axis=0).astype(np.float32)
        return mean

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
        if word.lower() in self.vocabulary:
            return f"Its lower case is: '{word.lower()}'."
        near = nearest_spellings(word, self.words[:50_000], limit=3, cutoff=0.75)
        return f"Near spellings: {', '.join(near)}." if near else "No word is spelled like it."


def _as_words(words: str | Sequence[str] | None) -> list[str]:
    return [words] if isinstance(words, str) else list(words or ())
