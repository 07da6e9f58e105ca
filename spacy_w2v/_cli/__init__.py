"""The commands of `spacy w2v`. spaCy imports this package at each of its commands, so it loads nothing heavy."""

from spacy.cli._util import app

from spacy_w2v._cli import config, encode, evaluate, export, most_similar, prune, report, train
from spacy_w2v._cli._app import w2v_cli

app.add_typer(w2v_cli)

__all__ = ["config", "encode", "evaluate", "export", "most_similar", "prune", "report", "train", "w2v_cli"]
