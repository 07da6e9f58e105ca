"""Names of repositories on the Hugging Face Hub, as users write them: user/repo, hf:user/repo@revision."""

import re
from typing import NamedTuple

from spacy_w2v.errors import ConfigError

PREFIX = "hf:"
"""What tells a repository from a path."""

_PART = r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,94}[A-Za-z0-9_])?"
_NAME = re.compile(rf"(?P<repository>{_PART}/{_PART})(?:@(?P<revision>[^\s@]+))?")
"""Letters, digits, and within them periods, hyphens and underscores: the Hub allows a little less."""


class Repository(NamedTuple):
    """A repository of a model on the Hub."""

    name: str
    """Its owner and name: user/repo."""
    revision: str | None = None
    """A branch, tag or commit; None for the main branch."""

    def __str__(self) -> str:
        """Return the name, and the revision if there is one."""
        return f"{self.name}@{self.revision}" if self.revision else self.name


def is_hub_name(text: str) -> bool:
    """Return whether a text names a repository on the Hub, not a path."""
    return text.startswith(PREFIX)


def parse_repository(text: str) -> Repository:
    """Return the repository that a text names, with or without hf: before it.

    Raises:
        ConfigError: The text is not the name of a repository.
    """
    found = _NAME.fullmatch(text.removeprefix(PREFIX).lstrip("/"))
    if found is None or ".." in text or "--" in found["repository"]:
        raise ConfigError(
            "A repository on the Hugging Face Hub must have a name such as user/repo or user/repo@revision, of "
            f"letters, digits, '-', '_' and '.', was: {text}"
        )
    return Repository(found["repository"], found["revision"])
