"""Settings as keyword arguments, as in `train(texts, window=5)`: their names, types and blocks."""

from collections.abc import Mapping
from typing import Any, Literal, TypedDict

from spacy_w2v.config._base import Settings
from spacy_w2v.config._cooccurrence import CooccurrenceSettings, DistanceWeights
from spacy_w2v.config._distributed import DistributedSettings, EngineName
from spacy_w2v.config._evaluation import EvaluationSettings, Selection
from spacy_w2v.config._export import ExportSettings, Postprocess, VectorKind, VectorsSettings
from spacy_w2v.config._losses import ArchitectureName, LossName
from spacy_w2v.config._phrases import PhraseSettings, Scoring
from spacy_w2v.config._schema import (
    ModelSettings,
    TokenAttr,
    TokensSettings,
    TrainingSettings,
    VocabularySettings,
    W2VSettings,
    parse_settings,
)
from spacy_w2v.config._subwords import SubwordMode, SubwordSettings
from spacy_w2v.errors import ConfigError
from spacy_w2v.errors._wording import did_you_mean

BLOCKS: dict[str, type[Settings]] = {
    "tokens": TokensSettings,
    "vocabulary": VocabularySettings,
    "model": ModelSettings,
    "subwords": SubwordSettings,
    "cooccurrence": CooccurrenceSettings,
    "training": TrainingSettings,
    "evaluation": EvaluationSettings,
    "distributed": DistributedSettings,
    "export": VectorsSettings,
}
"""The blocks of `[w2v]` whose settings are keyword arguments. Of `export`, those that need no files are."""

INNER_BLOCKS = {"subwords": "model"}
"""The blocks that are within another one."""

WHOLE_BLOCKS: dict[str, type[Settings]] = {"phrases": PhraseSettings}
"""The blocks whose settings can only be given together, as `phrases={"scoring": "npmi"}`.

Their names say little by themselves, and `min_count` is also a setting of the vocabulary.
"""


class TokensKeywords(TypedDict, total=False):
    """Settings of `[w2v.tokens]`."""

    tokenizer: Literal["pipeline", "whitespace"]
    attr: TokenAttr
    keys: dict[str, Any] | str | None  # Any: arguments of a registered function
    pipeline: str | None
    boundary: Literal["line", "sentence", "document"]
    numbers: Literal["keep", "shape", "drop"]
    urls: Literal["keep", "shape", "drop"]
    min_tokens: int
    max_tokens: int | None
    n_process: int


class VocabularyKeywords(TypedDict, total=False):
    """Settings of `[w2v.vocabulary]`."""

    min_count: int
    min_phrase_count: int | None
    merge_rare_keys: bool
    max_vocab_size: int | None
    max_final_vocab: int | None


class PhrasesKeywords(TypedDict, total=False):
    """Settings of `[w2v.phrases]`."""

    scoring: Scoring | None
    path: str | None
    threshold: float | tuple[float, ...] | None
    min_count: int
    connector_words: tuple[str, ...] | Literal["english"]
    punctuation: bool
    passes: int
    delimiter: str
    memory_gb: float


class ModelKeywords(TypedDict, total=False):
    """Settings of `[w2v.model]`."""

    architecture: ArchitectureName
    loss: LossName
    vector_size: int
    window: int
    shrink_windows: bool
    negative: int
    ns_exponent: float
    cbow_mean: bool
    tree: Literal["huffman", "balanced"]
    x_max: float | None
    weighting_exponent: float
    shift: float
    eigenvalue_exponent: float
    subwords: "SubwordKeywords | SubwordMode | None"


class SubwordKeywords(TypedDict, total=False):
    """Settings of `[w2v.model.subwords]`."""

    mode: SubwordMode | None
    min_n: int
    max_n: int
    buckets: int
    hashes: int
    hash_seed: int
    bow: str
    eow: str


class CooccurrenceKeywords(TypedDict, total=False):
    """Settings of `[w2v.cooccurrence]`."""

    distance_weights: DistanceWeights
    symmetric: bool
    memory_gb: float


