"""The table of phrases: their words, scores and counts, its file, and how it joins the words of a sentence."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from spacy_w2v._arrays import Counts
from spacy_w2v._atomic import parse_manifest, read_bounded, staged_file, write_manifest
from spacy_w2v._system.hashing import sha256_of_values
from spacy_w2v.config._phrases import PhraseSettings
from spacy_w2v.config._problems import describe_arguments
from spacy_w2v.errors import StorageError

FORMAT = "spacy-w2v phrases"
FORMAT_VERSION = 1

Words = tuple[str, ...]
"""The words of a phrase, connector words included, as keys of tokens."""


@dataclass(frozen=True, eq=False)
class PhraseTable:
    """Phrases, in the order of the passes that find them, and within a pass by falling score. n = phrases.

    A pass joins a word or phrase, any number of connector words, and a word or phrase, if the table has all their words
    together as a phrase of this pass. The first pass joins single words, the others also phrases of earlier passes.
    """

    settings: PhraseSettings
    """The settings that the phrases were found with."""
    words: list[Words]
    """n; the words of each phrase, in a different tuple each, of two or more."""
    scores: NDArray[np.float64]
    """n; the score of each phrase, above the threshold of its pass."""
    counts: Counts
    """n; the number of times that the two parts of each phrase occur side by side. 0 if it is not known."""
    passes: NDArray[np.uint8]
    """n; the number of the pass that finds each phrase, from 1."""

    def __repr__(self) -> str:
        """Return a summary, because there may be a million phrases."""
        return f"PhraseTable({len(self)} phrases, scoring={self.settings.scoring!r})"

    def __len__(self) -> int:
        return len(self.words)

    def __contains__(self, words: object) -> bool:
        return words in self.index

    @cached_property
    def index(self) -> dict[Words, int]:
        """The number of each phrase by its words."""
        return {words: number for number, words in enumerate(self.words)}

    def texts(self, delimiter: str = " ") -> list[str]:
        """Return each phrase as a text, its words joined by a delimiter."""
        return [delimiter.join(words) for words in self.words]

    def digest(self) -> str:
        """Return a hash of all that decides which words are joined, for fingerprints."""
        return sha256_of_values(sorted(self.settings.connectors), self.words, self.passes.tolist())

    def join(self, sentence: Sequence[str], delimiter: str | None = None) -> list[str]:
        """Return a sentence in which phrases are one word.

        Args:
            sentence: The words, as keys of tokens.
            delimiter: What is between the words of a phrase; None for that of the settings.

        Returns:
            The words and phrases.

        Example:
            >>> table.join(["in", "new", "york", "city"], " ")
            ['in', 'new york', 'city']
        """
        units: list[Words] = [(word,) for word in sentence]
        for number in range(1, int(self.passes.max(initial=0)) + 1):
            units = self._joined(units, number)
        between = self.settings.delimiter if delimiter is None else delimiter
        return [between.join(unit) for unit in units]

    def _joined(self, units: list[Words], number: int) -> list[Words]:
        """Return units after one pass: from left to right, without overlap, as gensim's `analyze_sentence`."""
        connectors = self.settings.connectors
        done: list[Words] = []
        pending: list[Words] = []  # a possible first part, and the connector words after it
        for unit in units:
            if len(unit) == 1 and unit[0] in connectors:
                (pending or done).append(unit)
                continue
            whole = tuple(word for part in (*pending, unit) for word in part)
            if pending and self._finds(whole, number):
                done.append(whole)
                pending = []
            else:
                done += pending
                pending = [unit]
        return done + pending

    def _finds(self, words: Words, number: int) -> bool:
        row = self.index.get(words)
        return row is not None and self.passes[row] == number

    def to_gensim(self) -> list[Any]:  # Any: gensim has no types
        """Return gensim's `FrozenPhrases`, one for each pass. Each of them joins what those before it have joined.

        Example:
            >>> bigrams, trigrams = table.to_gensim()
            >>> joined = trigrams[bigrams[["new", "york", "times"]]]
            >>> joined
            ['new_york_times']
        """
        from gensim.models.phrases import FrozenPhrases, npmi_scorer, original_scorer

        texts, passes = self.texts(self.settings.delimiter), []
        for number, threshold in enumerate(self.settings.thresholds, start=1):
            frozen = object.__new__(FrozenPhrases)
            frozen.threshold, frozen.min_count = threshold, self.settings.min_count
            frozen.delimiter, frozen.connector_words = self.settings.delimiter, self.settings.connectors
            frozen.scoring = npmi_scorer if self.settings.scoring == "npmi" else original_scorer
            rows = np.flatnonzero(self.passes == number)[::-1]  # of two phrases with the same text, the first stays
            frozen.phrasegrams = {texts[row]: float(self.scores[row]) for row in rows}
            passes.append(frozen)
        return passes

    def write(self, path: Path) -> None:
        """Write the table to a JSON file, which `read` reads.

        Raises:
            StorageError: The file cannot be written.
        """
        values = {
            "format": FORMAT,
            "format_version": FORMAT_VERSION,
            "settings": self.settings.model_dump(mode="json"),
            "phrases": self.words,
            "scores": self.scores.tolist(),
            "counts": self.counts.tolist(),
            "passes": self.passes.tolist(),
        }
        with staged_file(path) as staged:
            write_manifest(staged, values)

    @classmethod
    def read(cls, path: Path) -> "PhraseTable":
        """Read a table that `write` wrote.

        Raises:
            StorageError: The file is missing or damaged, or is of another kind or a newer version.
        """
        content = read_bounded(path)
        values = parse_manifest(content, name=str(path))
        if values.get("format") != FORMAT:
            raise StorageError(f"{path} must be a table of phrases of spacy-w2v, but is another kind of file.")
        if values.get("format_version") != FORMAT_VERSION:
            found = values["format_version"] if isinstance(values.get("format_version"), int) else "unknown"
            raise StorageError(f"{path} must have format version {FORMAT_VERSION}, was: {found}.")
        values = parse_manifest(content, name=str(path), checked=True)
        try:
            return _table_of(values)
        except ValidationError as error:
            raise StorageError(
                f"{path} must have valid settings of phrases, but is damaged: {describe_arguments(error)}"
            ) from None
        except (ValueError, TypeError, OverflowError) as error:
            raise StorageError(
                f"{path} must have a score, a count and a pass for each phrase, but is damaged: {error}"
            ) from None


