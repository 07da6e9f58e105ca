"""What is wrong with settings, as text: unknown keys, and values that break a rule."""

import re
from typing import Any

from pydantic import BaseModel, ValidationError

from spacy_w2v.config._base import NO_VALUE, is_class
from spacy_w2v.config._renamed import hint_of_new_name
from spacy_w2v.errors._wording import did_you_mean

REGISTERED = {"w2v": "corpus", "w2v.training": "logger"}
"""Sections with a registered function beside the settings, and the name of its block."""


def unknown_keys(model: type[BaseModel], values: dict[str, Any], *, section: str) -> list[str]:
    """Return a line for each key that is not a field of the model, with the most similar field."""
    problems = []
    valid = [*model.model_fields, *([REGISTERED[section]] if section in REGISTERED else [])]
    for key, value in values.items():
        if key not in valid:
            near = did_you_mean(key, valid, otherwise=f"Known keys: {', '.join(valid)}.")
            hint = hint_of_new_name(section, key) or near
            # a section of a config is w2v or has a dot in its name; a block that is an argument in Python has none
            where = f"[{section}]" if section == "w2v" or "." in section else section
            problems.append(f"{where} has no setting '{key}'. {hint}")
            continue
        nested = model.model_fields[key].annotation
        if is_class(nested, BaseModel):
            if isinstance(value, dict):
                problems += unknown_keys(nested, value, section=f"{section}.{key}" if section else key)
            else:
                problems.append(f"[{section}.{key}] must be a block of settings, was: {value!r}")
    return problems


_RULES = {
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "greater_than": "must be greater than {gt}",
    "multiple_of": "must be a multiple of {multiple_of}",
    "int_parsing": "must be a whole number",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_parsing": "must be a number",
    "float_type": "must be a number",
    "finite_number": "must be a finite number",
    "bool_parsing": "must be true or false",
    "bool_type": "must be true or false",
    "literal_error": "must be one of {expected}",
    "list_type": "must be a list",
    "dict_type": "must be a block",
    "model_type": "must be a block",
    "string_type": "must be a string",
    "string_too_short": "must not be empty",
}


_NAME_WITH_BLOCK = re.compile(r"^[a-z_]+\.([a-z_]+ )")
"""The name of a setting with its block, such as "training.alpha ", at the beginning of an error."""


def describe_problem(problem: Any, section: str) -> str:  # Any: pydantic's ErrorDetails, with an open context
    """Return one line of the form "section.key must be at least 1, was: 0"; section may be empty."""
    name = ".".join([*([section] if section else []), *(str(part) for part in problem["loc"])])
    if problem["type"] == "missing":
        return f"{name} is missing"
    if problem["type"] == "value_error":
        return f"{name}: {problem['ctx']['error']}"
    return f"{name}{_rule_and_value(problem)}"


def describe_argument(problem: Any) -> str:  # Any: as above
    """Return one line of the form "window must be at least 1, was: 0", for settings given as arguments in Python."""
    if problem["type"] == "value_error":
        return _NAME_WITH_BLOCK.sub(r"\1", str(problem["ctx"]["error"]))
    return f"{problem['loc'][-1]}{_rule_and_value(problem)}"


def describe_arguments(error: ValidationError) -> str:
    """Return what is wrong with settings that are given as arguments, or read from a file, in one sentence."""
    return "; ".join(map(describe_argument, error.errors()))


def _rule_and_value(problem: Any) -> str:  # Any: as above
    rule = _RULES.get(problem["type"])
    text = problem["msg"] if rule is None else rule.format(**problem.get("ctx", {}))
    hint = f". {NO_VALUE}" if problem["input"] is True else ""
    return f"{':' if rule is None else ''} {text}, was: {problem['input']!r}{hint}"
