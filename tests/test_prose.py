"""Plain English: certain phrases do not return to strings, docstrings, comments, documentation pages and README."""

import io
import re
import token
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FILES = [
    path
    for path in (
        *sorted((ROOT / "spacy_w2v").rglob("*.py")),
        *sorted((ROOT / "docs").rglob("*.md")),
        ROOT / "README.md",
    )
    if path.is_file()
]

PHRASES = {
    r"anew": "again",
    r"told": "reported, shown, distinguished",
    r"sitting": "session, run",
    r"behind": "after, within",
    r"(?:say|says|tell|tells) whether": "return whether, show whether",
    r"save (?:for|that|when|where|in)": "except",
    r"but for(?! example)": "except, without",
    r"whom|whoever": "name the person or the program",
    r"(?:that|which) (?:is|are) (?:no|none(?! of))": "that is not a ..., other values",
    r"of ours": "of this package, of spacy-w2v",
    r"(?:is|are) known by": "is identified by, has the name",
    r"so many": "the number: n_words words",
    r"(?:go|goes|went|going) on": "continue, resume",
    r"lies? in": "is in",
    r"spelt": "spelled",
    r"meanwhile": "during training, in the block",
    r"somebody": "another person, a user",
    r"as (?:it|they) stands?": "unchanged, literally",
    r"gives? way": "is replaced by",
    r"one behind the other": "in order",
    r"has others": "say what the value is",
    r"is another one": "has changed, differs",
    r"tell apart|tells apart": "distinguish",
    r"(?:nearest|their|of the|and) neighbors|neighbors (?:of|in|are)": "neighbours; neighbors in names only",
    r"colors (?:show|are|of)|(?:the|of) colors": "colours; colors in names only",
    r"(?:the|no|a|your) license(?! header)": "licence; license in names only",
}
"""Phrases of our own English as regular expressions, with what to write instead."""

PATTERN = re.compile(rf"\b(?:{'|'.join(PHRASES)})\b", re.IGNORECASE)

EXCEPTIONS: dict[str, tuple[str, ...]] = {
    "spacy_w2v/inspection/_similarity.py": ("JMLR",),  # the title of a paper
}
"""Parts of lines that may contain a phrase, by the path of the file."""


def prose_of(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the number and text of each line of prose: strings and comments of Python, Markdown without code blocks."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".md":
        in_code = False
        for number, line in enumerate(text.splitlines(), 1):
            in_code ^= line.lstrip().startswith("```")
            if not in_code:
                yield number, re.sub(r"`[^`]*`|\]\([^)]*\)", " ", line)
        return
    kinds = {tokenize.STRING, tokenize.COMMENT, getattr(token, "FSTRING_MIDDLE", tokenize.STRING)}
    for item in tokenize.generate_tokens(io.StringIO(text).readline):
        if item.type in kinds:
            for number, line in enumerate(item.string.splitlines(), item.start[0]):
                yield number, re.sub(r"`[^`]*`", " ", line)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_prose_is_plain_english(path):
    name = path.relative_to(ROOT).as_posix()
    allowed = EXCEPTIONS.get(name, ())
    found = [
        f"{name}:{number}: {match[0]!r} in: {line.strip()}"
        for number, line in prose_of(path)
        for match in PATTERN.finditer(line)
        if not any(part in line for part in allowed)
    ]
    remedies = {
        advice for phrase, advice in PHRASES.items() for line in found if re.search(phrase, line, re.IGNORECASE)
    }
    assert not found, "Write plain English:\n" + "\n".join([*found, "Instead:", *sorted(remedies)])


@pytest.mark.parametrize(
    ("content", "numbers"),
    [
        ('"""Read it anew."""\n', [1]),
        ('x = f"{y} goes on"\n', [1]),
        ("x = 1  # whom to ask\nanew = 2\n", [1]),
        ('"""One.\n\nIt is `told`, but for\nthis.\n"""\n', [3]),
    ],
)
def test_phrases_are_found_in_strings_and_comments_but_not_in_names(tmp_path, content, numbers):
    (tmp_path / "a.py").write_text(content)
    assert [number for number, line in prose_of(tmp_path / "a.py") if PATTERN.search(line)] == numbers


def test_phrases_are_not_searched_in_code_blocks(tmp_path):
    (tmp_path / "a.md").write_text("It goes on.\n\n```python\nanew = 1\n```\n\nRead `anew` again.\n")
    assert [number for number, line in prose_of(tmp_path / "a.md") if PATTERN.search(line)] == [1]
