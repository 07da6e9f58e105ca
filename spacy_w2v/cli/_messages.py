"""Messages of the commands, printed with wasabi. Words and paths in them cannot control the terminal."""

import sys
from collections.abc import Sequence
from typing import Any

from wasabi import Printer

from spacy_w2v._system.terminal import shown, shown_lines


class Messages(Printer):  # type: ignore[misc]  # wasabi's types are not followed
    """wasabi's printer, which escapes control characters as `spacy_w2v._system.terminal` does."""

    def text(self, title: Any = "", text: Any = "", *, icon: str | None = None, **more: Any) -> Any:
        """Print a message. `good`, `warn`, `fail` and `info` call this method."""
        mark = f"{self.icons[icon]} " if icon and self.pretty else ""
        # If wasabi added the icon, it would encode the text itself. That fails for non-ASCII text if the output is not
        # UTF-8.
        return super().text(mark + shown_lines(str(title)), shown_lines(str(text)), **more)

    def divider(self, text: str = "", **more: Any) -> Any:
        """Print a heading within a horizontal line."""
        return super().divider(shown(text), **more)

    def table(self, data: Sequence[Sequence[str]], **more: Any) -> Any:
        """Print rows."""
        return super().table([tuple(map(shown, row)) for row in data], **more)


msg = Messages()
"""The printer that all commands use."""


def escape_unprintable() -> None:
    """Let standard output show characters that its encoding lacks as escapes, as standard error does.

    Otherwise they raise errors: redirected output is often encoded as cp1252 on Windows and as ASCII in the C locale.
    """
    reconfigure = getattr(sys.stdout, "reconfigure", None)  # notebooks and tests replace the stream
    if reconfigure is not None and sys.stdout.errors == "strict":
        reconfigure(errors="backslashreplace")
