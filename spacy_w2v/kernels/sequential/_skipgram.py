"""Skip-gram, pair by pair in word2vec.c's order: the yardstick for the blocked kernels.

Sources: Mikolov et al. 2013b (arXiv 1310.4546) for the objective, `TrainModelThread` of word2vec.c for the order.
The differences from word2vec.c: σ is computed instead of looked up in a table that is cut at ±6; noise is drawn by
the alias method instead of a table of 100 million entries; the generator is xoshiro256++ (Blackman & Vigna 2019).
"""

import numpy as np

from spacy_w2v._arrays import Alphas, Chunk, InputLayer, KernelSettings, OutputLayer, RandomState, Subsampling, Weights
from spacy_w2v._jit import kernel
from spacy_w2v.kernels._frozen import is_frozen
from spacy_w2v.kernels._input_vectors import change_input, input_vector
from spacy_w2v.kernels.sequential._learning import learn
from spacy_w2v.kernels.sequential._sentences import draw_radius, subsample_sentence


@kernel
def train_chunk(
    chunk: Chunk,
    subsampling: Subsampling,
    input_layer: InputLayer,
    output_layer: OutputLayer,
    weights: Weights,
    settings: KernelSettings,
    alphas: Alphas,
    random_state: RandomState,
) -> tuple[float, int, int]:
    """Train on every sentence of a chunk, changing the weights in place.

    The input is the context word and the output the centre. Each pair takes a step of the learning rate along the
    gradient of the loss of its output layer; see `_learning`. Order of the random draws: for a sentence one per word of
    the vocabulary (kept or not), then for each centre one for the window's radius (if windows shrink), then one per
    noise word.

    Returns the loss summed over pairs, the number of pairs, and the number of tokens kept by subsampling.
    """
    n_tokens = chunk.tokens.size
    words, places = np.empty(n_tokens, np.uint32), np.empty(n_tokens, np.int64)
    dimensions = weights.input.shape[1]
    scratch, change = np.empty(dimensions, np.float32), np.empty(dimensions, np.float32)
    scores = np.empty(weights.output.shape[0], np.float32)
    loss, n_pairs, n_kept = 0.0, 0, 0
    for sentence in range(chunk.offsets.size - 1):
        first, last = chunk.offsets[sentence], chunk.offsets[sentence + 1]
        length = subsample_sentence(first, last, chunk, subsampling, words, places, random_state)
        n_kept += length
        for centre in range(length):
            alpha = alphas.first + (alphas.last - alphas.first) * np.float32(places[centre] / n_tokens)
            radius = draw_radius(settings, random_state)
            for context in range(max(0, centre - radius), min(length, centre + radius + 1)):
                if context == centre:
                    continue
                hidden = input_vector(input_layer, words[context], weights, scratch)
                for i in range(hidden.size):
                    change[i] = np.float32(0.0)
                loss += learn(
                    output_layer,
                    words[centre],
                    hidden,
                    change,
                    weights.output,
                    scores,
                    alpha,
                    settings.negative,
                    random_state,
                )
                if not is_frozen(words[context], settings.frozen):
                    change_input(input_layer, words[context], np.float32(1.0), change, weights)
                n_pairs += 1
    return loss, n_pairs, n_kept
