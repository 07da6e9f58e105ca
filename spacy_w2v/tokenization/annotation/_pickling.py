"""Pickles the annotating parts of a pipeline, for other processes."""

import pickle
import warnings
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from spacy_w2v.errors._wording import first_line
from spacy_w2v.tokenization._jieba_words import pickle_with_words
from spacy_w2v.tokenization.annotation._annotator import Annotator

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.vocab import Vocab

# Any in signatures: components and what goes with an annotator have no common type.


def pickled_with(annotator: Annotator, *others: Any) -> bytes:
    """Return a pickle of an annotator and other objects.

    A component may refer to its pipeline, as spaCy's entity ruler does. A Language and spaCy's frozen lists
    cannot be unpickled, so they become new ones. The Language has the components of the annotator only. Extension
    attributes, such as `token._.name`, go with them.

    Raises:
        Exception: Any error of pickle.
    """
    # Tokenizer.__reduce__ does not include faster_heuristics.
    faster_heuristics = getattr(annotator.tokenizer, "faster_heuristics", None)
    return _pickled((_extensions(), annotator, faster_heuristics, others), annotator.components)


def pickled_if_possible(annotator: Annotator, thing: Any, *, n_asked: int, without_components: str) -> bytes | None:
    """Return a pickle of an annotator and what it is part of, or None if that is not picklable.

    Args:
        annotator: The annotator.
        thing: What it is part of.
        n_asked: The number of processes that the user asked for. If there are several, there is a warning.
        without_components: What is not picklable if all components are, for the warning.
    """
    try:
        return pickled_with(annotator, thing)
    except Exception as error:  # a user's components may raise any error
        if n_asked > 1:
            name = not_picklable(annotator)
            what = f"the component '{name}'" if name is not None else without_components
            warnings.warn(
                f"A pipeline must be picklable for n_process = {n_asked}, but {what} is not: {first_line(error)}. Only "
                "one process is used.",
                stacklevel=3,
            )
        return None


def unpickled(payload: bytes) -> tuple[Annotator, tuple[Any, ...]]:
    """Return the annotator and the other objects of a pickle of `pickled_with`."""
    from spacy.tokens.underscore import Underscore

    extensions, annotator, faster_heuristics, others = pickle.loads(payload)
    for known, pickled in zip(Underscore.get_state(), extensions, strict=True):
        known.update({name: pickle.loads(definition) for name, definition in pickled.items() if name not in known})
    if faster_heuristics is False:
        annotator.tokenizer.faster_heuristics = False
    return annotator, others


def not_picklable(annotator: Annotator) -> str | None:
    """Return the name of the first component that cannot be pickled, or None if all can."""
    for name, component in annotator.components:
        try:
            _pickled(component, ())
        except Exception:  # any error of a user's component
            return name
    return None


def _extensions() -> list[dict[str, bytes]]:
    """Return pickles of the extension attributes of Docs, spans and tokens, by name, without those that have none."""
    from spacy.tokens.underscore import Underscore

    found: list[dict[str, bytes]] = []
    for known in Underscore.get_state():
        found.append({})
        for name, definition in known.items():
            with suppress(Exception):  # any error of a user's function
                found[-1][name] = _pickled(definition, ())
    return found


def _pickled(thing: Any, components: Sequence[tuple[str, Any]]) -> bytes:
    from spacy.language import Language
    from spacy.util import SimpleFrozenList

    def reduce(thing: Any) -> Any:
        if isinstance(thing, SimpleFrozenList):  # such as nlp.pipe_names
            return list, (list(thing),)
        if not isinstance(thing, Language):
            return NotImplemented
        state = (thing.tokenizer, list(components), thing.max_length, thing.batch_size)
        return _new_language, (type(thing), thing.vocab), state, None, None, _set_state

    return pickle_with_words(thing, reduce=reduce)


def _new_language(kind: "type[Language]", vocab: "Vocab") -> "Language":
    return kind(vocab, create_tokenizer=lambda _: None)  # it is set later


def _set_state(nlp: "Language", state: tuple[Any, ...]) -> None:
    nlp.tokenizer, nlp._components, nlp.max_length, nlp.batch_size = state
