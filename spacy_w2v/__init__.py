"""Word vectors for spaCy: word2vec trained on the tokens of your pipeline.

Training: `train` returns a `Word2Vec`, `load` reads a saved one, and `from_gensim` converts gensim's.
Vectors from any source: `open_vectors` reads them as `WordVectors`, `evaluate` returns their `Scores`, and
`prune_vectors` reduces the vectors table of a pipeline.
Texts: `dataset`, `gensim_wiki` and `standard_input` read them, `concatenate` and `interleave` combine several sources,
and `tokenize` returns their words.
Errors: `Word2VecError` is the base class. The module `spacy_w2v.errors` describes all of them.

Everything else is private. The public names are imported when they are first used, so that importing this package does
not load numba, gensim, datasets or spaCy.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from spacy_w2v._version import __version__ as __version__

if TYPE_CHECKING:
    from spacy_w2v._api import Word2Vec, from_gensim, load, prune_vectors, train
    from spacy_w2v.corpus._words import tokenize
    from spacy_w2v.errors import (
        ConfigError,
        ConfigWarning,
        CorpusError,
        CorpusWarning,
        StorageError,
        TrainingError,
        UnknownWordError,
        Word2VecError,
    )
    from spacy_w2v.evaluation._scores import Scores
    from spacy_w2v.evaluation._scoring import evaluate
    from spacy_w2v.formats._opening import open_vectors
    from spacy_w2v.model._word_vectors import WordVectors
    from spacy_w2v.sources._gensim_wiki import gensim_wiki as gensim_wiki
    from spacy_w2v.sources._huggingface import dataset as dataset
    from spacy_w2v.sources._interleaving import interleave as interleave
    from spacy_w2v.sources._mixture import concatenate as concatenate
    from spacy_w2v.sources._text_files import standard_input as standard_input

__all__ = [
    "ConfigError",
    "ConfigWarning",
    "CorpusError",
    "CorpusWarning",
    "Scores",
    "StorageError",
    "TrainingError",
    "UnknownWordError",
    "Word2Vec",
    "Word2VecError",
    "WordVectors",
    "concatenate",
    "dataset",
    "evaluate",
    "from_gensim",
    "gensim_wiki",
    "interleave",
    "load",
    "open_vectors",
    "prune_vectors",
    "standard_input",
    "tokenize",
    "train",
]

_HOMES = {
    "ConfigError": "spacy_w2v.errors:ConfigError",
    "ConfigWarning": "spacy_w2v.errors:ConfigWarning",
    "CorpusError": "spacy_w2v.errors:CorpusError",
    "CorpusWarning": "spacy_w2v.errors:CorpusWarning",
    "Scores": "spacy_w2v.evaluation._scores:Scores",
    "StorageError": "spacy_w2v.errors:StorageError",
    "TrainingError": "spacy_w2v.errors:TrainingError",
    "UnknownWordError": "spacy_w2v.errors:UnknownWordError",
    "Word2Vec": "spacy_w2v._api:Word2Vec",
    "Word2VecError": "spacy_w2v.errors:Word2VecError",
    "WordVectors": "spacy_w2v.model._word_vectors:WordVectors",
    "concatenate": "spacy_w2v.sources._mixture:concatenate",
    "dataset": "spacy_w2v.sources._huggingface:dataset",
    "evaluate": "spacy_w2v.evaluation._scoring:evaluate",
    "from_gensim": "spacy_w2v._api:from_gensim",
    "gensim_wiki": "spacy_w2v.sources._gensim_wiki:gensim_wiki",
    "interleave": "spacy_w2v.sources._interleaving:interleave",
    "load": "spacy_w2v._api:load",
    "open_vectors": "spacy_w2v.formats._opening:open_vectors",
    "prune_vectors": "spacy_w2v._api:prune_vectors",
    "standard_input": "spacy_w2v.sources._text_files:standard_input",
    "tokenize": "spacy_w2v.corpus._words:tokenize",
    "train": "spacy_w2v._api:train",
}
"""Where each public name is defined: its module and its name there."""


def __getattr__(name: str) -> object:
    """Import a public name when it is first used."""
    if name in _HOMES:
        from spacy_w2v._system.signals import import_uninterrupted

        module, _, attribute = _HOMES[name].partition(":")
        import_uninterrupted(module)
        return getattr(import_module(module), attribute)
    raise AttributeError(f"module '{__name__}' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
