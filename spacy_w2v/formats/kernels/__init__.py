"""Kernels that read vectors files."""
