"""Shows untrusted text in Markdown: markup is escaped, and control characters become escape sequences."""

import re

from spacy_w2v._system.terminal import shown

_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
MARKUP = re.compile(r"[\\`*{}\[\]()<>#|~&!$@]|(?<![^\W_])_|_(?![^\W_])|(?<=www)\.|:(?=//)", re.IGNORECASE)
"""Characters with a meaning in Markdown, and those that turn text into links."""


def plain_text(text: str) -> str:
    """Return Markdown that shows a word, name or setting unchanged, without links, images or HTML."""
    return MARKUP.sub(lambda match: _ENTITIES.get(match[0], f"\\{match[0]}"), shown(text))
