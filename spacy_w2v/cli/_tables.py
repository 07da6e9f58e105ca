"""Tables of words in any script, aligned for a terminal."""

from collections.abc import Sequence

from spacy_w2v._system.terminal import shown

SPACING = 3


def aligned(rows: Sequence[Sequence[str]]) -> str:
    """Return rows as lines of text with aligned columns. Control characters in cells are escaped."""
    rows = [tuple(map(shown, row)) for row in rows]
    widths = [max(map(width_of, column)) for column in zip(*rows, strict=True)]
    lines = (
        (" " * SPACING).join(cell + " " * (width - width_of(cell)) for cell, width in zip(row, widths, strict=True))
        for row in rows
    )
    return "\n".join(line.rstrip() for line in lines)


def width_of(text: str) -> int:
    """Return how many terminal columns a text takes: two for each wide character, such as a Chinese one."""
    from rich.cells import cell_len

    return cell_len(text)
