"""Reads gensim's `Phrases` and `FrozenPhrases`, as objects and as files, without running code in the files."""

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from pydantic import ValidationError

from spacy_w2v.config._phrases import PhraseSettings, Scoring
from spacy_w2v.config._problems import describe_arguments
from spacy_w2v.errors import ConfigError, StorageError, Word2VecError
from spacy_w2v.formats.gensim._pickles import recorded_state
from spacy_w2v.phrases._scores import PairCounts, score_pairs
from spacy_w2v.phrases._table import PhraseTable, Words

CLASSES = tuple(f"gensim.models.phrases.{name}" for name in ("Phrases", "FrozenPhrases", "Phraser"))
SCORINGS: dict[str, Scoring] = {
    "original_scorer": "default",
    "npmi_scorer": "npmi",
    "default": "default",
    "npmi": "npmi",
}
"""gensim's functions, and their names in files of older versions."""

MOST_TIMES = 1 << 62
"""Counts are below this number."""


class GensimPhrases(NamedTuple):
    """What an object of gensim has: the scores of phrases, or the counts of words and pairs."""

    name: str
    """Its name in messages."""
    scoring: Scoring | None
    """None for a function of the user."""
    threshold: float
    min_count: int
    delimiter: str
    connectors: frozenset[str]
    scores: Mapping[str, float] | None
    """The score of each phrase, of `FrozenPhrases`."""
    counts: Mapping[str, int]
    """The count of each word and pair, of `Phrases`."""
    n_tokens: int
    """The number of tokens of the corpus, of `Phrases`."""


class Division(NamedTuple):
    """The parts of a phrase."""

    first: str
    inside: Words
    second: str


class FoundPhrase(NamedTuple):
    """A phrase."""

    words: Words
    score: float
    n_times: int


def phrases_of_gensim(sources: Sequence[Any]) -> PhraseTable:  # Any: gensim has no types
    """Return the table of phrases of one object of gensim, or of several, which join one after the other.

    gensim has the words of a phrase as one text. If a word contains the delimiter, the text may be divided in several
    ways. The table then has a phrase for each, so that it joins what gensim does.

    Args:
        sources: The paths or objects, in the order of their passes.

    Raises:
        ConfigError: An object is not of these classes, or their settings do not fit.
        StorageError: A file is damaged, or was not saved by gensim.
    """
    passes = [_read(source) for source in sources]
    first = passes[0]
    if any(each[4:6] != first[4:6] for each in passes):
        raise ConfigError(
            "Phrases of several passes must have the same delimiter and connector words, but those of "
            f"{first.name} and of the others differ."
        )
    for each in passes:
        _settings_of([each])
    settings = _settings_of(passes)
    known: dict[str, Words] = {}
    found: dict[Words, tuple[int, FoundPhrase]] = {}
    for number, each in enumerate(passes, start=1):
        of_pass = list(_phrases_of(each, known))
        for phrase in sorted(of_pass, key=lambda phrase: -phrase.score):
            found.setdefault(phrase.words, (number, phrase))
        known |= {each.delimiter.join(phrase.words): phrase.words for phrase in of_pass}
    return PhraseTable(
        settings,
        list(found),
        np.array([phrase.score for _, phrase in found.values()], np.float64),
        np.array([phrase.n_times for _, phrase in found.values()], np.int64),
        np.array([number for number, _ in found.values()], np.uint8),
    )


def _settings_of(passes: Sequence[GensimPhrases]) -> PhraseSettings:
    """Return the settings of objects that join one after the other. Raises ConfigError if they are invalid."""
    first = passes[0]
    try:
        return PhraseSettings(
            scoring=first.scoring if all(each.scoring == first.scoring for each in passes) else None,
            threshold=tuple(each.threshold for each in passes),
            min_count=first.min_count,
            connector_words=tuple(sorted(first.connectors)),
            passes=len(passes),
            delimiter=first.delimiter,
        )
    except ValidationError as error:
        raise ConfigError(
            f"Settings of gensim's phrases must be valid, but those of {first.name} are not: "
            f"{describe_arguments(error)}"
        ) from None


def _read(source: Any) -> GensimPhrases:
    """Return what a path or an object has. Raises Word2VecError."""
    if isinstance(source, str | Path):
        class_name, state = recorded_state(Path(source), kinds="Phrases or FrozenPhrases")
        name = str(source)
    else:
        class_name, name = f"{type(source).__module__}.{type(source).__name__}", "this object"
        state = getattr(source, "__dict__", {})
    if class_name not in CLASSES:
        kind = StorageError if isinstance(source, str | Path) else ConfigError
        raise kind(f"Phrases of gensim must be Phrases or FrozenPhrases, but {name} is of the class {class_name}.")
    try:
        return _checked(state, name)
    except Word2VecError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError, LookupError) as error:
        raise StorageError(
            f"Phrases of gensim must have all their attributes, but {name} does not: {error!r}"
        ) from None


