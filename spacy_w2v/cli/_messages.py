"""What the commands print: wasabi's messages, in which words and paths cannot steer the terminal or end in an error."""

import sys
from collections.abc import Sequence
from typing import Any

from wasabi import Printer

from spacy_w2v._system.terminal import shown, shown_lines


class Messages(Printer):  # type: ignore[misc]  # wasabi's types are not followed
    """wasabi's printer, whose texts are shown as `spacy_w2v._system.terminal` returns them."""

    def text(self, title: Any = "", text: Any = "", *, icon: str | None = None, **more: Any) -> Any:
        """Print a message; `good`, `warn`, `fail` and `info` come here too."""
        mark = f"{self.icons[icon]} " if icon and self.pretty else ""
        # With an icon, wasabi would itself encode the text, and raise where that is not ASCII and output not UTF-8.
        return super().text(mark + shown_lines(str(title)), shown_lines(str(text)), **more)

    def divider(self, text: str = "", **more: Any) -> Any:
        """Print a line with a headline."""
        return super().divider(shown(text), **more)

    def table(self, data: Sequence[Sequence[str]], **more: Any) -> Any:
        """Print rows."""
        return super().table([tuple(map(shown, row)) for row in data], **more)


msg = Messages()
"""In place of wasabi's."""


def let_all_be_printed() -> None:
    """Let standard output show as escapes what its encoding lacks, as standard error does, in place of an error.

    Redirected output is in cp1252 on many a Windows, and in ASCII in the locale C.
    """
    reconfigure = getattr(sys.stdout, "reconfigure", None)  # notebooks and tests have streams of their own
    if reconfigure is not None and sys.stdout.errors == "strict":
        reconfigure(errors="backslashreplace")
