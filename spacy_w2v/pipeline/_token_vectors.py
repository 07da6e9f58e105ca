"""The vectors of tokens by their keys, by spaCy's hooks."""

from typing import Any

import numpy as np

from spacy_w2v._arrays import Vectors
from spacy_w2v.model._lookup import NO_ROW
from spacy_w2v.pipeline._doc_vectors import DocVectors


class TokenVectors:
    """Gives each token the vector of its key. Its methods are spaCy's hooks.

    Without them, a token has the vector of its form, which is that of the most frequent sense.
    """

    def __init__(self, doc_vectors: DocVectors) -> None:
        """Create the hooks.

        Args:
            doc_vectors: Looks up the rows of tokens.
        """
        self.doc_vectors = doc_vectors

    def vector(self, token: Any) -> Vectors:  # Any: spaCy's classes have no types
        """Return the vector of a token; zeros if it has none."""
        rows = self.doc_vectors.rows(_span_of(token))
        if rows[0] == NO_ROW:
            return np.zeros(token.vocab.vectors_length, np.float32)
        found: Vectors = self.doc_vectors.bind(token.vocab).vectors_at(rows)[0]
        return found

    def has_vector(self, token: Any) -> bool:
        """Return whether a token has a vector."""
        return bool(self.doc_vectors.rows(_span_of(token))[0] != NO_ROW)

    def norm(self, token: Any) -> float:
        """Return the norm of the vector of a token."""
        return float(np.linalg.norm(self.vector(token)))

    def similarity(self, token: Any, other: Any) -> float:
        """Return the cosine similarity of a token and a token, span, document or lexeme; 0 without a vector."""
        first, second = self.vector(token), other.vector
        norms = float(np.linalg.norm(first) * np.linalg.norm(second))
        return float(first @ second) / norms if norms else 0.0


def hook_tokens(doc: Any, doc_vectors: DocVectors) -> None:
    """Let the tokens of a document have the vectors of their keys."""
    vectors = TokenVectors(doc_vectors)
    hooks = {"vector": vectors.vector, "has_vector": vectors.has_vector}
    doc.user_token_hooks.update(hooks, vector_norm=vectors.norm, similarity=vectors.similarity)


def _span_of(token: Any) -> Any:
    return token.doc[token.i : token.i + 1]
