"""The settings of `[w2v]`, with gensim's names and defaults for hyper-parameters."""

from collections.abc import Callable
from functools import partial
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, ValidationInfo, model_validator

from spacy_w2v.config._base import Settings, with_defaults
from spacy_w2v.config._cooccurrence import CooccurrenceSettings
from spacy_w2v.config._distributed import DistributedSettings, check_engine
from spacy_w2v.config._evaluation import EvaluationSettings, check_evaluation
from spacy_w2v.config._export import ExportSettings as ExportSettings
from spacy_w2v.config._export import Postprocess as Postprocess
from spacy_w2v.config._export import VectorKind as VectorKind
from spacy_w2v.config._export import check_floret_table as check_floret_table
from spacy_w2v.config._export import check_formats, check_senses
from spacy_w2v.config._export import check_vector_kind as check_vector_kind
from spacy_w2v.config._initial import InitialSettings
from spacy_w2v.config._keys import check_keys
from spacy_w2v.config._losses import ARCHITECTURES, LOSSES, ArchitectureName, LossName
from spacy_w2v.config._phrases import PhraseSettings
from spacy_w2v.config._problems import describe_argument, describe_problem, unknown_keys
from spacy_w2v.config._subwords import SubwordSettings, check_subwords
from spacy_w2v.config._words import TokenAttr as TokenAttr
from spacy_w2v.config._words import TokensSettings as TokensSettings
from spacy_w2v.config._words import VocabularySettings as VocabularySettings
from spacy_w2v.errors import ConfigError

VectorSize = Annotated[int, Field(ge=1, le=100_000)]


class ModelSettings(Settings):
    """`[w2v.model]`: what predicts what, by which loss, and the size of the vectors."""

    architecture: ArchitectureName = "skip-gram"
    """What predicts a word from its context.

    With `skip-gram` each word of the context predicts the centre word by itself. With `cbow` all of them predict it
    together, which is less work for each word of the corpus.
    """
    loss: LossName = "negative-sampling"
    """How a prediction is scored.

    `negative-sampling` tells the word from a few random noise words. `hierarchical-softmax` finds it on a path through
    a binary tree. `softmax` compares it with the whole vocabulary, of at most 50,000 words, which is slow. The last two
    give probabilities, so that the model can score sentences.

    Two losses learn from the counts of words that occur together, as `[w2v.cooccurrence]` says, and have no
    architecture. `glove` fits the logarithms of these counts (Pennington et al. 2014). `ppmi-svd` is the singular value
    decomposition of their positive pointwise mutual information (Levy et al. 2015).
    """
    vector_size: VectorSize = 100
    """The number of dimensions of the vectors.

    Time and memory grow in proportion. 300 is usual for corpora of a hundred million tokens and more.
    """
    window: int = Field(5, ge=1, le=10_000)
    """The largest distance between a word and a word of its context, counted in tokens that are kept.

    Small windows (2) bring words of the same kind together, large ones (10) words of the same topic. With
    `loss = "glove"` and `"ppmi-svd"` the default is 10.
    """
    shrink_windows: bool = True
    """Whether the size of each window is drawn from 1 to `window`, so that near words count more.

    If false, all windows have the full size, and training takes longer.
    """
    negative: int = Field(5, ge=0, le=10_000)
    """The number of noise words for each prediction, with `loss = "negative-sampling"`.

    5 to 20 suit small corpora, 2 to 5 large ones (Mikolov et al. 2013). With the default kernel, predictions share
    noise words, so a higher value costs little. With this loss it must be at least 1.
    """
    ns_exponent: float = Field(0.75, ge=-10, le=10)
    """The power of a word's count that noise words are drawn by, with `loss = "negative-sampling"`.

    1 draws words by their frequency, 0 draws all words equally often. With `loss = "ppmi-svd"` it is the power of the
    counts of context words, which makes rare contexts count less (context distribution smoothing).
    """
    cbow_mean: bool = True
    """With `architecture = "cbow"`: whether the mean of the context's vectors predicts, or, if false, their sum."""
    tree: Literal["huffman", "balanced"] = "huffman"
    """The tree of `loss = "hierarchical-softmax"`.

    `huffman` has short paths for frequent words, which is fastest. `balanced` has paths of equal length.
    """
    x_max: float | None = Field(None, gt=0, le=1_000_000_000_000)
    """With `loss = "glove"`: the count from which co-occurrences have full weight; `null` to choose it.

    The choice grows with the corpus: 10 up to 17 million tokens, 100 from 1.7 billion on.
    """
    weighting_exponent: float = Field(0.75, ge=0, le=10)
    """With `loss = "glove"`: the power of a count, as a share of `x_max`, that is its weight below `x_max`."""
    shift: float = Field(1.0, gt=0)
    """With `loss = "ppmi-svd"`: k, whose logarithm is subtracted from the pointwise mutual information.

    Skip-gram with k noise words learns this shift (Levy and Goldberg 2014). 1 shifts nothing, and is best most often.
    """
    eigenvalue_exponent: float = Field(0.5, ge=0, le=1)
    """With `loss = "ppmi-svd"`: the power of the singular values that scales the dimensions of the input vectors."""

    subwords: SubwordSettings = SubwordSettings()
    """The subwords that the vectors of words are made of: the block `[w2v.model.subwords]`."""

    @model_validator(mode="after")
    def noise_is_sampled(self) -> "ModelSettings":
        """Refuse negative sampling without noise words; with other losses, negative = 0 is allowed, as in gensim."""
        if LOSSES[self.loss].needs_noise and self.negative == 0:
            raise ValueError(f'negative must be at least 1 with loss = "{self.loss}", was: 0')
        return self

    @model_validator(mode="after")
    def counts_have_no_architecture(self) -> "ModelSettings":
        """Refuse another architecture than the default for losses that learn from counts."""
        if LOSSES[self.loss].counts_cooccurrences and self.architecture != "skip-gram":
            raise ValueError(
                f'architecture must be left out with loss = "{self.loss}", which learns from counts, was: '
                f'"{self.architecture}"'
            )
        return self

    @model_validator(mode="after")
    def subwords_learn_from_texts(self) -> "ModelSettings":
        """Refuse subwords for losses that learn from counts, which are of whole words."""
        if LOSSES[self.loss].counts_cooccurrences and self.subwords.mode is not None:
            raise ValueError(
                f'subwords need a loss that learns from texts, was: loss = "{self.loss}" with mode = '
                f'"{self.subwords.mode}". Choose another loss, or leave subwords out.'
            )
        return self


