"""The senses of words, where keys such as "duck|NOUN" and "duck|VERB" have vectors of their own."""

from abc import abstractmethod
from collections.abc import Collection, Iterator
from functools import cached_property

from spacy_w2v._arrays import Counts
from spacy_w2v.errors import ConfigError
from spacy_w2v.keys._sense_names import sense_key, split_sense
from spacy_w2v.model._spellings import Spellings


class Senses(Spellings):
    """Looks up the senses of a word among keys, as sense2vec's `get_best_sense` and `get_other_senses` do."""

    counts: Counts | None
    """int64; the number of tokens of each key, or None if unknown."""

    @property
    @abstractmethod
    def index(self) -> dict[str, int]:
        """The place of each key in `words`."""

    @cached_property
    def all_senses(self) -> list[str]:
        """The distinct senses of all keys, sorted: "GPE", "NOUN", "VERB" and so on. Empty for words without senses.

        Example:
            >>> spacy_w2v.open_vectors("vectors").all_senses
            []
        """
        return sorted({found[1] for found in map(split_sense, self.words) if found is not None})

    def senses(self, word: str, *, ignore_case: bool = True) -> list[str]:
        """Return the keys of a word or phrase, the most frequent first.

        Args:
            word: The text, such as "duck" or "New York".
            ignore_case: Whether its lower, upper and title case are looked up too.

        Returns:
            The keys, such as "duck|NOUN" and "duck|VERB". Empty if the word has no vector, or keys have no senses.

        Example:
            >>> vectors = spacy_w2v.open_vectors("vectors")
            >>> vectors.senses("minister")
            []
        """
        return self._most_frequent_first(self._keys_of(word, self.all_senses, ignore_case=ignore_case))

    def best_sense(self, word: str, senses: Collection[str] | None = None, *, ignore_case: bool = True) -> str | None:
        """Return the most frequent key of a word or phrase, as sense2vec's `get_best_sense` does.

        Args:
            word: The text, such as "duck" or "New York".
            senses: The senses to choose from. None for all.
            ignore_case: Whether its lower, upper and title case are looked up too.

        Returns:
            A key such as "duck|NOUN". None if the word has none of these senses. Of equally frequent keys, it is the
            last one in the order of their characters.

        Example:
            >>> spacy_w2v.open_vectors("vectors").best_sense("minister") is None
            True
        """
        keys = self._keys_of(word, senses or self.all_senses, ignore_case=ignore_case)
        return next(iter(self._most_frequent_first(keys)), None)

    def other_senses(self, key: str, *, ignore_case: bool = True) -> list[str]:
        """Return the keys of the same word with other senses, the most frequent first.

        They are those of sense2vec's `get_other_senses`, whose order is random if case is ignored.

        Args:
            key: A key, such as "duck|NOUN". It need not have a vector.
            ignore_case: Whether the lower, upper and title case of its word are looked up too.

        Returns:
            The other keys, such as "duck|VERB".

        Raises:
            ConfigError: The key has no sense.

        Example:
            >>> spacy_w2v.open_vectors("vectors").other_senses("minister|NOUN")
            []
        """
        split = split_sense(key)
        if split is None:
            raise ConfigError(
                f'A key must be a word and its sense, such as "duck|NOUN", was: {key!r}. For a word without a sense, '
                "call senses."
            )
        word, own = split
        others = [sense for sense in self.all_senses if sense != own]
        return self._most_frequent_first(self._keys_of(word, others, ignore_case=ignore_case))

    def near_spellings(self, word: str) -> str:
        """Return a sentence that names the senses of a word, or words with a spelling near to it.

        Example:
            >>> spacy_w2v.open_vectors("vectors").near_spellings("ministr")
            'Near spellings: minister, ministry, ministers.'
        """
        keys = self.senses(word)
        return f"Its senses are: {', '.join(keys)}." if keys else super().near_spellings(word)

    def _keys_of(self, word: str, senses: Collection[str], *, ignore_case: bool) -> Iterator[str]:
        """Yield the keys of a word with some senses, each once."""
        versions = (word, word.lower(), word.upper(), word.title()) if ignore_case else (word,)
        keys = (sense_key(version, sense) for version in versions for sense in senses)
        return (key for key in dict.fromkeys(keys) if key in self.index)

    def _most_frequent_first(self, keys: Iterator[str]) -> list[str]:
        counts = self.counts
        if counts is None:
            return sorted(keys, reverse=True)
        return sorted(keys, key=lambda key: (counts[self.index[key]], key), reverse=True)
