"""A check of the memory before weights are allocated."""

from spacy_w2v._system.memory import available_memory
from spacy_w2v.errors import TrainingError


def check_memory(n_bytes: int, *, n_words: int, vector_size: int, n_subwords: int = 0) -> None:
    """Raise TrainingError if the weights alone exceed the available memory.

    Args:
        n_bytes: Size of the weights.
        n_words: Size of the vocabulary, for the error.
        vector_size: Number of dimensions, for the error.
        n_subwords: Number of rows of subwords, for the error.
    """
    memory = available_memory()
    if memory is not None and n_bytes > memory:
        what, remedy = f"{n_words} words", "vector_size"
        if n_subwords:
            what, remedy = f"{what} and {n_subwords} rows of subwords", "vector_size or buckets"
        raise TrainingError(
            f"The weights must fit into memory, {memory / 1e9:.1f} GB, but {what} of {vector_size} dimensions take "
            f"{n_bytes / 1e9:.1f} GB. Raise min_count, or lower max_final_vocab or {remedy}."
        )
