"""Conversion between the hyper-parameters of gensim's Word2Vec and the settings of this package.

They differ in the learning rate of CBOW with `cbow_mean`. In gensim, each word of a context takes the whole step for
the mean. Here, each takes its share.
"""

from typing import Any

from spacy_w2v._system.cores import available_cores
from spacy_w2v.config._export import check_formats
from spacy_w2v.config._schema import (
    ALPHA,
    ALPHA_OF_MEANS,
    TrainingSettings,
    W2VSettings,
    parse_settings,
    starting_alpha,
)
from spacy_w2v.config._subwords import SubwordSettings
from spacy_w2v.model._trained import TrainedModel
from spacy_w2v.objectives._architectures import Architecture
from spacy_w2v.objectives._registry import architecture_of, gensim_names


def settings_of(
    gensim_model: Any,  # Any: gensim has no types
    *,
    attr: str,
    subwords: SubwordSettings | None = None,
) -> W2VSettings:
    """Convert the hyper-parameters of gensim's Word2Vec or FastText to settings.

    Args:
        gensim_model: The model.
        attr: The token attribute that its words are.
        subwords: Its subwords; None if it has none.

    Raises:
        ConfigError: A hyper-parameter is invalid.
    """
    architecture, loss = gensim_names(sg=bool(gensim_model.sg), hs=bool(gensim_model.hs))
    by_mean = not gensim_model.sg and bool(gensim_model.cbow_mean)
    alpha = gensim_model.alpha * (ALPHA_OF_MEANS / ALPHA if by_mean else 1.0)
    return parse_settings(
        {
            "tokens": {"attr": attr},
            "vocabulary": {
                "min_count": max(1, gensim_model.min_count),
                "max_vocab_size": gensim_model.max_vocab_size,
                "max_final_vocab": gensim_model.max_final_vocab,
            },
            "model": {
                "architecture": architecture,
                "loss": loss,
                "vector_size": gensim_model.vector_size,
                "window": gensim_model.window,
                "shrink_windows": gensim_model.shrink_windows,
                "cbow_mean": bool(gensim_model.cbow_mean),
                "ns_exponent": gensim_model.ns_exponent,
            }
            | ({"negative": gensim_model.negative} if gensim_model.negative else {})
            | ({"subwords": subwords.model_dump()} if subwords is not None else {}),
            "training": {
                "epochs": max(1, gensim_model.epochs),
                "alpha": alpha,
                "min_alpha": min(alpha, gensim_model.min_alpha),
                "sample": gensim_model.sample,
                "seed": abs(gensim_model.seed),
                "workers": gensim_model.workers,
            },
        }
    )


def untrained_model(model: TrainedModel) -> Any:  # Any: gensim has no types
    """Return gensim's Word2Vec with the hyper-parameters of a model, but without words; FastText if it has subwords.

    Raises:
        ConfigError: The loss is the full softmax, or the subwords are those of floret, which gensim does not have.
    """
    from gensim.models import FastText, Word2Vec

    subwords = model.subwords.settings if model.subwords is not None else None
    check_formats(["gensim-model"], loss=model.settings.loss, subwords=subwords.mode if subwords is not None else None)
    make, of_subwords = Word2Vec, {}
    if subwords is not None:
        make, of_subwords = FastText, {"min_n": subwords.min_n, "max_n": subwords.max_n, "bucket": subwords.buckets}
    settings, loss, architecture = model.settings, model.objective.for_gensim(), architecture_of(model.settings)
    vocabulary, training = model.record.vocabulary, model.record.training
    alpha = _alpha(architecture, training)
    return make(
        vector_size=model.vector_size,
        alpha=alpha,
        min_alpha=alpha if training.min_alpha is None else min(alpha, training.min_alpha),
        window=settings.window,
        min_count=vocabulary.min_count,
        max_vocab_size=vocabulary.max_vocab_size,
        max_final_vocab=vocabulary.max_final_vocab,
        sample=training.sample,
        seed=training.seed,
        workers=training.workers or available_cores(),
        sg=architecture.gensim_sg,
        hs=loss.hs,
        negative=loss.negative,
        ns_exponent=settings.ns_exponent,
        cbow_mean=int(settings.cbow_mean),
        epochs=training.epochs,
        shrink_windows=settings.shrink_windows,
        **of_subwords,
    )


def _alpha(architecture: Architecture, training: TrainingSettings) -> float:
    alpha = starting_alpha(architecture.settings, training)
    return alpha * ALPHA / ALPHA_OF_MEANS if architecture.shares_steps else alpha
