"""Kernels that learn from cells of the co-occurrence matrix instead of tokens."""
