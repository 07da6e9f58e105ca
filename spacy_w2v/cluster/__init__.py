"""Machines that carry out parts of a run: what an engine must offer, and the engines."""