class TrainingKeywords(TypedDict, total=False):
    """Settings of `[w2v.training]`."""

    kernel: Literal["blocked", "sequential"]
    shared_noise: int | None
    epochs: int
    alpha: float | None
    min_alpha: float | None
    sample: float
    workers: int
    seed: int
    checkpoint_every_s: float | None


class EvaluationKeywords(TypedDict, total=False):
    """Settings of `[w2v.evaluation]`."""

    word_pairs: list[str] | None
    analogies: list[str]
    every_words: int | None
    select: Selection
    score: str | None
    patience: int | None


class DistributedKeywords(TypedDict, total=False):
    """Settings of `[w2v.distributed]`."""

    engine: EngineName | None
    address: str | None
    machines: int | None
    rounds: int


class ExportKeywords(TypedDict, total=False):
    """Settings of `[w2v.export]` that say what the vector of a word is."""

    vector_kind: VectorKind
    postprocess: Postprocess | None
    whitening_strength: float


class Keywords(
    TokensKeywords,
    VocabularyKeywords,
    ModelKeywords,
    SubwordKeywords,
    CooccurrenceKeywords,
    TrainingKeywords,
    EvaluationKeywords,
    DistributedKeywords,
    ExportKeywords,
    total=False,
):
    """Every setting by its name, or whole blocks, which can also hold a name that several blocks have.

    The mode of subwords is also given as `subwords`: `subwords="fasttext"`.
    """

    tokens: TokensKeywords
    phrases: PhrasesKeywords
    vocabulary: VocabularyKeywords
    model: ModelKeywords
    cooccurrence: CooccurrenceKeywords
    training: TrainingKeywords
    evaluation: EvaluationKeywords
    distributed: DistributedKeywords
    export: ExportKeywords


HINTS_FOR_GENSIM = {
    "sg": 'For sg=1 of gensim, set architecture="skip-gram", which is the default; for sg=0, set architecture="cbow".',
    "hs": 'For hs=1 of gensim, set loss="hierarchical-softmax"; hs=0 is loss="negative-sampling", the default.',
    "size": "The size of older versions of gensim is vector_size.",
    "iter": "The iter of older versions of gensim is epochs.",
    "sentences": "Give sentences, as strings or lists of tokens, as the first argument of train: texts.",
    "corpus_file": "Give the path of the file as the first argument of train: texts. Each line is a document.",
    "start_alpha": "The learning rate at the start is alpha.",
    "end_alpha": "The learning rate at the end is min_alpha.",
    "sorted_vocab": "Leave it out: words are always sorted by their counts.",
    "compute_loss": "Leave it out: the loss is always computed. meta['results'] of the model has that of each epoch.",
    "batch_words": "Leave it out: texts are always divided among threads.",
    "trim_rule": "Choose words by min_count and max_final_vocab, or remove others from the texts.",
    "null_word": "Leave it out: there is no null word.",
    "comment": "Leave it out, or set model.record.comment, which is saved in the model's meta.",
    "hashfxn": "Leave it out: starting vectors depend on the seed alone.",
    "bucket": 'The bucket of gensim and fastText is buckets. It needs subwords="fasttext" or subwords="floret".',
    "word_ngrams": 'For word_ngrams=1 of gensim, set subwords="fasttext"; for word_ngrams=0, leave it out.',
    "minn": "The minn of fastText and floret is min_n.",
    "maxn": "The maxn of fastText and floret is max_n.",
    "hash_count": "The hash_count of floret is hashes.",
    "hashCount": "The hashCount of floret is hashes.",
}
"""Hints for arguments of gensim's Word2Vec and FastText, fastText and floret that have another name here, or none."""


