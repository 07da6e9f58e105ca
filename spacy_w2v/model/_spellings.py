"""Words of a vocabulary with a spelling near to an unknown word."""

from abc import ABC, abstractmethod

from spacy_w2v._system.spelling import nearest_spellings

MAX_SPELLING_CANDIDATES = 50_000
"""Number of words, the most frequent ones, that are searched for near spellings."""


class Spellings(ABC):
    """What can be said about a word that a vocabulary lacks."""

    words: list[str]
    """The words, the most frequent first."""

    @abstractmethod
    def __contains__(self, word: object) -> bool:
        """Return whether a word is one of them."""

    def near_spellings(self, word: str) -> str:
        """Return a sentence that names words with a spelling near to a word without a vector.

        Example:
            >>> spacy_w2v.open_vectors("vectors").near_spellings("ministr")
            'Near spellings: minister, ministry, ministers.'
        """
        if word.lower() in self:
            return f"Its lower case is: '{word.lower()}'."
        near = self.spelled_like(word)
        return f"Near spellings: {', '.join(near)}." if near else "No word is spelled like it."

    def spelled_like(self, word: str) -> list[str]:
        """Return up to three words with a spelling near to a word without a vector, the nearest first.

        Example:
            >>> spacy_w2v.open_vectors("vectors").spelled_like("ministr")
            ['minister', 'ministry', 'ministers']
        """
        return nearest_spellings(word, self.words[:MAX_SPELLING_CANDIDATES], limit=3, cutoff=0.75)
