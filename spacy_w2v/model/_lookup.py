"""How a word is looked up among words that have vectors."""

NO_ROW = -1
"""In place of the row of a word that has none."""


def cases_of(word: str) -> tuple[str, str, str, str]:
    """Return a word as it stands, and in the cases that are tried where it has no vector."""
    return word, word.lower(), word.title(), word.upper()
