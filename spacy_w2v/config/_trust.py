"""What the config of a model from an unknown source may run: its tokenizer, and nothing else."""

from collections.abc import Iterator
from typing import Any

from spacy_w2v.errors import ConfigError
from spacy_w2v.errors._wording import worded

OF_SPACY = ("spacy", "spacy_w2v")
"""The packages whose tokenizers may be created."""

HARMLESS = {
    ("callbacks", "spacy_w2v.load_vectors.v1"),  # these three have no effect on tokens
    ("callbacks", "spacy_w2v.load_vectors.v2"),
    ("callbacks", "spacy_w2v.train_vectors.v1"),
    ("misc", "spacy.LookupsDataLoader.v1"),
    ("vectors", "spacy.Vectors.v1"),
}
"""Other functions that may be called, by registry and name. "spacy.copy_from_base_model.v1" must not be among them: it
loads other pipelines."""

KEY_FUNCTIONS = {("misc", f"spacy_w2v.{name}.v1") for name in ("LemmaKeys", "LemmaPosKeys", "SenseKeys")}
"""The functions of this package that make keys, by registry and name."""


def check_no_variables(text: str) -> None:
    """Raise ConfigError if a model's config has variables: a few that refer to each other could fill the memory."""
    if "${" in text:
        remedy = worded(python="give trust_config=True to load", command_line="give --trust-config")
        raise ConfigError(
            "The config of a model must have no variables unless you trust it, but has: "
            f"{text[text.index('${') :][:30]!r}. If you trust the model, {remedy}."
        )


def check_runs_tokenizer_only(config: dict[str, Any]) -> None:  # Any: values of a config
    """Raise ConfigError if creating a config's pipeline would run more than a tokenizer of spaCy or of this package.

    Args:
        config: The config, without variables. Its language is imported: older versions of spaCy register the tokenizer
            of a language only then.
    """
    initialize = config.get("initialize", {})
    blocks = {
        "nlp": config.get("nlp"),
        **{f"initialize.{name}": initialize.get(name) for name in ("before_init", "tokenizer", "lookups")},
    }
    for section, block in blocks.items():
        for place, registry_name, name in _functions_of(block, section):
            if not _is_harmless(registry_name, name):
                remedy = worded(
                    python="import the module that registers the function, or give trust_config=True to load",
                    command_line="give the Python file that registers the function with --code, or give --trust-config",
                )
                raise ConfigError(
                    f"The config of a model may run only a tokenizer of spaCy unless you trust it, but "
                    f'[{place}] names another function: @{registry_name} = "{name}". If you trust the model, '
                    f"{remedy}."
                )


def _functions_of(block: Any, place: str) -> Iterator[tuple[str, str, str]]:
    """Yield the section, the registry and the name of each registered function in a block, at any depth."""
    if isinstance(block, list | tuple):
        for value in block:
            yield from _functions_of(value, place)
    elif isinstance(block, dict):
        for key, value in block.items():
            if str(key).startswith("@"):
                yield place, str(key)[1:], str(value)
            else:
                yield from _functions_of(value, f"{place}.{key}")


def _is_harmless(registry_name: str, name: str) -> bool:
    from spacy.util import registry

    if registry_name != "tokenizers" or not registry.has(registry_name, name):
        return (registry_name, name) in HARMLESS
    module = getattr(registry.get(registry_name, name), "__module__", None) or ""
    return str(module).split(".")[0] in OF_SPACY


def check_is_key_function(block: dict[str, Any]) -> None:  # Any: values of a config
    """Raise ConfigError if the block `[w2v.tokens.keys]` names another function than the key functions of this package.

    Args:
        block: The block.
    """
    for place, registry_name, name in _functions_of(block, "w2v.tokens.keys"):
        if (registry_name, name) not in KEY_FUNCTIONS:
            remedy = worded(python="give trust_config=True to load", command_line="give --trust-config")
            raise ConfigError(
                f"The config of a model may run only key functions of this package unless you trust it, but [{place}] "
                f'names another function: @{registry_name} = "{name}". If you trust the model, {remedy}.'
            )
