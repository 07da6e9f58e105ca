"""Slow and obvious twins of the package's numerical code: plain Python, float64, sharing nothing with the package."""

import heapq
import math

import numpy as np

MASK = 2**64 - 1
OUT_OF_VOCABULARY = 2**32 - 1


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


# --- the blocked kernel


def kept_tokens(chunk, subsampling, settings, generator):
    """(word, radius, sentence, place) of every kept token."""
    kept = []
    for sentence in range(len(chunk.offsets) - 1):
        for place in range(chunk.offsets[sentence], chunk.offsets[sentence + 1]):
            r = generator.next()
            word = int(subsampling.word_of_type[chunk.tokens[place]])
            radius = (((r & 0xFFFFFFFF) * settings.window) >> 32) + 1 if settings.shrink_windows else settings.window
            if word != OUT_OF_VOCABULARY and (r >> 32) <= int(subsampling.keep_threshold[word]):
                kept.append((word, radius, sentence, place))
    return kept


def is_pair(kept, i, o):
    return 0 <= o < len(kept) and i != o and abs(i - o) <= kept[o][1] and kept[i][2] == kept[o][2]


def plan_steps(alpha, settings, step):
    pairs = settings.window + 1 if settings.shrink_windows else 2 * settings.window
    rounds = min(2 * settings.window, 1 + int(alpha * pairs * (1 + settings.negative) / 3.0))
    limit = 0.6 * settings.n_noise * rounds / (alpha * pairs * settings.negative + 1e-9)
    return max(1, min(step, int(limit))), rounds


def outputs_of(kept, i, turn, rounds, window):
    """The centres that input i meets in round `turn`: every `rounds`-th place before it, and after it."""
    places = [*range(i - window + turn, i, rounds), *range(i + 1 + turn, i + window + 1, rounds)]
    return [o for o in places if is_pair(kept, i, o)]


def step_objective(kept, inputs, noise, x, y, settings, turn=0, rounds=1):
    """What a step lowers: the loss of the pairs of `inputs`, with shared noise weighted m_ik negative / n."""
    total = 0.0
    for i in inputs:
        v = x[kept[i][0]]
        outputs = [kept[o][0] for o in outputs_of(kept, i, turn, rounds, settings.window)]
        total += sum(np.logaddexp(0.0, -v @ y[o]) for o in outputs)
        for k in noise:
            m = sum(o != k for o in outputs)
            total += m * settings.negative / settings.n_noise * np.logaddexp(0.0, v @ y[k])
    return total


def blocked_steps(chunk, subsampling, noise, settings, alphas, state, step):
    """The draws of the blocked kernel: kept tokens, and (alpha, inputs, noise words, turn, rounds) of every step."""
    generator = Xoshiro256PlusPlus(state)
    kept = kept_tokens(chunk, subsampling, settings, generator)
    words = [draw_noise(generator, noise.threshold.tolist(), noise.alias.tolist()) for _ in range(settings.n_noise)]
    steps = []
    for first in range(0, len(kept), settings.block):
        alpha = alphas[0] + (alphas[1] - alphas[0]) * kept[first][3] / len(chunk.tokens)
        alpha = float(np.float32(alpha))
        size, rounds = plan_steps(alpha, settings, step)
        for start in range(first, min(first + settings.block, len(kept)), size):
            inputs = range(start, min(start + size, first + settings.block, len(kept)))
            steps += [(alpha, inputs, words, turn, rounds) for turn in range(rounds)]
        words = [draw_noise(generator, noise.threshold.tolist(), noise.alias.tolist()) for _ in range(settings.n_noise)]
    return kept, steps


