"""Looking up words in other cases."""

NO_ROW = -1
"""The row of a word that has no vector."""


def cases_of(word: str) -> tuple[str, str, str, str]:
    """Return a word and its lower, title and upper case, in the order in which they are looked up."""
    return word, word.lower(), word.title(), word.upper()
