"""The phrases of texts, by the same settings and the same encoded corpus as in training."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spacy_w2v._system.signals import import_uninterrupted
from spacy_w2v.config._arguments import optional_path
from spacy_w2v.config._keywords import PhrasesKeywords, TokensKeywords, settings_from_keywords
from spacy_w2v.corpus._words import MAX_TYPES
from spacy_w2v.phrases._table import PhraseTable
from spacy_w2v.sources._iterables import as_source, holds_tokens
from spacy_w2v.tokenization._pipelines import pipeline_of

if TYPE_CHECKING:
    from spacy.language import Language
    from typing_extensions import Unpack


def find_phrases(
    texts: Any,  # Any: everything that `as_source` takes
    nlp: "Language | None" = None,
    *,
    text_field: str | Sequence[str] = "text",
    cache_dir: str | Path | None = None,
    tokens: TokensKeywords | None = None,
    **settings: "Unpack[PhrasesKeywords]",
) -> PhraseTable:
    """Find the phrases of texts: words that occur side by side more often than by chance.

    Args:
        texts: The texts, in any form that `train` accepts.
        nlp: The pipeline whose tokenizer makes the tokens. If None, a blank English pipeline.
        text_field: The column of a dataset, file or table, or the key of dicts. The texts of several columns are joined
            by line breaks.
        cache_dir: The directory for the encoded corpus. If None, the user's cache directory.
        tokens: Settings of [w2v.tokens], such as {"attr": "ORTH"}.
        settings: Any setting of [w2v.phrases], such as scoring="npmi". The default of scoring is "default".

    Returns:
        The phrases. `spacy w2v phrases` shows those below the threshold too.

    Raises:
        ConfigError: A setting is invalid.
        CorpusError: The texts cannot be read.
        StorageError: The corpus cannot be written to the cache.

    Example:
        >>> table = spacy_w2v.find_phrases(["In New York.", "New York is large."] * 3, threshold=0.5, min_count=1)
        >>> table.join(["to", "new", "york"])
        ['to', 'new_york']
    """
    import_uninterrupted("spacy", "spacy_w2v.corpus._cache", "spacy_w2v.tokenization.kernels._encoding")
    from spacy_w2v.corpus._cache import prepared_corpus
    from spacy_w2v.phrases._finding import find_phrases as find_in_corpus

    cache = optional_path(cache_dir, name="cache_dir")
    given = {"tokens": tokens or {}, "phrases": {"scoring": "default"} | settings}
    settings_from_keywords(given)  # reports invalid settings before texts are read
    source = as_source(texts, text_field=text_field)
    defaults = TokensKeywords(attr="ORTH") if holds_tokens(source) else TokensKeywords()
    chosen = settings_from_keywords(given, defaults=defaults)
    with prepared_corpus(
        source, pipeline_of(chosen.tokens, nlp), chosen.tokens, max_vocab_size=MAX_TYPES, cache_dir=cache
    ) as corpus:
        return find_in_corpus(corpus, chosen.phrases)
