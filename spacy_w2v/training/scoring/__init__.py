"""Scores of word vectors while they are trained: at which points, on which sets, and what follows from them."""
