"""File formats of word vectors: reading and writing."""
