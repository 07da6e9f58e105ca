"""The words of texts, sentence by sentence, as training sees them: for other programs, such as gensim's FastText."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spacy_w2v._system.signals import import_uninterrupted
from spacy_w2v.config._arguments import optional_path, pipeline_or_english
from spacy_w2v.config._keywords import TokensKeywords, settings_from_keywords
from spacy_w2v.config._schema import TokensSettings, VocabularySettings
from spacy_w2v.sources._iterables import as_source, holds_tokens
from spacy_w2v.sources._source import TextSource

if TYPE_CHECKING:
    from spacy.language import Language
    from typing_extensions import Unpack

MAX_TYPES = VocabularySettings().max_vocab_size
"""As for training, which so finds the corpus that was encoded for `tokenize`, and the other way round."""


def tokenize(
    texts: Any,  # Any: everything that `as_source` takes
    nlp: "Language | None" = None,
    *,
    text_field: str | Sequence[str] = "text",
    cache_dir: str | Path | None = None,
    **settings: "Unpack[TokensKeywords]",
) -> Iterator[list[str]]:
    r"""Return the words of texts, a list for each sentence, as `train` sees them with the same arguments.

    All texts are encoded to disk before the first sentence comes; `train` finds them there, if it gets the same
    `cache_dir` and texts that it knows again. Sentences end where windows do: at line breaks, unless `boundary` says
    otherwise. Rare words are not left out.

    Args:
        texts: As for `train`.
        nlp: The pipeline whose tokenizer makes the tokens; None for a blank English one.
        text_field: As for `train`.
        cache_dir: Where the encoded corpus is kept; None for the user's cache directory.
        settings: Any setting of [w2v.tokens], such as attr="ORTH". n_process is 1 unless it is given.

    Returns:
        An iterator, which goes through the sentences once.

    Raises:
        ConfigError: A setting is wrong.
        CorpusError: The texts cannot be read.

    Example:
        >>> list(spacy_w2v.tokenize(["The king's men.\nDon't!"]))
        [['the', 'king', "'s", 'men', '.'], ['do', "n't", '!']]
    """
    import_uninterrupted("spacy", "spacy_w2v.corpus._cache", "spacy_w2v.tokenization.kernels._encoding")
    nlp = pipeline_or_english(nlp)
    cache = optional_path(cache_dir, name="cache_dir")
    settings_from_keywords({"tokens": settings})  # what is wrong in them is known before texts are read
    source = as_source(texts, text_field=text_field)
    defaults = TokensKeywords(attr="ORTH") if holds_tokens(source) else TokensKeywords()
    tokens = settings_from_keywords({"tokens": settings}, defaults=defaults).tokens
    return _sentences(source, nlp, tokens, cache_dir=cache)


def _sentences(
    source: TextSource, nlp: "Language", settings: TokensSettings, *, cache_dir: Path | None
) -> Iterator[list[str]]:
    from spacy_w2v.corpus._cache import prepared_corpus

    with prepared_corpus(source, nlp, settings, max_vocab_size=MAX_TYPES, cache_dir=cache_dir) as corpus:
        types = corpus.read_types()
        words = dict(zip(types["id"].to_pylist(), types["key"].to_pylist(), strict=True))
        for sentence in corpus.sentences():
            yield [words[number] for number in sentence.tolist() if number in words]  # past MAX_TYPES some are dropped
