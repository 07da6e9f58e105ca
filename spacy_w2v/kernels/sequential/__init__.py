"""Kernels that train one prediction after another, in the order of word2vec.c: the baseline for the blocked ones."""
