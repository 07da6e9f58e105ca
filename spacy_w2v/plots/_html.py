"""A chart as a page: one file, which loads nothing."""

import json
from functools import cache
from typing import Any

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
<title>{{ title }}</title>
<style>
{% for name, theme in themes.items() %}
{% if not loop.first %}@media (prefers-color-scheme: {{ name }}) { {% endif %}
:root { --background: {{ theme.background }}; --text: {{ theme.text }}; --muted: {{ theme.muted }};
  --line: {{ theme.line }}; --accent: {{ theme.accent }}; }
{% if not loop.first %} } {% endif %}

{% endfor %}
body { margin: 0; background: var(--background); color: var(--text); font: 14px/1.5 system-ui, sans-serif; }
main { max-width: 1180px; margin: 0 auto; padding: 16px; box-sizing: border-box; }
#chart { width: 100%; overflow-x: auto; }
#chart summary { background: var(--background); border-color: var(--line); color: var(--muted); }
.vega-bindings { margin: 0 16px; color: var(--muted); }
.vega-bind-name { margin-right: 8px; }
input { font: inherit; color: var(--text); background: var(--background); border: 1px solid var(--muted);
  border-radius: 6px; padding: 4px 10px; }
input:focus-visible { outline: 2px solid var(--accent); outline-offset: 1px; }
p { margin: 8px 16px; color: var(--muted); font-size: 13px; }
</style>
</head>
<body>
<main>
<div id="chart"></div>
{% if hint %}<p>{{ hint }}</p>{% endif %}

<noscript><p>The chart needs JavaScript, all of which is in this file.</p></noscript>
</main>
<script>{{ vega | safe }}</script>
<script>
const spec = {{ spec | safe }};
const configs = {{ configs | safe }};
const dark = window.matchMedia("(prefers-color-scheme: dark)");
const isSingle = {{ is_single | tojson }};
if (isSingle) spec.width = "container";
function draw() {
  const config = configs[dark.matches ? "dark" : "light"] || Object.values(configs)[0];
  const actions = { export: true, source: false, compiled: false, editor: false };
  vegaEmbed("#chart", spec, { config, actions, renderer: "canvas", mode: "vega-lite" });
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
            is_single="mark" in spec or "layer" in spec,
            vega=vega_script(),
        )
    )
    return page


def _title(spec: Spec) -> str:
    title = spec.get("title", "")
    text: str = title.get("text", "") if isinstance(title, dict) else title
    return text


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
