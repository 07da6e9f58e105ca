"""Word vectors for spaCy: word2vec trained on the tokens of your pipeline.

Training: `train` returns a `Word2Vec`, `load` reads a saved one, and `from_gensim` converts gensim's. A `Callback`
receives the events of training.
Vectors from any source: `open_vectors` reads them as `WordVectors`, `evaluate` returns their `Scores`,
`compare` puts those of several side by side, and `prune_vectors` reduces the vectors table of a pipeline.
Texts: `dataset`, `docbin`, `gensim_wiki` and `standard_input` read them, `concatenate` and `interleave` combine several
sources, `tokenize` returns their words, and `find_phrases` a `PhraseTable` of words that belong together, which
`open_phrases` reads from a file.
Errors: `Word2VecError` is the base class. The module `spacy_w2v.errors` describes all of them.

Everything else is private. The public names are imported when they are first used, so that importing this package does
not load numba, gensim, datasets or spaCy.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from spacy_w2v._version import __version__ as __version__
from spacy_w2v.model._pushing import PushOptions, provide_push

if TYPE_CHECKING:
    from spacy_w2v._api import Word2Vec, from_gensim, load, prune_vectors, train
    from spacy_w2v.corpus._words import tokenize
    from spacy_w2v.errors import (
        ClusterError,
        ConfigError,
        ConfigWarning,
        CorpusError,
        CorpusWarning,
        StorageError,
        TrainingError,
        UnknownWordError,
        Word2VecError,
    )
    from spacy_w2v.evaluation._comparison import Comparison
    from spacy_w2v.evaluation._scores import Scores
    from spacy_w2v.evaluation._scoring import compare, evaluate
    from spacy_w2v.formats._opening import open_vectors
    from spacy_w2v.formats._phrases import open_phrases
    from spacy_w2v.inspection._facts import Inspection
    from spacy_w2v.inspection._inspection import inspect_vectors
    from spacy_w2v.model._word_vectors import WordVectors
    from spacy_w2v.phrases._of_texts import find_phrases
    from spacy_w2v.phrases._table import PhraseTable
    from spacy_w2v.sources._docbin_corpus import docbin
    from spacy_w2v.sources._gensim_wiki import gensim_wiki
    from spacy_w2v.sources._huggingface import dataset
    from spacy_w2v.sources._interleaving import interleave
    from spacy_w2v.sources._mixture import concatenate
    from spacy_w2v.sources._text_files import standard_input
    from spacy_w2v.training.callbacks._callback import Callback

__all__ = [
    "Callback",
    "ClusterError",
    "Comparison",
    "ConfigError",
    "ConfigWarning",
    "CorpusError",
    "CorpusWarning",
    "Inspection",
    "PhraseTable",
    "Scores",
    "StorageError",
    "TrainingError",
    "UnknownWordError",
    "Word2Vec",
    "Word2VecError",
    "WordVectors",
    "compare",
    "concatenate",
    "dataset",
    "docbin",
    "evaluate",
    "find_phrases",
    "from_gensim",
    "gensim_wiki",
    "inspect_vectors",
    "interleave",
    "load",
    "open_phrases",
    "open_vectors",
    "prune_vectors",
    "standard_input",
    "tokenize",
    "train",
]

_HOMES = {
    "Callback": "spacy_w2v.training.callbacks._callback",
    "ClusterError": "spacy_w2v.errors",
    "Comparison": "spacy_w2v.evaluation._comparison",
    "ConfigError": "spacy_w2v.errors",
    "ConfigWarning": "spacy_w2v.errors",
    "CorpusError": "spacy_w2v.errors",
    "CorpusWarning": "spacy_w2v.errors",
    "Inspection": "spacy_w2v.inspection._facts",
    "Scores": "spacy_w2v.evaluation._scores",
    "PhraseTable": "spacy_w2v.phrases._table",
    "StorageError": "spacy_w2v.errors",
    "TrainingError": "spacy_w2v.errors",
    "UnknownWordError": "spacy_w2v.errors",
    "Word2Vec": "spacy_w2v._api",
    "Word2VecError": "spacy_w2v.errors",
    "WordVectors": "spacy_w2v.model._word_vectors",
    "compare": "spacy_w2v.evaluation._scoring",
    "concatenate": "spacy_w2v.sources._mixture",
    "dataset": "spacy_w2v.sources._huggingface",
    "docbin": "spacy_w2v.sources._docbin_corpus",
    "evaluate": "spacy_w2v.evaluation._scoring",
    "find_phrases": "spacy_w2v.phrases._of_texts",
    "from_gensim": "spacy_w2v._api",
    "gensim_wiki": "spacy_w2v.sources._gensim_wiki",
    "inspect_vectors": "spacy_w2v.inspection._inspection",
    "interleave": "spacy_w2v.sources._interleaving",
    "load": "spacy_w2v._api",
    "open_phrases": "spacy_w2v.formats._phrases",
    "open_vectors": "spacy_w2v.formats._opening",
    "prune_vectors": "spacy_w2v._api",
    "standard_input": "spacy_w2v.sources._text_files",
    "tokenize": "spacy_w2v.corpus._words",
    "train": "spacy_w2v._api",
}
"""The module that defines each public name."""


def __getattr__(name: str) -> object:
    """Import a public name when it is first used."""
    if name in _HOMES:
        from spacy_w2v._system.signals import import_uninterrupted
        from spacy_w2v.errors._reraising import reporting_missing_packages

        with reporting_missing_packages():
            import_uninterrupted(_HOMES[name])
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module '{__name__}' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])


def _push(vectors: "WordVectors", repository: str, options: PushOptions) -> str:
    from spacy_w2v.reports._repository import push_vectors

    return push_vectors(vectors, repository, options)


provide_push(_push)
