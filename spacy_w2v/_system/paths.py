"""Names of files without the folders above them, for titles and for what is published."""

import re
from collections.abc import Sequence
from pathlib import PurePosixPath, PureWindowsPath

_SEPARATORS = re.compile(r"(, | \+ | and \d+ more$)")
"""What is between the files in the name of a corpus."""

_FOLDERS = re.compile(r"^(?P<before>(?:.*? of |[\d.e+-]+ )?)(?:file://)?(?:~|[A-Za-z]:)?[/\\](?:.*[/\\])?(?=[^/\\])")
"""The folders of an absolute path, after what is said about it, such as a weight."""

GENERAL = {"model", "spacy", "gensim", "checkpoint"}
"""Names that say nothing without the folder that they are in."""


def without_folders(text: str) -> str:
    """Return a text in which absolute paths are names of files, as they are after the folders of a machine.

    Args:
        text: A path, or the name of a corpus, which can name several files. Names of datasets do not change.
    """
    return "".join(_FOLDERS.sub(r"\g<before>", part) for part in _SEPARATORS.split(text))


def short_names(names: Sequence[str]) -> list[str]:
    """Return a short name for each of some paths: the last part, or as many parts as it takes to distinguish them.

    Names of repositories (hf:user/repo) and of anything else without folders do not change.
    """
    parts = [_parts(name) for name in names]
    lengths = [2 if each[-1] in GENERAL and len(each) > 1 else 1 for each in parts]
    while True:
        found = ["/".join(each[-length:]) for each, length in zip(parts, lengths, strict=True)]
        longer = [
            min(length + 1, len(each)) if found.count(name) > 1 else length
            for name, each, length in zip(found, parts, lengths, strict=True)
        ]
        if longer == lengths:
            return found
        lengths = longer


def _parts(name: str) -> list[str]:
    """Return the parts of a path, or the whole name if it is no path."""
    if name.startswith("hf:") or not ("/" in name or "\\" in name):
        return [name]
    path = PureWindowsPath(name) if "\\" in name else PurePosixPath(without_folders(name) if ", " in name else name)
    return [part for part in path.parts if part != path.anchor and part not in (".", "..")] or [name]