def _table_of(values: dict[str, Any]) -> PhraseTable:  # Any: JSON values
    """Return the table of a file. Raises ValueError or TypeError if an entry is missing or has a wrong type."""
    phrases, scores, counts, passes = (values.get(name) for name in ("phrases", "scores", "counts", "passes"))
    if not (isinstance(phrases, list) and isinstance(scores, list) and isinstance(counts, list)):
        raise TypeError("entries are missing")
    if not isinstance(passes, list) or not len(phrases) == len(scores) == len(counts) == len(passes):
        raise TypeError("its lists do not have the same length")
    words = [tuple(phrase) for phrase in phrases if isinstance(phrase, list)]
    if len(set(words)) != len(phrases) or not all(len(of) > 1 and all(isinstance(w, str) for w in of) for of in words):
        raise TypeError("phrases must be different lists of words")
    if not all(type(number) is int for number in (*counts, *passes)) or not all(type(s) is float for s in scores):
        raise TypeError("numbers are of the wrong type")
    if not isinstance(values.get("settings"), dict):
        raise TypeError("its settings are missing")
    settings = PhraseSettings.model_validate(values["settings"])
    in_bounds = all(1 <= number <= settings.passes for number in passes) and min(counts, default=0) >= 0
    if not in_bounds or not np.isfinite(scores).all():
        raise ValueError("numbers are out of bounds")
    return PhraseTable(
        settings, words, np.array(scores, np.float64), np.array(counts, np.int64), np.array(passes, np.uint8)
    )
