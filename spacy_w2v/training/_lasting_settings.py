"""The settings that a resumed run must keep, and which of them have changed."""

from collections.abc import Collection, Mapping

from spacy_w2v.config._schema import W2VSettings
from spacy_w2v.model._blocks import Block, unknown_entries
from spacy_w2v.model._recorded_settings import (
    RecordedInitialSettings,
    RecordedModelSettings,
    RecordedTokensSettings,
    RecordedTrainingSettings,
    RecordedVocabularySettings,
)
from spacy_w2v.model._run_record import RunRecord

MAY_CHANGE = {"tokens": {"n_process"}, "training": {"workers", "checkpoint_every_s", "alpha", "min_alpha"}}
"""Settings by block that a run may be resumed with other values of."""

BLOCKS = ("tokens", "vocabulary", "model", "initial", "training")
"""Of `[w2v]`: those that make the vectors."""


class LastingSettings(Block):
    """Blocks of `[w2v]`, without the settings that may change."""

    tokens: RecordedTokensSettings
    vocabulary: RecordedVocabularySettings
    model: RecordedModelSettings
    initial: RecordedInitialSettings
    training: RecordedTrainingSettings

    def unknown(self) -> list[str]:
        """Return the names of settings that only a newer version knows."""
        return [f"w2v.{block}.{name}" for block in BLOCKS for name in unknown_entries(getattr(self, block))]


def changed_settings(
    before: LastingSettings | RunRecord, now: W2VSettings, may_change: Mapping[str, Collection[str]] = MAY_CHANGE
) -> list[str]:
    """Return a line for each setting that has changed, except those that may, which are named by block."""
    lines = []
    for block in BLOCKS:
        old, new = getattr(before, block), getattr(now, block)
        lines += [
            f"w2v.{block}.{name} was {getattr(old, name)!r}, is now: {getattr(new, name)!r}"
            for name in type(new).model_fields
            if name not in may_change.get(block, ()) and getattr(old, name) != getattr(new, name)
        ]
    return lines


def lasting_settings(settings: W2VSettings) -> LastingSettings:
    """Return the settings that must stay when a run is resumed."""
    values = settings.model_dump(mode="json", include=set(BLOCKS), exclude=MAY_CHANGE)
    return LastingSettings.model_validate(values)
