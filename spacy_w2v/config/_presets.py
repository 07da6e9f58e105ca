"""Presets: the settings that train best, or fastest, for a corpus of some size and a kind of model.

The numbers rest on the experiments in docs/explanation/better-vectors.md. A preset decides how words are trained and
what becomes of their vectors, never which words have vectors, or of how many dimensions.
"""

from collections.abc import Iterator
from typing import Literal, NamedTuple, TypeAlias, get_args

from spacy_w2v.config._cooccurrence import CooccurrenceSettings, DistanceWeights
from spacy_w2v.config._export import Postprocess, VectorKind
from spacy_w2v.config._losses import ARCHITECTURES, LOSSES, ArchitectureName, LossName
from spacy_w2v.config._schema import (
    ALPHA_OF_SUBWORDS,
    ExportSettings,
    ModelSettings,
    TrainingSettings,
    W2VSettings,
    parse_settings,
)
from spacy_w2v.errors import ConfigError

Optimize: TypeAlias = Literal["accuracy", "efficiency"]
"""What a preset is for, in the words of `spacy init config`."""

SizeName: TypeAlias = Literal["tiny", "small", "large"]

SIZES: dict[SizeName, int | None] = {"tiny": 1_000_000, "small": 300_000_000, "large": None}
"""The number of tokens below which a corpus has this size; None for no limit."""


class Preset(NamedTuple):
    """The settings of `[w2v]` that a preset chooses."""

    epochs: int
    alpha: float | None = None
    sample: float = 1e-4
    shared_noise: int | None = None
    vector_kind: VectorKind = "input"
    postprocess: Postprocess | None = None
    window: int = 5
    negative: int = 5
    postprocess_of_many: Postprocess | None = None
    """The value of `postprocess` for vectors of MANY_DIMENSIONS or more."""
    distance_weights: DistanceWeights = "harmonic"


MANY_DIMENSIONS = 200
"""The number of dimensions from which vectors are post-processed in another way: 100, 200 and 300 were tried."""

Kind: TypeAlias = tuple[Optimize, ArchitectureName, LossName]
BySize: TypeAlias = dict[SizeName, Preset]


def _with(
    presets: BySize,
    *,
    vector_kind: VectorKind = "input",
    postprocess: Postprocess | None = None,
    shared_noise: int | None = None,
) -> BySize:
    """Return presets with these settings in place of the defaults, for few and many dimensions."""
    return {
        size: preset._replace(
            vector_kind=vector_kind,
            postprocess=postprocess,
            postprocess_of_many=postprocess,
            shared_noise=shared_noise,
        )
        for size, preset in presets.items()
    }


_ACCURATE_SKIP_GRAM: BySize = {
    "tiny": Preset(epochs=20, alpha=0.025),
    "small": Preset(epochs=10, alpha=0.05),
    "large": Preset(epochs=5, alpha=0.05),
}
_ACCURATE_CBOW: BySize = {
    "tiny": Preset(epochs=20, alpha=0.15),
    "small": Preset(epochs=10, alpha=0.3),
    "large": Preset(epochs=5, alpha=0.3),
}
_EFFICIENT_GLOVE: BySize = dict.fromkeys(
    SIZES, Preset(epochs=15, alpha=0.1, sample=0.0, window=10, distance_weights="linear", vector_kind="sum")
)
_ACCURATE_GLOVE: BySize = {size: preset._replace(window=15) for size, preset in _EFFICIENT_GLOVE.items()}
_PPMI: BySize = dict.fromkeys(SIZES, Preset(epochs=1, sample=0.0, window=10))
_EFFICIENT_SKIP_GRAM: BySize = {
    "tiny": Preset(epochs=10, alpha=0.05),
    "small": Preset(epochs=5, alpha=0.035),
    "large": Preset(epochs=5, alpha=0.035),
}
_EFFICIENT_HIERARCHICAL_SKIP_GRAM: BySize = {
    "tiny": Preset(epochs=10, alpha=0.05),
    "small": Preset(epochs=5, alpha=0.05),
    "large": Preset(epochs=5, alpha=0.05),
}
_EFFICIENT_CBOW: BySize = {
    "tiny": Preset(epochs=10, alpha=0.3),
    "small": Preset(epochs=5, alpha=0.3),
    "large": Preset(epochs=5, alpha=0.3),
}
_ACCURATE_HIERARCHICAL_CBOW: BySize = {
    "tiny": Preset(epochs=20, alpha=0.05),
    "small": Preset(epochs=10, alpha=0.1),
    "large": Preset(epochs=5, alpha=0.1),
}
_EFFICIENT_HIERARCHICAL_CBOW: BySize = {
    "tiny": Preset(epochs=10, alpha=0.1),
    "small": Preset(epochs=5, alpha=0.15),
    "large": Preset(epochs=5, alpha=0.15),
}

