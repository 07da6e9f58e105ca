"""Directories of sense2vec: written and read."""
