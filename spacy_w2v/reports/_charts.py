"""Small charts as SVG inside a page, in the colours of its style sheet: a curve, bars, and a score on a scale.

They need no script and no package. Each has a text for those who cannot see it.
"""

from collections.abc import Iterable, Sequence
from math import floor, log10

from markupsafe import Markup

WIDTH, HEIGHT = 460, 220
LEFT, RIGHT, TOP, BOTTOM = 44, 58, 12, 34
"""Margins around the area of a curve. The number of its last point is on the right."""
RIGHT_OF_BARS = 8
N_TICKS = 4

STEPS = (1, 2, 2.5, 5, 10)
"""Distances of ticks, times a power of ten."""

_SVG = Markup('<svg class="{kind}" viewBox="0 0 {width} {height}" role="img" aria-label="{text}">{content}</svg>')
_LINE = Markup('<line class="{kind}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>')
_DOT = Markup('<circle class="point" cx="{x:.1f}" cy="{y:.1f}" r="{radius}"/>')
_TEXT = Markup('<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{text}</text>')
_BAR = Markup('<rect class="bar" x="{x:.2f}" y="{y:.2f}" width="{width:.2f}" height="{height:.2f}"/>')
_NOTHING = Markup("")


def curve(values: Sequence[tuple[float, float]], *, text: str, x_name: str, decimals: int) -> Markup:
    """Return a line through points, with ticks on both axes.

    Args:
        values: Points (x, y), in the order of x, at least one.
        text: What the chart shows, for those who cannot see it.
        x_name: The name of the horizontal axis.
        decimals: Decimal places of the numbers at the curve's ends.
    """
    xs, ys = [x for x, _ in values], [y for _, y in values]
    margin = (max(ys) - min(ys)) * 0.08 or max(abs(ys[0]) * 0.1, 0.1)
    low, high = min(ys) - margin, max(ys) + margin
    first, span = xs[0], (xs[-1] - xs[0]) or 1

    def place(x: float, y: float) -> tuple[float, float]:
        across = (x - first) / span if len(xs) > 1 else 0.5
        return LEFT + across * (WIDTH - LEFT - RIGHT), HEIGHT - BOTTOM - (y - low) / (high - low) * (
            HEIGHT - TOP - BOTTOM
        )

    points = [place(x, y) for x, y in values]
    parts = [_grid_line(place(first, tick)[1], f"{tick:g}", right=RIGHT) for tick in ticks(low, high)]
    numbers = range(round(first), round(xs[-1]) + 1)
    labelled = numbers[:: max(1, -(-len(numbers) // 10))]
    parts += [
        _TEXT.format(kind="tick", x=place(x, low)[0], y=HEIGHT - BOTTOM + 17, anchor="middle", text=x) for x in labelled
    ]
    parts.append(_TEXT.format(kind="tick", x=WIDTH - RIGHT, y=HEIGHT - 1, anchor="end", text=x_name))
    path = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
    parts.append(Markup('<path class="curve" d="{}"/>').format(path))
    parts += [_DOT.format(x=x, y=y, radius=3) for x, y in (points if len(points) <= 30 else points[-1:])]
    x, y = points[-1]
    parts.append(_TEXT.format(kind="strong", x=x + 9, y=y + 4, anchor="start", text=f"{ys[-1]:.{decimals}f}"))
    return _svg("chart", parts, text=text)


def bars(values: Sequence[float], *, text: str, x_name: str, percent: bool = True) -> Markup:
    """Return a bar for each number, with ticks on both axes.

    Args:
        values: Numbers of at least 0, at least one; bar i is for place i, from 1.
        text: What the chart shows, for those who cannot see it.
        x_name: The name of the horizontal axis.
        percent: Whether the numbers are shares, shown as percentages.
    """
    high = max(values) * 1.05 or 1.0
    step = (WIDTH - LEFT - RIGHT_OF_BARS) / len(values)
    parts = []
    for tick in ticks(0, high):
        y = HEIGHT - BOTTOM - tick / high * (HEIGHT - TOP - BOTTOM)
        label = f"{100 * tick:g} %" if percent else f"{tick:g}"
        parts.append(_grid_line(y, label, right=RIGHT_OF_BARS))
    for place, value in enumerate(values):
        tall = value / high * (HEIGHT - TOP - BOTTOM)
        x, y = LEFT + place * step, HEIGHT - BOTTOM - tall
        parts.append(_BAR.format(x=x + step * 0.1, y=y, width=step * 0.8, height=tall))
    distance = max(1, round(ticks(0, len(values))[1])) if len(values) > 1 else 1
    for place in [1, *range(distance, len(values) + 1, distance)]:
        x = LEFT + (place - 0.5) * step
        parts.append(_TEXT.format(kind="tick", x=x, y=HEIGHT - BOTTOM + 17, anchor="middle", text=place))
    parts.append(_TEXT.format(kind="tick", x=WIDTH - RIGHT_OF_BARS, y=HEIGHT - 1, anchor="end", text=x_name))
    return _svg("chart", parts, text=text)


def on_scale(score: float, *, low: float | None, high: float | None, text: str) -> Markup:
    """Return a score on a scale from 0 to 1, with its interval as a bar if that is known."""
    width, height, margin = 180, 18, 6

    def place(value: float) -> float:
        return margin + min(max(value, 0), 1) * (width - 2 * margin)

    middle = height / 2
    parts = [_LINE.format(kind="axis", x1=margin, y1=middle, x2=width - margin, y2=middle)]
    if low is not None and high is not None:
        parts.append(_LINE.format(kind="range", x1=place(low), y1=middle, x2=place(high), y2=middle))
    parts.append(_DOT.format(x=place(score), y=middle, radius=4))
    return _svg("interval", parts, text=text, size=(width, height))


def ticks(low: float, high: float) -> list[float]:
    """Return round numbers between two numbers, at most about N_TICKS of them."""
    rough = (high - low) / N_TICKS
    power = 10.0 ** floor(log10(rough))
    step = next(size * power for size in STEPS if size * power >= rough * 0.999)
    first = -(-low // step)
    return [round((first + i) * step, 10) for i in range(N_TICKS + 1) if (first + i) * step <= high]


def _grid_line(y: float, label: str, *, right: float) -> Markup:
    line = _LINE.format(kind="grid", x1=LEFT, y1=y, x2=WIDTH - right, y2=y)
    return line + _TEXT.format(kind="tick", x=LEFT - 8, y=y + 4, anchor="end", text=label)


def _svg(kind: str, parts: Iterable[Markup], *, text: str, size: tuple[int, int] = (WIDTH, HEIGHT)) -> Markup:
    width, height = size
    return _SVG.format(kind=kind, width=width, height=height, text=text, content=_NOTHING.join(parts))
