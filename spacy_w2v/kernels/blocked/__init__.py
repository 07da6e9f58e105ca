"""Kernels that train on several predictions per step, with shared noise words or tree nodes: fast, and the default."""
