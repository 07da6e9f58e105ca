"""What the component `w2v` tells of the keys of its pipeline's vectors: their senses and neighbours."""

from typing import TYPE_CHECKING

from spacy_w2v.errors import ConfigError
from spacy_w2v.model._word_vectors import WordVectors
from spacy_w2v.pipeline._doc_vectors import DocVectors

if TYPE_CHECKING:
    from spacy.vocab import Vocab


class KeysOfPipeline:
    """Answers questions about keys such as "duck|NOUN"."""

    doc_vectors: DocVectors
    """Looks up rows of the table."""
    _vocab: "Vocab | None"
    """The vocab of the pipeline, or of the last document."""

    def best_sense(self, word: str) -> str | None:
        """Return the most frequent key of a word or phrase in the vectors of the pipeline.

        Args:
            word: The text, such as "duck" or "New York", in any case.

        Returns:
            A key such as "duck|NOUN". None if the word has no vector, or keys have no senses.

        Raises:
            ConfigError: The component has no pipeline and has not processed a document.

        Example:
            >>> nlp = spacy.load("pipeline")
            >>> component = nlp.add_pipe("w2v", config={"pooling": "mean"})
            >>> component.best_sense("minister") is None
            True
        """
        return self._names().best_sense(word)

    def most_similar(self, key: str, n: int = 10) -> list[tuple[str, float]]:
        """Return the keys with the vectors most similar to that of a key.

        Args:
            key: A key, such as "duck|NOUN".
            n: The number of keys to return.

        Returns:
            Keys with their cosine similarities, in [-1, 1], the most similar first.

        Raises:
            UnknownWordError: The key has no vector. This is also a KeyError.
            ConfigError: The component has no pipeline and has not processed a document.

        Example:
            >>> nlp = spacy.load("pipeline")
            >>> component = nlp.add_pipe("w2v", config={"pooling": "mean"})
            >>> [key for key, similarity in component.most_similar("minister", n=1)]
            ['prime']
        """
        return self._names().most_similar(key, topn=n)

    def _names(self) -> WordVectors:
        """Return the names of the rows of the vectors table, with their vectors."""
        if self._vocab is None:
            raise ConfigError(
                "The component needs the vectors of a pipeline, but was unpickled without one. Process a document with "
                "it first."
            )
        return self.doc_vectors.bind(self._vocab).names(self._vocab)
