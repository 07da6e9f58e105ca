"""Word vectors for spaCy: word2vec trained on exactly the tokens that a pipeline makes.

`train` makes a `Word2Vec` from texts, `load` reads one back, `from_gensim` makes one from gensim's; `prune_vectors`
makes the table of any pipeline smaller. All else is in the submodules. Importing this package loads none of numba,
gensim, datasets or spaCy: names are imported when they are first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spacy_w2v._api import Word2Vec, from_gensim, load, prune_vectors, train

__all__ = ["Word2Vec", "from_gensim", "load", "prune_vectors", "train"]


def __getattr__(name: str) -> object:
    """Import the public names when they are first used."""
    if name in __all__:
        from spacy_w2v._system.signals import import_whole

        import_whole("spacy_w2v._api")
        return getattr(import_module("spacy_w2v._api"), name)
    if name == "__version__":
        from importlib.metadata import version

        return version("spacy-w2v")
    raise AttributeError(f"module '{__name__}' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
