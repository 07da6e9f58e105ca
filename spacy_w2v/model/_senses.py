"""The senses of words, where keys such as "duck|NOUN" and "duck|VERB" have vectors of their own."""

from abc import abstractmethod
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from spacy_w2v._arrays import Counts, Offsets
from spacy_w2v.errors import ConfigError
from spacy_w2v.keys._sense_names import have_senses, sense_key, split_sense, texts_of_keys
from spacy_w2v.model._lookup import NO_ROW, cases_of
from spacy_w2v.model._spellings import Spellings

KEYED = ("LEMMA", "KEY")
"""What words are, as in `[w2v.tokens]`, if a function of the annotated text makes them."""


class Senses(Spellings):
    """Looks up the senses of a word among keys, as sense2vec's `get_best_sense` and `get_other_senses` do."""

    counts: Counts | None
    """int64; the number of tokens of each key, or None if unknown."""

    rows: NDArray[np.int64]
    """The row of each key in the matrix."""
    attr: str | None
    """What the words are, as in `[w2v.tokens]`; None if unknown."""

    @property
    @abstractmethod
    def index(self) -> dict[str, int]:
        """The place of each key in `words`."""

    @property
    @abstractmethod
    def word_of_row(self) -> NDArray[np.int64]:
        """The place of the word of each row; -1 if no word has it."""

    @abstractmethod
    def rows_of(self, words: Sequence[str]) -> Offsets:
        """Return the row that a pipeline with these vectors finds for each word as a token, or NO_ROW."""

    @cached_property
    def have_senses(self) -> bool:
        """Whether words are keys with a sense, such as "duck|NOUN". Most of them are, then.

        Example:
            >>> spacy_w2v.open_vectors("vectors").have_senses
            False
        """
        return have_senses(self.words)

    @property
    def are_keys(self) -> bool:
        """Whether words are keys of a function, such as lemmas or words with senses, and not texts.

        Example:
            >>> spacy_w2v.open_vectors("vectors").are_keys
            False
        """
        return self.attr in KEYED or self.have_senses

    @property
    def texts(self) -> list[str]:
        """The words without their senses, in the same order: "duck" for "duck|NOUN".

        Example:
            >>> vectors = spacy_w2v.open_vectors("vectors")
            >>> vectors.texts == vectors.words
            True
        """
        return texts_of_keys(self.words) if self.have_senses else self.words

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
            last one in the order of their characters. Without counts it is the first of the words, where sense2vec
            takes the last one in the order of characters.

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

    def key_of_text(self, text: str) -> str | None:
        """Return the key that a text stands for: its commonest one, such as "duck|NOUN" for "duck", or a lemma.

        Its own case is looked up first. None if it has no vector, or words are not keys.

        Example:
            >>> spacy_w2v.open_vectors("vectors").key_of_text("minister") is None
            True
        """
        row = self.rows_of([text])[0]
        if row == NO_ROW:
            return None
        key = self.words[self.word_of_row[row]]
        return key if self.attr in KEYED or split_sense(key) is not None else None

    def rows_of_commonest_senses(self, texts: Iterable[str], rows: Offsets) -> Offsets:
        """Return rows of texts, where a text without one has the row of its commonest sense, in its own case first.

        Args:
            texts: The texts.
            rows: The row of each, or NO_ROW.

        Example:
            >>> vectors = spacy_w2v.open_vectors("vectors")
            >>> vectors.rows_of_commonest_senses(["minister"], vectors.rows[:1]).tolist()
            [0]
        """
        if not self.have_senses or (rows != NO_ROW).all():
            return rows
        found = rows.copy()
        for place, text in enumerate(texts):
            if found[place] == NO_ROW:
                keys = (self.best_sense(case, ignore_case=False) for case in cases_of(text))
                key = next((key for key in keys if key is not None), None)
                found[place] = NO_ROW if key is None else self.rows[self.index[key]]
        return found

    def near_spellings(self, word: str) -> str:
        """Return a sentence that names the senses of a word, its lemma, or words with a spelling near to it.

        Example:
            >>> spacy_w2v.open_vectors("vectors").near_spellings("ministr")
            'Near spellings: minister, ministry, ministers.'
        """
        if keys := self.senses(word):
            return f"Its senses are: {', '.join(keys)}."
        key = self.key_of_text(word)
        return super().near_spellings(word) if key is None else f"Its key is: {key!r}."

    def _keys_of(self, word: str, senses: Collection[str], *, ignore_case: bool) -> Iterator[str]:
        """Yield the keys of a word with some senses, each once."""
        versions = cases_of(word) if ignore_case else (word,)
        keys = (sense_key(version, sense) for version in versions for sense in senses)
        return (key for key in dict.fromkeys(keys) if key in self.index)

    def _most_frequent_first(self, keys: Iterator[str]) -> list[str]:
        counts = self.counts
        if counts is None:
            return sorted(keys, key=self.index.__getitem__)
        return sorted(keys, key=lambda key: (counts[self.index[key]], key), reverse=True)
