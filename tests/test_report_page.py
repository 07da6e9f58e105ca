"""The report as a web page, in a headless Chromium: what it shows, what one can do, and that it is accessible."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from helpers_browser import findings_of_axe, open_browser
from helpers_model import make_model

from spacy_w2v._system.terminal import shown
from spacy_w2v.evaluation._scores import AnalogyScore, Scores, WordPairScore
from spacy_w2v.model._run_record import RunRecord
from spacy_w2v.reports._facts import collect_facts
from spacy_w2v.reports._page import make_page

HOSTILE = [
    "</script><script>document.title='x'</script>",
    "<img src=x onerror=document.title='x'>",
    "<!--",
    "'\"`&lt;\\u003c",
    "{{ 7 * 7 }}",
    "مرحبا",
    "שלום",
    "日本語",
    "👩\u200d💻🏽",
    "\u202egnp.exe",
    "\x1b[2J",
    "W" * 300,
    "Donaudampfschifffahrtsgesellschaftskapitän",
    "__proto__",
    "constructor",
]
N_WORDS, N_ON_MAP = 600, 500
SETTINGS_OF_WINDOWS = [(scheme, width) for scheme in ("light", "dark") for width in (1280, 390)]


def make_vectors():
    words = [f"word{i}" for i in range(N_WORDS)]
    words[1 : 1 + len(HOSTILE)] = HOSTILE
    model = make_model(range(N_WORDS, 0, -1), words=words)
    epochs = [
        {"epoch": n, "loss": loss, "n_pairs": 9, "n_kept": 9, "seconds": n, "words_per_s": 5e5, "alpha": 0.02}
        for n, loss in ((1, 2.4), (2, 2.1), (3, 2.15))
    ]
    meta = model.meta | {"results": epochs, "versions": {"python": "<3>", "spacy-w2v": HOSTILE[0]}}
    meta["corpus"]["source"] = HOSTILE[0]
    config = f'[nlp]\nlang = "en"\n# {HOSTILE[0]}\n'
    return replace(model, config=config, record=RunRecord.model_validate(meta)).word_vectors()


@pytest.fixture(scope="module")
def vectors():
    return make_vectors()


@pytest.fixture(scope="module")
def html(vectors):
    scores = Scores(
        {HOSTILE[0]: WordPairScore(spearman=0.5, pearson=0.4, n_used=30)},
        {"Google analogies": AnalogyScore(accuracy=None, n_used=0)},
    )
    return make_page(collect_facts(vectors, words=["word300", *HOSTILE], scores=scores, n_map_words=N_ON_MAP))


@pytest.fixture(scope="module")
def address(html, tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(html, encoding="utf-8")
    return path.as_uri()


@pytest.fixture(scope="module")
def browser():
    with open_browser() as browser:
        yield browser


@pytest.fixture
def opened(browser, address):
    """Opens the page, and checks at the end that it asked for nothing and complained of nothing."""
    contexts, said, asked = [], [], []

    def open_page(**options):
        context = browser.new_context(
            **{"viewport": {"width": 1280, "height": 900}, "reduced_motion": "reduce"} | options
        )
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("dialog", lambda dialog: said.append(dialog.message))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(address)
        page.wait_for_selector("#chosen-word bdi")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert said == []
    assert set(asked) == {address}


class Tags(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.names, self.attributes = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.names.append(tag)
        self.attributes += [name for name, _ in attrs]


# --- the file


def test_words_are_never_markup(html):
    tags = Tags(html)
    assert tags.names.count("script") == 2
    assert "img" not in tags.names
    assert not [name for name in tags.attributes if name.startswith("on") or name in ("style", "src")]
    assert "{{ 7 * 7 }}" in html
    assert HOSTILE[0] not in html


def test_the_page_is_small(html, vectors):
    """Its own parts are at most 60 kB, and a word on the map with its neighbours takes at most 100 bytes."""
    without_map = make_page(collect_facts(vectors))
    assert len(without_map.encode()) < 30_000
    assert len(html.encode()) < 60_000 + 100 * N_ON_MAP
    assert "<script" not in without_map


# --- in a browser


@pytest.mark.parametrize(("scheme", "width"), SETTINGS_OF_WINDOWS)
def test_the_page_is_accessible(scheme, width, opened):
    page = opened(color_scheme=scheme, viewport={"width": width, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.evaluate("document.querySelectorAll('details').forEach(block => block.open = true)")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.get_by_label("Find a word on the map").fill("word1")
    assert findings_of_axe(page) == []


def test_hostile_words_are_shown_as_texts(opened):
    page = opened()
    assert page.title() == f"Word vectors: {HOSTILE[0]}"
    assert page.get_by_role("heading", level=1).inner_text() == HOSTILE[0]
    for word in HOSTILE:
        search(page, shown(word).lower())
        page.keyboard.press("Enter")
        assert chosen(page) == shown(word)
    assert page.title() == f"Word vectors: {HOSTILE[0]}"


def search(page, text):
    field = page.get_by_label("Find a word on the map")
    field.fill(text)
    return field


def chosen(page):
    return page.locator("#chosen-word").text_content()


def test_neighbours_are_those_of_the_whole_table(opened, vectors):
    page = opened()
    assert chosen(page) == "word300"
    for word in ("word300", "word499"):
        search(page, word).press("Enter")
        entries = page.locator("#chosen-neighbours li").all()
        found = [(entry.locator("bdi").text_content(), entry.locator(".value").text_content()) for entry in entries]
        expected = vectors.most_similar(word, topn=10)
        assert found == [(shown(near), f"{similarity:.2f}") for near, similarity in expected]
        on_map = [near for near, _ in expected if vectors.index[near] < N_ON_MAP]
        assert page.locator("#chosen-neighbours button").count() == len(on_map) < 10


def test_search(opened):
    page = opened()
    field = search(page, "word3")
    options = page.get_by_role("option")
    assert options.count() == 8
    assert options.first.inner_text() == "word30"
    assert field.get_attribute("aria-expanded") == "true"
    assert page.locator("#search-status").text_content() == "110 words"
    field.press("ArrowDown")
    field.press("ArrowDown")
    assert options.nth(1).get_attribute("aria-selected") == "true"
    assert field.get_attribute("aria-activedescendant") == options.nth(1).get_attribute("id")
    field.press("Enter")
    assert chosen(page) == "word31"
    assert field.get_attribute("aria-expanded") == "false"
    search(page, "ord77").press("Escape")
    assert field.input_value() == ""
    search(page, "ORD77")
    options.first.click()
    assert chosen(page) == "word77"
    search(page, "word599")
    assert page.locator("#search-status").text_content() == "no such word on the map"


def found_by_hovering(page, other_than):
    """Move the pointer over the map until it is on another word. Return where it is, and the word."""
    box = page.locator("canvas").bounding_box()
    for number in range(2000):
        x = box["x"] + 30 + 37 * number % (box["width"] - 100)
        y = box["y"] + 30 + 53 * number % (box["height"] - 60)
        page.mouse.move(x, y)
        tip = page.locator(".tip")
        if tip.is_visible() and tip.locator("bdi").text_content() != other_than:
            return (x, y), tip.locator("bdi").text_content()
    raise AssertionError("no word is on the map")


def test_hover_and_click(opened, vectors):
    page = opened()
    page.locator("#map").scroll_into_view_if_needed()
    page.locator("canvas").scroll_into_view_if_needed()
    (x, y), word = found_by_hovering(page, other_than=chosen(page))
    places = {shown(word): place for place, word in enumerate(vectors.words)}
    count = N_WORDS - places[word]
    assert page.locator(".tip").text_content() == f"{word} rank {places[word] + 1}, {count} times"
    page.mouse.click(x, y)
    assert chosen(page) == word
    page.mouse.move(2, 2)
    assert not page.locator(".tip").is_visible()
    button = page.locator("#chosen-neighbours button").first
    near = button.text_content()
    button.click()
    assert chosen(page) == near


def middle_of_map(page):
    page.locator("canvas").scroll_into_view_if_needed()
    box = page.locator("canvas").bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def picture(page):
    page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    return page.evaluate("document.querySelector('canvas').toDataURL()")


def test_dragging_moves_the_map(opened):
    """A word that search has put into the middle is found where it was dragged to."""
    page = opened()
    search(page, "word123").press("Enter")
    x, y = middle_of_map(page)
    page.mouse.move(x, y)
    assert page.locator(".tip bdi").text_content() == "word123"
    page.mouse.down()
    page.mouse.move(x + 60, y - 40, steps=4)
    page.mouse.up()
    page.mouse.move(x + 61, y - 40)
    assert page.locator(".tip bdi").text_content() == "word123"


def test_the_wheel_scrolls_the_page_and_zooms_with_ctrl(opened):
    page = opened()
    x, y = middle_of_map(page)
    page.mouse.move(x, y)
    before, top = picture(page), page.evaluate("scrollY")
    page.mouse.wheel(0, 200)
    for _ in range(100):  # page.wait_for_function needs eval, which the page's policy refuses
        if page.evaluate("scrollY") > top + 100:
            break
        page.wait_for_timeout(50)
    assert page.evaluate("scrollY") > top + 100
    assert picture(page) == before
    assert "to zoom with the wheel" in page.locator(".hint").text_content()
    top = page.evaluate("scrollY")
    page.keyboard.down("Control")
    page.mouse.wheel(0, -200)
    page.keyboard.up("Control")
    assert picture(page) != before
    assert page.evaluate("scrollY") == top


def test_keys_and_buttons_move_the_map(opened):
    page = opened()
    page.locator("canvas").focus()
    before = picture(page)
    for key in ("ArrowLeft", "ArrowUp", "+", "-"):
        page.keyboard.press(key)
        assert picture(page) != before
    page.keyboard.press("0")
    assert picture(page) == before
    page.get_by_role("button", name="Zoom in").click()
    assert picture(page) != before
    page.get_by_role("button", name="Show all words").click()
    assert picture(page) == before


def test_touch(opened):
    page = opened(has_touch=True, viewport={"width": 390, "height": 800})
    page.locator("canvas").scroll_into_view_if_needed()
    (x, y), word = found_by_hovering(page, other_than=chosen(page))
    page.touchscreen.tap(x, y)
    assert chosen(page) == word
    assert page.evaluate("getComputedStyle(document.querySelector('canvas')).touchAction") == "pan-x pan-y"


def test_printing_opens_what_is_folded(opened):
    page = opened()
    assert page.locator("details[open]").count() == 0
    page.pdf()
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("details[open]").count() == page.locator("details").count() > 0


def test_colours_follow_the_system(opened):
    page = opened(color_scheme="light")
    light = (page.evaluate("getComputedStyle(document.body).backgroundColor"), picture(page))
    page.emulate_media(color_scheme="dark")
    dark = (page.evaluate("getComputedStyle(document.body).backgroundColor"), picture(page))
    assert light[0] != dark[0]
    assert light[1] != dark[1]
    assert not re.search(r"\(255", dark[0])
