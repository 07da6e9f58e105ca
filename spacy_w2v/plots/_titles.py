"""Titles of charts, and their descriptions for screen readers."""

from collections.abc import Sequence
from typing import Any

from spacy_w2v.plots._packages import import_altair


def titled(title: str, lines: Sequence[str]) -> dict[str, Any]:  # Any: altair is optional
    """Return the properties `title` and `description` of a chart.

    Args:
        title: The title.
        lines: The lines below it, which say what the chart shows.
    """
    alt = import_altair()
    return {"title": alt.Title(title, subtitle=list(lines)), "description": " ".join([f"{title}:", *lines])}
