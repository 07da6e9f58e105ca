"""The formats of Hugging Face's libraries: safetensors, and the static models of model2vec."""
