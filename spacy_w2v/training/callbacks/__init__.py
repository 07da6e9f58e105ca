"""Callbacks for the events of a training run: progress bar, log, checkpoints, and termination on divergence."""
