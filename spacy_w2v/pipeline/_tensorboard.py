"""A logger of spaCy that writes the events that TensorBoard shows."""

import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from spacy_w2v.errors import ConfigError

if TYPE_CHECKING:
    from spacy.language import Language

    from spacy_w2v.training._resolved_config import SpacyLogger  # which needs pyarrow


def make_tensorboard_logger_v1(log_dir: str | Path | None = None) -> "SpacyLogger":
    """Create the logger "spacy_w2v.TensorBoard.v1", which writes losses, scores and the config for TensorBoard.

    It is a logger as those of spaCy are, for `[w2v.training.logger]`, for spaCy's own `[training.logger]`, and for
    `callbacks` of `spacy_w2v.train`. Look at what it has written with `tensorboard --logdir`.

    Args:
        log_dir: Directory for the events of this run. None for a new directory in `runs`, named by date and machine.

    Returns:
        The logger, which takes a pipeline, standard output and standard error.

    Raises:
        ConfigError: The package tensorboardX, of the extra `tensorboard`, is not installed.

    Example:
        >>> logger = {"@loggers": "spacy_w2v.TensorBoard.v1", "log_dir": "runs/first"}
        >>> texts = {"@readers": "spacy_w2v.Dataset.v1", "data_files": "news.txt"}
        >>> config = {"w2v": {"corpus": texts, "training": {"logger": logger}}}
    """
    try:
        from tensorboardX import SummaryWriter
    except ImportError:
        raise ConfigError(
            "spacy_w2v.TensorBoard.v1 needs the package tensorboardX, which is not installed. Install it with: "
            'pip install "spacy-w2v[tensorboard]"'
        ) from None

    def set_up(
        nlp: "Language", stdout: IO[str] = sys.stdout, stderr: IO[str] = sys.stderr
    ) -> tuple[Callable[[dict[str, Any] | None], None], Callable[[], None]]:  # Any: facts of a step
        writer = SummaryWriter(None if log_dir is None else str(log_dir))
        writer.add_text("config", "\n".join(f"    {line}" for line in nlp.config.to_str().splitlines()))

        def log_step(info: dict[str, Any] | None) -> None:  # Any: as above
            if info is None:  # a step without an evaluation
                return
            for name, value in _numbers(info):
                writer.add_scalar(name, value, global_step=info["step"])
            writer.flush()

        return log_step, writer.close

    return set_up


def _numbers(info: Mapping[str, Any]) -> Iterator[tuple[str, float]]:  # Any: facts of a step
    """Yield the numbers of a step, each with its name in TensorBoard."""
    yield "epoch", float(info["epoch"])
    yield from _flattened("score", info["score"])
    yield from _flattened("losses", info["losses"])
    yield from _flattened("scores", info["other_scores"])


def _flattened(name: str, value: object) -> Iterator[tuple[str, float]]:
    """Yield the numbers in nested dicts, such as the scores of each entity type."""
    if isinstance(value, Mapping):
        for key, each in value.items():
            yield from _flattened(f"{name}/{key}", each)
    elif isinstance(value, int | float):
        yield name, float(value)
