"""The commands of `spacy w2v`. spaCy imports this package at each of its commands, so it loads nothing heavy."""

from spacy.cli._util import app

from spacy_w2v.cli import (  # noqa: F401  each adds its commands
    _config,
    _encode,
    _evaluate,
    _export,
    _most_similar,
    _prune,
    _report,
    _train,
)
from spacy_w2v.cli._app import w2v_cli

app.add_typer(w2v_cli)

__all__ = ["w2v_cli"]
