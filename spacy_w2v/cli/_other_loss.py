"""An override that changes the loss of a config, whose other settings were chosen for the former loss."""

import json
from collections.abc import Collection

from spacy_w2v.config._losses import LOSSES
from spacy_w2v.config._schema import ModelSettings, W2VSettings

OVERRIDE = "w2v.model.loss"


def describe_kept(settings: W2VSettings, overridden: Collection[str]) -> str | None:
    """Return a message if a loss is an override, and the config gives settings that this loss would choose differently.

    Args:
        settings: The settings, with overrides.
        overridden: The names of the overridden settings, such as "w2v.model.loss".

    Returns:
        The message; None if there is nothing to say.
    """
    if OVERRIDE not in overridden:
        return None
    usual = W2VSettings(model=ModelSettings(loss=settings.model.loss))
    names = {(block, name) for spec in LOSSES.values() for block in spec.defaults for name in spec.defaults[block]}
    names.add(("training", "alpha"))
    kept = []
    for block, name in sorted(names - {tuple(other.split(".")[1:]) for other in overridden}):
        given, default = getattr(settings, block), getattr(getattr(usual, block), name)
        value = getattr(given, name)
        if name in given.model_fields_set and value != default:
            kept.append(f"{block}.{name} = {json.dumps(value)} instead of {json.dumps(default)}")
    if not kept:
        return None
    return (
        f'loss = "{usual.model.loss}" is an override, but the config has settings for which this loss has other '
        f"defaults: {', '.join(kept)}. Override them too, or make a config with: spacy w2v init-config config.cfg "
        f"--loss {usual.model.loss}"
    )
