"""Training on several machines, in rounds: each trains its share of the tasks, then their changes are merged."""
