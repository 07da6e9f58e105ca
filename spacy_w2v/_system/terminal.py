"""Shows untrusted text on a terminal: control characters and invisible characters become escape sequences.

Words, paths and settings may come from untrusted corpora and files. A word can contain the sequence that clears the
screen or renames the window, or characters that reverse the order of a line (https://trojansource.codes).
"""

import re

_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\u3164\ufeff\uffa0\ufff0-\ufffb\ud800-\udfff\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
"""Control characters, direction marks, zero-width characters, fillers, tags, line separators, lone surrogates."""

_JOINERS = "\u200c\u200d"


def shown(text: str) -> str:
    r"""Return a word, path or other single line with escape sequences for unsafe characters, such as \x1b.

    The two zero-width joiners are kept after a non-ASCII character, because Persian, Hindi and emoji need them.
    """
    return text if text.isascii() and text.isprintable() else _UNSAFE.sub(_escaped, text)


def shown_lines(text: str) -> str:
    """Return a text with `shown` applied to each line."""
    return "\n".join(map(shown, text.split("\n")))


def _escaped(match: re.Match[str]) -> str:
    character, before = match[0], match.string[: match.start()][-1:]
    if character in _JOINERS and before and not before.isascii() and not _UNSAFE.match(before):
        return character
    return character.encode("unicode_escape").decode("ascii")
