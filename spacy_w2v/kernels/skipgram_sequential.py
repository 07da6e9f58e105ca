"""Skip-gram with negative sampling, pair by pair in word2vec.c's order: the yardstick for every other kernel.

Sources: Mikolov et al. 2013b (arXiv 1310.4546) for the objective, `TrainModelThread` of word2vec.c for the order.
The differences from word2vec.c: σ is computed instead of looked up in a table that is cut at ±6; noise is drawn by
the alias method instead of a table of 100 million entries; the generator is xoshiro256++ (Blackman & Vigna 2019).
"""

import math

import numpy as np

from spacy_w2v.kernels.arguments import (
    OUT_OF_VOCABULARY,
    Alphas,
    Chunk,
    KernelSettings,
    Noise,
    Subsampling,
    Weights,
)
from spacy_w2v.kernels.jit import inner, kernel
from spacy_w2v.kernels.random import next_random, noise_word, scale_below
from spacy_w2v.types import RandomState

# exp overflows float32 at 88.7. Scores beyond ±80 count as ±80 in the loss; the gradient there is 0 or 1 anyway.
SCORE_LIMIT = np.float32(80.0)
# A sigmoid is at least exp(-80), so the product below stays a normal float64 (above 1e-308).
PRODUCT_LIMIT = 1e-200


@inner
def sigmoid(score: np.float32) -> np.float32:
    """Return σ(score), with the score limited to ±80."""
    limited = min(max(score, -SCORE_LIMIT), SCORE_LIMIT)
    if score != score:  # min and max may drop a NaN
        limited = score
    return np.float32(1.0) / (np.float32(1.0) + math.exp(-limited))


@kernel
def train_chunk(
    chunk: Chunk,
    subsampling: Subsampling,
    noise: Noise,
    weights: Weights,
    settings: KernelSettings,
    alphas: Alphas,
    random_state: RandomState,
) -> tuple[float, int, int]:
    """Train on every sentence of a chunk, changing the weights in place.

    The input is the context word and the output the centre. For a pair (input x, output y) and `negative` noise words
    n_k, the loss −log σ(x·y) − Σ_k log σ(−x·n_k) takes a step of the learning rate; noise equal to the centre is left
    out, as in word2vec.c. Order of the random draws: for a sentence one per word of the vocabulary (kept or not), then
    for each centre one for the window's radius (if windows shrink), then one per noise word.

    Returns the loss summed over pairs, the number of pairs, and the number of tokens kept by subsampling.
    """
    dimensions = weights.input.shape[1]
    n_tokens = chunk.tokens.size
    window = np.int64(settings.window)
    kept_words = np.empty(n_tokens, np.uint32)
    kept_positions = np.empty(n_tokens, np.int64)
    input_step = np.empty(dimensions, np.float32)
    loss = 0.0
    sigmoids = 1.0  # product of all sigmoids since the last logarithm: one log serves some hundred pairs
    n_pairs = 0
    n_kept = 0
    for sentence in range(chunk.offsets.size - 1):
        length = 0
        for position in range(chunk.offsets[sentence], chunk.offsets[sentence + 1]):
            word = subsampling.word_of_type[chunk.tokens[position]]
            if word == OUT_OF_VOCABULARY:
                continue
            if (next_random(random_state) >> np.uint64(32)) > np.uint64(subsampling.keep_threshold[word]):
                continue
            kept_words[length] = word
            kept_positions[length] = position
            length += 1
        n_kept += length
        for centre in range(length):
            target = kept_words[centre]
            progress = np.float32(kept_positions[centre] / n_tokens)
            alpha = alphas.first + (alphas.last - alphas.first) * progress
            radius = window
            if settings.shrink_windows:
                radius = np.int64(scale_below(next_random(random_state) >> np.uint64(32), np.uint64(window))) + 1
            for context in range(max(0, centre - radius), min(length, centre + radius + 1)):
                if context == centre:
                    continue
                x = weights.input[kept_words[context]]
                for i in range(dimensions):
                    input_step[i] = 0.0
                for k in range(settings.negative + 1):
                    if k == 0:
                        word = target
                    else:
                        word = noise_word(next_random(random_state), noise)
                        if word == target:
                            continue
                    y = weights.output[word]
                    score = np.float32(0.0)
                    for i in range(dimensions):
                        score += x[i] * y[i]
                    if k == 0:
                        likelihood = sigmoid(score)
                        step = alpha * (np.float32(1.0) - likelihood)
                    else:
                        likelihood = sigmoid(-score)
                        step = alpha * (likelihood - np.float32(1.0))
                    sigmoids *= np.float64(likelihood)
                    if sigmoids < PRODUCT_LIMIT:
                        loss -= math.log(sigmoids)
                        sigmoids = 1.0
                    for i in range(dimensions):
                        input_step[i] += step * y[i]
                        y[i] += step * x[i]
                for i in range(dimensions):
                    x[i] += input_step[i]
                n_pairs += 1
    loss -= math.log(sigmoids)
    return loss, n_pairs, n_kept
