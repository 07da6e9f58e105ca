"""The progress of encoding several parts, some of them at the same time, as that of one corpus."""

import time

from spacy_w2v.corpus._encoding import EncodingCallback, EncodingProgress


class PartsProgress:
    """Adds up the progress of parts, and reports it."""

    def __init__(self, callback: EncodingCallback, *, n_parts: int):
        """Start the clock.

        Args:
            callback: Receives the progress.
            n_parts: The number of parts to encode.
        """
        self.callback = callback
        self.n_parts = n_parts
        self._latest: dict[str, EncodingProgress] = {}
        self._start = time.perf_counter()

    def update(self, part: str, progress: EncodingProgress) -> None:
        """Report the progress of a part.

        Args:
            part: What identifies the part.
            progress: Its progress.
        """
        self._latest[part] = progress
        latest = self._latest.values()
        self.callback.on_encoding(
            EncodingProgress(
                n_documents=sum(each.n_documents for each in latest),
                n_tokens=sum(each.n_tokens for each in latest),
                n_types=max(each.n_types for each in latest),
                fraction=sum(each.fraction or 0.0 for each in latest) / self.n_parts,
                seconds=time.perf_counter() - self._start,
            )
        )

    def finish(self, part: str) -> None:
        """Count a part as complete, whether or not its source knows the fraction."""
        if part in self._latest:
            self._latest[part] = self._latest[part]._replace(fraction=1.0)

    def start_over(self, part: str) -> None:
        """Forget the progress of a part that must be encoded again."""
        self._latest.pop(part, None)
