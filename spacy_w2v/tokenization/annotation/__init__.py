"""Annotates texts with a pipeline, and reads the keys of their tokens and phrases."""
