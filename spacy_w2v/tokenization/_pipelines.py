"""Pipelines for tokenization: created from a config, or loaded from a directory or package."""

from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spacy_w2v.config._arguments import pipeline_or_english
from spacy_w2v.config._new_configs import language_class
from spacy_w2v.config._registered import resolve_block
from spacy_w2v.config._trust import check_runs_tokenizer_only
from spacy_w2v.config._words import TokensSettings
from spacy_w2v.errors import ConfigError, StorageError, Word2VecError
from spacy_w2v.errors._wording import did_you_mean, first_line

if TYPE_CHECKING:
    from confection import Config
    from spacy.language import Language


RULE = "A pipeline must be a directory written by spaCy, or the name of an installed package"

NAMED_RULE = "[w2v.tokens] pipeline must be the name of an installed pipeline, or its directory"


def load_pipeline(source: str | Path, *, rule: str = RULE, components: bool = True) -> "Language":
    """Load a pipeline, and check its table of vectors.

    Args:
        source: The directory of the pipeline, or the name of an installed package.
        rule: The first clause of the error if the source is not a pipeline.
        components: Whether to load its components.

    Raises:
        StorageError: The pipeline cannot be loaded. The cause is the error of spaCy or of a component.
    """
    import spacy
    from srsly import json_dumps

    try:
        nlp: Language = spacy.load(source, exclude=[] if components else _component_names(source))
        _check_table(nlp.vocab.vectors)
        json_dumps(nlp.meta), nlp.config.to_str().encode()  # raises for lone surrogates, which cannot be saved
    except Word2VecError:  # raised by a component of this package, with the name of the file
        raise
    except Exception as error:  # spaCy, srsly and components may raise any error for damaged files
        raise StorageError(f"{rule}, but {source} cannot be loaded: {_kind_of(error)}{first_line(error)}") from error
    return nlp


def bare_pipeline(nlp: "Language") -> "Language":
    """Return a pipeline with the tokenizer of another pipeline, without components and vectors. Only for saving.

    Both pipelines share the tokenizer, so callbacks that changed it need not run again. The tokenizer still uses the
    vocab of the other pipeline, so do not use the returned pipeline for texts.
    """
    bare = type(nlp)(create_tokenizer=lambda _: nlp.tokenizer)
    bare.vocab.lookups.from_bytes(nlp.vocab.lookups.to_bytes())
    for string in nlp.vocab.strings:
        bare.vocab.strings.add(string)
    config = (bare if nlp.component_names else nlp).config.copy()
    config["nlp"] = {**nlp.config["nlp"], "pipeline": [], "disabled": []}
    bare.config = config
    return bare


def _component_names(source: str | Path) -> list[str]:
    """Return the names of a pipeline's components.

    Raises:
        Exception: Any error of spaCy.
    """
    from spacy.util import get_package_path, load_meta

    path = Path(source)
    if not path.is_dir():
        path = get_package_path(str(source))
    return [str(name) for name in load_meta(path / "meta.json").get("components", ())]


def _check_table(table: Any) -> None:  # Any: spaCy's Vectors has no types
    """Raise ValueError if the table is not a matrix of floats, or maps words to rows that do not exist."""
    if getattr(table, "mode", None) != "default":
        return
    if table.data.ndim != 2 or table.data.dtype.kind != "f":
        raise ValueError(f"the vectors are {table.data.dtype} of shape {table.data.shape}")
    n_rows = len(table.data)
    for key, row in table.key2row.items():
        if type(row) is not int or not -1 <= row < n_rows:
            raise ValueError(f"word {key} has the vector {row!r} of {n_rows}")


def _kind_of(error: Exception) -> str:
    """Return the type of an error as a prefix for its message, or "" for spaCy's own messages."""
    return "" if str(error).startswith("[E") else f"{type(error).__name__}: "


NEEDS_JIEBA = (
    'segmenter = "jieba" of [nlp.tokenizer] needs the package jieba, which is not installed. '
    'Install it with: pip install "spacy-w2v[zh]"'
)


_only_tokens: ContextVar[bool] = ContextVar("only_tokens", default=False)


def make_pipeline(config: "Config", *, trusted: bool = True, components: bool = False) -> "Language":
    """Create a pipeline with the tokenizer of `[nlp]`, or load the one that `[w2v.tokens]` names.

    This runs the callbacks of `[nlp]` and `[initialize.before_init]`, which may change the tokenizer, and initializes
    the tokenizer from `[initialize.tokenizer]`. For the attribute "NORM", it also loads `[initialize.lookups]`. In
    these callbacks, `is_tokenizer_only` returns True.

    Args:
        config: The whole config.
        trusted: Whether all registered functions may run. If False, a config with functions other than spaCy's
            tokenizers is refused before any function runs, and the tokenizer is that of `[nlp]` in any case.
        components: Whether the pipeline that `[w2v.tokens]` names has its components.

    Raises:
        ConfigError: The pipeline cannot be created.
    """
    tokens = config.get("w2v", {}).get("tokens", {})
    if trusted and tokens.get("pipeline") is not None:
        nlp = named_pipeline(tokens["pipeline"], config.get("nlp", {}), components=components)
        _call_before_init(nlp, config.get("initialize", {}))
        return nlp
    return _pipeline_of_block(config, trusted=trusted)


