"""Tables of words of any script, in columns of a terminal."""

import unicodedata
from collections.abc import Sequence

from spacy_w2v._system.terminal import shown

SPACING = 3


def aligned(rows: Sequence[Sequence[str]]) -> str:
    """Return the rows as lines, with each column as wide as its widest cell, and cells as `shown` returns them."""
    rows = [tuple(map(shown, row)) for row in rows]
    widths = [max(map(width_of, column)) for column in zip(*rows, strict=True)]
    lines = (
        (" " * SPACING).join(cell + " " * (width - width_of(cell)) for cell, width in zip(row, widths, strict=True))
        for row in rows
    )
    return "\n".join(line.rstrip() for line in lines)


def width_of(text: str) -> int:
    """Return how many columns of a terminal a text takes: two for each wide character, such as those of Chinese."""
    return sum(map(_columns_of, text))


def _columns_of(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):  # drawn over the one before, or not at all
        return 0
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1
