"""The documentation site: it builds without a warning, and its pages are accessible in light and dark, wide and narrow.

The build needs zensical, next to this Python or in the path (pip install ".[docs]"). The check of pages also needs
Chromium, and node with axe-core and playwright-core, for example: npm install --prefix DIRECTORY axe-core@4
playwright-core@1, and NODE_PATH=DIRECTORY/node_modules.
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from helpers_pages import ROOT

PAGES = ("", "getting-started/", "guides/component/", "reference/config/", "reference/python/")
"""The first page, a long text, tables, headings with settings, and what mkdocstrings makes."""

ZENSICAL = shutil.which("zensical", path=Path(sys.executable).parent) or shutil.which("zensical")
NODE = shutil.which("node")
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    if ZENSICAL is None:
        pytest.skip('needs zensical: pip install ".[docs]"')
    copy = tmp_path_factory.mktemp("site")
    shutil.copy(ROOT / "zensical.toml", copy)
    shutil.copytree(ROOT / "docs", copy / "docs")
    shutil.copytree(ROOT / "spacy_w2v", copy / "spacy_w2v", ignore=shutil.ignore_patterns("__pycache__"))
    done = subprocess.run([ZENSICAL, "build", "--strict"], cwd=copy, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, re.sub(r"\x1b\[[\d;]*m", "", done.stdout + done.stderr)
    return copy / "site"


def test_the_site_is_built_without_warnings(site):
    pages = {path.relative_to(ROOT / "docs").with_suffix("") for path in (ROOT / "docs").rglob("*.md")}
    for page in pages:
        place = page.parent if page.name == "index" else page
        assert (site / place / "index.html").is_file()


def test_public_names_are_taken_apart(site):
    """Arguments are found in the docstrings, and so are the members of classes."""
    text = (site / "reference/python/index.html").read_text(encoding="utf-8")
    assert ">texts</code>" in text
    assert 'id="spacy_w2v.Word2Vec.to_gensim"' in text


def test_nothing_comes_from_another_server(site):
    for path in [*site.rglob("*.html"), *site.rglob("*.css")]:
        text = path.read_text(encoding="utf-8")
        assert re.findall(r"(?:<(?:script|img|link)\b[^>]*?(?:src|href)=\"|url\()(https?://[^\")]+)", text) == []


@pytest.mark.slow
def test_pages_are_accessible(site):
    if NODE is None or CHROMIUM is None:
        pytest.skip("needs node and Chromium")
    modules = "require.resolve('axe-core'); require.resolve('playwright-core')"
    if subprocess.run([NODE, "-e", modules], capture_output=True).returncode != 0:
        pytest.skip("needs axe-core and playwright-core in NODE_PATH")
    command = [NODE, str(ROOT / ".ci/axe.cjs"), CHROMIUM, str(site), *PAGES]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
