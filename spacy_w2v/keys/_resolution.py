"""The key function of settings, by its registered name."""

from spacy_w2v.config._registered import resolve_block
from spacy_w2v.config._trust import check_is_key_function
from spacy_w2v.config._words import TokensSettings
from spacy_w2v.errors import ConfigError
from spacy_w2v.keys._protocol import KeyFunction


def key_function_of(settings: TokensSettings, *, trusted: bool = True) -> KeyFunction | None:
    """Return the key function of settings; None if an attribute of a token is its key.

    A function remembers keys, so use one for a whole run.

    Args:
        settings: The block `[w2v.tokens]`.
        trusted: Whether any registered function may run, or only those of this package.

    Raises:
        ConfigError: There is no such function, or what it returns makes no keys.
    """
    block = settings.key_block
    if block is None:
        return None
    if not trusted:
        check_is_key_function(block)
    function: KeyFunction = resolve_block({"keys": block}, section="w2v.tokens")["keys"]
    if not callable(function):
        raise ConfigError(
            "[w2v.tokens.keys] must name a function that returns a key function, such as "
            f"spacy_w2v.SenseKeys.v1, was: {name_of_keys(settings)}, which returns {type(function).__name__}. "
            "Return a function from a Doc to (start, end, key)."
        )
    return function


def name_of_keys(settings: TokensSettings) -> str:
    """Return the registered name of the key function of settings; "" if there is none."""
    block = settings.key_block or {}
    return next((str(value) for key, value in block.items() if key.startswith("@")), "")


def kind_of_words(settings: TokensSettings) -> str:
    """Return what the words of a model are: an attribute of tokens, such as LOWER, or the name of a key function."""
    return name_of_keys(settings) or settings.attr
