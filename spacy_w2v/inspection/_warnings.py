"""The rules that warn about vectors, and what to do. docs/explanation/signs.md has the models they were tried on.

A rule warns only where all vectors of known quality on one side of its limit were bad ones. Not every bad model breaks
a rule.
"""

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from spacy_w2v.inspection._facts import Finding, OddRows

if TYPE_CHECKING:
    from spacy_w2v.inspection._facts import Inspection, PmiCorrelation

LEAST_WORDS = 200
"""Number of vectors that the rules about training need. Fewer words say little about how long a model was trained."""

LEAST_RANK, LEAST_RANK_SHARE = 25.0, 0.25
"""The effective rank below which vectors are undertrained: 25, or a quarter of the dimensions if that is less."""

LARGEST_COSINE = 0.4
"""The mean cosine of frequent words above which vectors are undertrained, for 25 dimensions or more. With fewer, also
vectors of well-trained models are nearer to each other: 0.35 was seen with 16. The limit then is 2 / sqrt(d)."""

LEAST_CORRELATION = 0.35
"""The correlation of x·y with PMI below which vectors have not learned the counts of their corpus."""

MANY_AXES = 0.5
"""The share of dimensions from which the effective rank is high. Vectors of such a rank have moved far in all
directions. If they still do not follow the counts, it was by steps too large to settle."""

LEAST_SPREAD = 0.1
"""The spread of x·y below which vectors are nearly as they were initialised, at random. Their rank is high too."""

LARGEST_FALL = 0.1
"""How far the correlation may be below that of other vectors of the same corpus whose rank is high, but not higher."""

SAME_RANK = 0.9
"""The share of another effective rank from which a rank counts as no lower."""

LOSS_IS_NO_GUIDE = (
    "The loss does not show it: its mean over an epoch also rises in good runs, as the learning rate falls."
)


def rank_limit(vector_size: int) -> float:
    """Return the effective rank below which vectors of this size are undertrained."""
    return min(LEAST_RANK, LEAST_RANK_SHARE * vector_size)


def cosine_limit(vector_size: int) -> float:
    """Return the mean cosine of frequent words above which vectors of this size are undertrained."""
    return max(LARGEST_COSINE, 2 / math.sqrt(vector_size))


def findings(
    *,
    vector_size: int,
    n_vectors: int,
    effective_rank: float | None,
    mean_cosine: float | None,
    pmi: "PmiCorrelation | None",
    not_finite: OddRows,
) -> Iterator[Finding]:
    """Yield what the rules find.

    Args:
        vector_size: Number of dimensions d.
        n_vectors: Number of vectors that are neither zero nor infinite.
        effective_rank: The effective rank of the vectors as they were trained.
        mean_cosine: The mean cosine of frequent words, of the same vectors.
        pmi: Their correlation with PMI.
        not_finite: The rows that are not finite.
    """
    if not_finite.n:
        yield Finding(
            rule="not-finite",
            text=f"All numbers must be finite, but {_rows(not_finite.n)} NaN or infinity, such as that of "
            f"'{not_finite.words[0]}'.",
            remedy="Train again with a lower alpha, or remove these words.",
        )
    elif not n_vectors:
        yield Finding(
            rule="all-zero",
            text="Some vector must not be zero, but all are.",
            remedy="Export the vectors again, or train them: no word is similar to another.",
        )
    if n_vectors < LEAST_WORDS:
        return
    is_low = pmi is not None and pmi.is_judged and pmi.correlation < LEAST_CORRELATION
    if pmi is not None and is_low and _has_many_axes(effective_rank, vector_size) and pmi.spread >= LEAST_SPREAD:
        yield Finding(
            rule="rate-too-high",
            text=f"The learning rate seems too high: the effective rank is {effective_rank:.1f} of {vector_size}, but "
            f"the correlation of x·y with PMI is {pmi.correlation:.2f}, below {LEAST_CORRELATION}.",
            remedy="Train with a lower alpha, or with a lower min_alpha, so that the last steps are small. A "
            "checkpoint of an unfinished run may settle as its learning rate falls.",
        )
        return
    signs = _signs(vector_size, effective_rank=effective_rank, mean_cosine=mean_cosine, pmi=pmi)
    if signs:
        yield Finding(
            rule="undertrained",
            text=f"These vectors look undertrained: {'; '.join(signs)}.",
            remedy="Train for more epochs, with a higher alpha or on more text. The preset optimize = "
            f'"accuracy" chooses epochs and alpha. {LOSS_IS_NO_GUIDE}',
        )


def compare(first: "Inspection", other: "Inspection") -> Finding | None:
    """Return what the second of two inspections shows beside the first, or None if no rule warns.

    At a rate that is too high, vectors spread over as many axes or more, but follow the counts of the corpus less. The
    same happens, to a smaller degree, when vectors get better. So a small fall is no sign, nor is one after vectors of
    a low rank, which are undertrained.

    Args:
        first: The inspection of a model.
        other: The inspection of another model of the same corpus.
    """
    before, after = first.pmi, other.pmi
    rank_before, rank_after = first.trained_effective_rank, other.trained_effective_rank
    if before is None or after is None or rank_before is None or rank_after is None:
        return None
    if (before.corpus, before.target, first.vector_size) != (after.corpus, after.target, other.vector_size):
        return None
    fall = before.correlation - after.correlation if before.is_judged else 0.0
    if not (
        _has_many_axes(rank_before, first.vector_size) and rank_after >= SAME_RANK * rank_before and fall > LARGEST_FALL
    ):
        return None
    return Finding(
        rule="rate-too-high",
        text=f"The learning rate of {other.name} seems too high: the correlation of x·y with PMI is "
        f"{after.correlation:.2f}, and {before.correlation:.2f} with {first.name}, though the effective rank is "
        f"{rank_after:.1f}, and {rank_before:.1f} there.",
        remedy=f"Prefer the learning rate of {first.name}.",
    )


def _rows(n: int) -> str:
    return "1 row has" if n == 1 else f"{n:,} rows have"


def _has_many_axes(effective_rank: float | None, vector_size: int) -> bool:
    return effective_rank is not None and effective_rank >= MANY_AXES * vector_size


def _signs(
    vector_size: int, *, effective_rank: float | None, mean_cosine: float | None, pmi: "PmiCorrelation | None"
) -> list[str]:
    """Return each sign of vectors that are undertrained, with the value and the limit."""
    signs = []
    if effective_rank is not None and effective_rank < (limit := rank_limit(vector_size)):
        signs.append(f"their effective rank is {effective_rank:.1f}, below {limit:g}")
    if mean_cosine is not None and mean_cosine > (limit := cosine_limit(vector_size)):
        signs.append(f"the mean cosine of frequent words is {mean_cosine:.2f}, above {limit:.2g}")
    if pmi is not None and pmi.spread < LEAST_SPREAD:
        signs.append(f"products x·y vary by {pmi.spread:.2f} of PMI, below {LEAST_SPREAD}")
    elif pmi is not None and pmi.is_judged and pmi.correlation < LEAST_CORRELATION:
        signs.append(f"the correlation of x·y with PMI is {pmi.correlation:.2f}, below {LEAST_CORRELATION}")
    return signs
