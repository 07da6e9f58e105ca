"""The settings that must not change when a run is resumed."""

import json
from collections.abc import Collection, Mapping
from typing import Any

from spacy_w2v.config._base import Settings
from spacy_w2v.config._schema import W2VSettings
from spacy_w2v.model._blocks import Block, unknown_entries
from spacy_w2v.model._recorded_settings import (
    RecordedCooccurrenceSettings,
    RecordedEvaluationSettings,
    RecordedInitialSettings,
    RecordedModelSettings,
    RecordedPhraseSettings,
    RecordedTokensSettings,
    RecordedTrainingSettings,
    RecordedVocabularySettings,
)
from spacy_w2v.model._run_record import RunRecord

CHANGEABLE_SETTINGS = {
    "tokens": {"n_process"},
    "phrases": {"memory_gb"},
    "cooccurrence": {"memory_gb"},
    "training": {"workers", "checkpoint_every_s", "alpha", "min_alpha"},
    "evaluation": {"patience", "analogies"},
}
"""Settings, by block, that may change when a run is resumed."""

OF_KEYS = {"tokens": {"keys", "pipeline"}, "vocabulary": {"min_phrase_count"}}
"""Settings, by block, that are stored only if they are not null."""

BLOCKS = ("tokens", "phrases", "vocabulary", "model", "cooccurrence", "initial", "training", "evaluation")
"""The blocks of `[w2v]` that a resumed run must have as before.

Those of `[w2v.distributed]` say where it is carried out, which may change as a whole. See `_preparation.describe_move`.
"""


class FixedSettings(Block):
    """The settings of these blocks, without those that may change."""

    tokens: RecordedTokensSettings
    phrases: RecordedPhraseSettings = RecordedPhraseSettings()
    vocabulary: RecordedVocabularySettings
    model: RecordedModelSettings
    cooccurrence: RecordedCooccurrenceSettings = RecordedCooccurrenceSettings()
    initial: RecordedInitialSettings
    training: RecordedTrainingSettings
    evaluation: RecordedEvaluationSettings = RecordedEvaluationSettings()

    def unknown(self) -> list[str]:
        """Return the names of unknown settings, which a newer version may have written."""
        return [f"w2v.{block}.{name}" for block in BLOCKS for name in unknown_entries(getattr(self, block))]


def changed_settings(
    before: FixedSettings | RunRecord, now: W2VSettings, changeable: Mapping[str, Collection[str]] = CHANGEABLE_SETTINGS
) -> list[str]:
    """Return a line for each setting that has changed.

    Args:
        before: The earlier settings.
        now: The settings now.
        changeable: Settings, by block, that may change.
    """
    lines = []
    for block in BLOCKS:
        lines += changed_in_block(block, getattr(before, block), getattr(now, block), changeable.get(block, ()))
    return lines


def changed_in_block(block: str, old: Settings, new: Settings, changeable: Collection[str] = ()) -> list[str]:
    """Return a line for each setting of a block that has changed.

    Args:
        block: The name of the block.
        old: The earlier settings. They may have more than the settings now.
        new: The settings now.
        changeable: Settings that may change.
    """
    lines = []
    for name in type(new).model_fields:
        before, now = getattr(old, name), getattr(new, name)
        if isinstance(before, Settings) and isinstance(now, Settings):
            lines += changed_in_block(f"{block}.{name}", before, now)
        elif name not in changeable and before != now:
            lines.append(f"w2v.{block}.{name} was {_shown(before)}, is now: {_shown(now)}")
    return lines


def _shown(value: Any) -> str:  # Any: the value of a setting
    """Return a value as configs write it, since the names are those of configs too."""
    return json.dumps(value, ensure_ascii=False, default=str)


def fixed_settings(settings: W2VSettings) -> FixedSettings:
    """Return the settings that must not change when the run is resumed."""
    values = settings.model_dump(mode="json", include=set(BLOCKS), exclude=CHANGEABLE_SETTINGS)
    for block, names in OF_KEYS.items():  # earlier versions do not know them
        values[block] = {name: value for name, value in values[block].items() if value is not None or name not in names}
    return FixedSettings.model_validate(values)
