"""A headless Chromium for tests of pages, and axe-core, which checks how accessible they are.

Both are found, not installed: Chromium in the path, axe-core in NODE_PATH, for example after npm install --prefix
DIRECTORY axe-core@4, with NODE_PATH=DIRECTORY/node_modules.
"""

import os
import shutil
from contextlib import contextmanager
from pathlib import Path

import pytest

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@contextmanager
def open_browser():
    """A browser. The test is skipped without Chromium or playwright."""
    if CHROMIUM is None:
        pytest.skip("needs Chromium in the path")
    playwright = pytest.importorskip("playwright.sync_api", reason='needs playwright: pip install ".[test]"')
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


def axe_script():
    """The text of axe-core. The test is skipped without it."""
    for directory in filter(None, os.environ.get("NODE_PATH", "").split(os.pathsep)):
        script = Path(directory) / "axe-core/axe.min.js"
        if script.is_file():
            return script.read_text(encoding="utf-8")
    pytest.skip("needs axe-core in NODE_PATH: npm install --prefix DIRECTORY axe-core@4")


def findings_of_axe(page):
    """The serious and critical findings, one a line."""
    page.evaluate(axe_script())
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
    return [
        f"{finding['impact']}: {finding['id']} ({finding['help']}): {' '.join(map(str, node['target']))}"
        for finding in found
        if finding["impact"] in ("serious", "critical")
        for node in finding["nodes"]
    ]