_ACCURATE_PROCESSED_SKIP_GRAM: BySize = {
    size: preset if size == "tiny" else preset._replace(postprocess_of_many="center")
    for size, preset in _with(_ACCURATE_SKIP_GRAM, postprocess="soft-whiten").items()
}

PRESETS: dict[Kind, BySize] = {
    ("accuracy", "skip-gram", "negative-sampling"): _ACCURATE_PROCESSED_SKIP_GRAM,
    ("accuracy", "skip-gram", "hierarchical-softmax"): _ACCURATE_SKIP_GRAM,
    ("accuracy", "skip-gram", "softmax"): _ACCURATE_PROCESSED_SKIP_GRAM,
    ("accuracy", "skip-gram", "glove"): _ACCURATE_GLOVE,
    ("accuracy", "skip-gram", "ppmi-svd"): _PPMI,
    ("accuracy", "cbow", "negative-sampling"): _with(_ACCURATE_CBOW, vector_kind="mean"),
    ("accuracy", "cbow", "hierarchical-softmax"): _ACCURATE_HIERARCHICAL_CBOW,
    ("accuracy", "cbow", "softmax"): _with(_ACCURATE_CBOW, vector_kind="mean"),
    ("efficiency", "skip-gram", "negative-sampling"): _with(
        _EFFICIENT_SKIP_GRAM, postprocess="soft-whiten", shared_noise=16
    ),
    ("efficiency", "skip-gram", "hierarchical-softmax"): _EFFICIENT_HIERARCHICAL_SKIP_GRAM,
    ("efficiency", "skip-gram", "softmax"): _with(_EFFICIENT_SKIP_GRAM, postprocess="soft-whiten"),
    ("efficiency", "skip-gram", "glove"): _EFFICIENT_GLOVE,
    ("efficiency", "skip-gram", "ppmi-svd"): _PPMI,
    ("efficiency", "cbow", "negative-sampling"): _with(_EFFICIENT_CBOW, vector_kind="mean", shared_noise=16),
    ("efficiency", "cbow", "hierarchical-softmax"): _EFFICIENT_HIERARCHICAL_CBOW,
    ("efficiency", "cbow", "softmax"): _with(_EFFICIENT_CBOW, vector_kind="mean"),
}
"""The presets of each kind of model, by the size of the corpus.

Those of the full softmax are not measured: negative sampling approximates it, so they are the same. Skip-gram with
hierarchical softmax was measured for efficiency on a small corpus only. Those of large corpora are extrapolated.
"""


_DEFAULTS = {
    name: field.default
    for block in (ModelSettings, CooccurrenceSettings, TrainingSettings, ExportSettings)
    for name, field in block.model_fields.items()
}


class PresetSettings(NamedTuple):
    """Settings that a preset has completed."""

    settings: W2VSettings
    chosen: dict[str, int | float | str | None]
    """The values that the preset has set, by the name of the setting."""

    def describe(self) -> str:
        """Return the values that the preset has set, such as "epochs = 10, alpha = 0.05", without other defaults."""
        changes = {name: value for name, value in self.chosen.items() if value not in (None, _DEFAULTS[name])}
        return ", ".join(f"{name} = {value}" for name, value in changes.items()) or "the default settings"


