"""The cache directory: its location, its permissions, and how entries are added.

Encoded texts are as private as the texts themselves. The permissions of the texts are unknown, so only the current user
may read the cache.
"""

import os
import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from spacy_w2v._atomic import locked_directory, release_lock, remove_abandoned, sync, take_lock
from spacy_w2v.errors import StorageError
from spacy_w2v.errors._wording import worded

CACHE_TAG = "CACHEDIR.TAG"
CACHE_TAG_TEXT = (
    "Signature: 8a477f597d28d172789f06886806bc55\n# Encoded corpora of spacy-w2v. They can be deleted at any time.\n"
)
"""The tag of the Cache Directory Tagging Specification, which backup programs recognise."""

UNFINISHED = "unfinished-"
"""The prefix of directories in which a corpus is being encoded, and of their locks."""

Content = TypeVar("Content")

OWN_NAMES = re.compile(rf"[0-9a-f]{{16}}|{UNFINISHED}.*|{re.escape(CACHE_TAG)}")


def remedy() -> str:
    """Return the remedy for a directory that cannot be used as the cache."""
    option = worded(python="cache_dir", command_line="--cache-dir")
    return f"Choose another cache directory with {option}, or in the environment variable SPACY_W2V_CACHE."


def default_cache_dir() -> Path:
    """Return the directory for encoded corpora: $SPACY_W2V_CACHE, or the user's cache directory on this platform.

    Raises:
        StorageError: The user has no home directory.
    """
    from platformdirs import user_cache_dir

    named = os.environ.get("SPACY_W2V_CACHE")
    path = Path(named or Path(user_cache_dir("spacy-w2v"), "corpora"))
    if not named and not path.is_absolute():  # without a home directory, "~" is not replaced
        raise StorageError(f"The cache directory must be known, but this user has no home directory. {remedy()}")
    return path


def tidy(cache_dir: Path) -> None:
    """Make a cache private, and remove temporary files of killed runs, as far as permissions allow.

    A directory without the tag of a cache is not changed, because its files may belong to another program.
    """
    with suppress(OSError):
        if not _is_tagged(cache_dir):
            return
        if cache_dir.stat().st_mode & 0o077:
            cache_dir.chmod(0o700)
    remove_abandoned(cache_dir, prefix=UNFINISHED)


@contextmanager
def new_entry(cache_dir: Path) -> Iterator[Path]:
    """Yield a new directory for an encoded corpus. Unless it is renamed, it is removed when the block ends.

    If the cache directory does not exist, it is created.

    Raises:
        StorageError: The directory is not a cache, or is not writable.
    """
    with ExitStack() as stack:
        try:
            _claim(cache_dir)
            directory = stack.enter_context(locked_directory(cache_dir, prefix=UNFINISHED))
        except OSError as error:
            raise _not_a_cache(cache_dir, error) from None
        yield directory


def _not_a_cache(cache_dir: Path, error: OSError) -> StorageError:
    """Return the error for a directory that cannot be the cache because of a system error."""
    if isinstance(error, PermissionError) and not all(map(_is_own, (cache_dir, cache_dir / CACHE_TAG))):
        return StorageError(
            "The cache directory must belong to you, because encoded texts are private, but "
            f"{cache_dir} belongs to another user. {remedy()}"
        )
    return StorageError(f"The cache directory must be writable, but {cache_dir} is not: {error.strerror}. {remedy()}")


def _is_own(path: Path) -> bool:
    """Return whether a file or directory belongs to this user or does not exist. If this is unknown, return True."""
    if sys.platform == "win32":
        return True
    try:
        return path.stat().st_uid == os.geteuid()
    except OSError:
        return True


