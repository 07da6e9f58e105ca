"""From texts to tokens: exactly those that a pipeline makes."""