def size_of(n_tokens: int) -> SizeName:
    """Return the size of a corpus with this number of tokens."""
    return next(size for size, limit in SIZES.items() if limit is None or n_tokens < limit)


def with_preset(settings: W2VSettings, optimize: Optimize, *, size: SizeName) -> PresetSettings:
    """Return settings with the values of a preset wherever they give none.

    Args:
        settings: The settings, of which those that were given explicitly stay.
        optimize: What the preset is for.
        size: The size of the corpus.

    Raises:
        ConfigError: A given setting contradicts the preset.
    """
    preset = _preset_of(settings, optimize, size)
    values = settings.model_dump(exclude_unset=True)
    chosen: dict[str, int | float | str | None] = {}
    for block, name, value in _entries(preset, settings):
        given = values.setdefault(block, {})
        if name not in given:
            given[name] = chosen[name] = value
    min_alpha = settings.training.min_alpha
    if "alpha" in chosen and preset.alpha is not None and min_alpha is not None and min_alpha > preset.alpha:
        raise ConfigError(
            f'min_alpha must not be above the alpha that optimize = "{optimize}" chooses for a {size} corpus '
            f"({preset.alpha}), was: {min_alpha}. Lower it, or give alpha too."
        )
    return PresetSettings(parse_settings(values, in_python=True), chosen)


def check_optimize(optimize: Optimize, settings: W2VSettings) -> None:
    """Raise ConfigError if there is no such preset, or settings contradict it for a corpus of any size.

    Settings can contradict the preset of one size only by a min_alpha that is above its alpha. So the size that has the
    highest alpha is tried.
    """
    names = get_args(Optimize)
    if optimize not in names:
        raise ConfigError(f"optimize must be one of {', '.join(names)}, was: {optimize!r}")
    with_preset(settings, optimize, size=max(SIZES, key=lambda size: _preset_of(settings, optimize, size).alpha or 0.0))


def _preset_of(settings: W2VSettings, optimize: Optimize, size: SizeName) -> Preset:
    """Return the preset for a kind of model and a size.

    With subwords, 0.05 was better than 0.025 on all sets of questions, and 0.075 was not. Only input vectors are
    composed of them.
    """
    preset = PRESETS[optimize, settings.model.architecture, settings.model.loss][size]
    if settings.model.subwords.mode is None:
        return preset
    pools = ARCHITECTURES[settings.model.architecture].pools_contexts
    return preset._replace(alpha=preset.alpha if pools else ALPHA_OF_SUBWORDS, vector_kind="input")


def _entries(preset: Preset, settings: W2VSettings) -> Iterator[tuple[str, str, int | float | str | None]]:
    """Yield the block, name and value of each setting of a preset that applies to a run with these settings."""
    model = settings.model
    yield "training", "epochs", preset.epochs
    if model.cbow_mean or not ARCHITECTURES[model.architecture].pools_contexts:  # the sum needs its own, lower default
        yield "training", "alpha", preset.alpha
    yield "training", "sample", preset.sample
    yield "model", "window", preset.window
    if LOSSES[model.loss].counts_cooccurrences:
        yield "cooccurrence", "distance_weights", preset.distance_weights
    if LOSSES[model.loss].needs_noise:
        yield "model", "negative", preset.negative
        if settings.training.kernel == "blocked":
            yield "training", "shared_noise", preset.shared_noise
    if settings.initial.freeze:  # frozen vectors stay as they are
        return
    yield "export", "vector_kind", preset.vector_kind
    has_many = model.vector_size >= MANY_DIMENSIONS and "whitening_strength" not in settings.export.model_fields_set
    yield "export", "postprocess", preset.postprocess_of_many if has_many else preset.postprocess
