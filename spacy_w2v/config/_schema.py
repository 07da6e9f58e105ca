"""The settings of `[w2v]`, with gensim's names and defaults for hyper-parameters."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, ValidationError, model_validator

from spacy_w2v.config._base import NO_VALUE, Settings, is_class
from spacy_w2v.config._export import ExportSettings as ExportSettings
from spacy_w2v.config._export import VectorKind as VectorKind
from spacy_w2v.config._export import check_formats
from spacy_w2v.config._export import check_vector_kind as check_vector_kind
from spacy_w2v.config._initial import InitialSettings
from spacy_w2v.config._losses import ARCHITECTURES, LOSSES, ArchitectureName, LossName
from spacy_w2v.config._renamed import hint_of_new_name
from spacy_w2v.errors import ConfigError
from spacy_w2v.errors._wording import did_you_mean

TokenAttr = Literal["ORTH", "LOWER", "NORM"]
VectorSize = Annotated[int, Field(ge=1, le=100_000)]


class TokensSettings(Settings):
    """`[w2v.tokens]`: how a text becomes tokens."""

    tokenizer: Literal["pipeline", "whitespace"] = "pipeline"
    """The tokenizer of `[nlp]`, or a split at white space for text that is tokenized already."""
    attr: TokenAttr = "LOWER"
    """The attribute of a token that is its key in the vectors."""
    boundary: Literal["line", "sentence", "document"] = "line"
    """What windows do not cross: line breaks, the sentences of spaCy's sentencizer, or only documents."""
    numbers: Literal["keep", "shape", "drop"] = "keep"
    """Tokens that are like numbers: kept, replaced by their shape ("dddd"), or dropped."""
    urls: Literal["keep", "shape", "drop"] = "keep"
    """Tokens that are like URLs: kept, replaced by their shape, or dropped."""
    min_tokens: int = Field(1, ge=1, le=1_000_000_000)
    """Lines (sentences, documents) with fewer tokens are left out."""
    max_tokens: int | None = Field(None, ge=1)
    """Stop after so many tokens of the corpus; null for all."""
    n_process: int = Field(0, ge=0, le=1024)
    """Processes that tokenize; 0 for one per core, but a single one for spaCy's stock tokenizer, which is faster."""

    @model_validator(mode="after")
    def sentences_need_pipeline(self) -> "TokensSettings":
        """Refuse to look for sentences in text that is not tokenized by the pipeline."""
        if self.boundary == "sentence" and self.tokenizer == "whitespace":
            raise ValueError('boundary = "sentence" needs tokenizer = "pipeline", was: "whitespace"')
        return self


class VocabularySettings(Settings):
    """`[w2v.vocabulary]`: which types become words."""

    min_count: int = Field(5, ge=1)
    """Words that occur less often are left out."""
    max_vocab_size: int | None = Field(10_000_000, ge=1)
    """Types in memory while the corpus is read; past it the rarest are dropped. Null for no bound."""
    max_final_vocab: int | None = Field(None, ge=1)
    """Raise min_count until no more than so many words are left."""


class ModelSettings(Settings):
    """`[w2v.model]`: what is trained."""

    architecture: ArchitectureName = "skip-gram"
    """skip-gram: each word of the context predicts the centre; cbow: all of them together do."""
    loss: LossName = "negative-sampling"
    """How a word is predicted: against noise words, along a binary tree, or among all words."""
    vector_size: VectorSize = 100
    """Dimensions of the vectors."""
    window: int = Field(5, ge=1, le=10_000)
    """Largest distance between a centre and a context word, in kept tokens."""
    shrink_windows: bool = True
    """Draw each window's radius from 1..window, as word2vec.c does; else all windows are full."""
    negative: int = Field(5, ge=0, le=10_000)
    """Noise words for each pair."""
    ns_exponent: float = Field(0.75, ge=-10, le=10)
    """Noise follows count ** ns_exponent."""
    cbow_mean: bool = True
    """Of cbow: the mean of the context's vectors predicts; else their sum."""
    tree: Literal["huffman", "balanced"] = "huffman"
    """Of hierarchical-softmax: short paths for frequent words, or paths of equal length."""

    @model_validator(mode="after")
    def noise_is_sampled(self) -> "ModelSettings":
        """Refuse negative sampling without noise words; with other losses gensim's negative = 0 may stand."""
        if LOSSES[self.loss].needs_noise and self.negative == 0:
            raise ValueError(f'negative must be at least 1 with loss = "{self.loss}", was: 0')
        return self


class TrainingSettings(Settings):
    """`[w2v.training]`: how it is trained."""

    kernel: Literal["blocked", "sequential"] = "blocked"
    """blocked: fast, with noise words that neighbours share; sequential: pair by pair, as word2vec.c and gensim do."""
    epochs: int = Field(5, ge=1, le=1_000_000)
    alpha: float | None = Field(None, gt=0, le=1_000_000)
    """Learning rate at the start; null for what suits the model, see `starting_alpha`."""
    min_alpha: float = Field(0.0001, ge=0, le=1_000_000)
    """Learning rate at the end."""
    sample: float = Field(1e-3, ge=0)
    """Threshold of subsampling, as relative frequency; 0 for none."""
    workers: int = Field(0, ge=0, le=1024)
    """Training threads; 0 for one per core. With 1, a seed fixes the result to the bit."""
    seed: int = Field(1, ge=0)
    checkpoint_every_s: float | None = Field(30.0, ge=0)
    """Seconds between checkpoints, or more where writing takes over 5 % of the time; 0: all the time; null: none."""


