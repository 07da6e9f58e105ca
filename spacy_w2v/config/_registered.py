"""The registered functions that a config names: calls them, or fills in the defaults of their arguments."""

from collections.abc import Iterator, Mapping
from enum import Enum
from inspect import Parameter, signature
from typing import Any, Literal, get_args, get_origin

from spacy_w2v.config._base import NO_VALUE, is_class, wanted_for_bool
from spacy_w2v.errors import ConfigError, Word2VecError
from spacy_w2v.errors._wording import did_you_mean, first_line, worded


def resolve_block(block: dict[str, Any], *, section: str) -> dict[str, Any]:
    """Call the registered functions that the block of a section names, and return the results. Raises ConfigError."""
    return _by_registry("resolve", block, section)


def fill_block(block: dict[str, Any], *, section: str) -> dict[str, Any]:
    """Return the block with all arguments of the registered functions that it names. Raises ConfigError."""
    return _by_registry("fill", block, section)


def _by_registry(method: Literal["resolve", "fill"], block: dict[str, Any], section: str) -> dict[str, Any]:
    from catalogue import RegistryError
    from confection import ConfigValidationError
    from spacy.util import registry

    if problems := list(_misplaced_bools(block, section)):
        raise ConfigError("\n".join(problems))
    try:
        result: dict[str, Any] = getattr(registry, method)(block)
    except Word2VecError:  # from our readers, and a ConfigValidationError as well, see `shown_by_spacy`
        raise
    except RegistryError as error:
        raise ConfigError(_unknown_function(block, error)) from None
    except ConfigValidationError as error:
        raise ConfigError(_validation_lines(block, error, section)) from None
    return result


def _unknown_function(block: dict[str, Any], error: Exception) -> str:
    """Return an error text for a name that is not registered, with the most similar name that is."""
    from spacy.util import registry

    registries = sorted(registry.get_registry_names())
    for registry_name, name in _registered_names(block):
        if registry_name not in registries:
            hint = did_you_mean(registry_name, registries, otherwise=f"Known: {', '.join(registries)}.")
            return f"A registered function must be in one of spaCy's registries, was: @{registry_name}. {hint}"
        if not registry.has(registry_name, name):
            known = sorted(getattr(registry, registry_name).get_all())
            hint = did_you_mean(name, known, otherwise=f"Known: {', '.join(known)}.")
            own = worded(
                python="If the function is your own, first import the module that registers it.",
                command_line="If the function is your own, give the file that registers it with --code.",
            )
            return f"@{registry_name} must name a registered function, was: {name}. {hint} {own}"
    return first_line(error)


def _misplaced_bools(block: dict[str, Any], section: str) -> Iterator[str]:
    """Yield a line for each argument of a registered function that is a bool in place of a number or a string."""
    parameters = _parameters(block)
    for key, value in block.items():
        annotation = parameters[key].annotation if key in parameters else None
        if isinstance(value, dict):
            of_values = get_args(annotation)[1] if get_origin(annotation) is dict else None
            if any(wanted_for_bool(each, of_values) for each in value.values()):
                yield f"[{section}.{key}] must hold numbers, was: {value!r}. {NO_VALUE}"
            yield from _misplaced_bools(value, f"{section}.{key}")
        elif kind := wanted_for_bool(value, annotation):
            rule = {int: "a whole number", float: "a number", str: "a string"}[kind]
            yield f"[{section}] {key} must be {rule}, was: {value!r}. {NO_VALUE if value else ''}".rstrip()


def _registered_names(block: dict[str, Any]) -> list[tuple[str, str]]:
    names = []
    for key, value in block.items():
        if isinstance(value, dict):
            names += _registered_names(value)
        elif key.startswith("@"):
            names.append((key[1:], str(value)))
    return names


def _validation_lines(block: dict[str, Any], error: Any, section: str) -> str:  # Any: confection has no types
    lines = []
    for entry in error.errors:
        # Before confection 1.0 the error has the place of the block. Later each entry has it, or only its end.
        *end, key = ".".join(map(str, (*filter(None, [error.parent]), *entry["loc"]))).split(".")
        places = [place for place in _places(block) if list(place[len(place) - len(end) :]) == end]
        place = places[0] if places else tuple(end)
        parameters = _parameters(block, place)
        hint = _values_of(parameters[key].annotation) if key in parameters else did_you_mean(key, parameters)
        lines.append(f"[{'.'.join([section, *place])}] {key}: {entry['msg']}. {hint}".rstrip())
    return "\n".join(lines)


def _places(block: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    """Yield the place of each block within a block."""
    for key, value in block.items():
        if isinstance(value, dict):
            yield (key,)
            yield from ((key, *place) for place in _places(value))


def _parameters(block: dict[str, Any], place: tuple[str, ...] = ()) -> Mapping[str, Parameter]:
    """Return the parameters of the registered function that a block within `block` names, if it names one."""
    from spacy.util import registry

    for key in place:
        block = block.get(key, {})
    names = [(key[1:], str(name)) for key, name in block.items() if key.startswith("@")]
    return signature(registry.get(*names[0])).parameters if names and registry.has(*names[0]) else {}


def _values_of(annotation: Any) -> str:  # Any: any annotation
    """Return a sentence that lists the values of an argument, or "" if its type does not list them."""
    if is_class(annotation, Enum):
        return f"It must be one of: {', '.join(str(member.value) for member in annotation)}."
    return ""