def train_skipgram_blocked(chunk, subsampling, noise, x, y, settings, alphas, state, step=8):
    kept, steps = blocked_steps(chunk, subsampling, noise, settings, alphas, state, step)
    loss, pairs = 0.0, 0
    for alpha, inputs, words, turn, rounds in steps:
        loss += step_objective(kept, inputs, words, x, y, settings, turn, rounds)
        positive, negative = [], []  # (word of the input, word of the output, gradient), at the weights of now
        change = {i: np.zeros(x.shape[1]) for i in inputs}
        for i in inputs:
            outputs = outputs_of(kept, i, turn, rounds, settings.window)
            pairs += len(outputs)
            v = x[kept[i][0]]
            for o in outputs:
                positive.append((i, kept[o][0], alpha * sigmoid(-v @ y[kept[o][0]])))
            for k in words:
                m = sum(kept[o][0] != k for o in outputs)
                negative.append((i, k, -alpha * m * settings.negative / settings.n_noise * sigmoid(v @ y[k])))
        for i, o, g in positive:  # a row that stands twice sees its own earlier change, as in word2vec.c
            change[i] += g * y[o]
            y[o] += g * x[kept[i][0]]
        by_noise = len(words)
        for k in range(by_noise):
            moved = np.zeros(x.shape[1])
            for i, word, g in negative[k::by_noise]:
                change[i] += g * y[word]
                moved += g * x[kept[i][0]]
            y[words[k]] += moved
        for i in inputs:
            x[kept[i][0]] += change[i]
    return loss, pairs, len(kept)


# --- predictions


def log_sigmoid(score):
    return -math.log1p(math.exp(-score)) if score >= 0 else score - math.log1p(math.exp(score))


def softmax_log_probabilities(hidden, outputs):
    scores = [dot(hidden, y) for y in outputs]
    highest = max(scores)
    log_sum = highest + math.log(math.fsum(math.exp(score - highest) for score in scores))
    return [score - log_sum for score in scores]


def tree_log_probability(hidden, path, outputs, log_sigmoid=log_sigmoid):
    """Log probability of the word whose path has these (node, code): Mikolov et al. 2013b, equation 3."""
    return sum(log_sigmoid(dot(hidden, outputs[node]) * (1 if code == 0 else -1)) for node, code in path)


def sentence_score(sentence, inputs, log_probability, architecture, window, cbow_mean):
    """Log-likelihood of a sentence of word ids; log_probability(hidden, word) is that of one prediction."""
    total = 0.0
    for centre, word in enumerate(sentence):
        places = [j for j in range(centre - window, centre + window + 1) if 0 <= j < len(sentence) and j != centre]
        contexts = [[float(number) for number in inputs[sentence[j]]] for j in places]
        if architecture == "skip-gram":
            total += sum(log_probability(hidden, word) for hidden in contexts)
        elif contexts:
            hidden = [sum(numbers) for numbers in zip(*contexts, strict=True)]
            total += log_probability([number / len(contexts) for number in hidden] if cbow_mean else hidden, word)
    return total


# --- trees


def huffman_cost(counts):
    """Sum of count × length of path in a Huffman tree: each merger makes the paths of all below it longer by one."""
    heap = [int(count) for count in counts]
    heapq.heapify(heap)
    cost = 0
    while len(heap) > 1:
        merged = heapq.heappop(heap) + heapq.heappop(heap)
        cost += merged
        heapq.heappush(heap, merged)
    return cost


def word2vec_c_tree(counts):
    """Paths of all words, as lists of (node, code), by `CreateBinaryTree` of word2vec.c, line by line."""
    n_words = len(counts)
    weights = [*counts, *[10**15] * n_words]
    parents, codes = [0] * (2 * n_words), [0] * (2 * n_words)
    next_word, next_node = n_words - 1, n_words
    for made in range(n_words, 2 * n_words - 1):
        lightest = []
        for _ in range(2):
            if next_word >= 0 and weights[next_word] < weights[next_node]:
                lightest.append(next_word)
                next_word -= 1
            else:
                lightest.append(next_node)
                next_node += 1
        weights[made] = weights[lightest[0]] + weights[lightest[1]]
        parents[lightest[0]] = parents[lightest[1]] = made
        codes[lightest[1]] = 1
    paths = []
    for word in range(n_words):
        path, node = [], word
        while node != 2 * n_words - 2:
            path.append((parents[node] - n_words, codes[node]))
            node = parents[node]
        paths.append(path[::-1])
    return paths
