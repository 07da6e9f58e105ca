"""Compiled loops that count pairs of words, and join the words of phrases."""
