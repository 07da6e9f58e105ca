"""The rule by which the changes of several machines are merged into one set of weights."""
