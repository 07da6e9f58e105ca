"""Spelling suggestions, by rapidfuzz."""

from collections.abc import Iterable


def nearest_spellings(name: str, valid: Iterable[str], *, limit: int = 1, cutoff: float = 0.6) -> list[str]:
    """Return the valid names that are most similar to a name, the most similar first.

    Args:
        name: The name as the user wrote it.
        valid: The valid names.
        limit: The maximum number of names to return.
        cutoff: The minimum similarity, in [0, 1]: twice the length of the longest common subsequence, divided by the
            sum of both lengths.
    """
    from rapidfuzz import process
    from rapidfuzz.distance import Indel

    found = process.extract(name, list(valid), scorer=Indel.normalized_similarity, limit=limit, score_cutoff=cutoff)
    return [near for near, _, _ in found]
