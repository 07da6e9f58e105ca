"""Settings as keyword arguments, as `train(texts, window=5)` takes them: their names, types and blocks."""

from collections.abc import Mapping
from typing import Literal, TypedDict

from spacy_w2v.config._base import Settings
from spacy_w2v.config._losses import ArchitectureName, LossName
from spacy_w2v.config._schema import (
    ModelSettings,
    TokenAttr,
    TokensSettings,
    TrainingSettings,
    VocabularySettings,
    W2VSettings,
    parse_settings,
)
from spacy_w2v.errors import ConfigError
from spacy_w2v.errors._wording import did_you_mean

BLOCKS: dict[str, type[Settings]] = {
    "tokens": TokensSettings,
    "vocabulary": VocabularySettings,
    "model": ModelSettings,
    "training": TrainingSettings,
}
"""The blocks of `[w2v]` whose settings are keyword arguments."""


class TokensKeywords(TypedDict, total=False):
    """Settings of `[w2v.tokens]`."""

    tokenizer: Literal["pipeline", "whitespace"]
    attr: TokenAttr
    boundary: Literal["line", "sentence", "document"]
    numbers: Literal["keep", "shape", "drop"]
    urls: Literal["keep", "shape", "drop"]
    min_tokens: int
    max_tokens: int | None
    n_process: int


class VocabularyKeywords(TypedDict, total=False):
    """Settings of `[w2v.vocabulary]`."""

    min_count: int
    max_vocab_size: int | None
    max_final_vocab: int | None


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


class TrainingKeywords(TypedDict, total=False):
    """Settings of `[w2v.training]`."""

    kernel: Literal["blocked", "sequential"]
    epochs: int
    alpha: float | None
    min_alpha: float
    sample: float
    workers: int
    seed: int
    checkpoint_every_s: float | None


class Keywords(TokensKeywords, VocabularyKeywords, ModelKeywords, TrainingKeywords, total=False):
    """Every setting by its name; or a whole block, in which a name may stand that several blocks have."""

    tokens: TokensKeywords
    vocabulary: VocabularyKeywords
    model: ModelKeywords
    training: TrainingKeywords


HINTS_FOR_GENSIM = {
    "sg": 'For sg=1 of gensim, set architecture="skip-gram", which is the default; for sg=0 "cbow".',
    "hs": 'For hs=1 of gensim, set loss="hierarchical-softmax"; for hs=0 loss="negative-sampling", the default.',
    "size": "What older versions of gensim call size is vector_size.",
    "iter": "What older versions of gensim call iter is epochs.",
    "sentences": "Give sentences, strings or lists of tokens, as the first argument of train: texts.",
    "corpus_file": "Give the path of the file as the first argument of train: texts. Each line is a document.",
    "start_alpha": "The learning rate at the start is alpha.",
    "end_alpha": "The learning rate at the end is min_alpha.",
    "sorted_vocab": "Words are always sorted by their counts: leave it out.",
    "compute_loss": "The loss is always computed: leave it out. Each epoch's is in meta['results'] of the model.",
    "batch_words": "Texts are divided among threads without it: leave it out.",
    "trim_rule": "Words are chosen by min_count, max_final_vocab and the texts: leave out other words there.",
    "callbacks": "There are none: use progress=True, checkpoint=..., and meta['results'] of the model.",
    "null_word": "There is no null word: leave it out.",
    "comment": "There are no comments: leave it out, or set model.record.comment, which is kept in the model's meta.",
    "hashfxn": "Vectors start from the seed alone: leave it out.",
}
"""What stands for an argument of gensim's Word2Vec that has another name here."""


def settings_from_keywords(
    keywords: Mapping[str, object],
    *,
    defaults: Mapping[str, object] | None = None,
    initial: Mapping[str, object] | None = None,
) -> W2VSettings:
    """Return the settings that keyword arguments name.

    Args:
        keywords: values by the name of a setting, or blocks of them by the name of a block.
        defaults: values of settings that the keywords do not give. n_process is 1 unless it is given.
        initial: the block `[w2v.initial]`.

    Raises:
        ConfigError: a name is not a setting, stands in several blocks or is given twice, or a value breaks a rule.
    """
    values: dict[str, dict[str, object]] = {block: {} for block in BLOCKS}
    for name, value in keywords.items():
        if name not in BLOCKS:
            _put(values, block_of(name), name, value)
        elif not isinstance(value, Mapping):
            raise ConfigError(f'{name} must be a block of settings, such as {{"{_first(name)}": ...}}, was: {value!r}')
        else:
            for key, each in value.items():
                _put(values, name, key, each)
    for name, value in {"n_process": 1, **(defaults or {})}.items():
        values[block_of(name)].setdefault(name, value)
    return parse_settings({**values, "initial": dict(initial or {})})


def block_of(name: str) -> str:
    """Return the block that a setting stands in.

    Raises:
        ConfigError: there is no such setting, or several blocks have one.
    """
    blocks = [block for block, settings in BLOCKS.items() if name in settings.model_fields]
    if len(blocks) > 1:
        ways = " or ".join(f'{block}={{"{name}": ...}}' for block in blocks)
        raise ConfigError(f"{name} must be given in its block, since {' and '.join(blocks)} have one: {ways}.")
    if not blocks:
        known = [key for settings in BLOCKS.values() for key in settings.model_fields]
        hint = did_you_mean(name, known, otherwise=f"Known: {', '.join(known)}.")
        raise ConfigError(f"There is no setting '{name}'. {HINTS_FOR_GENSIM.get(name, hint)}")
    return blocks[0]


def _put(values: dict[str, dict[str, object]], block: str, name: str, value: object) -> None:
    if name in values[block]:
        raise ConfigError(f"{name} must be given once, but is given in {block} and by itself: leave out one of them.")
    values[block][name] = value


def _first(block: str) -> str:
    return next(iter(BLOCKS[block].model_fields))
