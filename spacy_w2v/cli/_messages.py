"""The messages of the commands: those of wasabi, in which words and paths cannot control the terminal."""

import sys
from collections.abc import Sequence
from typing import Any

from wasabi import Printer

from spacy_w2v._system.terminal import shown, shown_lines


class Messages(Printer):  # type: ignore[misc]  # wasabi's types are not followed
    """wasabi's printer, whose texts are shown as by `spacy_w2v._system.terminal`."""

    def text(self, title: Any = "", text: Any = "", *, icon: str | None = None, **more: Any) -> Any:
        """Print a message; `good`, `warn`, `fail` and `info` come here too."""
        mark = f"{self.icons[icon]} " if icon and self.pretty else ""
        # With an icon, wasabi would encode the text itself, and raise if it is not ASCII and the output not UTF-8.
        return super().text(mark + shown_lines(str(title)), shown_lines(str(text)), **more)

    def divider(self, text: str = "", **more: Any) -> Any:
        """Print a line with a headline."""
        return super().divider(shown(text), **more)

    def table(self, data: Sequence[Sequence[str]], **more: Any) -> Any:
        """Print rows."""
        return super().table([tuple(map(shown, row)) for row in data], **more)


msg = Messages()
"""The printer of all commands, in place of wasabi's."""


def let_all_be_printed() -> None:
    """Make standard output show characters that its encoding lacks as escapes, as standard error does.

    Otherwise they would raise errors: redirected output is often in cp1252 on Windows, and in ASCII in the locale C.
    """
    reconfigure = getattr(sys.stdout, "reconfigure", None)  # notebooks and tests have streams of their own
    if reconfigure is not None and sys.stdout.errors == "strict":
        reconfigure(errors="backslashreplace")
