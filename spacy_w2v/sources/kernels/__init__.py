"""The compiled loops that find records in bytes."""
