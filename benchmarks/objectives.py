"""The models of the word2vec family, and what gensim and floret call them."""

from argparse import ArgumentParser
from typing import Any, get_args

from spacy_w2v.config._schema import ModelSettings
from spacy_w2v.kernels import TRAINING_KERNELS

ARCHITECTURES = get_args(ModelSettings.model_fields["architecture"].annotation)
LOSSES = get_args(ModelSettings.model_fields["loss"].annotation)

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


def can_train(program: str, *, architecture: str, loss: str) -> bool:
    """Return whether gensim, floret, or one of our kernels has a combination."""
    if program == "gensim":
        return loss in GENSIM_LOSSES
    if program == "floret":
        return loss in FLORET_LOSSES
    return (architecture, loss, program) in TRAINING_KERNELS


def gensim_settings(architecture: str, loss: str, *, negative: int = 5) -> dict[str, Any]:  # Any: arguments by name
    """Return the arguments of gensim's Word2Vec, which with hs=1 and noise words would train both losses at once."""
    return {"negative": negative, **GENSIM_ARCHITECTURES[architecture], **GENSIM_LOSSES[loss]}


def floret_settings(architecture: str, loss: str) -> dict[str, str]:
    """Return the arguments of floret.train_unsupervised."""
    return {"model": FLORET_ARCHITECTURES[architecture], "loss": FLORET_LOSSES[loss]}
