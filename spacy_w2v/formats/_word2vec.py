"""A trained model as users have it: with its exports to spaCy and gensim, and a directory to save it to."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from spacy_w2v._atomic import check_output, staged_directory
from spacy_w2v.config._arguments import check_dtype, check_max_vectors, check_pipeline, path_of
from spacy_w2v.config._export import VectorKind
from spacy_w2v.model._storage import INPUT_FILE, MODEL_FILES, PROGRESS_FILE, write_model
from spacy_w2v.model._trained import TrainedModel

if TYPE_CHECKING:
    from spacy.language import Language


class Word2Vec(TrainedModel):
    """A trained model: look at it, hand it to spaCy or gensim, save it."""

    def to_spacy(
        self,
        nlp: "Language | None" = None,
        *,
        max_vectors: int | None = None,
        merge_rare: bool = False,
        dtype: Literal["float32", "float16"] = "float32",
        vector_kind: VectorKind = "input",
    ) -> "Language":
        """Put the vectors into a pipeline, in place of those it has, and return it.

        nlp: the pipeline; None makes one with the tokenizer that the vectors were trained with, and without
        components. max_vectors: only those of the most frequent words. merge_rare: with max_vectors, rarer words share
        the vector of the most similar word that is kept. dtype: of the table. vector_kind: "input", "output" or "mean".
        Raises ConfigError as `vectors` does, and for merge_rare without max_vectors.
        """
        from spacy_w2v.formats.spacy._writing import make_spacy_pipeline, set_vectors

        check_max_vectors(max_vectors)
        check_dtype(dtype)
        if nlp is None:
            return make_spacy_pipeline(
                self, max_vectors=max_vectors, merge_rare=merge_rare, dtype=dtype, vector_kind=vector_kind
            )
        check_pipeline(nlp)
        set_vectors(nlp, self, max_vectors=max_vectors, merge_rare=merge_rare, dtype=dtype, vector_kind=vector_kind)
        return nlp

    def to_keyed_vectors(
        self,
        *,
        max_vectors: int | None = None,
        dtype: Literal["float32", "float16"] = "float32",
        vector_kind: VectorKind = "input",
    ) -> Any:  # Any: gensim has no types
        """Return a gensim.models.KeyedVectors with the words, vectors and counts.

        max_vectors: only the most frequent words. dtype: "float32", which shares this model's memory, or "float16".
        vector_kind: "input", "output" or "mean", of which the last has memory of its own. Raises ConfigError as
        `vectors` does.
        """
        from spacy_w2v.formats.gensim._keyed_vectors import make_keyed_vectors

        check_max_vectors(max_vectors)
        check_dtype(dtype)
        return make_keyed_vectors(self.word_vectors(vector_kind), max_vectors=max_vectors, dtype=dtype)

    def to_gensim(self) -> Any:  # Any: gensim has no types
        """Return a gensim.models.Word2Vec, to train on there: words, counts, both matrices, tree, hyper-parameters.

        It has memory of its own, since gensim trains in place. CBOW from the mean gets a sixth of the learning rate:
        gensim hands the whole step to each word of a context. Raises ConfigError for a full softmax, which it lacks.
        """
        from spacy_w2v.formats.gensim._models import make_gensim_model

        return make_gensim_model(self)

    def save(self, path: str | Path, *, overwrite: bool = False) -> None:
        """Write the model to a directory, which appears when it is complete.

        overwrite: replace a model that is there; files of other names stay. Raises StorageError if the directory exists
        (unless it holds a model and overwrite is set) or cannot be written.
        """
        output = path_of(path, name="path")
        check_output(output, overwrite=overwrite, marker_file=INPUT_FILE)
        with staged_directory(output, replaces=(*MODEL_FILES, PROGRESS_FILE)) as directory:
            write_model(self, directory)
