"""Tokenization: exactly the tokens of a spaCy pipeline, most of them without calling spaCy."""
