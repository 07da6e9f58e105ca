"""The light and the dark theme of all charts, as configurations of Vega-Lite.

Charts have no colours of their own. They name styles and scales, whose colours are here. So one chart can be drawn in
both themes, and a page can change the theme of a chart that it shows.
"""

from dataclasses import dataclass
from typing import Any, Literal, get_args

from spacy_w2v.errors import ConfigError

ThemeName = Literal["light", "dark"]

FONT = "Inter, 'Segoe UI', 'Helvetica Neue', 'Liberation Sans', 'Noto Sans', 'DejaVu Sans', Arial, sans-serif"
"""Fonts of the reader's machine, the first that is there."""

Config = dict[str, Any]
"""A configuration of Vega-Lite. Any: JSON values."""


@dataclass(frozen=True)
class Theme:
    """The colours of a theme, as CSS writes them.

    Texts have a contrast of at least 4.5 to the background, and marks at least 3, as WCAG 2.2 demands (1.4.3, 1.4.11).
    """

    background: str
    text: str
    muted: str
    """Of axes, subtitles and legends."""
    line: str
    """Of the grid."""
    accent: str
    """Of what is to be seen first, such as the bars and labels of a chart with one series."""
    category: tuple[str, ...]
    """Of groups. They also differ for people who do not see red, green or blue as others do."""
    ramp: tuple[str, ...]
    """From little to much."""
    diverging: tuple[str, ...]
    """From -1 over 0 to 1."""


THEMES: dict[str, Theme] = {
    "light": Theme(
        background="#ffffff",
        text="#1c2330",
        muted="#596273",
        line="#e6e9ee",
        accent="#1d5fd1",
        category=("#5d5ceb", "#f85e69", "#289822", "#a5407d", "#5f5800", "#3411a3", "#602640", "#2e9dc5"),
        ramp=("#8d93a8", "#5f8fc9", "#2f6fd0", "#3a3fae", "#2b1466"),
        diverging=("#a64b00", "#e08a3c", "#f6d9b8", "#f7f7f7", "#c3d9f3", "#5b96dc", "#144a9e"),
    ),
    "dark": Theme(
        background="#12151b",
        text="#e8ebf1",
        muted="#a3acbb",
        line="#2a303a",
        accent="#7db2ff",
        category=("#8fa6fc", "#f4a42f", "#b5faa2", "#a55cec", "#a27905", "#f3c9fe", "#e13e90", "#53cab5"),
        ramp=("#646c80", "#5b83c4", "#5fb0e6", "#8fe0d6", "#f5f3b5"),
        diverging=("#ffb066", "#9c5a1c", "#4a3826", "#262b33", "#26405f", "#2f68ad", "#8fc2ff"),
    ),
}
"""The themes by their names."""


def theme_of(name: str) -> Theme:
    """Return a theme. Raises ConfigError if there is none of this name."""
    if name not in THEMES:
        raise ConfigError(f"theme must be one of {', '.join(get_args(ThemeName))}, was: {name}")
    return THEMES[name]


def theme_config(name: str) -> Config:
    """Return the configuration of Vega-Lite that draws a chart in a theme.

    Args:
        name: "light" or "dark".

    Raises:
        ConfigError: There is no theme of this name.
    """
    theme = theme_of(name)
    return {
        "background": theme.background,
        "font": FONT,
        "padding": 16,
        "view": {"stroke": None},
        "title": {
            "anchor": "start",
            "frame": "bounds",
            "color": theme.text,
            "fontSize": 17,
            "fontWeight": 600,
            "offset": 14,
            "subtitleColor": theme.muted,
            "subtitleFontSize": 12.5,
            "subtitlePadding": 6,
            "subtitleLineHeight": 17,
        },
        "axis": _axis_config(theme),
        "legend": _legend_config(theme),
        "header": {"labelColor": theme.text, "titleColor": theme.muted},
        "range": {
            "category": list(theme.category),
            "ramp": list(theme.ramp),
            "ordinal": list(theme.ramp),
            "heatmap": list(theme.ramp),
            "diverging": list(theme.diverging),
        },
        **_mark_config(theme),
    }


def _axis_config(theme: Theme) -> Config:
    return {
        "domain": False,
        "ticks": False,
        "gridColor": theme.line,
        "labelColor": theme.muted,
        "labelFontSize": 12,
        "labelPadding": 8,
        "titleColor": theme.muted,
        "titleFontSize": 12.5,
        "titleFontWeight": 400,
        "titlePadding": 12,
    }


def _legend_config(theme: Theme) -> Config:
    return {
        "labelColor": theme.text,
        "labelFontSize": 12,
        "labelLimit": 260,
        "titleColor": theme.muted,
        "titleFontSize": 12,
        "titleFontWeight": 400,
        "titlePadding": 8,
        "symbolSize": 90,
        "symbolStrokeWidth": 0,
        "rowPadding": 6,
    }


def _mark_config(theme: Theme) -> Config:
    return {
        "mark": {"color": theme.accent},
        "circle": {"opacity": 0.85},
        "line": {"strokeWidth": 2.2, "strokeCap": "round", "strokeJoin": "round"},
        "text": {"color": theme.text, "fontSize": 11.5},
        "rule": {"color": theme.muted},
        "style": {
            "label": {"color": theme.text, "fontSize": 11.5},
            "faint-label": {"color": theme.muted, "fontSize": 11.5},
            "halo": {"color": theme.background, "stroke": theme.background, "strokeWidth": 3.5, "fontSize": 11.5},
            "value": {"color": theme.text, "fontSize": 11},
            "value-on-color": {"color": theme.background, "fontSize": 11},
            "ring": {"stroke": theme.background, "strokeWidth": 2},
            "word-point": {"stroke": theme.text},
            "background-point": {"color": theme.muted, "opacity": 0.2, "strokeWidth": 0},
            "median": {"color": theme.text, "strokeWidth": 2},
        },
    }
