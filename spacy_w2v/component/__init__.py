"""The component `w2v`: the word vectors of a pipeline, and what is made of them for documents and spans."""

from spacy_w2v.component.factory import make_w2v as make_w2v
from spacy_w2v.component.word2vec import Word2VecComponent as Word2VecComponent
