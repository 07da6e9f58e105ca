"""Labels of points that never overlap: which are drawn, and from which zoom on."""

import unicodedata
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

FONT_SIZE = 11.5
"""Of labels, in pixels, as in the themes."""
ROW_HEIGHT = 15.0
"""Of a label, in pixels."""
OFFSET = 7.0
"""From a point to its label, which stands right of it, in pixels."""
MAX_LABEL = 260.0
"""Width from which on a label is cut, in pixels."""
ZOOMS = (0.3, 0.45, 0.65, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 16.0)
"""The zooms at which labels are placed. Those below 1 are for narrow windows."""
NEVER = 1e9
"""The zoom of a label that has no room at any zoom."""
CELL = 4.0
"""Side of the squares of a map that are marked as occupied, in pixels."""

_NARROW = frozenset("ijlftrI.,:;'|!()[]-´`’")
_BROAD = frozenset("mwMWOQ@%—…")


def text_width(text: str, *, font_size: float = FONT_SIZE) -> float:
    """Return an estimate of the width of a label in a sans-serif font, in pixels, rather too large than too small."""
    return min(font_size * sum(map(_character_width, text)), MAX_LABEL)


def _character_width(character: str) -> float:
    if character in _NARROW:
        return 0.36
    if character in _BROAD:
        return 0.92
    if unicodedata.east_asian_width(character) in "WF":
        return 1.05
    if unicodedata.combining(character):
        return 0.0
    return 0.72 if character.isupper() else 0.6


def label_zooms(
    points: NDArray[np.floating],
    labels: Sequence[str],
    *,
    pixels_per_unit: float,
    zooms: Sequence[float] = ZOOMS,
) -> NDArray[np.float64]:
    """Return the zoom from which on each label has room beside its point.

    Labels are placed in order, so the most important ones come first. A label that has room at some zoom keeps it at
    all larger ones: all labels stand at the same side of their points, so that they move apart with the points.

    Args:
        points: float[n, 2]; coordinates of points. The first axis leads right, the second one up.
        labels: Texts of n labels.
        pixels_per_unit: Size of a unit of the coordinates in pixels, at zoom 1.
        zooms: The zooms, ascending.

    Returns:
        float64[n]; a zoom for each label, or NEVER.
    """
    widths = np.array([text_width(label) for label in labels]) + OFFSET
    found = np.full(len(labels), NEVER)
    origin = points.min(axis=0) if len(points) else np.zeros(2)
    for zoom in zooms:
        corners = (points - origin) * (pixels_per_unit * zoom / CELL)
        boxes = np.empty((len(labels), 4), np.int64)
        boxes[:, 0] = np.floor(corners[:, 0])
        boxes[:, 1] = np.ceil(corners[:, 0] + widths / CELL)
        boxes[:, 2] = np.floor(corners[:, 1])
        boxes[:, 3] = np.ceil(corners[:, 1] + ROW_HEIGHT / CELL)
        if len(labels):
            _place(boxes, found, zoom=zoom)
    return found


def _place(boxes: NDArray[np.int64], found: NDArray[np.float64], *, zoom: float) -> None:
    """Give `zoom` to the labels that have room at it, besides those that were placed before."""
    occupied = np.zeros((boxes[:, 1].max() + 1, boxes[:, 3].max() + 1), np.bool_)
    for left, right, bottom, top in boxes[found < zoom]:
        occupied[left:right, bottom:top] = True
    for place in np.flatnonzero(found == NEVER):
        left, right, bottom, top = boxes[place]
        region = occupied[left:right, bottom:top]
        if not region.any():
            region[:] = True
            found[place] = zoom
