"""The settings of [w2v] as Markdown: types, bounds and defaults from the schema, descriptions from its docstrings."""

import ast
import inspect
import json
import textwrap
from collections.abc import Iterator
from typing import Any, Literal, get_args, get_origin

import annotated_types
from pydantic.fields import FieldInfo
from reference_docstrings import names_of

from spacy_w2v.config._base import Settings, is_class
from spacy_w2v.config._schema import W2VSettings


def setting_entries() -> list[tuple[str, str, list[tuple[str, str]]]]:
    """Return for each section its name, its purpose, and the name and the text of each of its settings."""
    entries = []
    for section, settings in blocks_within(W2VSettings, "w2v"):
        purpose = (inspect.getdoc(settings) or "").partition(": ")[2].rstrip(".")
        texts = attribute_docstrings(settings)
        rows = [
            (name, _text_of(name, info, texts[name]))
            for name, info in settings.model_fields.items()
            if not is_class(info.annotation, Settings)
        ]
        entries.append((section, purpose, rows))
    return entries


def blocks_within(settings: type[Settings], section: str) -> Iterator[tuple[str, type[Settings]]]:
    """Yield the section and the class of each block within a section, each before its own blocks."""
    for name, field in settings.model_fields.items():
        if is_class(field.annotation, Settings):
            yield f"{section}.{name}", field.annotation
            yield from blocks_within(field.annotation, f"{section}.{name}")


def attribute_docstrings(settings: type) -> dict[str, str]:
    """Return the docstrings below the attributes of a class and of its base classes. Fails if one lacks it."""
    texts = {}
    for base in reversed(settings.__mro__):
        if issubclass(base, Settings) and base is not Settings:
            texts |= _own_docstrings(base)
    return texts


def _own_docstrings(settings: type) -> dict[str, str]:
    tree = ast.parse(textwrap.dedent(inspect.getsource(settings))).body[0]
    assert isinstance(tree, ast.ClassDef)
    texts = {}
    for before, after in zip(tree.body, tree.body[1:], strict=False):
        if isinstance(before, ast.AnnAssign) and isinstance(before.target, ast.Name):
            is_text = isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant)
            assert is_text, f"{settings.__name__}.{before.target.id} must have a docstring below it"
            texts[before.target.id] = inspect.cleandoc(after.value.value)
    return texts


def _text_of(name: str, info: FieldInfo, description: str) -> str:
    return f"{_type_of(info)} Default: `{json.dumps(info.default)}`.\n\n{description}\n"


def _type_of(info: FieldInfo) -> str:
    """Return a sentence with the type of a setting and its bounds."""
    names = names_of(info.annotation)
    if get_origin(info.annotation) is list:
        choices = [f'`"{value}"`' for value in get_args(get_args(info.annotation)[0])]
        return f"A list of {_joined(choices, 'and') if choices else 'strings, or a string'}."
    if get_origin(info.annotation) is Literal:
        return f"{_joined(names, 'or')}."
    bounds = _bounds_of([*info.metadata])
    names = [f"a {name}" if name.startswith("list of") else name for name in names]
    described = {"whole number": f"a whole number{bounds}", "number": f"a number{bounds}", "string": "a string"}
    if list[str] in get_args(info.annotation):
        names = [*(name for name in names if "list" not in name), "a list of strings", "a string"]
    text = ", or ".join(described.get(name, name) for name in names)
    return f"{text[0].upper()}{text[1:]}."


def _bounds_of(metadata: list[Any]) -> str:  # Any: pydantic's metadata of all kinds
    lowest = next((item.ge for item in metadata if isinstance(item, annotated_types.Ge)), None)
    above = next((item.gt for item in metadata if isinstance(item, annotated_types.Gt)), None)
    highest = next((item.le for item in metadata if isinstance(item, annotated_types.Le)), None)
    if lowest is not None and highest is not None:
        return f" from {lowest:,} to {highest:,}"
    parts = [f" of at least {lowest:,}"] if lowest is not None else []
    parts += [f" above {above:,}"] if above is not None else []
    parts += [f"{' and' if parts else ''} of at most {highest:,}"] if highest is not None else []
    return "".join(parts)


def _joined(names: list[str], conjunction: str) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {conjunction} {names[-1]}"
