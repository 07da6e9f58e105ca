"""Training: from texts to a trained model."""
