"""Words whose input vectors stay as they are."""

from spacy_w2v._jit import inlined


@inlined
def is_frozen(word, frozen):
    """Whether a word is among the frozen ones, see KernelSettings."""
    return frozen.size > 0 and frozen[word]
