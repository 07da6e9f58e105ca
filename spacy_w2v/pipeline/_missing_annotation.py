"""What is said when documents reach the component without the annotation that keys are made of."""

import warnings
from collections.abc import Collection, Iterable

from spacy.language import Language

from spacy_w2v.errors import ConfigWarning
from spacy_w2v.keys._protocol import KeyFunction, required_by
from spacy_w2v.keys._requirements import expanded

KNOWN_BY_FORMS = frozenset({"token.lemma"})
"""Keys of nothing else need no warning: the form of a word nearly always has one lemma, whose row the table knows."""


def warn_of_missing(missing: Collection[str], function: KeyFunction, *, name: str, nlp: Language | None) -> bool:
    """Warn that tokens have the vectors of their forms, unless that does no harm or is the result of other components.

    Args:
        missing: The annotation that a document lacks, such as "token.pos".
        function: The key function of the vectors.
        name: Name of the component.
        nlp: The pipeline; None if it is unknown.

    Returns:
        Whether there was a warning.
    """
    if not missing or KNOWN_BY_FORMS.issuperset(required_by(function) or ()):
        return False
    names = [] if nlp is None else nlp.pipe_names
    place = names.index(name) if name in names else len(names)
    if setters(nlp, names[:place], missing):
        return False
    late = setters(nlp, names[place + 1 :], missing)
    remedy = (
        f"'{late[0]}' comes after '{name}': put '{name}' after it in pipeline of [nlp]."
        if late
        else f"Put components that set it before '{name}' in pipeline of [nlp]."
    )
    warnings.warn(
        f"The vectors have keys that are made of {_listed(required_by(function) or ())}, but documents reach the "
        f"component '{name}' without {_listed(missing)}, so that each token has the vector of the most frequent sense "
        f"of its form. {remedy}",
        ConfigWarning,
        stacklevel=4,
    )
    return True


def setters(nlp: Language | None, names: Iterable[str], missing: Collection[str]) -> list[str]:
    """Return the components of some names that say that they set some of the missing annotation."""
    if nlp is None:
        return []
    needed = expanded(missing)
    return [name for name in names if needed.intersection(nlp.get_pipe_meta(name).assigns)]


def _listed(annotation: Iterable[str]) -> str:
    return ", ".join(annotation)
