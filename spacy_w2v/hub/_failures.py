"""Failures of the Hugging Face Hub, in the words of this package."""

from collections.abc import Iterator
from contextlib import contextmanager

from spacy_w2v.errors import StorageError, Word2VecError
from spacy_w2v.errors._wording import first_line
from spacy_w2v.hub._names import Repository

CLIENTS = {"httpx", "httpx2", "httpcore", "httpcore2", "requests", "urllib3", "hf_xet"}
"""Packages by which huggingface_hub sends requests. Each version has another one, with errors of its own."""

LOG_IN = "Log in with: hf auth login, or set HF_TOKEN to a token"


@contextmanager
def reporting_failures(repository: Repository, *, writing: bool) -> Iterator[None]:
    """Raise StorageError in place of the errors of huggingface_hub and of its clients.

    Args:
        repository: The repository that is read or written.
        writing: Whether it is written.
    """
    try:
        yield
    except Word2VecError:
        raise
    except Exception as error:
        text = _described(error, repository, writing=writing)
        if text is None:
            raise
        raise StorageError(text) from error


def _described(error: Exception, repository: Repository, *, writing: bool) -> str | None:
    """Return the text for an error; None for an error that does not come from the Hub or the network."""
    from huggingface_hub import errors

    causes = list(_chain(error))
    may_write = " and that its owner lets you write to it" if writing else ""
    for cause in causes:
        if isinstance(cause, errors.GatedRepoError):
            return (
                f"Access to {repository.name} must be granted by its owner, but is not. Ask for it on the page of the "
                f"repository. {LOG_IN} of the account that has it."
            )
        if isinstance(cause, errors.RevisionNotFoundError):
            revision = repository.revision or "main"
            return (
                f"The revision must be a branch, tag or commit of {repository.name}, was: {revision}. Choose one on "
                "the page of the repository, or leave it out."
            )
        if isinstance(cause, errors.RepositoryNotFoundError):
            return (
                f"The repository must exist on the Hugging Face Hub and be yours to read, but {repository.name} is "
                f"not. Check its name{may_write}. If it is private: {LOG_IN} that may read it."
            )
    status = next((found for cause in causes if (found := _status(cause)) is not None), None)
    if status in (401, 403):
        return (
            f"The token must be valid and allow {'writing' if writing else 'reading'}, but the Hub refuses it for "
            f"{repository.name} ({status}). {LOG_IN} of the kind '{'write' if writing else 'read'}'."
        )
    if status is not None:
        said = next((str(text) for cause in causes if (text := getattr(cause, "server_message", None))), "")
        return f"The Hub must accept the request for {repository.name}, but answers {status}. {said}".rstrip()
    if is_of_connection(error) or any(isinstance(cause, errors.LocalEntryNotFoundError) for cause in causes):
        return _unreachable(causes, repository, writing=writing)
    return None


def is_of_connection(error: BaseException) -> bool:
    """Return whether an error, or what it was raised from, is a broken or missing connection."""
    return any(
        isinstance(cause, ConnectionError | TimeoutError)
        or (type(cause).__module__.split(".")[0] in CLIENTS and _status(cause) is None)
        or (isinstance(cause, RuntimeError) and "client has been closed" in str(cause))
        for cause in _chain(error)
    )


def _unreachable(causes: list[BaseException], repository: Repository, *, writing: bool) -> str:
    from huggingface_hub import constants

    outcome = "Nothing was committed." if writing else f"{repository} is not in the cache of this machine either."
    if constants.is_offline_mode() if hasattr(constants, "is_offline_mode") else constants.HF_HUB_OFFLINE:
        return (
            f"The Hugging Face Hub must be reachable for {repository.name}, but HF_HUB_OFFLINE is set. {outcome} Unset "
            "it and try again."
        )
    return (
        f"The Hugging Face Hub must be reachable for {repository.name}, but {constants.ENDPOINT} is not: "
        f"{first_line(causes[-1])}. {outcome} Check the network, the proxy and HF_ENDPOINT, and try again."
    )


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and what it was raised from or during, the outermost first."""
    seen: set[int] = set()
    now: BaseException | None = error
    while now is not None and id(now) not in seen:
        seen.add(id(now))
        yield now
        now = now.__cause__ or now.__context__


def _status(error: BaseException) -> int | None:
    """Return the HTTP status of an answer that was an error; None for an error without an answer."""
    status = getattr(getattr(error, "response", None), "status_code", None)
    return int(status) if status is not None else None
