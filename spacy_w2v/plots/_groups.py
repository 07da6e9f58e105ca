"""Groups of words from a file."""

from pathlib import Path

from spacy_w2v.errors import StorageError


def read_groups(path: Path) -> dict[str, str]:
    """Return the group of each word of a file, which has a word, a tab and a group in each line.

    Empty lines are skipped. If a word is repeated, its first group counts.

    Args:
        path: The file, in UTF-8.

    Raises:
        StorageError: The file cannot be read, or a line is not a word and a group.
    """
    groups: dict[str, str] = {}
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except FileNotFoundError:
        raise StorageError(f"A file of groups must be an existing file, was: {path}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise StorageError(f"Groups must be a text file in UTF-8, but {path} cannot be read: {error}") from None
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        word, tab, group = line.partition("\t")
        if not (word and tab and group.strip()) or "\t" in group:
            raise StorageError(
                f"Each line of a file of groups must be a word, a tab and a group, but line {number} of {path} is: "
                f"{line!r:.80}"
            )
        groups.setdefault(word, group.strip())
    if not groups:
        raise StorageError(f"A file of groups must have a line, but {path} has none.")
    return groups
