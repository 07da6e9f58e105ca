"""Words that a directory of sense2vec can hold, and those that it cannot."""

from collections.abc import Sequence

from spacy_w2v.errors import ConfigError
from spacy_w2v.keys._sense_names import split_sense

LEAST_SHARE = 0.01
"""The least share of words with a sense. Fewer are tokens that happen to have a bar."""


def describe_left_out(words: Sequence[str]) -> str | None:
    """Return a note on the words that have no sense, which sense2vec cannot look up; None if all have one.

    Raises:
        ConfigError: No word has a sense.
    """
    without = [word for word in words if split_sense(word) is None]
    if not without:
        return None
    check_senses(words, n_with=len(words) - len(without))
    return (
        f"The format sense2vec holds words with a sense. {len(without):,} of {len(words):,} words have none and are "
        f"left out, such as {without[0]!r}"
    )


def check_senses(words: Sequence[str], *, n_with: int) -> None:
    """Raise ConfigError if hardly any word has a sense: a text may have a token such as "style=|regular".

    Args:
        words: The words.
        n_with: The number of those that have a sense.
    """
    if n_with >= LEAST_SHARE * len(words) and n_with:
        return
    first = ", ".join(repr(word) for word in words[:3])
    few = f"only {n_with:,} of {len(words):,} words have" if n_with else f"none of {len(words):,} words has"
    raise ConfigError(
        f'The format sense2vec needs keys with a sense, such as "duck|NOUN", but {few} one: {first}. Train with '
        'keys = "spacy_w2v.SenseKeys.v1" in [w2v.tokens], or export to another format.'
    )
