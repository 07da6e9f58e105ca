"""Kernels that go pair by pair, in word2vec.c's order: the yardstick."""
