"""Words that a directory of sense2vec can hold, and those that it cannot."""

from collections.abc import Sequence

from spacy_w2v.errors import ConfigError
from spacy_w2v.keys._sense_names import split_sense


def describe_left_out(words: Sequence[str]) -> str | None:
    """Return a note on the words that have no sense, which sense2vec cannot look up; None if all have one.

    Raises:
        ConfigError: No word has a sense.
    """
    without = [word for word in words if split_sense(word) is None]
    if not without:
        return None
    if len(without) == len(words):
        raise ConfigError(describe_no_senses(words))
    return (
        f"The format sense2vec holds words with a sense. {len(without):,} of {len(words):,} words have none and are "
        f"left out, such as {without[0]!r}"
    )


def describe_no_senses(words: Sequence[str]) -> str:
    """Return why none of some words can be written, for an error."""
    first = ", ".join(repr(word) for word in words[:3])
    return (
        f'The format sense2vec needs keys with a sense, such as "duck|NOUN", but none of {len(words):,} words has '
        f'one: {first}. Train with keys = "spacy_w2v.SenseKeys.v1" in [w2v.tokens], or export to another format.'
    )
