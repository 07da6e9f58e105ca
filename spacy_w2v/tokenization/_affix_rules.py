"""The affix rules of spaCy's stock tokenizer: methods of compiled regular expressions, or a user's functions."""

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
"""The attributes of a tokenizer with its rules, and the method of a regular expression that spaCy assigns to each."""


def affix_functions(tokenizer: "Tokenizer") -> dict[str, Any]:  # Any: any callable
    """Return the affix rules of a stock tokenizer by their names in METHODS, except rules that are not set."""
    functions = {name: getattr(tokenizer, name) for name in METHODS}
    return {name: function for name, function in functions.items() if function is not None}


def expression_of(function: Any) -> re.Pattern[str] | None:  # Any: as above
    """Return the compiled regular expression of a method, or None for any other function."""
    expression = getattr(function, "__self__", None)
    if not isinstance(expression, re.Pattern):
        return None
    return expression if function == getattr(expression, getattr(function, "__name__", ""), None) else None


def state_of(tokenizer: Any) -> list[Any]:  # Any: tokenizers have no common type
    """Return the state that determines the tokens of a tokenizer. It is equal for equal tokenizers, in every process.

    If the state cannot be determined, the result is unique.
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


def _hash(thing: Any) -> str:  # Any: a user's function or object
    """Return a hash of code and data, without the vocab of a pipeline, which changes with each text."""
    from datasets.fingerprint import Hasher
    from spacy.language import Language
    from spacy.vocab import Vocab

    data = getattr(thing, "__dict__", {})
    known = {name: value for name, value in data.items() if not isinstance(value, Vocab | Language)}
    try:
        return str(Hasher.hash((type(thing), known) if len(known) < len(data) else thing))
    except Exception:  # pickling an arbitrary object may raise any error
        return uuid4().hex


def unsaved_rules(tokenizer: Any) -> Iterator[str]:  # Any: tokenizers have no common type
    """Yield the reason, as a clause, for each affix rule of a stock tokenizer that spaCy cannot save.

    spaCy saves only the pattern of each regular expression. On loading, it compiles the pattern without flags, and
    assigns the method of METHODS.
    """
    from spacy.tokenizer import Tokenizer

    if not isinstance(tokenizer, Tokenizer):
        return
    for name, function in affix_functions(tokenizer).items():
        expression, method = expression_of(function), METHODS[name]
        if expression is None:
            yield f"{name} is a function other than re.compile(...).{method}"
        elif function.__name__ != method:
            yield f"{name} is the method {function.__name__} of a regular expression, not {method}"
        elif expression.flags != re.compile(expression.pattern).flags:
            yield f"{name} has flags, which must be part of the pattern, for example (?i)"
