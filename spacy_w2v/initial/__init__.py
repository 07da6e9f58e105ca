"""Vectors that exist already: models of gensim as ours, and vectors of any kind as the start of a run."""
