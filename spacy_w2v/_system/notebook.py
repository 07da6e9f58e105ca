"""Small cards in HTML, which notebooks show for an object in place of its `repr`.

Text has the colour of the page and lines are translucent, so that a card fits light and dark themes.
"""

from collections.abc import Sequence
from html import escape

from spacy_w2v._system.terminal import shown

LINE = "1px solid rgba(128,128,128,.35)"
ACCENT = "#4a86e8"
"""A blue with a contrast of at least 3 to both white and black."""
CELL = "padding:2px 14px 2px 0;text-align:left;vertical-align:top;border:0;background:none"

WIDTH, HEIGHT, MARGIN = 180, 44, 4
"""The size of a curve and the space around it, in pixels."""


def text(value: str) -> str:
    """Return a text as HTML that shows it: markup is escaped, and control characters become escape sequences."""
    return escape(shown(value))


def card(title: str, subtitle: str, *parts: str) -> str:
    """Return a card.

    Args:
        title: The title, as text.
        subtitle: What stands beside the title, as text.
        parts: What stands below, as HTML.
    """
    heading = f'<b>{text(title)}</b> <span style="opacity:.75">{text(subtitle)}</span>'
    body = "".join(f'<div style="margin-top:8px">{part}</div>' for part in parts if part)
    style = f"display:inline-block;max-width:640px;padding:10px 14px;border:{LINE};border-radius:8px;line-height:1.5"
    return f'<div style="{style}">{heading}{body}</div>'


def table(rows: Sequence[Sequence[str]], *, header: Sequence[str] = (), numbers: Sequence[int] = ()) -> str:
    """Return a table.

    Args:
        rows: The cells of each row, as text.
        header: The titles of the columns, as text; empty for a table whose first column has titles of rows.
        numbers: The columns that are aligned to the right.
    """
    head = f"<tr>{_cells(header, n_titles=len(header), scope='col', numbers=numbers)}</tr>" if header else ""
    lines = [_cells(row, n_titles=0 if header else 1, scope="row", numbers=numbers) for row in rows]
    body = "".join(f'<tr style="background:none">{line}</tr>' for line in lines)
    return f'<table style="border-collapse:collapse;border:0;margin:0;color:inherit;font:inherit">{head}{body}</table>'


def _cells(row: Sequence[str], *, n_titles: int, scope: str, numbers: Sequence[int]) -> str:
    """Return the cells of a row, of which the first are titles."""
    cells = []
    for column, content in enumerate(row):
        style = CELL + (";text-align:right" if column in numbers else "")
        tag, more = ("th", f' scope="{scope}"') if column < n_titles else ("td", "")
        cells.append(f'<{tag}{more} style="{style}">{text(content)}</{tag}>')
    return "".join(cells)


def curve(values: Sequence[float], *, label: str) -> str:
    """Return a curve through numbers at equal distances, as inline SVG; nothing for fewer than two numbers.

    Args:
        values: The numbers.
        label: What the numbers are, as text.
    """
    if len(values) < 2:
        return ""
    low, high = min(values), max(values)
    x_step, scale = (WIDTH - 2 * MARGIN) / (len(values) - 1), (HEIGHT - 2 * MARGIN) / ((high - low) or 1.0)
    points = [(MARGIN + x_step * place, MARGIN + (high - value) * scale) for place, value in enumerate(values)]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    (x, y), description = points[-1], text(f"{label}: {values[0]:.4g} at first, {values[-1]:.4g} at last")
    return (
        f'<svg role="img" aria-label="{description}" width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}">'
        f'<title>{description}</title><polyline points="{line}" fill="none" stroke="{ACCENT}" stroke-width="2" '
        f'stroke-linejoin="round"/><circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{ACCENT}"/></svg>'
        f'<span style="opacity:.75;margin-left:10px">{description}</span>'
    )
