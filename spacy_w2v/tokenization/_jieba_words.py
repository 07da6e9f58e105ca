"""The dictionary of jieba, which spaCy's Chinese tokenizer may use. It is global to the process."""

import io
from collections.abc import Callable
from typing import Any, NamedTuple

from spacy_w2v._system.hashing import sha256_of_values

# Any in signatures: tokenizers have no common type, and jieba has no types.


class JiebaWords(NamedTuple):
    """The state that jieba's `load_userdict`, `add_word`, `del_word`, `suggest_freq` and `set_dictionary` change."""

    frequencies: dict[str, int]
    """The frequency of each word, and 0 for prefixes of words."""
    total: int
    """The sum of the frequencies."""
    split: set[str]
    """Words that the hidden Markov model must split if the dictionary lacks them."""


def jieba_fingerprint(tokenizer: Any) -> str | None:
    """Return a hash of everything that determines the segmentation by jieba, or None if it is not used."""
    segmenter = getattr(tokenizer, "jieba_seg", None)
    if segmenter is None:
        return None
    import jieba

    words = _words_of(segmenter)
    return sha256_of_values(jieba.__version__, list(words.frequencies.items()), words.total, sorted(words.split))


def pickle_with_words(thing: object, *, reduce: Callable[[Any], Any] = lambda _: NotImplemented) -> bytes:
    """Return a pickle of a tokenizer, for tokenizing in another process.

    The pickle contains functions and classes of a script or notebook, which another process cannot import. Unpickling
    it imports jieba, and sets the dictionary that jieba has in this process.

    Args:
        thing: The tokenizer, or anything that has one.
        reduce: Returns how to pickle some objects, as `reducer_override` of a Pickler does.

    Raises:
        Exception: Any error of pickle.
    """
    from srsly.cloudpickle import CloudPickler

    class Pickler(CloudPickler):  # type: ignore[misc]  # srsly has no types
        def reducer_override(self, thing: Any) -> Any:
            if getattr(thing, "__name__", None) == "jieba" and hasattr(thing, "dt"):
                return _import_with, (_words_of(thing),)
            found = reduce(thing)
            return super().reducer_override(thing) if found is NotImplemented else found

    buffer = io.BytesIO()
    Pickler(buffer).dump(thing)
    return buffer.getvalue()


def _import_with(words: JiebaWords) -> Any:
    import jieba.finalseg

    jieba.dt.FREQ, jieba.dt.total = words.frequencies, words.total
    jieba.dt.initialized = True  # prevents jieba from loading its dictionary and printing messages
    jieba.finalseg.Force_Split_Words.clear()
    jieba.finalseg.Force_Split_Words.update(words.split)
    return jieba


def _words_of(segmenter: Any) -> JiebaWords:
    """Return the words of the module jieba or of a `jieba.Tokenizer`."""
    import jieba.finalseg

    words = getattr(segmenter, "dt", segmenter)
    words.check_initialized()
    return JiebaWords(words.FREQ, words.total, jieba.finalseg.Force_Split_Words)
