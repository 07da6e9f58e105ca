"""The surroundings of training: what is called while a run goes on, such as progress bar, log and checkpoints."""
