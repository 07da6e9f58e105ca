"""A chart as a page: one file, which loads nothing."""

import json
from functools import cache
from typing import Any, NamedTuple

from spacy_w2v.plots._packages import import_vl_convert, vegalite_version
from spacy_w2v.plots._themes import THEMES

Spec = dict[str, Any]
"""A specification or configuration of Vega-Lite. Any: JSON values."""


PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="{{ themes | join(' ') }}">
<title>{{ title.text }}</title>
<style>
{% for name, theme in themes.items() %}
{% if not loop.first %}@media (prefers-color-scheme: {{ name }}) { {% endif %}
:root { --background: {{ theme.background }}; --text: {{ theme.text }}; --muted: {{ theme.muted }};
  --line: {{ theme.line }}; --accent: {{ theme.accent }}; }
{% if not loop.first %} } {% endif %}

{% endfor %}
body { margin: 0; background: var(--background); color: var(--text); font: 14px/1.5 system-ui, sans-serif; }
main { max-width: 1180px; margin: 0 auto; padding: 16px; box-sizing: border-box; }
#chart { width: 100%; overflow-x: auto; padding-bottom: 4px; }
#chart details > summary { opacity: 0.7; }
#chart summary { background: var(--background); border-color: var(--line); color: var(--muted); }
.vega-bindings { margin: 0 16px; color: var(--muted); }
.vega-bind-name { margin-right: 8px; }
input { font: inherit; color: var(--text); background: var(--background); border: 1px solid var(--muted);
  border-radius: 6px; padding: 4px 10px; }
input:focus-visible { outline: 2px solid var(--accent); outline-offset: 1px; }
h1 { margin: 12px 16px 4px; font-size: 20px; line-height: 1.3; overflow-wrap: anywhere; }
p { margin: 0 16px; color: var(--muted); }
#chart ~ p { margin: 8px 16px; font-size: 13px; }
</style>
</head>
<body>
<main>
<h1>{{ title.text }}</h1>
{% for line in title.lines %}
<p>{{ line }}</p>
{% endfor %}
<div id="chart"></div>
{% if hint %}<p>{{ hint }}</p>{% endif %}

<noscript><p>The chart needs JavaScript, all of which is in this file.</p></noscript>
</main>
<script>{{ vega | safe }}</script>
<script>
const spec = {{ spec | safe }};
const configs = {{ configs | safe }};
const dark = window.matchMedia("(prefers-color-scheme: dark)");
const room = document.getElementById("chart").clientWidth;
delete spec.title;
// A narrow window gets a lower chart, and legends with fewer columns.
function fit(node) {
  if (!node || typeof node !== "object" || Array.isArray(node.values)) return;
  if (node.columns) node.columns = Math.max(1, Math.min(node.columns, Math.floor(room / 210)));
  Object.entries(node).forEach(([name, inner]) => name !== "datasets" && fit(inner));
}
fit(spec);
if (typeof spec.width === "number") {
  spec.height = Math.min(spec.height, Math.max(320, room));
  spec.width = "container";
}
(spec.vconcat || []).forEach((panel) => { panel.width = Math.min(panel.width, Math.max(room - 130, 200)); });
function draw() {
  const theme = configs[dark.matches ? "dark" : "light"] ? (dark.matches ? "dark" : "light") : Object.keys(configs)[0];
  const config = configs[theme], tooltip = { theme };
  const actions = { export: true, source: false, compiled: false, editor: false };
  vegaEmbed("#chart", spec, { config, tooltip, actions, renderer: "canvas", mode: "vega-lite" }).then(() => {
    document.querySelectorAll("#chart summary").forEach((each) => each.setAttribute("aria-label", "Save the chart"));
  });
}
dark.addEventListener("change", draw);
draw();
</script>
</body>
</html>
"""
"""A Jinja template. Values are escaped, except for scripts, which `script_json` makes safe."""


def html_page(spec: Spec, configs: dict[str, Spec]) -> str:
    """Return a page that shows a chart.

    Args:
        spec: The chart, without a configuration.
        configs: The configurations of Vega-Lite for the themes "light" and "dark", or for one of them. With both, the
            page takes the theme of the reader's system.
    """
    from jinja2 import Environment

    page: str = (
        Environment(autoescape=True, trim_blocks=True, keep_trailing_newline=True)
        .from_string(PAGE)
        .render(
            title=_title(spec),
            hint=spec.get("usermeta", {}).get("hint", ""),
            spec=script_json(spec),
            configs=script_json(configs),
            themes={name: THEMES[name] for name in configs},
            vega=vega_script(),
        )
    )
    return page


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
