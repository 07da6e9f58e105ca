"""Which characters of a picture this machine has no font for: they are drawn as empty boxes."""

import html
import re
import unicodedata
from collections.abc import Iterable

from spacy_w2v.plots._packages import import_vl_convert

NONCHARACTER = "\U0010fffe"
"""A code point that no font has (Unicode 16, section 23.7)."""
VISIBLE = "LNSC"
"""Categories of characters that are drawn: letters, numbers, symbols, and those for private use."""
_TEXT = re.compile(r"<text[^>]*>([^<]+)</text>")


def characters_without_font(svg: str) -> list[str]:
    """Return characters of an SVG that no font of this machine has, one for each script.

    The pictures of vl-convert have no fonts of their own. To ask for a character, it is drawn by itself and compared
    with one that no font has. One character stands for its script, as fonts have whole scripts.

    Args:
        svg: The picture.
    """
    texts = (html.unescape(text) for text in _TEXT.findall(svg))
    return [character for character in _one_for_each_script(texts) if _drawn(character) == _drawn(NONCHARACTER)]


def describe_missing(characters: list[str]) -> str:
    """Return a sentence about characters without a font, and what to do."""
    scripts = ", ".join(f"{_script(character)} (such as {character})" for character in characters)
    return (
        f"this machine has no font for these characters, which are drawn as boxes: {scripts}. Install a font that has "
        "them, such as Noto Sans, or save the chart as .html or .svg, which take the fonts of the reader."
    )


def _one_for_each_script(texts: Iterable[str]) -> list[str]:
    first: dict[str, str] = {}
    for text in texts:
        if not text.isascii():
            for character in text:
                if not character.isascii() and unicodedata.category(character)[0] in VISIBLE:
                    first.setdefault(_script(character), character)
    return list(first.values())


def _script(character: str) -> str:
    """Return the first word of a character's name, such as ARABIC or CJK, which names the script of letters."""
    return unicodedata.name(character, "UNKNOWN").split(" ")[0]


def _drawn(character: str) -> bytes:
    picture: bytes = import_vl_convert().svg_to_png(
        '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="40"><text x="5" y="30" font-family="sans-serif" '
        f'font-size="20">{html.escape(character)}</text></svg>'
    )
    return picture
