"""Settings that have been renamed: configs of earlier versions are read with a warning."""

import warnings
from typing import Any, TypeVar

from spacy_w2v.errors import ConfigError, ConfigWarning

T = TypeVar("T")

NEW_NAMES = {("w2v.export", "vectors"): "vector_kind"}
"""The new names of settings, by section and former name."""


def rename_settings(block: dict[str, Any], *, section: str) -> None:  # Any: values of a config
    """Give the settings of a block their new names, with a warning.

    Raises:
        ConfigError: The block has a setting under both names.
    """
    for (place, old), new in NEW_NAMES.items():
        if place != section or old not in block:
            continue
        if new in block:
            raise ConfigError(
                f"[{section}] must have {new} once, but also has it under its former name {old}. Remove {old}."
            )
        block[new] = block.pop(old)
        warn_of_former_name(old, new, section=section)


def rename_overrides(overrides: dict[str, Any]) -> dict[str, Any]:  # Any: values of a config
    """Return overrides, keyed as in "w2v.training.epochs", with the new names of settings, with a warning.

    Raises:
        ConfigError: A setting is overridden under both names.
    """
    renamed = dict(overrides)
    for (section, old), new in NEW_NAMES.items():
        if (former := f"{section}.{old}") not in renamed:
            continue
        if (name := f"{section}.{new}") in renamed:
            raise ConfigError(
                f"{name} must be overridden once, but also is under its former name {former}. Leave out {former}."
            )
        renamed[name] = renamed.pop(former)
        warn_of_former_name(old, new, section=section)
    return renamed


def warn_of_former_name(old: str, new: str, *, section: str) -> None:
    """Warn that a setting was read under its former name."""
    warnings.warn(f"[{section}] {old} is now called {new}. Rename it.", ConfigWarning, stacklevel=3)


def by_former_name(value: T, old: str, new: str, *, section: str) -> T:
    """Return a value that was given under a former name, with a warning, where that name has to be an argument."""
    warn_of_former_name(old, new, section=section)
    return value


def hint_of_new_name(section: str, name: str) -> str | None:
    """Return a sentence with the new name of a setting, or None if it has not been renamed."""
    new = NEW_NAMES.get((section, name))
    return None if new is None else f"It is now called {new}."
