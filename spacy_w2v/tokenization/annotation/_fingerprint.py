"""The fingerprint of keys: everything that determines the keys of a text besides its tokens."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from spacy_w2v._system.hashing import sha256_of, sha256_of_text
from spacy_w2v.config._registered import fill_block
from spacy_w2v.config._schema import TokensSettings
from spacy_w2v.keys._protocol import KeyFunction
from spacy_w2v.keys._resolution import key_function_of
from spacy_w2v.tokenization._code import code_of, code_without_file, package_of
from spacy_w2v.tokenization._components import needed_components

if TYPE_CHECKING:
    from spacy.language import Language

# Any in signatures: JSON values, and components, which have no common type.


def keys_fingerprint(
    nlp: "Language", settings: TokensSettings, *, code_path: Path | None = None
) -> dict[str, Any] | None:
    """Return what determines the keys of annotated texts and their annotation, as JSON values; None without keys.

    It does not change while the pipeline is used, and is the same in other processes.

    Args:
        nlp: The pipeline whose components annotate.
        settings: The block `[w2v.tokens]`.
        code_path: A Python file with the user's registered functions.

    Raises:
        ConfigError: The key function cannot be created.
    """
    function = key_function_of(settings)
    if function is None:
        return None
    names = needed_components(nlp, function)
    return {
        "function": fill_block({"keys": settings.key_block}, section="w2v.tokens")["keys"],  # with all defaults
        "code": _code_of_function(function, code_path),
        **pipeline_fingerprint(nlp, names),
    }


def pipeline_fingerprint(nlp: "Language", names: Sequence[str]) -> dict[str, Any]:
    """Return what determines the annotation of texts, as JSON values.

    Args:
        nlp: The pipeline.
        names: The components that run.
    """
    return {
        "pipeline": f"{nlp.meta.get('lang')}_{nlp.meta.get('name')} {nlp.meta.get('version')}",
        "components": {name: _of_component(nlp, name) for name in names},
        "vocab": _of_vocab(nlp, names),
    }


def _code_of_function(function: KeyFunction, code_path: Path | None) -> str | None:
    """Return a hash of the code of a user's key function; None for those of this package."""
    if package_of(function) == "spacy_w2v":
        return None
    return sha256_of_text(repr([*_code(function), code_path.read_bytes() if code_path is not None else None]))


def _code(thing: Any) -> list[bytes | str]:
    return [*code_of(thing), *code_without_file(thing)]


def _of_component(nlp: "Language", name: str) -> str:
    """Return a hash of a component: its factory, its settings, what it has learned, and the code of a user's."""
    component = nlp.get_pipe(name)
    kind = component if hasattr(component, "__qualname__") else type(component)
    parts = [kind.__module__, kind.__qualname__, repr(nlp.get_pipe_config(name)), *_state_of(component)]
    return sha256_of_text(repr(parts + ([] if package_of(component) == "spacy" else _code(component))))


def _state_of(component: Any) -> Iterator[str]:
    """Yield a hash of the content of a component, without the strings of the vocab, which grow with use."""
    from spacy.pipeline import Sentencizer

    if isinstance(component, Sentencizer):  # it saves a set, whose order differs between processes
        yield repr((sorted(component.punct_chars), component.overwrite))
        return
    if not hasattr(component, "to_bytes"):
        return
    try:
        yield sha256_of([component.to_bytes(exclude=["vocab"])])
    except TypeError:  # a user's component without the argument
        yield sha256_of([component.to_bytes()])


def _of_vocab(nlp: "Language", names: Sequence[str]) -> str:
    """Return a hash of what components read in the vocab: its tables, and its vectors if one may need them."""
    lookups = nlp.vocab.lookups
    tables = [name for name in lookups.tables if not name.startswith("w2v")]  # not what training stores there
    parts: list[Any] = [(name, sha256_of([lookups.get_table(name).to_bytes()])) for name in sorted(tables)]
    table = nlp.vocab.vectors
    if table.shape[0] and any(_may_need_vectors(nlp.get_pipe(name)) for name in names):
        parts += [sha256_of([np.ascontiguousarray(table.data).data]), sorted(table.key2row.items())]
    return sha256_of_text(repr(parts))


def _may_need_vectors(component: Any) -> bool:
    """Return whether a component has a layer for static vectors, or is not one of spaCy's."""
    model: Any = getattr(component, "model", None)
    if hasattr(model, "walk"):
        return any(node.name == "static_vectors" for node in model.walk())
    return package_of(component) != "spacy"
