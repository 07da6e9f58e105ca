"""The base of all blocks of settings."""

from collections.abc import Mapping
from types import UnionType
from typing import Annotated, Any, Literal, TypeGuard, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, ValidationInfo, field_validator
from pydantic_core import PydanticKnownError

NO_VALUE = "An option without a value counts as true: give the value after it."
"""The remedy in errors, for True in place of another type."""

ERRORS: dict[type, Literal["int_type", "float_type", "string_type"]] = {
    int: "int_type",
    float: "float_type",
    str: "string_type",
}
"""pydantic's names of the errors for a value of the wrong type."""

T = TypeVar("T")
AnySettings = TypeVar("AnySettings", bound="Settings")


class Settings(BaseModel):
    """The base of all blocks: immutable, and strict about unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=(), allow_inf_nan=False)

    @field_validator("*", mode="before")
    @classmethod
    def true_is_no_number(cls, value: Any, info: ValidationInfo) -> Any:  # Any: what the config holds
        """Refuse true and false for numbers; pydantic would read them as 1 and 0."""
        field = cls.model_fields[info.field_name or ""]
        if (kind := wanted_for_bool(value, field.annotation)) is not None:
            raise PydanticKnownError(ERRORS[kind])
        return value


def with_defaults(settings: AnySettings, defaults: Mapping[str, Any]) -> AnySettings:  # Any: values of settings
    """Return settings in which those that were not given have other defaults. They still count as not given."""
    given = settings.model_fields_set
    missing = {name: value for name, value in defaults.items() if name not in given}
    changed: AnySettings = settings.model_copy(update=missing)
    object.__setattr__(changed, "__pydantic_fields_set__", set(given))
    return changed


def wanted_for_bool(value: Any, annotation: Any) -> type | None:  # Any: values and types of all kinds
    """Return int, float or str if an annotation asks for that type and the value is a bool; else None."""
    if not isinstance(value, bool):
        return None
    kinds = _alternatives(annotation)
    return None if bool in kinds else next((kind for kind in ERRORS if kind in kinds), None)


def is_class(annotation: Any, base: type[T]) -> TypeGuard[type[T]]:  # Any: any annotation
    """Return whether an annotation is a subclass of `base`. Python 3.10 calls list[str] a class too."""
    return isinstance(annotation, type) and get_origin(annotation) is None and issubclass(annotation, base)


def _alternatives(annotation: Any) -> set[Any]:  # Any: as above
    """Return the types that an annotation allows: one type, or those of a union."""
    if get_origin(annotation) is Annotated:
        return _alternatives(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType):
        return {kind for part in get_args(annotation) for kind in _alternatives(part)}
    return {annotation}
