"""What a config says about annotating its corpus, for `spacy w2v annotate`."""

from pathlib import Path
from typing import TYPE_CHECKING

from spacy_w2v.corpus.annotated._run import Annotation
from spacy_w2v.errors import ConfigError
from spacy_w2v.keys._resolution import key_function_of, name_of_keys
from spacy_w2v.sources._annotated_sources import keeping_annotation
from spacy_w2v.tokenization._components import check_annotation
from spacy_w2v.training._resolved_config import resolve

if TYPE_CHECKING:
    from confection import Config


def annotation_of(config: "Config", *, tokens_per_shard: int, code_path: Path | None) -> Annotation:
    """Return what is annotated, and by what.

    If the config has keys, the pipeline must set the annotation that they need.

    Args:
        config: The config. Only `[nlp]`, `[w2v.corpus]` and `[w2v.tokens]` matter.
        tokens_per_shard: The size of a file.
        code_path: A Python file with the user's registered functions, for the processes.

    Raises:
        ConfigError: The config is invalid, or names no pipeline, or one that does not annotate.
    """
    resolved = resolve(config, components=True)
    tokens = resolved.settings.tokens
    if tokens.pipeline is None:
        raise ConfigError(
            "[w2v.tokens] must name the pipeline that annotates, but has none. Set pipeline, for example to "
            '"en_core_web_sm".'
        )
    if (function := key_function_of(tokens)) is not None:
        check_annotation(resolved.nlp, function, name_of_keys(tokens))
    return Annotation(
        keeping_annotation(resolved.source),
        resolved.nlp,
        tokens,
        tokens_per_shard=tokens_per_shard,
        code_path=code_path,
    )
