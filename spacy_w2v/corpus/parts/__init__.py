"""Corpora of several parts: encoded by themselves, on this machine or others, and joined by one table of types."""
