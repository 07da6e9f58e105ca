"""The numbers of what an encoded corpus contains, and of what was left out."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class DocumentCounts:
    """Numbers of documents of a source."""

    n_documents: int
    n_null: int
    """Documents that were left out because they were null."""
    n_not_text: int
    """Documents that were left out because they were neither strings nor lists of tokens."""


@dataclass(frozen=True)
class CorpusCounts(DocumentCounts):
    """What a corpus contains, and what was left out."""

    n_sentences: int
    n_tokens: int
    n_types: int
    n_dropped_types: int
    """Types that were dropped to stay within max_vocab_size."""
    n_dropped_tokens: int


@dataclass(frozen=True)
class PhraseCounts:
    """The numbers of phrases of a corpus, which are spans over its tokens."""

    n_phrases: int
    """The number of phrases in the texts."""
    n_types: int
    n_dropped_types: int
    """Types of phrases that were dropped to stay within max_vocab_size."""
    n_dropped_phrases: int
    """Phrases in the texts whose types were dropped."""

    @property
    def n_type_ids(self) -> int:
        """The number of type ids, including those of dropped types."""
        return self.n_types + self.n_dropped_types


@dataclass(frozen=True)
class JoinedPhrases:
    """The phrases of a corpus, each of which is one token."""

    n_phrases: int
    """The number of distinct phrases. Those with the same key count once."""
    n_tokens: int
    """The number of tokens that are phrases."""
    most_frequent: list[str]
    """The keys of the most frequent phrases."""
    n_split: int | None = None
    """The number of distinct phrases of a key function that are rarer, and stay as their tokens."""

    def to_json(self) -> dict[str, Any]:  # Any: JSON values
        """Return the fields as JSON values, without those that are unknown."""
        return {name: value for name, value in asdict(self).items() if value is not None}
