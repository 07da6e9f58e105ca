"""Formats of word vectors, each with its reading and its writing."""