def _checked(state: Mapping[str, Any], name: str) -> GensimPhrases:
    """Return the attributes of an object of gensim, also as older versions have them. Raises many kinds of errors."""
    scoring = state.get("scoring", "default")
    scoring = scoring if isinstance(scoring, str) else str(getattr(scoring, "__name__", ""))
    delimiter = _text(state["delimiter"])
    connectors = frozenset(map(_text, state.get("connector_words", state.get("common_terms", ()))))
    scores = state.get("phrasegrams")
    if scores is not None:
        scores = {
            _joined(key, delimiter): float(score[1] if isinstance(score, tuple) else score)
            for key, score in scores.items()
        }
    counts = {_text(key): int(count) for key, count in state.get("vocab", {}).items()} if scores is None else {}
    if not delimiter:
        raise ConfigError(f"Phrases of gensim must have a delimiter, but that of {name} is empty.")
    if scores is None and scoring not in SCORINGS:
        raise ConfigError(
            f"Phrases of gensim must have its scoring default or npmi, but {name} has another function. Freeze them: "
            "FrozenPhrases(phrases)."
        )
    n_tokens = int(state.get("corpus_word_count", 0))
    for count in (*counts.values(), n_tokens):
        if not 0 <= count < MOST_TIMES:
            raise StorageError(f"Counts of gensim's phrases must be from 0 to 2^62, but {name} has {count}.")
    if counts and not n_tokens and SCORINGS.get(scoring) == "npmi":
        raise StorageError(f"The corpus_word_count of gensim's phrases must be above 0, but that of {name} is 0.")
    for text, score in (scores or {}).items():
        if not math.isfinite(score):
            raise StorageError(
                f"Scores of gensim's phrases must be finite numbers, but that of {text!r} in {name} is {score}."
            )
    return GensimPhrases(
        name=name,
        scoring=SCORINGS.get(scoring),
        threshold=float(state["threshold"]),
        min_count=int(state["min_count"]),
        delimiter=delimiter,
        connectors=connectors,
        scores=scores,
        counts=counts,
        n_tokens=n_tokens,
    )


def _text(value: Any) -> str:
    """Return a text; before gensim 4 texts were bytes."""
    if isinstance(value, bytes):
        return value.decode("utf-8")
    if not isinstance(value, str):
        raise TypeError("words must be strings")
    return value


def _joined(key: Any, delimiter: str) -> str:
    """Return the text of a phrase; before gensim 4 phrases were tuples."""
    return delimiter.join(map(_text, key)) if isinstance(key, tuple) else _text(key)


def _phrases_of(each: GensimPhrases, known: Mapping[str, Words]) -> Iterator[FoundPhrase]:
    """Yield the phrases of one object, whose parts may be phrases of the passes before."""
    if each.scores is None:
        yield from _scored(each, known)
        return
    for text, score in each.scores.items():
        if score > each.threshold:
            for division in _divisions(text, each, known):
                yield FoundPhrase(_words(division, known), score, 0)


def _scored(each: GensimPhrases, known: Mapping[str, Words]) -> Iterator[FoundPhrase]:
    """Yield the phrases of `Phrases`, scored as gensim's `export_phrases` does."""
    counts = each.counts
    pairs = [
        (division, count)
        for text, count in counts.items()
        for division in _divisions(text, each, known)
        if counts.get(division.first, 0) > 0 and counts.get(division.second, 0) > 0
    ]
    scores = score_pairs(
        PairCounts(
            first=np.array([counts[division.first] for division, _ in pairs], np.int64),
            second=np.array([counts[division.second] for division, _ in pairs], np.int64),
            pair=np.array([count for _, count in pairs], np.int64),
            n_distinct=len(counts),
            n_tokens=each.n_tokens,
        ),
        _settings_of([each]),
    )
    for (division, count), score in zip(pairs, scores.tolist(), strict=True):
        if score > each.threshold:
            yield FoundPhrase(_words(division, known), score, count)


def _divisions(text: str, each: GensimPhrases, known: Mapping[str, Words]) -> list[Division]:
    """Return the ways to divide a text into a first part, connector words and a second part.

    Those whose parts are single words or known phrases come before all others: if there are some, they are returned.
    """
    parts = text.split(each.delimiter)
    found = []
    for begin in range(1, len(parts)):
        first = each.delimiter.join(parts[:begin])
        if first in each.connectors:
            continue
        for end in range(begin, len(parts)):
            second = each.delimiter.join(parts[end:])
            if first and second and second not in each.connectors:
                found.append(Division(first, tuple(parts[begin:end]), second))
            if parts[end] not in each.connectors:
                break
    plain = [
        division
        for division in found
        if all(each.delimiter not in part or part in known for part in (division.first, division.second))
    ]
    return plain or found


def _words(division: Division, known: Mapping[str, Words]) -> Words:
    """Return the words of a phrase, those of its parts included."""
    first, inside, second = division
    return (*known.get(first, (first,)), *inside, *known.get(second, (second,)))
