"""Compiled loops of the room `model`."""
