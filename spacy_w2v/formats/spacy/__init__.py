"""spaCy's table of vectors: its keys, rows, files and frequencies."""