ALPHA = 0.025
"""Learning rate at the start, as in gensim, ..."""
ALPHA_OF_MEANS = 0.15
"""... and for CBOW from the mean of a context, each of whose words takes only its share of a step.

gensim gives each word the whole step (see `kernels.blocked._contexts`). benchmarks/README.md has scores at other rates.
"""


def starting_alpha(model: ModelSettings, training: TrainingSettings) -> float:
    """Return the learning rate at the start: that of the settings, or where they give none, what suits the model."""
    if training.alpha is not None:
        return training.alpha
    return ALPHA_OF_MEANS if ARCHITECTURES[model.architecture].pools_contexts and model.cbow_mean else ALPHA


class W2VSettings(Settings):
    """`[w2v]` without `[w2v.corpus]` and `[w2v.training.logger]`, which are registered functions."""

    tokens: TokensSettings = TokensSettings()
    vocabulary: VocabularySettings = VocabularySettings()
    model: ModelSettings = ModelSettings()
    initial: InitialSettings = InitialSettings()
    training: TrainingSettings = TrainingSettings()
    export: ExportSettings = ExportSettings()

    @model_validator(mode="after")
    def words_have_the_vectors(self) -> "W2VSettings":
        """Refuse before training what could not be exported after it."""
        check_vector_kind(self.export.vector_kind, loss=self.model.loss)
        check_formats(self.export.formats, loss=self.model.loss)
        return self

    @model_validator(mode="after")
    def alpha_falls(self) -> "W2VSettings":
        """Refuse a learning rate that would rise."""
        alpha = starting_alpha(self.model, self.training)
        if self.training.min_alpha > alpha:
            raise ValueError(f"training.min_alpha must not be above alpha ({alpha}), was: {self.training.min_alpha}")
        return self

    def completed(self) -> "W2VSettings":
        """Return the settings with the learning rate that the model has by default, if they give none."""
        training = self.training.model_copy(update={"alpha": starting_alpha(self.model, self.training)})
        return self.model_copy(update={"training": training})


REGISTERED = {"w2v": "corpus", "w2v.training": "logger"}
"""Sections in which a registered function stands beside the settings, as a block of this name."""


def parse_settings(block: dict[str, Any], *, section: str = "w2v") -> W2VSettings:  # Any: values of a config
    """Return the settings of a `[w2v]` block, less its corpus and its logger, which are registered functions.

    section: where the block stands, for errors. Raises ConfigError, with a line for each rule that is broken.
    """
    values = {key: value for key, value in block.items() if key != "corpus"}
    if section == "w2v" and isinstance(values.get("training"), dict):
        values["training"] = {key: value for key, value in values["training"].items() if key != "logger"}
    problems = list(_unknown_keys(W2VSettings, values, section=section))
    if problems:
        raise ConfigError("\n".join(problems))
    try:
        return W2VSettings.model_validate(values)
    except ValidationError as error:
        raise ConfigError("\n".join(describe_problem(problem, section) for problem in error.errors())) from None


def _unknown_keys(model: type[BaseModel], values: dict[str, Any], *, section: str) -> list[str]:
    """Return a line for each key that is not a field of the model, with the nearest one that is."""
    problems = []
    valid = [*model.model_fields, *([REGISTERED[section]] if section in REGISTERED else [])]
    for key, value in values.items():
        if key not in valid:
            near = did_you_mean(key, valid, otherwise=f"Known keys: {', '.join(valid)}.")
            hint = hint_of_new_name(section, key) or near
            problems.append(f"[{section}] has no setting '{key}'. {hint}")
            continue
        nested = model.model_fields[key].annotation
        if is_class(nested, BaseModel):
            if isinstance(value, dict):
                problems += _unknown_keys(nested, value, section=f"{section}.{key}")
            else:
                problems.append(f"[{section}.{key}] must be a block of settings, was: {value!r}")
    return problems


_RULES = {
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "greater_than": "must be greater than {gt}",
    "int_parsing": "must be a whole number",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_parsing": "must be a number",
    "float_type": "must be a number",
    "finite_number": "must be a finite number",
    "bool_parsing": "must be true or false",
    "bool_type": "must be true or false",
    "literal_error": "must be one of {expected}",
    "list_type": "must be a list",
    "dict_type": "must be a block",
    "model_type": "must be a block",
    "string_type": "must be a string",
    "string_too_short": "must not be empty",
}


def describe_problem(problem: Any, section: str) -> str:  # Any: pydantic's ErrorDetails, with an open context
    """Return one line of the form "section.key must be at least 1, was: 0"; section may be empty."""
    name = ".".join([*([section] if section else []), *(str(part) for part in problem["loc"])])
    if problem["type"] == "missing":
        return f"{name} is missing"
    if problem["type"] == "value_error":
        return f"{name}: {problem['ctx']['error']}"
    rule = _RULES.get(problem["type"])
    text = problem["msg"] if rule is None else rule.format(**problem.get("ctx", {}))
    hint = f". {NO_VALUE}" if problem["input"] is True else ""
    return f"{name}{':' if rule is None else ''} {text}, was: {problem['input']!r}{hint}"
