"""The public class of a trained model, which can be exported to spaCy and gensim, and saved."""

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from spacy_w2v._atomic import check_output, staged_directory
from spacy_w2v.config._arguments import check_dtype, check_max_vectors, check_pipeline, path_of
from spacy_w2v.config._export import PostprocessChoice, VectorKindChoice
from spacy_w2v.model._pushing import PushOptions, push_vectors
from spacy_w2v.model._storage import CHECKPOINT_FILES, MODEL_FILES, VOCABULARY_FILE, write_model
from spacy_w2v.model._trained import TrainedModel

if TYPE_CHECKING:
    from spacy.language import Language


class Word2Vec(TrainedModel):
    """A trained word2vec model.

    `spacy_w2v.train`, `spacy_w2v.load` and `spacy_w2v.from_gensim` return one. `model[word]` is the vector of a word,
    and `model[[word, other]]` those of several words. `word in model` tests whether it is in the vocabulary, and
    `len(model)` is the number of words.

    Example:
        >>> model = spacy_w2v.load("vectors")
        >>> len(model), model.vector_size
        (1817, 50)
        >>> "minister" in model
        True
        >>> model["minister"].shape
        (50,)
    """

    def to_spacy(
        self,
        nlp: "Language | None" = None,
        *,
        max_vectors: int | None = None,
        merge_rare: bool = False,
        dtype: Literal["float32", "float16"] = "float32",
        vector_kind: VectorKindChoice = "recorded",
        postprocess: PostprocessChoice = "recorded",
        whitening_strength: float | None = None,
        composed: bool = False,
    ) -> "Language":
        """Set the vectors of a spaCy pipeline, or make a blank pipeline with them.

        The pipeline's meta data says under "w2v" how they were trained and post-processed.

        Args:
            nlp: The pipeline, whose vectors are replaced. None to make a pipeline without components that has the
                tokenizer that the model was trained with.
            max_vectors: Number of vectors to keep, those of the most frequent words. None for all.
            merge_rare: With max_vectors, whether to map each removed word to the most similar remaining vector.
            dtype: Data type of the vectors table.
            vector_kind: The kind of vectors, as for `word_vectors`.
            postprocess: What is done to the vectors, as for `word_vectors`.
            whitening_strength: The strength of "soft-whiten", as for `word_vectors`.
            composed: For a model with the subwords of floret, which spaCy's table otherwise has: whether it has the
                words of the vocabulary, each with its composed vector. max_vectors, merge_rare and "float16" need that.

        Returns:
            The pipeline.

        Raises:
            ConfigError: An argument is invalid, merge_rare is set without max_vectors, the loss does not allow
                vector_kind, or the model's config names functions that it may not run (see `spacy_w2v.load`).

        Example:
            >>> nlp = spacy_w2v.load("vectors").to_spacy()
            >>> nlp("the prime MINISTER")[2].has_vector
            True
        """
        from spacy_w2v.formats.spacy._floret_table import without_subwords
        from spacy_w2v.formats.spacy._writing import make_spacy_pipeline, set_vectors

        check_max_vectors(max_vectors)
        check_dtype(dtype)
        vectors = self.word_vectors(vector_kind, postprocess=postprocess, whitening_strength=whitening_strength)
        if composed:
            vectors = without_subwords(vectors)
        if nlp is None:
            return make_spacy_pipeline(vectors, max_vectors=max_vectors, merge_rare=merge_rare, dtype=dtype)
        check_pipeline(nlp)
        set_vectors(nlp, vectors, max_vectors=max_vectors, merge_rare=merge_rare, dtype=dtype)
        return nlp

    def to_keyed_vectors(
        self,
        *,
        max_vectors: int | None = None,
        dtype: Literal["float32", "float16"] = "float32",
        vector_kind: VectorKindChoice = "recorded",
        postprocess: PostprocessChoice = "recorded",
        whitening_strength: float | None = None,
    ) -> Any:  # Any: gensim has no types
        """Convert the model to gensim's KeyedVectors, with words, vectors and counts.

        With the subwords of fastText they are FastTextKeyedVectors, which compose the vectors of unknown words. Of a
        model with those of floret, they have the vectors of its words.

        Args:
            max_vectors: Number of vectors to keep, those of the most frequent words. None for all.
            dtype: Data type of the vectors. With "float32", input and output vectors without post-processing share the
                memory of this model.
            vector_kind: The kind of vectors, as for `word_vectors`.
            postprocess: What is done to the vectors, as for `word_vectors`.
            whitening_strength: The strength of "soft-whiten", as for `word_vectors`.

        Returns:
            The `gensim.models.KeyedVectors`.

        Raises:
            ConfigError: An argument is invalid, or the loss does not allow vector_kind.

        Example:
            >>> vectors = spacy_w2v.load("vectors").to_keyed_vectors()
            >>> vectors.most_similar("minister", topn=1)
            [('prime', 0.89)]
        """
        from spacy_w2v.formats.gensim._keyed_vectors import make_keyed_vectors

        check_max_vectors(max_vectors)
        check_dtype(dtype)
        vectors = self.word_vectors(vector_kind, postprocess=postprocess, whitening_strength=whitening_strength)
        return make_keyed_vectors(vectors, max_vectors=max_vectors, dtype=dtype)

    @cached_property
    def wv(self) -> Any:  # Any: gensim has no types
        """The vectors as gensim's KeyedVectors, made by `to_keyed_vectors` at the first access.

        Everything that gensim offers is there, such as `model.wv.index_to_key` and `model.wv.most_similar_cosmul`.
        """
        return self.to_keyed_vectors()

    def to_gensim(self) -> Any:  # Any: gensim has no types
        """Convert the model to gensim's Word2Vec, which can be trained further in gensim.

        A model with the subwords of fastText becomes a FastText. The result has the words, counts, input and output
        vectors, Huffman tree and hyper-parameters of this model. The vectors are as they were trained, without
        post-processing. It has its own memory, because gensim trains in place. For CBOW with `cbow_mean`, the learning
        rate is divided by six: gensim applies the whole gradient of the mean to each word of the context.

        Returns:
            The `gensim.models.Word2Vec` or `FastText`.

        Raises:
            ConfigError: The loss is the full softmax, or the subwords are those of floret, which gensim does not have.

        Example:
            >>> model = spacy_w2v.load("vectors").to_gensim()
            >>> model.wv.vector_size
            50
        """
        from spacy_w2v.formats.gensim._models import make_gensim_model

        return make_gensim_model(self)

    def save(self, path: str | Path, *, overwrite: bool = False, safetensors: bool = False) -> None:
        """Save the model to a directory. The directory appears when it is complete.

        Args:
            path: The directory.
            overwrite: Whether to replace a model that is there. Other files in the directory are kept.
            safetensors: Whether to write the vectors to one file, model.safetensors, instead of two .npy files.

        Raises:
            StorageError: The directory exists (unless it contains a model and overwrite is set) or cannot be written.

        Example:
            >>> model = spacy_w2v.load("vectors")
            >>> model.save("copy")
        """
        output = path_of(path, name="path")
        check_output(output, overwrite=overwrite, marker_file=VOCABULARY_FILE)
        with staged_directory(output, replaces=(*MODEL_FILES, *CHECKPOINT_FILES)) as directory:
            write_model(self, directory, safetensors=safetensors)

    def push_to_hub(
        self,
        repository: str,
        *,
        revision: str | None = None,
        private: bool = False,
        message: str | None = None,
        license: str | None = None,
        pipeline: str | Path | None = None,
        card: bool = True,
        token: str | None = None,
    ) -> str:
        """Push the model to the Hugging Face Hub, with a model card. `spacy_w2v.load("hf:user/repo")` loads it.

        The arrays are in one .safetensors file, and no file is a pickle. All files are committed together, or none. The
        record and the config of the run are among them. They name files, without the folders of this machine.

        Args:
            repository: The repository, user/repo. It is created if it is missing.
            revision: The branch to write to, which is created if it is missing. None for the main branch.
            private: Whether a new repository is private.
            message: The message of the commit.
            license: The Hub's name of the licence of the vectors, such as "cc-by-sa-4.0", for the model card.
            pipeline: The directory of a spaCy pipeline to send along, such as spacy/ in the output of a run.
            card: Whether to write the model card, README.md. Otherwise the one in the repository stays as it is.
            token: A token that may write. None for that of `hf auth login` or of the environment variable HF_TOKEN.

        Returns:
            The address of the commit.

        Raises:
            ConfigError: The name is invalid, or there is no token.
            StorageError: The Hub cannot be reached, or refuses. Nothing is committed then.

        Example:
            >>> model = spacy_w2v.load("vectors")
            >>> model.push_to_hub("user/repo", private=True, license="cc-by-sa-4.0")  # doctest: +SKIP
            'https://huggingface.co/user/repo/commit/0a1b2c3d'
        """
        options = PushOptions(
            revision=revision,
            private=private,
            message=message,
            license=license,
            pipeline=None if pipeline is None else path_of(pipeline, name="pipeline"),
            card=card,
            token=token,
        )
        return push_vectors(self.word_vectors(), repository, options)
