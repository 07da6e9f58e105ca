"""The progress of finding phrases in a corpus and of joining them, and the callback that receives it."""

from typing import Literal, NamedTuple


class PhraseProgress(NamedTuple):
    """The progress of counting pairs of words, or of joining phrases."""

    step: Literal["counting", "joining"]
    """What is done: pairs are counted, or phrases are joined."""
    n_tokens: int
    """Tokens of the corpus that have been read, in all passes."""
    fraction: float
    """The fraction of the step that is done, in [0, 1]."""
    seconds: float
    """The time since the step began."""


class PhraseCallback:
    """The callback for finding and joining phrases. Its methods do nothing. Subclasses override those they need."""

    def on_message(self, text: str) -> None:
        """Receive a message for the user, for example how many phrases were found."""

    def on_phrases(self, progress: PhraseProgress) -> None:
        """Receive the progress after each chunk or group of chunks, and when a step is complete."""
