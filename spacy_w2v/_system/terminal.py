"""Foreign text on a terminal: characters that would control it, or hide text, are shown as escape sequences.

Words, paths and settings come from corpora and files of strangers. A word may have the sequence that clears the screen
or renames the window, or characters that reverse the order of a line (https://trojansource.codes).
"""

import re

_STEERING = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\u3164\ufeff\uffa0\ufff0-\ufffb\ud800-\udfff\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
"""Control characters, direction marks, characters without width, fillers, tags, line separators, lone surrogates."""

_JOINERS = "\u200c\u200d"


def shown(text: str) -> str:
    r"""Return a word, path or other text of one line as a terminal can show it, with \x1b in place of an escape.

    The two joiners are kept after a character other than ASCII, where Persian, Hindi and emoji need them.
    """
    return text if text.isascii() and text.isprintable() else _STEERING.sub(_escaped, text)


def shown_lines(text: str) -> str:
    """Return a text of several lines, each as `shown` returns it."""
    return "\n".join(map(shown, text.split("\n")))


def _escaped(match: re.Match[str]) -> str:
    character, before = match[0], match.string[: match.start()][-1:]
    if character in _JOINERS and before and not before.isascii() and not _STEERING.match(before):
        return character
    return character.encode("unicode_escape").decode("ascii")
