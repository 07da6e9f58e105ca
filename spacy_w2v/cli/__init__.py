"""The commands of `spacy w2v`.

spaCy imports this package whenever it runs a command, so the package imports nothing that loads slowly. Ctrl-C during
these imports ends the process without a traceback.
"""

import sys

from spacy.cli._util import app

from spacy_w2v._system.signals import DelayedSignals

with DelayedSignals() as signals:
    from spacy_w2v.cli import (  # noqa: F401  each module registers its commands
        _annotate,
        _config,
        _encode,
        _evaluate,
        _export,
        _info,
        _inspect,
        _neighbors,
        _phrases,
        _plot,
        _prune,
        _push,
        _report,
        _train,
    )
    from spacy_w2v.cli._app import w2v_cli

    if signals.pending is not None:
        sys.exit(128 + signals.pending)

app.add_typer(w2v_cli)

__all__ = ["w2v_cli"]
