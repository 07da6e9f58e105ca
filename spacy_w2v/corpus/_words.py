"""The words of texts, sentence by sentence, exactly as in training. For other programs, such as gensim's FastText."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spacy_w2v._system.signals import import_uninterrupted
from spacy_w2v.config._arguments import optional_path
from spacy_w2v.config._keywords import TokensKeywords, settings_from_keywords
from spacy_w2v.config._schema import TokensSettings, VocabularySettings
from spacy_w2v.sources._iterables import as_source, holds_tokens
from spacy_w2v.sources._source import TextSource
from spacy_w2v.tokenization._pipelines import pipeline_of

if TYPE_CHECKING:
    from spacy.language import Language
    from typing_extensions import Unpack

MAX_TYPES = VocabularySettings().max_vocab_size
"""The default of training, so that `train` and `tokenize` use the same encoded corpus."""


def tokenize(
    texts: Any,  # Any: everything that `as_source` takes
    nlp: "Language | None" = None,
    *,
    text_field: str | Sequence[str] = "text",
    cache_dir: str | Path | None = None,
    **settings: "Unpack[TokensKeywords]",
) -> Iterator[list[str]]:
    r"""Return an iterator over the sentences of texts, each a list of words, exactly as `train` uses them.

    All texts are encoded to disk before the first sentence is returned. With the same texts, settings and `cache_dir`,
    `train` uses this encoded corpus. Sentences end at line breaks, unless `boundary` is set to another value. Rare
    words are included.

    Args:
        texts: The texts, in any form that `train` accepts.
        nlp: The pipeline whose tokenizer makes the tokens. If None, a blank English pipeline.
        text_field: The column of a dataset, file or table, or the key of dicts. The texts of several columns are joined
            by line breaks.
        cache_dir: The directory for the encoded corpus. If None, the user's cache directory.
        settings: Any setting of [w2v.tokens], such as attr="ORTH". The default of n_process is 1.

    Returns:
        An iterator, which can be used once.

    Raises:
        ConfigError: A setting is invalid.
        CorpusError: The texts cannot be read.
        StorageError: The corpus cannot be written to the cache.

    Example:
        >>> list(spacy_w2v.tokenize(["The king's men.\nDon't!"]))
        [['the', 'king', "'s", 'men', '.'], ['do', "n't", '!']]
    """
    import_uninterrupted("spacy", "spacy_w2v.corpus._cache", "spacy_w2v.tokenization.kernels._encoding")
    cache = optional_path(cache_dir, name="cache_dir")
    settings_from_keywords({"tokens": settings})  # reports invalid settings before texts are read
    source = as_source(texts, text_field=text_field)
    defaults = TokensKeywords(attr="ORTH") if holds_tokens(source) else TokensKeywords()
    tokens = settings_from_keywords({"tokens": settings}, defaults=defaults).tokens
    return _sentences(source, pipeline_of(tokens, nlp), tokens, cache_dir=cache)


def _sentences(
    source: TextSource, nlp: "Language", settings: TokensSettings, *, cache_dir: Path | None
) -> Iterator[list[str]]:
    """Yield the sentences of a source; see `tokenize`."""
    from spacy_w2v.corpus._cache import prepared_corpus

    with prepared_corpus(source, nlp, settings, max_vocab_size=MAX_TYPES, cache_dir=cache_dir) as corpus:
        types = corpus.read_types()
        words = dict(zip(types["id"].to_pylist(), types["key"].to_pylist(), strict=True))
        for sentence in corpus.sentences():
            yield [
                words[number] for number in sentence.tolist() if number in words
            ]  # rare types beyond MAX_TYPES have been dropped
