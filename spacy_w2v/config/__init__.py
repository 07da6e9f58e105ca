"""The configuration: what the settings are, how a file of them is read, and what a new one looks like."""
