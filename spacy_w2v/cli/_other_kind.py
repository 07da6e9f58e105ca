"""An override that changes the kind of model of a config, whose other settings were chosen for the former one."""

import json
from collections.abc import Collection, Iterator
from operator import attrgetter

from spacy_w2v.config._losses import LOSSES
from spacy_w2v.config._schema import ModelSettings, W2VSettings
from spacy_w2v.config._subwords import DEFAULTS, SubwordSettings

LOSS = "w2v.model.loss"
MODE = "w2v.model.subwords.mode"


def describe_kept(settings: W2VSettings, overridden: Collection[str]) -> Iterator[str]:
    """Yield a message if a loss is an override, and if the mode of subwords is one, if the config has other settings.

    These are settings that this loss, or mode, would choose differently.

    Args:
        settings: The settings, with overrides.
        overridden: The names of the overridden settings, such as "w2v.model.loss".
    """
    if LOSS in overridden:
        loss = settings.model.loss
        names = {
            f"{block}.{name}" for each in LOSSES.values() for block in each.defaults for name in each.defaults[block]
        }
        usual = W2VSettings(model=ModelSettings(loss=loss))
        if kept := _kept(settings, usual, names | {"training.alpha"}, overridden):
            yield _described(f'loss = "{loss}"', "loss", kept, option=f"--loss {loss}")
    mode = settings.model.subwords.mode
    if MODE in overridden and mode is not None:
        usual = W2VSettings(model=ModelSettings(subwords=SubwordSettings(mode=mode)))
        names = {"training.alpha", *(f"model.subwords.{name}" for name in DEFAULTS[mode])}
        if kept := _kept(settings, usual, names, overridden):
            yield _described(f'subwords.mode = "{mode}"', "mode", kept, option=f"--subwords {mode}")


def _kept(settings: W2VSettings, usual: W2VSettings, names: Collection[str], overridden: Collection[str]) -> list[str]:
    """Return a text for each of the named settings that the config gives, and that is not the usual one."""
    kept = []
    for name in sorted(names):
        block, _, key = name.rpartition(".")
        value, default = attrgetter(name)(settings), attrgetter(name)(usual)
        is_given = f"w2v.{name}" not in overridden and key in attrgetter(block)(settings).model_fields_set
        if is_given and value != default:
            kept.append(f"{name} = {json.dumps(value)} instead of {json.dumps(default)}")
    return kept


def _described(override: str, kind: str, kept: list[str], *, option: str) -> str:
    return (
        f"{override} is an override, but the config has settings for which this {kind} has other defaults: "
        f"{', '.join(kept)}. Override them too, or make a config with: spacy w2v init-config config.cfg {option}"
    )