class TrainingSettings(Settings):
    """`[w2v.training]`: for how long, how fast and with how many threads the model is trained."""

    kernel: Literal["blocked", "sequential"] = "blocked"
    """The implementation of the training steps.

    `blocked` is several times as fast: neighbouring words share their noise words. `sequential` takes one step after
    the other, as word2vec.c and gensim do. Choose it to compare with these.
    """
    shared_noise: int | None = Field(None, ge=4, le=1024, multiple_of=4)
    """The number of noise words that 64 neighbouring predictions share, with the kernel `blocked`; a multiple of 4.

    `null` stands for 48 for skip-gram, and for 32 for CBOW. 16 trains faster, and moves scores a little from similarity
    to relatedness. It is for `loss = "negative-sampling"`.
    """
    epochs: int = Field(5, ge=1, le=1_000_000)
    """The number of passes over the corpus. Raise it (to 20) for less than a million tokens.

    With `loss = "glove"` they are passes over the co-occurrence counts, and the default is 25. `ppmi-svd` has one.
    """
    alpha: float | None = Field(None, gt=0, le=1_000_000)
    """The learning rate at the start, from which it falls linearly to `min_alpha`.

    `null` stands for 0.15 for CBOW from the mean of contexts, for 0.05 for GloVe and with subwords, and for 0.025
    otherwise. Lower it if training diverges.
    """
    min_alpha: float | None = Field(0.0001, ge=0, le=1_000_000)
    """The learning rate at the end. It must not be above `alpha`.

    `null` keeps the rate at `alpha`, and is the default with `loss = "glove"`, whose steps AdaGrad makes smaller.
    """
    sample: float = Field(1e-3, ge=0)
    """The threshold for subsampling frequent words, as a share of all tokens; 0 to keep every token.

    Tokens of a word that is more frequent than this are left out at random, the more often the more frequent it is.
    This is faster, and improves the vectors of rarer words. Lower it to 1e-4 or 1e-5 for billions of tokens.

    Losses that learn from counts keep every token by default. If they do not, the counts are those to be expected.
    """
    workers: int = Field(0, ge=0, le=1024)
    """The number of threads that train; 0 for one per core.

    With 1 the same seed gives the same vectors, to the bit. With more, results vary slightly from run to run. Each
    thread needs chunks of 100,000 tokens, so small corpora use fewer.
    """
    seed: int = Field(1, ge=0)
    """The seed of all random numbers: starting vectors, windows, noise words, subsampling, order of chunks."""
    checkpoint_every_s: float | None = Field(30.0, ge=0)
    """The number of seconds between two checkpoints, from which a run that was stopped can be resumed.

    Writing takes at most 5 % of the time, so checkpoints of large models are rarer. 0 writes them as often as this
    allows; `null` writes none.
    """


