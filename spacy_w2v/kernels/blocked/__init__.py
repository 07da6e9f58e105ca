"""Kernels whose steps share noise words or inner nodes: fast, and the default."""
