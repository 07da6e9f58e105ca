"""The Hugging Face Hub: names of repositories, sending folders to them, and reading their files."""