ALPHA = 0.025
"""The learning rate at the start, as in gensim, ..."""
ALPHA_OF_SUBWORDS = 0.05
"""... with subwords, as in fastText and floret, which is better than 0.025 on all sets of questions, ..."""
ALPHA_OF_MEANS = 0.15
"""... and for CBOW from the mean of a context, where each word takes only its share of a step.

gensim gives each word the whole step (see `kernels.blocked._contexts`). docs/benchmarks.md has scores at other rates.
"""


def starting_alpha(model: ModelSettings, training: TrainingSettings) -> float:
    """Return the learning rate at the start: that of the settings, or the default of the model if they give none."""
    if training.alpha is not None:
        return training.alpha
    if (of_loss := LOSSES[model.loss].alpha) is not None:
        return of_loss
    if ARCHITECTURES[model.architecture].pools_contexts and model.cbow_mean:
        return ALPHA_OF_MEANS
    return ALPHA if model.subwords.mode is None else ALPHA_OF_SUBWORDS


def ending_alpha(model: ModelSettings, training: TrainingSettings) -> float:
    """Return the learning rate at the end: that of the settings, or the one at the start if they give none."""
    return starting_alpha(model, training) if training.min_alpha is None else training.min_alpha


ALPHA_FOLLOWS = {"alpha": "follows"}
"""The context of a validation of settings whose learning rate at the start, unless given, is chosen later."""


