"""Slow and obvious twins of the package's numerical code: plain Python, float64, nothing imported from the package."""

import math

MASK = 2**64 - 1


class Xoshiro256PlusPlus:
    """The generator of Blackman & Vigna 2019, after their reference code in C."""

    def __init__(self, state):
        self.state = [int(word) for word in state]

    def next(self):
        s = self.state
        result = (rotate_left((s[0] + s[3]) & MASK, 23) + s[0]) & MASK
        shifted = (s[1] << 17) & MASK
        s[2] ^= s[0]
        s[3] ^= s[1]
        s[1] ^= s[2]
        s[0] ^= s[3]
        s[2] ^= shifted
        s[3] = rotate_left(s[3], 45)
        return result


def rotate_left(value, n_bits):
    return ((value << n_bits) | (value >> (64 - n_bits))) & MASK


def sigmoid(score):
    return 1.0 / (1.0 + math.exp(-score)) if score >= 0 else math.exp(score) / (1.0 + math.exp(score))


def dot(left, right):
    return sum(a * b for a, b in zip(left, right, strict=True))


def pair_loss(x, y, noise):
    """−log σ(x·y) − Σ log σ(−x·n): Mikolov et al. 2013b, equation 4, negated."""
    return -math.log(sigmoid(dot(x, y))) - sum(math.log(sigmoid(-dot(x, n))) for n in noise)


def draw_noise(generator, noise_threshold, noise_alias):
    bits = generator.next()
    bucket = ((bits >> 28) * len(noise_threshold)) >> 36
    return bucket if (bits & (2**28 - 1)) < noise_threshold[bucket] else noise_alias[bucket]


def train_skipgram_sequential(
    sentences, keep_threshold, noise_threshold, noise_alias, inputs, outputs, window, shrink, negative, alphas, state
):
    """Train in place, as the kernel's documentation says; sentences hold word ids, None for unknown words.

    Returns the summed loss, the number of pairs and the number of kept tokens.
    """
    generator = Xoshiro256PlusPlus(state)
    n_tokens = sum(len(sentence) for sentence in sentences)
    first_position = 0
    loss, n_pairs, n_kept = 0.0, 0, 0
    for sentence in sentences:
        kept = []
        for offset, word in enumerate(sentence):
            if word is not None and (generator.next() >> 32) <= keep_threshold[word]:
                kept.append((word, first_position + offset))
        first_position += len(sentence)
        n_kept += len(kept)
        for centre, (target, position) in enumerate(kept):
            alpha = alphas[0] + (alphas[1] - alphas[0]) * position / n_tokens
            radius = ((generator.next() >> 32) * window >> 32) + 1 if shrink else window
            for context in range(centre - radius, centre + radius + 1):
                if context == centre or not 0 <= context < len(kept):
                    continue
                x = inputs[kept[context][0]]
                step = [0.0] * len(x)
                words = [target] + [draw_noise(generator, noise_threshold, noise_alias) for _ in range(negative)]
                for k, word in enumerate(words):
                    if k > 0 and word == target:
                        continue
                    y = outputs[word]
                    score = dot(x, y)
                    label = 1.0 if k == 0 else 0.0
                    loss -= math.log(sigmoid(score if k == 0 else -score))
                    gradient = alpha * (label - sigmoid(score))
                    for i in range(len(x)):
                        step[i] += gradient * y[i]
                    for i in range(len(x)):
                        y[i] += gradient * x[i]
                for i in range(len(x)):
                    x[i] += step[i]
                n_pairs += 1
    return loss, n_pairs, n_kept
