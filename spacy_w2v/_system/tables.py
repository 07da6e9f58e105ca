"""Tables of text in any script, aligned for a terminal."""

from collections.abc import Container, Sequence

from spacy_w2v._system.terminal import shown

SPACING = 3


def aligned(rows: Sequence[Sequence[str]], *, right: Container[int] = ()) -> list[str]:
    """Return rows as lines of text with aligned columns. Control characters in cells are escaped.

    Args:
        rows: The cells of each row.
        right: The numbers of the columns that are aligned to the right.
    """
    cells = [list(map(shown, row)) for row in rows]
    widths = [max(map(width_of, column)) for column in zip(*cells, strict=True)]

    def padded(cell: str, column: int) -> str:
        missing = " " * (widths[column] - width_of(cell))
        return missing + cell if column in right else cell + missing

    lines = ((" " * SPACING).join(padded(cell, column) for column, cell in enumerate(row)) for row in cells)
    return [line.rstrip() for line in lines]


def width_of(text: str) -> int:
    """Return how many terminal columns a text takes: two for each wide character, such as a Chinese one."""
    from rich.cells import cell_len

    return cell_len(text)
