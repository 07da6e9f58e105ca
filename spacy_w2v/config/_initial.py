"""The settings of `[w2v.initial]`: existing vectors that training starts from."""

from pydantic import Field

from spacy_w2v.config._base import Settings


class InitialSettings(Settings):
    """`[w2v.initial]`: existing vectors that training starts from."""

    vectors: str | None = Field(None, min_length=1)
    """The vectors to start from; `null` to start from random ones.

    The path of a model, of a gensim `Word2Vec`, `FastText` or `KeyedVectors`, or of a file in the format of word2vec,
    GloVe, fastText (`.vec`, `.bin`) or floret; or a spaCy pipeline, by its directory or name. `vector_size` must be
    that of these vectors, and with subwords in both, so must `[w2v.model.subwords]`.
    """
    keep_words: bool = False
    """Whether all words of these vectors enter the vocabulary.

    If false, words that the corpus lacks, or has less than `min_count` times, are left out.
    """
    freeze: bool = False
    """Whether the vectors of these words stay exactly as they are, so that only other words learn theirs.

    Set it to add words to a table that a trained pipeline depends on. It needs `vector_kind = "input"` and
    `postprocess = null` in `[w2v.export]`, the defaults.
    """
