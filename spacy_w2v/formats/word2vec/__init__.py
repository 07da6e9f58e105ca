"""The text and binary formats of word2vec, and GloVe's and fastText's text."""
