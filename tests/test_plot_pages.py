"""Pages of charts in a browser: they load nothing, say nothing on the console, and can be scrolled and searched."""

import pytest
from helpers_browser import findings_of_axe, open_browser
from helpers_plots import charts, hostile_vectors

from spacy_w2v.plots._saving import save_chart
from spacy_w2v.plots._themes import THEMES


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """The paths of pages of charts with hostile words, by their names."""
    directory = tmp_path_factory.mktemp("pages")
    paths = {name: directory / f"{name}.html" for name in ("groups", "similarity", "training")}
    for name, chart in charts(hostile_vectors(), *paths).items():
        save_chart(chart, paths[name])
    return paths


@pytest.fixture(scope="module")
def browser():
    with open_browser() as browser:
        yield browser


def opened(browser, path, *, scheme="light", width=1280):
    """A page with its chart, and a list that gets what it requests and says."""
    context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 500})
    page, noted = context.new_page(), []
    page.on("request", lambda request: noted.append(request.url) if request.url != path.as_uri() else None)
    page.on("console", lambda message: noted.append(message.text))
    page.on("pageerror", lambda error: noted.append(str(error)))
    page.goto(path.as_uri())
    page.wait_for_selector("#chart canvas")
    return page, noted


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
@pytest.mark.parametrize("name", ["groups", "similarity", "training"])
def test_pages_are_quiet_in_both_themes(browser, pages, name, scheme, width):
    page, noted = opened(browser, pages[name], scheme=scheme, width=width)
    assert noted == []
    red, green, blue = (int(THEMES[scheme].background[i : i + 2], 16) for i in (1, 3, 5))
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == f"rgb({red}, {green}, {blue})"
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert page.locator("#chart canvas").bounding_box()["height"] > 200
    page.context.close()


def test_the_wheel_scrolls_and_zooms_only_with_a_key(browser, pages):
    page, _ = opened(browser, pages["groups"])
    canvas = page.locator("#chart canvas")
    box = canvas.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, 400)
    before = canvas.screenshot()
    page.mouse.wheel(0, 100)
    page.wait_for_function("scrollY > 0")
    page.evaluate("scrollTo(0, 0)")
    assert canvas.screenshot() == before
    scrolled = page.evaluate("scrollY")  # a picture of the canvas scrolls to it
    page.keyboard.down("Control")
    page.mouse.wheel(0, -300)
    page.wait_for_timeout(300)
    assert page.evaluate("scrollY") == scrolled
    assert canvas.screenshot() != before
    page.context.close()


def test_a_search_fades_other_words(browser, pages):
    page, noted = opened(browser, pages["groups"])
    canvas = page.locator("#chart canvas")
    before = canvas.screenshot()
    page.get_by_label("Search").fill("</script>")
    page.wait_for_timeout(300)
    assert canvas.screenshot() != before
    page.get_by_label("Search").fill("")
    page.wait_for_timeout(300)
    assert canvas.screenshot() == before
    assert noted == []
    page.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_are_accessible(browser, pages, scheme):
    page, _ = opened(browser, pages["groups"], scheme=scheme)
    assert findings_of_axe(page) == []
    page.context.close()
