"""Frozen words, whose input vectors are not trained."""

from spacy_w2v._jit import inlined


@inlined
def is_frozen(word, frozen):
    """Return whether a word is frozen. frozen: `KernelSettings.frozen`, which is empty if no word is."""
    return frozen.size > 0 and frozen[word]
