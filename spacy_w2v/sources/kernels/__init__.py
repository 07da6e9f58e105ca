"""Compiled loops that find records in bytes."""
