"""The training loop, and the whole way from texts to a trained model."""
