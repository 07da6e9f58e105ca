"""A chart as a page: one file, which loads nothing."""

import base64
import hashlib
import json
import re
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

from spacy_w2v.plots._packages import import_vl_convert, vegalite_version
from spacy_w2v.plots._themes import THEMES

Spec = dict[str, Any]
"""A specification or configuration of Vega-Lite. Any: JSON values."""

TEMPLATE = "chart.html"
"""A Jinja template. Values are escaped, except for scripts, which `script_json` makes safe."""

POLICY = (
    "default-src 'none'; base-uri 'none'; form-action 'none'; img-src data: blob:; style-src 'unsafe-inline'; "
    "script-src 'unsafe-eval'"
)
"""The content security policy of a page, without the hashes of its two scripts.

Nothing is loaded from anywhere. Vega turns expressions of a chart into functions, for which it needs 'unsafe-eval', and
inserts its own styles.
"""
_SCRIPT = re.compile("<script>(.*?)</script>", re.DOTALL)


def html_page(spec: Spec, configs: dict[str, Spec]) -> str:
    """Return a page that shows a chart.

    Args:
        spec: The chart, without a configuration.
        configs: The configurations of Vega-Lite for the themes "light" and "dark", or for one of them. With both, the
            page takes the theme of the reader's system.
    """
    from jinja2 import Environment

    template = (files("spacy_w2v.plots") / "assets" / TEMPLATE).read_text(encoding="utf-8")
    page: str = (
        Environment(autoescape=True, trim_blocks=True, keep_trailing_newline=True)
        .from_string(template)
        .render(
            title=_title(spec),
            hint=spec.get("usermeta", {}).get("hint", ""),
            spec=script_json(spec),
            configs=script_json(configs),
            themes={name: THEMES[name] for name in configs},
            vega=vega_script(),
            policy=POLICY,
        )
    )
    hashes = " ".join(f"'{hash_of(script)}'" for script in _SCRIPT.findall(page))
    return page.replace(POLICY, f"{POLICY} {hashes}", 1)


def hash_of(text: str) -> str:
    """Return the hash by which a content security policy allows a style sheet or a script."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")


class Title(NamedTuple):
    """The title of a page."""

    text: str
    lines: list[str]
    """Lines below it."""


def _title(spec: Spec) -> Title:
    """Return the title of a chart, which the page shows as text: in the chart it would be cut in narrow windows."""
    title = spec.get("title", "")
    if isinstance(title, dict):
        return Title(title.get("text", ""), title.get("subtitle", []))
    return Title(title, [])


def script_json(values: object) -> str:
    r"""Return values as JSON that may stand in a script of a page.

    A `<` in a string is written as \u003c, so that `</script>` and `<!--` do not end the script.
    """
    text = json.dumps(values, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


@cache
def vega_script() -> str:
    """Return Vega, Vega-Lite and Vega-Embed as one script, which defines `vegaEmbed`."""
    script: str = import_vl_convert().javascript_bundle(vl_version=vegalite_version())
    return script.replace("</script", "<\\/script").replace("<!--", "\\x3C!--")
