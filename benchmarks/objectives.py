"""The models of the word2vec family, and what gensim and floret call them."""

from argparse import ArgumentParser
from typing import Any

ARCHITECTURES = ("skip-gram", "cbow")
LOSSES = ("negative-sampling", "hierarchical-softmax", "softmax")

# In all three programs cbow predicts from the context's mean by default, and trees are Huffman's.
GENSIM_ARCHITECTURES = {"skip-gram": {"sg": 1}, "cbow": {"sg": 0}}
GENSIM_LOSSES = {"negative-sampling": {"hs": 0}, "hierarchical-softmax": {"hs": 1, "negative": 0}}
FLORET_ARCHITECTURES = {"skip-gram": "skipgram", "cbow": "cbow"}
FLORET_LOSSES = {"negative-sampling": "ns", "hierarchical-softmax": "hs", "softmax": "softmax"}


def add_objectives(parser: ArgumentParser) -> None:
    """Let a benchmark take several architectures and losses, and a vocabulary that a full softmax can bear."""
    parser.add_argument("--architectures", nargs="+", choices=ARCHITECTURES, default=["skip-gram"])
    parser.add_argument("--losses", nargs="+", choices=LOSSES, default=["negative-sampling"])
    parser.add_argument("--max-final-vocab", type=int, help="raise min_count until no more words are left, for all")


def can_train(program: str, *, loss: str) -> bool:
    """Return whether gensim, floret, or one of our kernels has a loss; all have both architectures."""
    return loss in {"gensim": GENSIM_LOSSES, "floret": FLORET_LOSSES}.get(program, LOSSES)


def gensim_settings(architecture: str, loss: str, *, negative: int = 5) -> dict[str, Any]:  # Any: arguments by name
    """Return the arguments of gensim's Word2Vec, which with hs=1 and noise words would train both losses at once."""
    return {"negative": negative, **GENSIM_ARCHITECTURES[architecture], **GENSIM_LOSSES[loss]}


def floret_settings(architecture: str, loss: str) -> dict[str, str]:
    """Return the arguments of floret.train_unsupervised."""
    return {"model": FLORET_ARCHITECTURES[architecture], "loss": FLORET_LOSSES[loss]}
