"""The sets by which vectors are scored in a run: they are read before training, and looked up in the vocabulary."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from spacy_w2v._system.hashing import sha256_of_text
from spacy_w2v.config._evaluation import EvaluationSettings
from spacy_w2v.errors import ConfigError, CorpusError
from spacy_w2v.errors._wording import did_you_mean
from spacy_w2v.evaluation._analogies import score_analogies
from spacy_w2v.evaluation._data_sets import Section, WordPair, read_analogies
from spacy_w2v.evaluation._scores import AnalogyScore
from spacy_w2v.evaluation._set_files import ANALOGIES, bundled
from spacy_w2v.evaluation._similarity import SimilaritySets
from spacy_w2v.evaluation._word_pairs import WordPairScorer
from spacy_w2v.model._vocabulary import Vocabulary
from spacy_w2v.model._word_vectors import WordVectors

DEFAULT_SETS = ("wordsim353", "simlex999")
"""The sets of word pairs if the settings name none but need scores."""

MIN_KNOWN = 10
"""Smallest number of pairs whose words are in the vocabulary. The rank correlation of fewer says next to nothing."""

RESTRICT_VOCAB = 30_000
"""Number of the most frequent words among which questions and answers of analogies are, as in `evaluate`."""


@dataclass(frozen=True)
class ScoringSets:
    """The sets of word pairs by which the vectors of a run are scored."""

    pairs: dict[str, list[WordPair]]
    """The pairs of each set, by its name."""
    settings: EvaluationSettings

    @classmethod
    def load(cls, settings: EvaluationSettings) -> "ScoringSets | None":
        """Read the sets of a run; None if its vectors are not scored.

        Raises:
            ConfigError: A set does not exist, or `score` is not the name of one.
            CorpusError: A file has no word pairs.
        """
        if not settings.scores:
            return None
        pairs = SimilaritySets(settings.word_pairs or DEFAULT_SETS).load()
        if settings.score is not None and settings.score not in pairs:
            hint = did_you_mean(settings.score, list(pairs), otherwise=f"Known: {', '.join(pairs)}.")
            raise ConfigError(f"score must be the name of a set in word_pairs, was: {settings.score}. {hint}")
        return cls(pairs, settings)

    def digest(self) -> str:
        """Return a hash of the word pairs and the names of the sets."""
        return sha256_of_text(json.dumps(self.pairs))

    def scorers(self, vocabulary: Vocabulary) -> dict[str, WordPairScorer]:
        """Return the scorer of each set.

        Sets that the settings do not name themselves are left out if too few of their pairs are known.

        Args:
            vocabulary: The words of the run.

        Raises:
            CorpusError: Too few of the pairs of a set are known.
        """
        scorers = {name: WordPairScorer(vocabulary, pairs) for name, pairs in self.pairs.items()}
        few = [name for name, scorer in scorers.items() if scorer.is_known.sum() < MIN_KNOWN]
        is_needed = len(few) == len(scorers) or self.settings.score in few
        if few and (self.settings.word_pairs or (is_needed and self.settings.decides)):
            known = f"{scorers[few[0]].is_known.sum()} of {len(self.pairs[few[0]])}"
            raise CorpusError(
                f"The vocabulary must have both words of at least {MIN_KNOWN} pairs of a set, but it has those of "
                f"{known} pairs of {few[0]}. Use more texts, lower min_count, or name another set in word_pairs of "
                "[w2v.evaluation]."
            )
        return {name: scorer for name, scorer in scorers.items() if name not in few}


def describe_sets(settings: EvaluationSettings, scorers: Mapping[str, WordPairScorer]) -> Iterator[str]:
    """Yield sentences about the sets by which vectors are scored, and those that are left out.

    Args:
        settings: The settings.
        scorers: The scorers, by the name of the set.
    """
    for name in names_of_sets(settings):
        if name not in scorers:
            yield f"Vectors are not scored on {name}: the vocabulary has fewer than {MIN_KNOWN} of its pairs"
    parts = [f"{name} ({each.is_known.sum():,} of {len(each.is_known):,} pairs)" for name, each in scorers.items()]
    if parts:
        yield f"Vectors are scored on {' and '.join(parts)}"


def names_of_sets(settings: EvaluationSettings) -> list[str]:
    """Return the names of the sets of word pairs by which the vectors of a run are scored: their files' stems."""
    return [Path(name).stem for name in settings.word_pairs or DEFAULT_SETS] if settings.scores else []


def load_analogies(settings: EvaluationSettings) -> dict[str, list[Section]]:
    """Return the analogies of each set, by the name of its file without suffix.

    Raises:
        ConfigError: A set does not exist, or two have the same name.
        CorpusError: A file has no analogies.
    """
    files = {Path(file).stem: file for file in ANALOGIES.values()}
    sets: dict[str, list[Section]] = {}
    for name in settings.analogies:
        path = bundled(files[name]) if name in files else Path(name)
        if not path.is_file():
            raise ConfigError(
                f"A set of analogies must be {' or '.join(files)}, or an existing file with four words in each line, "
                f"was: {name}"
            )
        if path.stem in sets:
            raise ConfigError(f"The sets of analogies must have different names, was twice: {path.stem}")
        sets[path.stem] = read_analogies(path)
    return sets


def score_all_analogies(vectors: WordVectors, sets: dict[str, list[Section]]) -> dict[str, AnalogyScore]:
    """Return the score of vectors on each set of analogies."""
    restrict = min(RESTRICT_VOCAB, len(vectors))
    return {name: score_analogies(vectors, sections, restrict_vocab=restrict) for name, sections in sets.items()}


def check_sets(settings: EvaluationSettings) -> None:
    """Read all sets, so that errors come before the corpus is read. Raises as `ScoringSets.load` does."""
    ScoringSets.load(settings)
    load_analogies(settings)
