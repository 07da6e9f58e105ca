"""The text and binary formats of word2vec, and the text formats of GloVe and fastText."""
