"""Compiled loops that count co-occurrences: positions of words, rows of cells, and tiles."""
