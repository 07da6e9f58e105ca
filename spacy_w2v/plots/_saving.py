"""Charts as files: HTML, PNG, SVG, PDF and JSON, by the suffix of the name."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from spacy_w2v._atomic import staged_file
from spacy_w2v.config._arguments import known_suffix, path_of
from spacy_w2v.errors import ConfigError
from spacy_w2v.plots._fonts import characters_without_font, describe_missing
from spacy_w2v.plots._html import html_page
from spacy_w2v.plots._packages import import_vl_convert, vegalite_version
from spacy_w2v.plots._themes import THEMES, theme_config

if TYPE_CHECKING:
    import altair

ThemeChoice = Literal["auto", "light", "dark"]
"""A theme, or "auto": HTML takes that of the reader's system, and other files are light."""

Spec = dict[str, Any]
"""A specification of Vega-Lite. Any: JSON values."""

SCALE = 2.0
"""Pixels of a PNG for each pixel of a chart, as sharp screens have them."""


def save_chart(chart: "altair.TopLevelMixin", path: Path | str, *, theme: ThemeChoice = "auto") -> list[str]:
    """Save a chart. HTML files need no other file and no network.

    Args:
        chart: A chart of this package, or another one of altair.
        path: The file. Its suffix is .html, .png, .svg, .pdf or .json (Vega-Lite). An existing file is replaced.
        theme: The theme.

    Returns:
        What the user should know about the file, such as characters that cannot be drawn; usually nothing.

    Raises:
        ConfigError: The suffix or the theme is unknown, or a package is missing.
        StorageError: The file cannot be written.
    """
    path = path_of(path, name="path")
    render = renderer_of(path)
    if theme not in get_args(ThemeChoice):
        raise ConfigError(f"theme must be one of {', '.join(get_args(ThemeChoice))}, was: {theme}")
    content, notes = render(chart_spec(chart), theme)
    with staged_file(path) as staged:
        staged.write_bytes(content)
    return [f"{path}: {note}" for note in notes]


def chart_spec(chart: "altair.TopLevelMixin") -> Spec:
    """Return the specification of a chart without a theme, as JSON values."""
    spec: Spec = chart.to_dict()
    spec.pop("config", None)
    return spec


Rendered = tuple[bytes, list[str]]
"""The content of a file, and what the user should know about it."""


def renderer_of(path: Path) -> Callable[[Spec, ThemeChoice], Rendered]:
    """Return the function that renders a chart for a file. Raises ConfigError if the suffix is unknown."""
    try:
        return RENDERERS[known_suffix(path, RENDERERS, what="a chart")]
    except ConfigError as error:
        table = ". The table of a map ends in .parquet." if path.suffix.lower() in (".csv", ".tsv", ".parquet") else ""
        raise ConfigError(f"{error}{table}") from None


def _html(spec: Spec, theme: ThemeChoice) -> Rendered:
    configs = {name: theme_config(name) for name in THEMES if theme in ("auto", name)}
    return html_page(spec, configs).encode(), []


def _json(spec: Spec, theme: ThemeChoice) -> Rendered:
    return (json.dumps(_in_theme(spec, theme), ensure_ascii=False, indent=1) + "\n").encode(), []


def _svg(spec: Spec, theme: ThemeChoice) -> Rendered:
    return _svg_text(spec, theme).encode(), []


def _png(spec: Spec, theme: ThemeChoice) -> Rendered:
    svg = _svg_text(spec, theme)
    return import_vl_convert().svg_to_png(svg, scale=SCALE), _missing(svg)


def _pdf(spec: Spec, theme: ThemeChoice) -> Rendered:
    svg = _svg_text(spec, theme)
    return import_vl_convert().svg_to_pdf(svg), _missing(svg)


def _svg_text(spec: Spec, theme: ThemeChoice) -> str:
    svg: str = import_vl_convert().vegalite_to_svg(_in_theme(spec, theme), vl_version=vegalite_version())
    return svg


def _in_theme(spec: Spec, theme: ThemeChoice) -> Spec:
    return {**spec, "config": theme_config("light" if theme == "auto" else theme)}


def _missing(svg: str) -> list[str]:
    return [describe_missing(characters) for characters in [characters_without_font(svg)] if characters]


RENDERERS: dict[str, Callable[[Spec, ThemeChoice], Rendered]] = {
    ".html": _html,
    ".png": _png,
    ".svg": _svg,
    ".pdf": _pdf,
    ".json": _json,
}
"""The functions that render charts, by the suffixes of files."""
