"""What to do where a package of training is missing: pipelines that are trained can be used without these."""

PACKAGES_OF_TRAINING = (
    "datasets", "fsspec", "gensim", "huggingface_hub", "llvmlite", "numba", "pandas", "pyarrow", "safetensors", "scipy",
)  # fmt: skip
"""Packages that training, scores and files of vectors need, and pipelines with the component do not."""


def describe_missing(error: ModuleNotFoundError) -> str | None:
    """Return a message for a missing package, if it is one of those that only training needs; otherwise None."""
    package = (error.name or "").partition(".")[0]
    if package not in PACKAGES_OF_TRAINING:
        return None
    if package == "gensim":
        return "This needs the package gensim, which is not installed. Install it with: pip install gensim"
    return (
        f"This needs the package {package}, which is not installed. Pipelines can be used without it, but to train, to "
        "score and to read or write other files, install spacy-w2v with all of its dependencies."
    )
