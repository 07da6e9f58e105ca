"""The settings of `[w2v.initial]`: vectors that exist already, to start from."""

from pydantic import Field

from spacy_w2v.config._base import Settings


class InitialSettings(Settings):
    """`[w2v.initial]`: what training starts from."""

    vectors: str | None = Field(None, min_length=1)
    """A model of ours, a spaCy pipeline (directory or name), a model or KeyedVectors of gensim, or a file in word2vec's
    or GloVe's format; null for random ones."""
    keep_words: bool = False
    """Take all words of these vectors into the vocabulary, also those that the corpus lacks or has too rarely."""
    freeze: bool = False
    """Leave the vectors of their words as they are; only those of other words are learned."""
