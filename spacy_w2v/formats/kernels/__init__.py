"""The compiled loops that read vectors from text."""