class W2VSettings(Settings):
    """`[w2v]` without `[w2v.corpus]` and `[w2v.training.logger]`, which are registered functions."""

    tokens: TokensSettings = TokensSettings()
    phrases: PhraseSettings = PhraseSettings()
    vocabulary: VocabularySettings = VocabularySettings()
    model: ModelSettings = ModelSettings()
    cooccurrence: CooccurrenceSettings = CooccurrenceSettings()
    initial: InitialSettings = InitialSettings()
    training: TrainingSettings = TrainingSettings()
    evaluation: EvaluationSettings = EvaluationSettings()
    distributed: DistributedSettings = DistributedSettings()
    export: ExportSettings = ExportSettings()

    @model_validator(mode="after")
    def losses_have_defaults(self) -> "W2VSettings":
        """Use the defaults of the loss for settings that are not given."""
        spec = LOSSES[self.model.loss]
        defaults = {block: dict(values) for block, values in spec.defaults.items()}
        if self.initial.freeze:
            defaults.pop("export", None)  # frozen vectors stay as they are
        for block, values in defaults.items():
            object.__setattr__(self, block, with_defaults(getattr(self, block), values))
        return self

    @model_validator(mode="after")
    def phrases_have_an_effect(self) -> "W2VSettings":
        """Refuse settings of phrases if no phrases are joined."""
        self.phrases.check_effect()
        return self

    @model_validator(mode="after")
    def keys_fit(self) -> "W2VSettings":
        """Refuse settings that make no sense for keys."""
        check_keys(self.tokens, self.vocabulary, phrases=self.phrases, subwords=self.model.subwords.mode)
        return self

    @model_validator(mode="after")
    def counts_need_no_steps(self) -> "W2VSettings":
        """Refuse settings of training in steps for a loss that has none."""
        loss, spec = self.model.loss, LOSSES[self.model.loss]
        if not spec.has_steps and self.training.epochs != 1:
            raise ValueError(
                f'training.epochs must be 1 with loss = "{loss}", which is computed at once, was: '
                f"{self.training.epochs}. Set it to 1, or leave it out."
            )
        if not spec.has_steps and self.initial.vectors is not None:
            raise ValueError(
                f'initial.vectors must be null with loss = "{loss}", which is computed from counts alone, was: '
                f"{self.initial.vectors}. Leave it out, or choose another loss."
            )
        check_evaluation(self.evaluation, loss=loss)
        return self

    @model_validator(mode="after")
    def machines_train_in_steps(self) -> "W2VSettings":
        """Refuse several machines for losses that learn from counts."""
        check_engine(self.distributed.engine, loss=self.model.loss)
        return self

    @model_validator(mode="after")
    def words_have_the_vectors(self) -> "W2VSettings":
        """Refuse settings of exports that would fail after training."""
        check_vector_kind(self.export.vector_kind, loss=self.model.loss)
        export, mode = self.export, self.model.subwords.mode
        check_formats(export.formats, loss=self.model.loss, subwords=mode)
        check_senses(export.formats, self.tokens.key_block)
        if mode == "floret" and "spacy" in export.formats:
            check_floret_table(
                composed=export.composed,
                max_vectors=export.max_vectors,
                merge_rare=export.merge_rare,
                dtype=export.dtype,
            )
        return self

    @model_validator(mode="after")
    def subwords_fit(self) -> "W2VSettings":
        """Refuse settings that need a row of its own for each word."""
        check_subwords(
            self.model.subwords.mode,
            freeze=self.initial.freeze,
            engine=self.distributed.engine,
            vector_kind=self.export.vector_kind,
        )
        return self

    @model_validator(mode="after")
    def frozen_vectors_stay(self) -> "W2VSettings":
        """Refuse to change the vectors of frozen words after training."""
        if self.initial.freeze and self.export.postprocess is not None:
            raise ConfigError(
                f'freeze keeps vectors as they are, so postprocess must be null, was: "{self.export.postprocess}". Set '
                "one of them to false or null."
            )
        if self.initial.freeze and self.export.vector_kind != "input":
            raise ConfigError(
                f'freeze keeps input vectors as they are, so vector_kind must be "input", was: '
                f'"{self.export.vector_kind}". Leave it out, or set freeze to false.'
            )
        return self

    @model_validator(mode="after")
    def alpha_falls(self, info: ValidationInfo) -> "W2VSettings":
        """Refuse a learning rate that rises."""
        if info.context == ALPHA_FOLLOWS and self.training.alpha is None:
            return self
        alpha, min_alpha = starting_alpha(self.model, self.training), self.training.min_alpha
        if min_alpha is not None and min_alpha > alpha:
            raise ValueError(f"training.min_alpha must not be above alpha ({alpha}), was: {min_alpha}")
        return self

    @model_validator(mode="after")
    def noise_is_shared(self) -> "W2VSettings":
        """Refuse a number of shared noise words for kernels that share none."""
        training, loss = self.training, self.model.loss
        if training.shared_noise is None or (LOSSES[loss].needs_noise and training.kernel == "blocked"):
            return self
        needed = " or ".join(f'"{name}"' for name, facts in LOSSES.items() if facts.needs_noise)
        raise ValueError(
            f'training.shared_noise needs kernel = "blocked" and loss = {needed}, was: {training.shared_noise} with '
            f'kernel = "{training.kernel}" and loss = "{loss}". Leave it out, or choose these.'
        )

    def completed(self) -> "W2VSettings":
        """Return the settings with the learning rates of the model instead of null."""
        alpha = starting_alpha(self.model, self.training)
        rates = {"alpha": alpha, "min_alpha": ending_alpha(self.model, self.training)}
        return self.model_copy(update={"training": self.training.model_copy(update=rates)})


def parse_settings(
    block: dict[str, Any],  # Any: values of a config
    *,
    section: str = "w2v",
    in_python: bool = False,
    alpha_follows: bool = False,
) -> W2VSettings:
    """Return the settings of a `[w2v]` block without its corpus and its logger, which are registered functions.

    Args:
        block: The values of the block, as in a config.
        section: The name of the block, for errors.
        in_python: Whether errors name settings as arguments in Python, "window" instead of "w2v.model.window".
        alpha_follows: Whether alpha, unless given, is chosen later. Then min_alpha is not compared with its default.

    Raises:
        ConfigError: A rule is broken; the text has a line for each.
    """
    values = {key: value for key, value in block.items() if key != "corpus"}
    if section == "w2v" and isinstance(values.get("training"), dict):
        values["training"] = {key: value for key, value in values["training"].items() if key != "logger"}
    problems = list(unknown_keys(W2VSettings, values, section="" if in_python else section))
    if problems:
        raise ConfigError("\n".join(problems))
    try:
        return W2VSettings.model_validate(values, context=ALPHA_FOLLOWS if alpha_follows else None)
    except ValidationError as error:
        describe: Callable[[Any], str] = describe_argument if in_python else partial(describe_problem, section=section)
        raise ConfigError("\n".join(map(describe, error.errors()))) from None
