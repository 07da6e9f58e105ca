"""The components that annotate texts while a pipeline is initialized, before it is complete."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from spacy.language import Language
from thinc.api import Linear, Model, Softmax

from spacy_w2v.errors import ConfigError
from spacy_w2v.keys._protocol import KeyFunction
from spacy_w2v.tokenization._components import needed_components

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
        ConfigError: A component that keys need is not trained yet.
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


def is_untrained(pipe: Any) -> bool:  # Any: pipes have no common type
    """Return whether a component has a model that predicts nothing: not initialized, or with zeros as its output."""
    model = getattr(pipe, "model", None)
    if not isinstance(model, Model):
        return False
    layers = [layer for layer in model.walk() if layer.name in OUTPUT_LAYERS and "W" in layer.param_names]
    return any(not layer.has_param("W") or not layer.get_param("W").any() for layer in layers)
