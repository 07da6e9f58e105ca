"""The components that annotate texts while a pipeline is initialized, before it is complete."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from spacy.language import Language
from thinc.api import Linear, Model, Softmax

from spacy_w2v.errors import ConfigError
from spacy_w2v.keys._protocol import KeyFunction, required_by
from spacy_w2v.keys._requirements import expanded
from spacy_w2v.pipeline._missing_annotation import setters
from spacy_w2v.tokenization._components import annotation_set_by, needed_components

OUTPUT_LAYERS = frozenset(layer.name for layer in (Softmax(), Linear()))
"""Names of the layers that spaCy's models initialize with zeros, so that they predict nothing before training."""


@contextmanager
def annotating(nlp: Language, function: KeyFunction | None, *, before: object = None) -> Iterator[None]:
    """Let a pipeline have the components alone that come before one, with those that are frozen.

    spaCy disables frozen and sourced components while it initializes the others.

    Args:
        nlp: The pipeline.
        function: The key function, for which components run. None if nothing is annotated.
        before: A component of the pipeline; None for all of them.

    Raises:
        ConfigError: A component that keys need is not trained yet, or comes too late.
    """
    if function is None:
        yield
        return
    names = []
    for name, pipe in nlp.components:
        if pipe is before:
            break
        names.append(name)
    frozen = [name for name in names if name in nlp.disabled]
    for name in frozen:
        nlp.enable_pipe(name)
    try:
        with nlp.select_pipes(enable=names):
            _check_trained(nlp, function)
            _check_order(nlp, function, before)
            yield
    finally:
        for name in frozen:
            nlp.disable_pipe(name)


def _check_trained(nlp: Language, function: KeyFunction) -> None:
    """Raise ConfigError if a component that keys need is not trained yet."""
    for name in needed_components(nlp, function):
        if is_untrained(nlp.get_pipe(name)):
            raise ConfigError(
                f"Keys need components that are trained, but '{name}' is not. Take it from a trained pipeline with "
                f"source in [components.{name}], and name it in frozen_components of [training]."
            )


def _check_order(nlp: Language, function: KeyFunction, before: object) -> None:
    """Raise ConfigError if a component after this one sets annotation that keys need and no component sets before."""
    found, names = annotation_set_by(nlp), nlp.component_names
    places = [place for place, (_, pipe) in enumerate(nlp.components) if pipe is before]
    if found is None or not places:
        return
    missing = expanded(required_by(function) or ()) - found
    if late := setters(nlp, names[places[0] + 1 :], missing):
        own = names[places[0]]
        raise ConfigError(
            f"'{own}' must come after the components that keys need, but '{late[0]}' comes after it. Move '{own}' to a "
            f"place after '{late[0]}' in pipeline of [nlp]."
        )


def is_untrained(pipe: Any) -> bool:  # Any: pipes have no common type
    """Return whether a component has a model that predicts nothing: not initialized, or with zeros as its output."""
    model = getattr(pipe, "model", None)
    if not isinstance(model, Model):
        return False
    layers = [layer for layer in model.walk() if layer.name in OUTPUT_LAYERS and "W" in layer.param_names]
    return any(not layer.has_param("W") or not layer.get_param("W").any() for layer in layers)
