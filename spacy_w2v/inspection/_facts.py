"""The facts about word vectors that an inspection finds. They are JSON values too."""

from typing import Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict

Rule: TypeAlias = Literal["undertrained", "rate-too-high", "not-finite", "all-zero"]
"""The names of the rules that warn."""


class Facts(BaseModel):
    """Base class of facts."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class OddRows(Facts):
    """Rows of one kind that most tables should not have."""

    n: int = 0
    """Number of rows."""
    words: list[str] = []
    """Some words of these rows, the most frequent first."""


class NormBand(Facts):
    """The lengths of the vectors of words with similar frequency."""

    first_rank: int
    """The rank of the first word, from 1 for the most frequent word."""
    last_rank: int
    mean_norm: float
    """The mean length of their vectors, without rows that are zero or not finite."""


class Hub(Facts):
    """A word that is a near neighbour of many words."""

    word: str
    share: float
    """The share of words that have it among their nearest neighbours, in [0, 1]."""


class Hubs(Facts):
    """How unevenly words are neighbours of each other (Radovanović et al. 2010)."""

    n_words: int
    """Number of words that are compared with each other."""
    n_neighbours: int
    """Number of nearest neighbours of each word: k."""
    skewness: float | None
    """The skewness of the number of words that have a word among their k nearest. 0 would be even. None if all words
    have the same number."""
    words: list[Hub]
    """The largest hubs."""


class PmiCorrelation(Facts):
    """How far products of input and output vectors follow the pointwise mutual information of the corpus."""

    correlation: float
    """Pearson's correlation of x·y with PMI, in [-1, 1]."""
    spread: float
    """The standard deviation of x·y divided by that of PMI: near 0 for vectors that are as they were initialised."""
    n_pairs: int
    """Number of pairs of words."""
    n_words: int
    """Number of the most frequent words that form these pairs."""
    n_tokens: int
    """Number of tokens of the corpus that were counted."""
    corpus: str
    """The digest of the encoded corpus. Correlations on different corpora are not comparable."""
    target: str
    """What training makes x·y follow: architecture, loss, window and sample. Others are not comparable either."""
    is_judged: bool
    """Whether the rules judge by the correlation. They do not for GloVe, whose biases take a part of the counts, so
    that it is low with few dimensions, nor for PPMI-SVD, which is computed at once."""


class Finding(Facts):
    """A rule that warns: what was found, and what to do."""

    rule: Rule
    text: str
    """What was found: a sentence with the value and the limit."""
    remedy: str
    """What to do."""


class Inspection(Facts):
    """What a table of word vectors is like. `inspect_vectors` returns it."""

    name: str
    """The name of the vectors, such as their path."""
    n_words: int
    n_rows: int
    """Number of rows that have a word. Several words may share a row."""
    n_unused_rows: int
    """Number of rows without a word."""
    vector_size: int
    """Number of dimensions d."""
    has_counts: bool
    """Whether the frequency of words is known. Otherwise the order of words is taken for that of their frequency."""
    zero_rows: OddRows
    not_finite_rows: OddRows
    duplicate_rows: OddRows
    """Rows that are equal to an earlier row, without those that are zero or not finite."""
    rank: int
    """The largest number of linearly independent vectors, at most d."""
    variance_shares: list[float]
    """The share of the variance along each principal axis, the largest first: d numbers with the sum 1. Empty if all
    vectors are equal."""
    effective_rank: float | None
    """exp of the entropy of these shares, from 1 to d: the number of axes that the vectors use. None without shares."""
    n_frequent: int
    """Number of the most frequent words that `mean_cosine` compares."""
    mean_cosine: float | None
    """The mean cosine of two of these words, in [-1, 1]; None for fewer than two."""
    norms: list[NormBand]
    """The lengths of vectors, from frequent to rare words."""
    hubs: Hubs | None
    """None for fewer than two vectors that are neither zero nor infinite."""
    pmi: PmiCorrelation | None
    """None if it cannot be computed."""
    pmi_left_out: str | None
    """Why `pmi` is None; otherwise None."""
    trained_effective_rank: float | None
    """The effective rank of the vectors as they were trained, which the rules use: that of the input vectors of a
    model, without post-processing. For other vectors it is that of the vectors themselves."""
    trained_mean_cosine: float | None
    """The mean cosine of frequent words, of the same vectors."""
    warnings: list[Finding]

    def to_dict(self) -> dict[str, Any]:  # Any: JSON values
        """Return the facts as JSON values, like those that `spacy w2v inspect --output` writes."""
        return self.model_dump()
