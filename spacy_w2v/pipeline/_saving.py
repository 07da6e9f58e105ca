"""Saving and loading of the component `w2v`, as spaCy asks for it."""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from pathlib import Path
from typing import TypeVar

from spacy_w2v.pipeline._files import read_state, state_from_bytes, state_to_bytes, write_state
from spacy_w2v.pipeline._state import State

AnyComponent = TypeVar("AnyComponent", bound="SavedComponent")


class SavedComponent(ABC):
    """A component whose state is saved with the pipeline."""

    name: str
    """Name of the component in the pipeline."""
    is_trainable: bool
    """Whether `update` trains the word vectors, so that the output vectors are saved."""

    @abstractmethod
    def _state(self) -> State:
        """Return what is saved."""

    @abstractmethod
    def _set_state(self, state: State) -> None:
        """Take over what was saved, or what `initialize` computed."""

    def _excluded(self, exclude: Iterable[str]) -> set[str]:
        """Return the parts that are neither saved nor loaded."""
        return {*exclude} if self.is_trainable else {*exclude, "output"}

    def to_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> None:
        """Save the component to a directory: meta.json and its arrays.

        Args:
            path: The directory.
            exclude: Parts to leave out: "counts", "common", "output" or "subwords".

        Raises:
            OSError: A file cannot be written.
        """
        write_state(self._state(), Path(path), exclude=self._excluded(exclude))

    def from_disk(self: AnyComponent, path: str | Path, *, exclude: Iterable[str] = ()) -> AnyComponent:
        """Load the component from a directory.

        Args:
            path: The directory.
            exclude: Parts to leave out, as for `to_disk`.

        Returns:
            The component.

        Raises:
            StorageError: A file is missing or damaged.
            ConfigError: The settings of the component need parts that were not saved.
        """
        self._set_state(read_state(Path(path), exclude=self._excluded(exclude)))
        return self

    def to_bytes(self, *, exclude: Iterable[str] = ()) -> bytes:
        """Serialize the component to bytes.

        Args:
            exclude: Parts to leave out, as for `to_disk`.

        Returns:
            The content of all files of `to_disk`.
        """
        return state_to_bytes(self._state(), exclude=self._excluded(exclude))

    def from_bytes(self: AnyComponent, bytes_data: bytes, *, exclude: Iterable[str] = ()) -> AnyComponent:
        """Load the component from bytes.

        Args:
            bytes_data: The result of `to_bytes`.
            exclude: Parts to leave out, as for `to_disk`.

        Returns:
            The component.

        Raises:
            StorageError: The bytes are damaged.
            ConfigError: The settings of the component need parts that were not saved.
        """
        self._set_state(state_from_bytes(bytes_data, name=self.name, exclude=self._excluded(exclude)))
        return self
