"""The pages of the documentation as data: their code blocks, headings and links."""

import re
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent

PAGES = tuple(
    path.relative_to(ROOT).as_posix()
    for path in sorted(
        [ROOT / "README.md", ROOT / "configs/README.md", ROOT / "benchmarks/README.md", *ROOT.glob("docs/**/*.md")]
    )
)
"""The README and all pages of the site, relative to the repository."""

RUN_LANGUAGES = ("bash", "python", "ini", "yaml", "json")
"""Languages of blocks that are run or loaded. All other blocks are output, or pictures."""

_FENCE = re.compile(r"^(?P<indent> *)(?P<fence>```+|~~~+)(?P<language>[\w-]*)[^\n]*$")
_MARKER = re.compile(r"<!-- not run: (?P<reason>.+?) -->", re.DOTALL)


class Block(NamedTuple):
    """A fenced block of a page."""

    page: str
    line: int
    """Number of the line of the opening fence, from 1."""
    language: str
    text: str
    not_run: str | None
    """The reason given in `<!-- not run: reason -->` before the block."""

    @property
    def place(self) -> str:
        return f"{self.page}:{self.line}"


def blocks_of(page: str, *, text: str | None = None) -> list[Block]:
    """Return the fenced blocks of a page in order. text: its content, if it is not a file."""
    lines = (text if text is not None else (ROOT / page).read_text(encoding="utf-8")).splitlines()
    blocks, number = [], 0
    while number < len(lines):
        opening = _FENCE.match(lines[number])
        if opening is None:
            number += 1
            continue
        end = next(n for n in range(number + 1, len(lines)) if lines[n].strip() == opening["fence"])
        indent = len(opening["indent"])
        content = "".join(f"{line[indent:]}\n" for line in lines[number + 1 : end])
        blocks.append(Block(page, number + 1, opening["language"], content, _reason_before(lines[:number])))
        number = end + 1
    return blocks


def _reason_before(lines: list[str]) -> str | None:
    """Return the reason of a marker that is the last thing in these lines."""
    before = "\n".join(lines).rstrip()
    if not before.endswith("-->"):
        return None
    marker = _MARKER.fullmatch(before[before.rindex("<!--") :])
    return " ".join(marker["reason"].split()) if marker else None


def without_blocks(text: str) -> str:
    """Return a page's text with its fenced blocks as empty lines."""
    lines, fence = text.splitlines(), None
    for number, line in enumerate(lines):
        opening = _FENCE.match(line)
        if fence is None and opening is not None:
            fence, lines[number] = opening["fence"], ""
        elif fence is not None:
            fence, lines[number] = (None if line.strip() == fence else fence), ""
    return "\n".join(lines)


def sections_of(block: str) -> list[str]:
    """Return the names of a config's sections in order."""
    return re.findall(r"^\[(.+)\]$", block, re.MULTILINE)


def is_complete(block: str) -> bool:
    """Return whether a block of a config is a whole config: one that has a section [nlp]."""
    return "nlp" in sections_of(block)


def with_parents(block: str) -> str:
    """Return a fragment of a config below the sections that its own sections belong to."""
    sections = sections_of(block)
    parents = {name.rsplit(".", n)[0] for name in sections for n in range(1, name.count(".") + 1)}
    return "".join(f"[{name}]\n" for name in sorted(parents.difference(sections))) + block


_HEADING = re.compile(r"^ {0,3}(#{1,6})[ \t]+(.+?)[ \t]*#*$", re.MULTILINE)
_LINKS = (
    re.compile(r"\]\(<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\)"),
    re.compile(r"^ {0,3}\[[^\]^]+\]:\s+<?([^\s>]+)>?", re.MULTILINE),
    re.compile(r"<(?:a|img|source)\b[^>]*?\b(?:href|src|srcset)=\"([^\"\s]+)"),
)


def headings_of(text: str) -> list[tuple[int, str]]:
    """Return the level and the text of the headings of a page, without their markup."""
    found = _HEADING.findall(without_blocks(text))
    return [(len(marks), _without_markup(heading)) for marks, heading in found]


def _without_markup(text: str) -> str:
    text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", text)
    return re.sub(r"[`*]|<[^>]+>", "", text)


def anchors_of(text: str, *, separator: str) -> set[str]:
    """Return the anchors of a page. separator: before the number of a heading that is there again, - on GitHub."""
    anchors: set[str] = set(re.findall(r"<\w+[^>]*\b(?:id|name)=\"([^\"]+)\"", text))
    for _, heading in headings_of(text):
        slug = re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")
        numbered = (f"{slug}{separator}{number}" for number in range(1, 1000))
        anchors.add(slug if slug not in anchors else next(name for name in numbered if name not in anchors))
    return anchors


def links_of(text: str) -> list[str]:
    """Return the targets of links and images of a page, outside code."""
    prose = re.sub(r"(`+)(?!`).+?(?<!`)\1(?!`)", "`", without_blocks(text))
    return [target for pattern in _LINKS for target in pattern.findall(prose)]
