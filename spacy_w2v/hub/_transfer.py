"""Sending a folder to a repository on the Hub, and reading a repository's files, by huggingface_hub.

The endpoint is HF_ENDPOINT, and the token HF_TOKEN or that of `hf auth login`, as in all programs that use it.
"""

import warnings
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from spacy_w2v._version import __version__
from spacy_w2v.errors import ConfigError
from spacy_w2v.hub._failures import LOG_IN, is_of_connection, reporting_failures
from spacy_w2v.hub._names import Repository

if TYPE_CHECKING:
    from huggingface_hub import HfApi

T = TypeVar("T")

MAX_ATTEMPTS = 5
"""How often a folder is sent or read if the connection breaks. What has arrived is not sent again.

huggingface_hub tries again itself, but older versions do so before a file begins only, and newer ones close the client
that their other threads use.
"""


def endpoint() -> str:
    """Return the address of the Hub, such as https://huggingface.co."""
    from huggingface_hub import constants

    return str(constants.ENDPOINT)


def check_token(token: str | None = None) -> None:
    """Raise ConfigError if there is no token, which writing needs.

    Args:
        token: The token that was given; None to look at the usual places.
    """
    from huggingface_hub import get_token

    if not (token or get_token()):
        raise ConfigError(f"Writing to the Hugging Face Hub needs a token, but there is none. {LOG_IN} that may write.")


def push_folder(
    folder: Path,
    repository: Repository,
    *,
    private: bool = False,
    message: str,
    replaces: Sequence[str] = (),
    token: str | None = None,
) -> str:
    """Send the files of a folder to a repository in one commit. The repository and its branch are created if missing.

    Args:
        folder: The folder.
        repository: The repository; its revision is a branch.
        private: Whether a new repository is private. One that exists stays as it is.
        message: The message of the commit.
        replaces: Patterns of files that the commit removes, unless the folder has them.
        token: The token; None for that of the usual places.

    Returns:
        The address of the commit.

    Raises:
        ConfigError: There is no token.
        StorageError: The Hub cannot be reached, or refuses. Nothing is committed then.
    """
    check_token(token)
    api = _api(token)
    with reporting_failures(repository, writing=True), warnings.catch_warnings():
        # vocabulary.arrow is part of the model
        warnings.filterwarnings("ignore", message="It seems that you are about to commit a data file")
        api.create_repo(repository.name, private=private, exist_ok=True)
        if repository.revision is not None:
            api.create_branch(repository.name, branch=repository.revision, exist_ok=True)
        before = api.repo_info(repository.name, revision=repository.revision).sha
        upload = partial(
            api.upload_folder,
            repo_id=repository.name,
            folder_path=folder,
            revision=repository.revision,
            commit_message=message,
            delete_patterns=list(replaces) or None,
        )
        done = partial(_commit_since, api, repository, before, message=message)
        return _repeated(lambda: str(upload().commit_url), done=done)


def download(repository: Repository, *, patterns: Sequence[str]) -> Path:
    """Return a directory with files of a repository, from the cache of huggingface_hub if they are there.

    An interrupted download is resumed where it stopped.

    Args:
        repository: The repository.
        patterns: Patterns of the files.

    Raises:
        StorageError: The repository or the revision does not exist, or the Hub cannot be reached.
    """
    with reporting_failures(repository, writing=False):
        read = partial(_api().snapshot_download, repository.name, allow_patterns=list(patterns))
        return Path(str(_repeated(partial(read, revision=repository.revision))))


def _commit_since(api: "HfApi", repository: Repository, before: str | None, *, message: str) -> str | None:
    """Return the address of a commit that arrived although its answer was lost; None if there is none.

    It is the newest one of the branch, if that has the message and came after another one.

    Args:
        api: The Hub.
        repository: The repository; its revision is the branch.
        before: The newest commit before the transfer.
        message: The message of the commit.
    """
    newest = api.list_repo_commits(repository.name, revision=repository.revision)[0]
    if newest.commit_id == before or newest.title != message.partition("\n")[0].strip():
        return None
    return f"{endpoint()}/{repository.name}/commit/{newest.commit_id}"


def _repeated(transfer: Callable[[], T], *, done: Callable[[], T | None] = lambda: None) -> T:
    """Return what a transfer returns, after trying again if the connection breaks. Raises what its last try raises.

    Args:
        transfer: The transfer.
        done: Called before another try: returns the result if only the answer of the one before was lost.
    """
    for _ in range(MAX_ATTEMPTS - 1):
        try:
            return transfer()
        except Exception as error:
            if not is_of_connection(error):
                raise
        with suppress(Exception):  # the next try says what is wrong
            if (result := done()) is not None:
                return result
    return transfer()


def _api(token: str | None = None) -> "HfApi":
    from huggingface_hub import HfApi

    return HfApi(token=token, library_name="spacy-w2v", library_version=__version__)
