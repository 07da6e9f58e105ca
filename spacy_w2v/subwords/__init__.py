"""Subwords: the n-grams of words, their hashes, the rows of words, and the table that vectors are composed from."""
