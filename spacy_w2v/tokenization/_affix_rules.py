"""The affix rules of spaCy's stock tokenizer: methods of compiled expressions, or functions of the user's."""

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
"""The attributes of a tokenizer that hold the rules, and the method of an expression that spaCy assigns to each."""


def affix_functions(tokenizer: "Tokenizer") -> dict[str, Any]:  # Any: whatever can be called
    """Return the rules that a stock tokenizer has, by the names of METHODS, without those that are None."""
    functions = {name: getattr(tokenizer, name) for name in METHODS}
    return {name: function for name, function in functions.items() if function is not None}


def expression_of(function: Any) -> re.Pattern[str] | None:  # Any: as above
    """Return the compiled expression that a method belongs to, or None for any other function."""
    expression = getattr(function, "__self__", None)
    if not isinstance(expression, re.Pattern):
        return None
    return expression if function == getattr(expression, getattr(function, "__name__", ""), None) else None


def state_of(tokenizer: Any) -> list[Any]:  # Any: tokenizers of all kinds, and what is to be hashed
    """Return what decides the tokens of a tokenizer: equal for equal tokenizers, in every process.

    If the state of a tokenizer cannot be found out, it differs from all others.
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
    """Return a hash of code and data, without the vocab of a pipeline, which changes with every text."""
    from datasets.fingerprint import Hasher
    from spacy.language import Language
    from spacy.vocab import Vocab

    data = getattr(thing, "__dict__", {})
    known = {name: value for name, value in data.items() if not isinstance(value, Vocab | Language)}
    try:
        return str(Hasher.hash((type(thing), known) if len(known) < len(data) else thing))
    except Exception:  # pickling an arbitrary object may raise anything
        return uuid4().hex


def unsaved_rules(tokenizer: Any) -> Iterator[str]:  # Any: tokenizers of all kinds
    """Yield a clause with the reason for each rule of a stock tokenizer that spaCy cannot save.

    spaCy saves the text of each expression only, and later assigns its usual method, whatever was there before.
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