def settings_from_keywords(
    keywords: Mapping[str, object],
    *,
    defaults: Mapping[str, object] | None = None,
    initial: Mapping[str, object] | None = None,
    alpha_follows: bool = False,
) -> W2VSettings:
    """Return the settings that keyword arguments name.

    Args:
        keywords: Values by the name of a setting, or blocks of values by the name of a block.
        defaults: Values of settings that the keywords do not give. n_process is 1 unless it is given.
        initial: The block `[w2v.initial]`.
        alpha_follows: Whether alpha, unless given, is chosen later. See `parse_settings`.

    Raises:
        ConfigError: A name is not a setting, is in several blocks or is given twice, or a value breaks a rule.
    """
    values: dict[str, dict[str, object]] = {block: {} for block in (*BLOCKS, *WHOLE_BLOCKS)}
    for name, value in keywords.items():
        if name in values:
            _put_block(values, name, value)
        else:
            _put(values, block_of(name), name, value)
    _check_needs_no_files(values["export"])
    _check_has_mode(values["subwords"])
    for name, value in {"n_process": 1, **(defaults or {})}.items():
        values[block_of(name)].setdefault(name, value)
    for name, outer in INNER_BLOCKS.items():
        if inner := values.pop(name):
            values[outer][name] = inner
    blocks = {**values, "initial": dict(initial or {})}
    return parse_settings(blocks, in_python=True, alpha_follows=alpha_follows)


def block_of(name: str) -> str:
    """Return the block that a setting belongs to.

    Raises:
        ConfigError: There is no such setting, or several blocks have one.
    """
    blocks = [block for block, settings in BLOCKS.items() if name in settings.model_fields]
    if len(blocks) > 1:
        ways = " or ".join(f'{block}={{"{name}": ...}}' for block in blocks)
        raise ConfigError(f"{name} must be given in its block, since {' and '.join(blocks)} have one: {ways}.")
    if not blocks:
        of_whole = [block for block, settings in WHOLE_BLOCKS.items() if name in settings.model_fields]
        if of_whole:
            raise ConfigError(f'{name} must be given in its block: {of_whole[0]}={{"{name}": ...}}.')
        known = [key for settings in BLOCKS.values() for key in settings.model_fields]
        hint = did_you_mean(name, known, otherwise=f"Known: {', '.join(known)}.")
        raise ConfigError(f"There is no setting '{name}'. {HINTS_FOR_GENSIM.get(name, hint)}")
    return blocks[0]


def _put_block(values: dict[str, dict[str, object]], name: str, value: object) -> None:
    """Add the settings of a block. Raises ConfigError for anything but a block, or the mode of subwords."""
    if isinstance(value, Mapping):
        for key, each in value.items():
            if INNER_BLOCKS.get(key) == name:
                _put_block(values, key, each)
            else:
                _put(values, name, key, each)
    elif name == "subwords":
        _put(values, name, "mode", value)
    else:
        raise ConfigError(f'{name} must be a block of settings, such as {{"{_first(name)}": ...}}, was: {value!r}')


def _put(values: dict[str, dict[str, object]], block: str, name: str, value: object) -> None:
    if name in values[block]:
        raise ConfigError(f"{name} must be given once, but is given in {block} and by itself. Leave out one of them.")
    values[block][name] = value


def _check_needs_no_files(export: Mapping[str, object]) -> None:
    """Raise ConfigError for a setting of `[w2v.export]` that is about the files of exports."""
    known = BLOCKS["export"].model_fields
    for name, value in export.items():
        if name in ExportSettings.model_fields and name not in known:
            raise ConfigError(
                f"export may have {', '.join(known)} in Python, where training writes no files, was: "
                f"{name}={value!r}. Pass it to to_spacy or to_keyed_vectors of the model."
            )


def _check_has_mode(subwords: Mapping[str, object]) -> None:
    """Raise ConfigError for settings of subwords without a mode."""
    others = [name for name in subwords if name != "mode" and name in SubwordSettings.model_fields]
    if others and subwords.get("mode") is None:
        raise ConfigError(
            f'{others[0]} needs subwords="fasttext" or subwords="floret", was: {subwords[others[0]]!r} without them. '
            "Leave it out, or choose one of these."
        )


def _first(block: str) -> str:
    return next(iter((BLOCKS | WHOLE_BLOCKS)[block].model_fields))
