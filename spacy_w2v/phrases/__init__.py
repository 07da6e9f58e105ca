"""Phrases of an encoded corpus: counting and scoring pairs of words, the table of phrases, and joining them."""
