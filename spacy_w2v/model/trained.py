"""A trained model: words with their input and output vectors, and how they came about."""

from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from spacy_w2v.errors import UnknownWordError
from spacy_w2v.model.vocabulary import Vocabulary
from spacy_w2v.types import Vectors


@dataclass(frozen=True, eq=False)
class TrainedModel:
    """Word vectors with all that training knows of them."""

    vocabulary: Vocabulary
    input_vectors: Vectors
    """v × d, float32: the word vectors."""
    output_vectors: Vectors
    """v × d, float32: the vectors of words as they are predicted."""
    config: str
    """The config of the run, complete, as the text of a config file."""
    meta: dict[str, Any]
    """Facts for people and programs: source, counts of the corpus, hyper-parameters, results, versions."""

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
            raise UnknownWordError(self._unknown(word))
        return rank

    def most_similar(self, word: str | ArrayLike, *, topn: int = 10) -> list[tuple[str, float]]:
        """Return the words nearest to a word or to a vector of d numbers, with their cosine similarities.

        A word itself is left out. Raises UnknownWordError.
        """
        left_out = self.rank(word) if isinstance(word, str) else None
        query = self.input_vectors[left_out] if left_out is not None else np.asarray(word, np.float32)
        scores = self.input_vectors @ query
        norms = np.linalg.norm(self.input_vectors, axis=1) * np.linalg.norm(query)
        similarities = np.divide(scores, norms, out=np.zeros_like(scores), where=norms > 0)
        if left_out is not None:
            similarities[left_out] = -np.inf
        n_found = min(topn, len(self) - (left_out is not None))
        nearest = np.argsort(-similarities, kind="stable")[:n_found]
        return [(self.words[rank], float(similarities[rank])) for rank in nearest]

    def _unknown(self, word: str) -> str:
        if word.lower() in self.vocabulary:
            return f"A word must be in the vocabulary, was: '{word}'. Its lower case is: '{word.lower()}'."
        near = get_close_matches(word, self.words[:50_000], n=3, cutoff=0.75)
        hint = f"Near spellings: {', '.join(near)}." if near else "No word is spelt like it."
        return f"A word must be in the vocabulary of {len(self)} words, was: '{word}'. {hint}"
