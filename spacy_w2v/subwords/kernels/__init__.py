"""Compiled loops over the n-grams and the rows of words."""
