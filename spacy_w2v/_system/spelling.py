"""The nearest spellings of a name, by rapidfuzz."""

from collections.abc import Iterable


def nearest_spellings(name: str, valid: Iterable[str], *, limit: int = 1, cutoff: float = 0.6) -> list[str]:
    """Return the valid names that are spelled most like a name, the nearest first.

    Args:
        name: What was written.
        valid: The names that it may stand for.
        limit: How many names to return at most.
        cutoff: The least similarity, in [0, 1]: twice the length of the longest common subsequence, divided by the
            length of both names.
    """
    from rapidfuzz import process
    from rapidfuzz.distance import Indel

    found = process.extract(name, list(valid), scorer=Indel.normalized_similarity, limit=limit, score_cutoff=cutoff)
    return [near for near, _, _ in found]
