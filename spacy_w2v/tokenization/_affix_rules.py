"""The functions by which spaCy's stock tokenizer splits: methods of compiled expressions, or the user's own."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from uuid import uuid4

if TYPE_CHECKING:
    from spacy.tokenizer import Tokenizer

METHODS = {
    "prefix_search": "search",
    "suffix_search": "search",
    "infix_finditer": "finditer",
    "token_match": "match",
    "url_match": "match",
}
"""The attributes of a tokenizer that hold them, and the method of an expression that spaCy puts there."""


def affix_functions(tokenizer: "Tokenizer") -> dict[str, Any]:  # Any: whatever can be called
    """Return the functions that a stock tokenizer has, by the names of METHODS; None, for none, is left out."""
    functions = {name: getattr(tokenizer, name) for name in METHODS}
    return {name: function for name, function in functions.items() if function is not None}


def expression_of(function: Any) -> re.Pattern[str] | None:  # Any: as above
    """Return the compiled expression whose method a function is, or None if it is another function."""
    expression = getattr(function, "__self__", None)
    if not isinstance(expression, re.Pattern):
        return None
    return expression if function == getattr(expression, getattr(function, "__name__", ""), None) else None


def state_of(tokenizer: Any) -> list[Any]:  # Any: tokenizers of all kinds, and what is to be hashed
    """Return what tells the state of a tokenizer from that of another: equal for equal ones, in each process.

    One whose state cannot be told is unlike all others.
    """
    from spacy.tokenizer import Tokenizer

    if isinstance(tokenizer, Tokenizer):
        state = [(name, *_describe(function)) for name, function in affix_functions(tokenizer).items()]
        if all(map(expression_of, affix_functions(tokenizer).values())):
            return [*state, tokenizer.to_bytes(exclude=["vocab"])]
        return [*state, sorted(tokenizer.rules.items()), tokenizer.faster_heuristics]
    if hasattr(tokenizer, "to_bytes"):
        return [tokenizer.to_bytes(exclude=["vocab"])]
    return [_hash(tokenizer)]


def _describe(function: Any) -> tuple[str, ...]:  # Any: as above
    expression = expression_of(function)
    if expression is None:
        return (_hash(function),)
    return function.__name__, str(expression.pattern), str(expression.flags)


def _hash(thing: Any) -> str:  # Any: a function or object of the user's
    """Return a hash of code and data, but for the vocab of a pipeline, which changes with all that it reads."""
    from datasets.fingerprint import Hasher
    from spacy.language import Language
    from spacy.vocab import Vocab

    data = getattr(thing, "__dict__", {})
    known = {name: value for name, value in data.items() if not isinstance(value, Vocab | Language)}
    try:
        return str(Hasher.hash((type(thing), known) if len(known) < len(data) else thing))
    except Exception:  # objects of all kinds may refuse to be pickled
        return uuid4().hex


def lost_when_saved(tokenizer: Any) -> Iterator[str]:  # Any: tokenizers of all kinds
    """Yield, for each function of a stock tokenizer that spaCy cannot save, a clause that says why.

    spaCy saves the text of each expression, and puts its usual method in the place of whatever was there.
    """
    from spacy.tokenizer import Tokenizer

    if not isinstance(tokenizer, Tokenizer):
        return
    for name, function in affix_functions(tokenizer).items():
        expression, method = expression_of(function), METHODS[name]
        if expression is None:
            yield f"{name} is a function other than re.compile(...).{method}"
        elif function.__name__ != method:
            yield f"{name} is the method {function.__name__}, not {method}, of an expression"
        elif expression.flags != re.compile(expression.pattern).flags:
            yield f"{name} has flags, which must stand in the expression itself, as in (?i)"