def named_pipeline(name: str, block: dict[str, Any], *, components: bool) -> "Language":  # Any: values of a config
    """Load the pipeline that `[w2v.tokens]` names.

    Args:
        name: The value of `pipeline`.
        block: The block `[nlp]`, which must not describe another one.
        components: Whether to load its components.

    Raises:
        ConfigError: The pipeline cannot be loaded, or `[nlp]` describes another one.
    """
    try:
        nlp = load_pipeline(name, rule=NAMED_RULE, components=components)
    except StorageError as error:
        hint = f". Install it with: python -m spacy download {name}" if name.isidentifier() else ""
        raise ConfigError(f"{str(error).rstrip('.')}{hint}") from error.__cause__
    for key in ("lang", "tokenizer"):
        own = nlp.config["nlp"][key]
        if block.get(key) not in (None, own):
            raise ConfigError(
                f"[nlp] {key} must be that of pipeline = {name!r} of [w2v.tokens], which is {own!r}, was: "
                f"{block[key]!r}. Leave it out of [nlp]."
            )
    return nlp


def pipeline_of(settings: TokensSettings, nlp: Any) -> "Language":  # Any: whatever a program passes
    """Return the pipeline of settings in Python: the given one, the one that they name, or a blank English one.

    Raises:
        ConfigError: Both are given, or the pipeline cannot be loaded.
    """
    if settings.pipeline is None:
        return pipeline_or_english(nlp)
    if nlp is not None:
        raise ConfigError(
            f"pipeline must be left out with nlp, which is the pipeline, was: {settings.pipeline!r}. Leave one of them "
            "out."
        )
    return named_pipeline(settings.pipeline, {}, components=settings.key_block is not None)


def _call_before_init(nlp: "Language", initialize: dict[str, Any]) -> None:  # Any: values of a config
    """Call the callback of `[initialize.before_init]`, if there is one, which may change the tokenizer."""
    block = {"before_init": initialize.get("before_init")}
    before_init = resolve_block(block, section="initialize")["before_init"]
    if before_init is not None:
        before = _only_tokens.set(True)
        try:
            before_init(nlp)
        finally:
            _only_tokens.reset(before)


def _pipeline_of_block(config: "Config", *, trusted: bool) -> "Language":
    """Create a pipeline with the tokenizer of `[nlp]`, without components. See `make_pipeline`. Raises ConfigError."""
    from spacy.util import load_model_from_config

    nlp_block = dict(config.get("nlp", {}))
    lang = nlp_block.get("lang")
    if lang is not None and not isinstance(lang, str):
        raise ConfigError(f"[nlp] lang must be the code of a language, was: {lang!r}")
    if not lang:
        raise ConfigError('[nlp] must have a language, but has none. Add lang = "en" (or "xx" for several languages).')
    known = _settings_of_nlp()
    for key in nlp_block:
        if key not in known:  # spaCy would silently ignore it
            hint = did_you_mean(key, known, otherwise=f"Known keys: {', '.join(sorted(known))}.")
            raise ConfigError(f"[nlp] has no setting '{key}'. {hint}")
    nlp_block["pipeline"] = []
    nlp_block["disabled"] = []
    language_class(lang)  # older versions of spaCy register the tokenizer here
    if not trusted:
        check_runs_tokenizer_only(config)
    if "@tokenizers" in nlp_block.get("tokenizer", {}):
        resolve_block({"tokenizer": nlp_block["tokenizer"]}, section="nlp")  # reports clearer errors than spaCy
    try:
        nlp = load_model_from_config({"nlp": nlp_block}, auto_fill=True)
        initialize = config.get("initialize", {})
        _call_before_init(nlp, initialize)
        initialize_tokens(nlp, initialize, attr=config.get("w2v", {}).get("tokens", {}).get("attr"))
    except ConfigError:
        raise
    except Exception as error:  # registered tokenizers and callbacks may raise any error
        if isinstance(error, ImportError) and "jieba" in str(error).lower():
            raise ConfigError(NEEDS_JIEBA) from None
        raise ConfigError(f"The pipeline of [nlp] cannot be created: {first_line(error)}") from error
    return nlp


def _settings_of_nlp() -> set[str]:
    """Return the valid keys of `[nlp]`. Before spaCy 3.8.13, its schemas are models of pydantic 1."""
    from spacy.schemas import ConfigSchemaNlp

    fields = ConfigSchemaNlp.model_fields if hasattr(ConfigSchemaNlp, "model_fields") else ConfigSchemaNlp.__fields__
    return {field.alias or name for name, field in fields.items()}


def is_tokenizer_only() -> bool:
    """Return whether `make_pipeline` is running. Its pipeline is only for tokens, so callbacks need not add vectors."""
    return _only_tokens.get()


def initialize_tokens(nlp: "Language", block: dict[str, Any], *, attr: str | None) -> None:  # Any: [initialize]
    """Initialize the tokenizer of a pipeline, as `nlp.initialize` does, but without examples.

    For the attribute "NORM", the function also loads the lookups, which contain exceptions of norms.

    Args:
        nlp: The pipeline.
        block: The block `[initialize]`.
        attr: The attribute of tokens that is the key of the vectors.
    """
    if attr == "NORM" and block.get("lookups") is not None:
        nlp.vocab.lookups = resolve_block({"lookups": block["lookups"]}, section="initialize")["lookups"]
    if hasattr(nlp.tokenizer, "initialize"):
        settings = resolve_block({"tokenizer": block.get("tokenizer", {})}, section="initialize")["tokenizer"]
        nlp.tokenizer.initialize(lambda: iter(()), nlp=nlp, **settings)
