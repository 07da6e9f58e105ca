"""Directories of model2vec's StaticModel, which sentence-transformers loads too.

model.safetensors   embeddings: a row for each word, and one of zeros for unknown words
tokenizer.json      a word-level tokenizer
config.json         what model2vec reads
modules.json        what sentence-transformers reads

The layout is that of `model2vec.persistence.save_pretrained`.
"""

import json
from pathlib import Path

import numpy as np

from spacy_w2v.config._export import ExportSettings
from spacy_w2v.errors import ConfigError
from spacy_w2v.formats._texts import vectors_of_texts
from spacy_w2v.formats.huggingface._safetensors import EMBEDDINGS, describe, selected_matrix
from spacy_w2v.formats.huggingface._word_level import word_level_tokenizer
from spacy_w2v.model._safetensors import write_tensors
from spacy_w2v.model._word_vectors import WordVectors

TENSORS_FILE, TOKENIZER_FILE, CONFIG_FILE, MODULES_FILE = (
    "model.safetensors",
    "tokenizer.json",
    "config.json",
    "modules.json",
)
FILES = (TENSORS_FILE, TOKENIZER_FILE, CONFIG_FILE, MODULES_FILE)

MODULES = [{"idx": 0, "name": "0", "path": ".", "type": "sentence_transformers.models.StaticEmbedding"}]


def write_static_model(vectors: WordVectors, path: Path, settings: ExportSettings) -> None:
    """Write a static model, for `model2vec.StaticModel.from_pretrained`. A text has the mean of its words' vectors.

    A tokenizer of words cannot make keys such as lemmas or "duck|NOUN". Of vectors of keys, each text that is known has
    the vector of its commonest key instead.

    Args:
        vectors: The words and vectors.
        path: model.safetensors in the directory. The other files are written beside it.
        settings: Which words to write, and the type of the numbers.

    Raises:
        ConfigError: The file has another name.
    """
    check_name(path)
    if vectors.are_keys:
        vectors = vectors_of_texts(vectors, max_vectors=settings.max_vectors)
        settings = settings.model_copy(update={"max_vectors": None})
    words = vectors.words[: settings.max_vectors]
    matrix = selected_matrix(vectors, settings)
    rows = np.concatenate([matrix, np.zeros((1, vectors.vector_size), matrix.dtype)])
    write_tensors(path, {EMBEDDINGS: rows}, metadata=describe(vectors))
    tokenizer = word_level_tokenizer(words, lower=vectors.attr in ("LOWER", "NORM"))
    config = {
        "model_type": "model2vec",
        "architectures": ["StaticModel"],
        "tokenizer_name": "spacy-w2v",
        "hidden_dim": vectors.vector_size,
        "normalize": False,
        "max_length": None,
        "embedding_dtype": settings.dtype,
    }
    contents: list[tuple[str, object, int | None]] = [
        (TOKENIZER_FILE, tokenizer, None),
        (CONFIG_FILE, config, 2),
        (MODULES_FILE, MODULES, 2),
    ]
    for name, content, indent in contents:
        text = json.dumps(content, ensure_ascii=False, indent=indent)
        path.with_name(name).write_text(text + "\n", encoding="utf-8")


def check_name(path: Path) -> None:
    """Raise ConfigError if the main file of a static model has another name than those who read it expect."""
    if path.name != TENSORS_FILE:
        raise ConfigError(
            f"The file of the format model2vec must have the name {TENSORS_FILE}, was: {path.name}. Name the "
            f"file {TENSORS_FILE} in a directory, or a directory that exists."
        )
