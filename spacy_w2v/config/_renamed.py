"""Settings that had another name before: configs of earlier versions are read with a warning."""

import warnings
from typing import Any

from spacy_w2v.errors import ConfigError, ConfigWarning

NEW_NAMES = {("w2v.export", "vectors"): "vector_kind"}
"""By the section and the former name."""


def rename_settings(block: dict[str, Any], *, section: str) -> None:  # Any: values of a config
    """Give settings of a block of a config their new names, with a warning.

    Raises:
        ConfigError: a setting stands there under both names.
    """
    for (place, old), new in NEW_NAMES.items():
        if place != section or old not in block:
            continue
        if new in block:
            raise ConfigError(f"[{section}] must have {new} once, but has it under its former name {old} too.")
        block[new] = block.pop(old)
        warn_of_former_name(old, new, section=section)


def rename_overrides(overrides: dict[str, Any]) -> dict[str, Any]:  # Any: values of a config
    """Return overrides, keyed as in "w2v.training.epochs", with the new names of settings, with a warning.

    Raises:
        ConfigError: a setting is overridden under both names.
    """
    renamed = dict(overrides)
    for (section, old), new in NEW_NAMES.items():
        if (former := f"{section}.{old}") not in renamed:
            continue
        if (name := f"{section}.{new}") in renamed:
            raise ConfigError(f"{name} must be overridden once, but is so under its former name {former} too.")
        renamed[name] = renamed.pop(former)
        warn_of_former_name(old, new, section=section)
    return renamed


def warn_of_former_name(old: str, new: str, *, section: str) -> None:
    """Warn that a setting is read, but under a name that it has no longer."""
    warnings.warn(
        f"[{section}] {old} is called {new} now, and is read as such. Rename it.", ConfigWarning, stacklevel=3
    )


def hint_of_new_name(section: str, name: str) -> str | None:
    """Return a sentence with the new name of a setting, or None where it has had none other."""
    new = NEW_NAMES.get((section, name))
    return None if new is None else f"It is called {new} now."