def _claim(cache_dir: Path) -> None:
    """Create the cache directory, or check that an existing directory is a cache.

    Raises:
        OSError: The directory cannot be read or written.
        StorageError: The directory is not a cache.
    """
    target = os.path.realpath(cache_dir)  # a link may have a target that does not exist yet
    Path(target).mkdir(mode=0o700, parents=True, exist_ok=True)
    tag = cache_dir / CACHE_TAG
    if not _is_tagged(cache_dir):
        if not all(OWN_NAMES.fullmatch(path.name) for path in cache_dir.iterdir()):
            raise StorageError(
                f"The cache directory must be new, empty or a cache of spacy-w2v, but {cache_dir} has other files. "
                f"{remedy()}"
            )
        tag.unlink(missing_ok=True)  # removes a link, whose target may belong to another program
        with suppress(FileExistsError), open(tag, "x", opener=_open_private) as file:  # another process may be faster
            file.write(CACHE_TAG_TEXT)
    tidy(cache_dir)


def _is_tagged(cache_dir: Path) -> bool:
    """Return whether a directory has the tag of a cache of this package.

    Raises:
        OSError: The tag cannot be read.
    """
    tag = cache_dir / CACHE_TAG
    return tag.is_file() and not tag.is_symlink() and tag.read_bytes() == CACHE_TAG_TEXT.encode()


def _open_private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def add_entry(directory: Path, entry: Path, is_intact: Callable[[Path], bool]) -> bool:
    """Move a directory to an entry of the cache, unless the entry exists and is intact.

    The files are flushed to the disk first. Several processes can add the same entry at the same time, and read it.

    Args:
        directory: The directory, on the same file system.
        entry: The path of the entry.
        is_intact: Returns whether an existing entry can be used.

    Returns:
        Whether the directory was moved.

    Raises:
        OSError: The directory cannot be moved.
    """
    for path in directory.iterdir():
        path.chmod(0o600)
        sync(path)
    _sync_directory(directory)
    with _exclusive_writer_of(entry):
        if os.path.lexists(entry):
            if is_intact(entry):
                return False
            with locked_directory(entry.parent, prefix=UNFINISHED) as trash:
                if not entry.is_symlink():
                    entry.chmod(0o700)  # otherwise it cannot be moved
                entry.rename(trash / entry.name)
        directory.rename(entry)
        _sync_directory(entry.parent)
    return True


def find_entry(
    entry: Path, open_checked: Callable[[Path], Content], report: Callable[[str], None], *, again: str
) -> Content | None:
    """Return the content of an entry, or None if the entry does not exist or is damaged.

    Args:
        entry: The path of the entry.
        open_checked: Opens and checks the content. Raises StorageError if it is damaged.
        report: Reports a message to the user.
        again: What is done again if the entry is damaged, for the message.
    """
    if not os.path.lexists(entry):
        return None
    try:
        return open_checked(entry)
    except StorageError as error:
        report(f"{again} again, because the cache is damaged. {error}")
        return None


def keep_entry(
    directory: Path, entry: Path, is_intact: Callable[[Path], bool], report: Callable[[str], None], *, what: str
) -> bool | None:
    """Move a directory to its entry in the cache, as `add_entry` does, if possible.

    Args:
        directory: The directory.
        entry: The path of its entry.
        is_intact: Returns whether an existing entry can be used. Another process may have been faster, and reads it.
        report: Reports a message to the user.
        what: What the directory holds, for the message.

    Returns:
        Whether the directory was moved, or else there is an intact entry; None if it cannot be moved.
    """
    try:
        return add_entry(directory, entry, is_intact)
    except OSError as error:
        report(f"Using the {what} for this run only, because {entry} cannot be written: {error.strerror}")
        return None


def _sync_directory(path: Path) -> None:
    with suppress(OSError):  # not supported by some network disks
        sync(path)


@contextmanager
def _exclusive_writer_of(entry: Path) -> Iterator[None]:
    """Allow only one process at a time to change an entry. Others wait."""
    lock = entry.with_name(f"{UNFINISHED}{entry.name}.lock")
    while (descriptor := take_lock(lock)) is None:
        time.sleep(0.05)
    try:
        yield
    finally:
        release_lock(lock, descriptor)
