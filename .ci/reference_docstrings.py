"""Docstrings in Google style and annotations, as Markdown."""

import re
import types
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, ForwardRef, Literal, NamedTuple, Union, get_args, get_origin

SECTIONS = ("Args", "Returns", "Yields", "Raises", "Example", "Examples")


class Docstring(NamedTuple):
    """The parts of a docstring."""

    summary: str
    """The first sentence, which is the first paragraph."""
    description: str
    """All that stands before the first section."""
    arguments: dict[str, str]
    """The text of each argument, on one line."""


def parse(text: str) -> Docstring:
    """Return the parts of a docstring in Google style, without its indentation."""
    parts = re.split(rf"^({'|'.join(SECTIONS)}):\n", text, flags=re.MULTILINE)
    sections = dict(zip(parts[1::2], parts[2::2], strict=True))
    description = _without_registered_name(parts[0].strip())
    summary = " ".join(description.split("\n\n")[0].split())
    return Docstring(summary, description, _entries(sections.get("Args", "")))


def _without_registered_name(text: str) -> str:
    """Return a description without 'Make the reader "spacy_w2v.Dataset.v1": ', which the heading says."""
    shorter = re.sub(r"^(?:Make|Create) the \w+ [\"`][\w.]+[\"`](?:: |, (?:which |whose )?)", "", text)
    return shorter[:1].upper() + shorter[1:]


def _entries(section: str) -> dict[str, str]:
    entries: dict[str, str] = {}
    for line in section.splitlines():
        start = re.match(r" {4}\*{0,2}(\w+)(?: \([^)]*\))?: (.*)", line)
        if start is not None:
            name = start[1]
            entries[name] = start[2]
        elif line.strip() and entries:
            entries[name] += f" {line.strip()}"
    return entries


def in_markdown(text: str) -> str:
    """Return the text of an argument for the cell of a table, with null in place of Python's None."""
    return re.sub(r"\bNone\b", "`null`", text.replace("|", "\\|"))


def annotation_text(annotation: Any) -> str:  # Any: annotations of all kinds
    """Return an annotation in the words of a config, for the cell of a table."""
    return " or ".join(dict.fromkeys(names_of(annotation)))


def names_of(annotation: Any) -> list[str]:  # Any: as above
    """Return the types and values that an annotation allows, null first."""
    if isinstance(annotation, str | ForwardRef):
        return [f"`{annotation}`".replace("ForwardRef", "")]
    if get_origin(annotation) in (Union, types.UnionType):
        parts = sorted(get_args(annotation), key=lambda part: part is not type(None))
        return [name for part in parts for name in names_of(part)]
    if get_origin(annotation) is Annotated:
        return ["reader"]  # the only annotated argument of a registered function is a corpus
    if get_origin(annotation) is Literal:
        return [f'`"{value}"`' for value in get_args(annotation)]
    if get_origin(annotation) in (list, tuple):
        return [f"list of {_plural(annotation_text(get_args(annotation)[0]))}"]
    if get_origin(annotation) is dict:
        return ["block"]
    if get_origin(annotation) is not None and getattr(get_origin(annotation), "__name__", "") == "Callable":
        return ["callback"]
    if getattr(get_origin(annotation), "__name__", "") == "Iterator":
        return ["schedule"]
    simple = {
        str: "string", int: "whole number", float: "number", bool: "`true` or `false`", type(None): "`null`",
        Path: "path", Any: "any", Callable: "callback",
    }  # fmt: skip
    return [simple.get(annotation, f"`{getattr(annotation, '__name__', annotation)}`")]


def _plural(name: str) -> str:
    return f"{name}s" if name.isidentifier() else name
