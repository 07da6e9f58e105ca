"""Slow and obvious references for the package's numerical code: plain Python in float64, without the package's code."""

import heapq
import math
from types import SimpleNamespace

import numpy as np

MASK = 2**64 - 1
OUT_OF_VOCABULARY = 2**32 - 1


class Xoshiro256PlusPlus:
    """The generator of Blackman & Vigna 2019, ported from their reference code in C."""

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


def draw_noise(generator, noise_threshold, noise_alias):
    bits = generator.next()
    bucket = ((bits >> 28) * len(noise_threshold)) >> 36
    return bucket if (bits & (2**28 - 1)) < noise_threshold[bucket] else noise_alias[bucket]


# --- the sequential kernels: steps take (generator, target, hidden, outputs, alpha), change the outputs, and return
# the loss and the step of the hidden vector


def logistic_step(label, hidden, output, alpha, step):
    """Take a logistic step of an output row for label 1 or 0, add to the hidden vector's step, and return the loss."""
    score = dot(hidden, output)
    loss = -math.log(sigmoid(score if label else -score))
    gradient = alpha * (label - sigmoid(score))
    for i in range(len(hidden)):
        step[i] += gradient * output[i]
        output[i] += gradient * hidden[i]
    return loss


def negative_sampling(noise_threshold, noise_alias, negative):
    def take_step(generator, target, hidden, outputs, alpha):
        step = [0.0] * len(hidden)
        loss = logistic_step(1, hidden, outputs[target], alpha, step)
        for _ in range(negative):
            word = draw_noise(generator, noise_threshold, noise_alias)
            if word != target:
                loss += logistic_step(0, hidden, outputs[word], alpha, step)
        return loss, step

    return take_step


def hierarchical_softmax(paths):
    """paths: (node, code) of each word, from the root on."""

    def take_step(generator, target, hidden, outputs, alpha):
        step = [0.0] * len(hidden)
        loss = sum(logistic_step(1 - code, hidden, outputs[node], alpha, step) for node, code in paths[target])
        return loss, step

    return take_step


def softmax_probabilities(hidden, outputs):
    return [math.exp(log_probability) for log_probability in softmax_log_probabilities(hidden, outputs)]


def full_softmax():
    def take_step(generator, target, hidden, outputs, alpha):
        probabilities = softmax_probabilities(hidden, outputs)
        step = [0.0] * len(hidden)
        for word, output in enumerate(outputs):
            gradient = alpha * ((word == target) - probabilities[word])
            for i in range(len(hidden)):
                step[i] += gradient * output[i]
                output[i] += gradient * hidden[i]
        return -math.log(probabilities[target]), step

    return take_step


def train_sequential(
    sentences,
    keep_threshold,
    take_step,
    inputs,
    outputs,
    *,
    architecture,
    window,
    shrink,
    cbow_mean,
    alphas,
    state,
    frozen,
):
    """Train in place, as the kernels document. Sentences hold word ids, and None for unknown words.

    frozen: words whose input vectors are not trained.

    Returns the summed loss, the number of predictions and the number of kept tokens.
    """
    generator = Xoshiro256PlusPlus(state)
    n_tokens = sum(len(sentence) for sentence in sentences)
    first_position = 0
    loss, n_predicted, n_kept = 0.0, 0, 0
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
            places = range(max(0, centre - radius), min(len(kept), centre + radius + 1))
            context = [kept[place][0] for place in places if place != centre]
            groups = [[word] for word in context] if architecture == "skip-gram" else [context]
            for group in groups:
                if not group:
                    continue
                scale = 1 / len(group) if cbow_mean else 1
                hidden = [scale * sum(column) for column in zip(*(inputs[word] for word in group), strict=True)]
                pair_loss, step = take_step(generator, target, hidden, outputs, alpha)
                for word in group:
                    if word not in frozen:
                        inputs[word] = [x + scale * change for x, change in zip(inputs[word], step, strict=True)]
                loss += pair_loss
                n_predicted += 1
    return loss, n_predicted, n_kept


# --- the blocked kernels


def limit_window(settings, chunk):
    """Limit the window to the longest sentence. Radii are still drawn from `drawn_window`."""
    longest = int(max(np.diff(chunk.offsets), default=0))
    values = {
        **settings._asdict(),
        "window": min(settings.window, max(longest - 1, 1)),
        "drawn_window": settings.window,
    }
    return SimpleNamespace(**values)


def kept_tokens(chunk, subsampling, settings, generator):
    """(word, radius, sentence, place) of every kept token."""
    kept = []
    drawn_window = getattr(settings, "drawn_window", settings.window)
    for sentence in range(len(chunk.offsets) - 1):
        for place in range(chunk.offsets[sentence], chunk.offsets[sentence + 1]):
            r = generator.next()
            word = int(subsampling.word_of_type[chunk.tokens[place]])
            radius = (((r & 0xFFFFFFFF) * drawn_window) >> 32) + 1 if settings.shrink_windows else drawn_window
            if word != OUT_OF_VOCABULARY and (r >> 32) <= int(subsampling.keep_threshold[word]):
                kept.append((word, radius, sentence, place))
    return kept


def move(x, word, change, settings):
    """Change an input vector, unless it is frozen."""
    if not len(settings.frozen) or not settings.frozen[word]:
        x[word] += change


class MeansOfRows:
    """Word vectors that are the means of rows, which words share. A change is added whole to each row.

    In a span, the vectors of words are copies, whose changes are added to the rows at its end.
    """

    def __init__(self, rows, rows_of_words, overlap):
        self.rows, self.rows_of_words, self.overlap = rows, rows_of_words, overlap
        self.shape = (len(rows_of_words), rows.shape[1])
        self.copies, self.originals, self.until = {}, {}, 0

    def __getitem__(self, word):
        if word in self.copies:
            return self.copies[word]
        return sum(self.rows[row] for row in self.rows_of_words[word]) / len(self.rows_of_words[word])

    def __setitem__(self, word, vector):
        if word in self.copies:
            self.copies[word] = vector
        else:
            self.add(word, np.asarray(vector) - self[word])

    def add(self, word, change):
        for row in self.rows_of_words[word]:
            self.rows[row] += change

    def begin_span(self, first, pooled, kept, subsampling, settings, reach):
        """Begin a span at a token, unless it belongs to the last span. reach: tokens before and after it."""
        if first < self.until:
            return
        self.end_span()
        share = self.overlap + (subsampling.highest_share if settings.workers > 1 else 0)
        length = min(1024, int(16 / (pooled * share * settings.workers + 1e-9)))
        self.until = first + length
        tokens = kept[max(0, first - reach) : first + max(length, 1) + 7 + reach]
        self.originals = {word: self[word] for word, *_ in tokens}
        self.copies = {word: vector.copy() for word, vector in self.originals.items()}

    def end_span(self):
        changes = {word: copy - self.originals[word] for word, copy in self.copies.items()}
        self.copies, self.originals = {}, {}
        for word, change in changes.items():
            self.add(word, change)


def begin_span(x, first, pooled, kept, subsampling, settings, reach=0):
    if isinstance(x, MeansOfRows):
        x.begin_span(first, pooled, kept, subsampling, settings, reach)


def end_span(x):
    if isinstance(x, MeansOfRows):
        x.end_span()


def overlap_of(x):
    return x.overlap if isinstance(x, MeansOfRows) else 0.0


def input_share(x, subsampling):
    """The share of the tokens whose changes a vector takes."""
    return subsampling.highest_share + overlap_of(x)


def is_pair(kept, i, o):
    return 0 <= o < len(kept) and i != o and abs(i - o) <= kept[o][1] and kept[i][2] == kept[o][2]


def blocks_of(kept, chunk, alphas, settings, *, pooled=0, together=0):
    """First and last kept token of each block, and its learning rate.

    pooled: gradients per centre in a shared copy. together: gradients per token that move all words together.
    """
    first = 0
    while first < len(kept):
        alpha, size = alpha_at(kept[first][3], chunk, alphas), settings.block
        if pooled and settings.workers > 1:
            size = max(4, min(size, int(32 / (alpha * pooled * settings.workers + 1e-9))))
        if together:
            size = max(8, min(size, int(32 / (alpha * together + 1e-9))) // 8 * 8)
        yield first, min(first + size, len(kept)), alpha
        first += size


def alpha_at(place, chunk, alphas):
    return float(np.float32(alphas[0] + (alphas[1] - alphas[0]) * place / len(chunk.tokens)))


def context_of(kept, o, settings):
    """The kept tokens that centre o is predicted from."""
    return [
        i for i in range(o - settings.window, o + settings.window + 1) if 0 <= i < len(kept) and is_pair(kept, i, o)
    ]


def plan_steps(alpha, subsampling, noise, x, settings, step):
    pairs = settings.window + 1 if settings.shrink_windows else 2 * settings.window
    turns = min(2 * settings.window, 1 + int(alpha * pairs * (1 + settings.negative) * (1 + overlap_of(x)) / 3.0))
    noise_weight = settings.negative * max(1 / settings.n_noise, noise.highest_share)
    outputs = 0.6 / max(noise_weight, subsampling.highest_share)
    inputs = 3.0 / ((1 + settings.negative) * input_share(x, subsampling))
    return max(1, min(step, int(min(outputs, inputs) * turns / (alpha * pairs + 1e-9)))), turns


def outputs_of(kept, i, turn, turns, window):
    """The centres that input i predicts in a turn: every `turns`-th position before and after it."""
    places = [*range(i - window + turn, i, turns), *range(i + 1 + turn, i + window + 1, turns)]
    return [o for o in places if is_pair(kept, i, o)]


def step_objective(kept, inputs, noise, x, y, settings, turn=0, turns=1):
    """The objective of a step: the loss of the pairs of `inputs`, with shared noise weighted by m_ik negative / n."""
    total = 0.0
    for i in inputs:
        v = x[kept[i][0]]
        outputs = [kept[o][0] for o in outputs_of(kept, i, turn, turns, settings.window)]
        total += sum(np.logaddexp(0.0, -v @ y[o]) for o in outputs)
        for k in noise:
            m = sum(o != k for o in outputs)
            total += m * settings.negative / settings.n_noise * np.logaddexp(0.0, v @ y[k])
    return total


def blocked_steps(chunk, subsampling, noise, x, settings, alphas, state, step):
    """The draws of the blocked kernel: kept tokens, and (alpha, inputs, noise words, turn, turns) per step."""
    generator = Xoshiro256PlusPlus(state)
    kept = kept_tokens(chunk, subsampling, settings, generator)
    steps = []
    together = mean_context_size(settings) * (1 + settings.negative) * overlap_of(x)
    for first, last, alpha in blocks_of(kept, chunk, alphas, settings, together=together):
        words = draw_shared_noise(generator, noise, settings)
        size, turns = plan_steps(alpha, subsampling, noise, x, settings, step)
        for start in range(first, last, size):
            inputs = range(start, min(start + size, last))
            steps += [(alpha, inputs, words, turn, turns) for turn in range(turns)]
    return kept, steps


def draw_shared_noise(generator, noise, settings):
    threshold, alias = noise.threshold.tolist(), noise.alias.tolist()
    return [draw_noise(generator, threshold, alias) for _ in range(settings.n_noise)]


def train_skipgram_negative(chunk, subsampling, noise, x, y, settings, alphas, state, step=8):
    kept, steps = blocked_steps(chunk, subsampling, noise, x, settings, alphas, state, step)
    loss, pairs = 0.0, 0
    for alpha, inputs, words, turn, turns in steps:
        pooled = alpha * mean_context_size(settings) * (1 + settings.negative)
        begin_span(x, inputs.start, pooled, kept, subsampling, settings)
        loss += step_objective(kept, inputs, words, x, y, settings, turn, turns)
        positive, negative = [], []  # (word of the input, word of the output, gradient), at the current weights
        change = {i: np.zeros(x.shape[1]) for i in inputs}
        for i in inputs:
            outputs = outputs_of(kept, i, turn, turns, settings.window)
            pairs += len(outputs)
            v = x[kept[i][0]]
            for o in outputs:
                positive.append((i, kept[o][0], alpha * sigmoid(-v @ y[kept[o][0]])))
            for k in words:
                m = sum(kept[o][0] != k for o in outputs)
                negative.append((i, k, -alpha * m * settings.negative / settings.n_noise * sigmoid(v @ y[k])))
        for i, o, g in positive:  # a row that occurs twice sees its own earlier change, as in word2vec.c
            change[i] += g * y[o]
            y[o] += g * x[kept[i][0]]
        by_noise = len(words)
        for k in range(by_noise):
            output_change = np.zeros(x.shape[1])
            for i, word, g in negative[k::by_noise]:
                change[i] += g * y[word]
                output_change += g * x[kept[i][0]]
            y[words[k]] += output_change
        for i in inputs:
            move(x, kept[i][0], change[i], settings)
    end_span(x)
    return loss, pairs, len(kept)


class ContextStep:
    """Several centres of CBOW at the same weights: their hidden vectors, and the changes of their context words."""

    def __init__(self, kept, centres, x, settings):
        self.contexts = {o: [kept[i][0] for i in context_of(kept, o, settings)] for o in centres}
        self.contexts = {o: words for o, words in self.contexts.items() if words}
        self.scales = {o: 1 / len(words) if settings.cbow_mean else 1 for o, words in self.contexts.items()}
        self.hidden = {o: self.scales[o] * sum(x[word] for word in words) for o, words in self.contexts.items()}
        self.change = {o: np.zeros(x.shape[1]) for o in self.contexts}

    def finish(self, x, settings):
        for o, words in self.contexts.items():
            for word in words:
                move(x, word, self.scales[o] * self.change[o], settings)


def mean_context_size(settings):
    return settings.window + 1 if settings.shrink_windows else 2 * settings.window


def gradients_per_word(settings):
    return 1 if settings.cbow_mean else mean_context_size(settings)


def train_cbow_negative(chunk, subsampling, noise, x, y, settings, alphas, state, step=8):
    generator = Xoshiro256PlusPlus(state)
    kept = kept_tokens(chunk, subsampling, settings, generator)
    loss, n_predicted, share = 0.0, 0, settings.negative / settings.n_noise
    gradients = (1 + settings.negative) * gradients_per_word(settings)
    overlapping = 1 + mean_context_size(settings) * overlap_of(x)
    for first, last, alpha in blocks_of(kept, chunk, alphas, settings, together=gradients * overlap_of(x)):
        words = draw_shared_noise(generator, noise, settings)
        inputs = (
            3.0
            * (mean_context_size(settings) if settings.cbow_mean else 1)
            / (alpha * (1 + settings.negative) * overlapping + 1e-9)
        )
        noise_weight = settings.negative * max(1 / settings.n_noise, noise.highest_share)
        outputs = 0.6 / (alpha * max(noise_weight, subsampling.highest_share) + 1e-9)
        size = max(1, min(step, int(min(inputs, outputs))))
        for start in range(first, last, size):
            begin_span(x, start, alpha * gradients, kept, subsampling, settings, settings.window)
            at = ContextStep(kept, range(start, min(start + size, last)), x, settings)
            positive = {o: sigmoid(-(h @ y[kept[o][0]])) for o, h in at.hidden.items()}
            negative = {(o, k): sigmoid(h @ y[k]) for o, h in at.hidden.items() for k in words if k != kept[o][0]}
            for o, h in at.hidden.items():
                loss += np.logaddexp(0.0, -h @ y[kept[o][0]])
                loss += share * sum(np.logaddexp(0.0, h @ y[k]) for k in words if k != kept[o][0])
            for o, h in at.hidden.items():  # one after another, so that equal rows see each other's changes
                at.change[o] += alpha * positive[o] * y[kept[o][0]]
                y[kept[o][0]] += alpha * positive[o] * h
            for k in words:
                output_change = np.zeros(y.shape[1])
                for o, h in at.hidden.items():
                    if (o, k) in negative:
                        at.change[o] -= alpha * share * negative[o, k] * y[k]
                        output_change -= alpha * share * negative[o, k] * h
                y[k] += output_change
            at.finish(x, settings)
            n_predicted += len(at.hidden)
    end_span(x)
    return loss, n_predicted, len(kept)


def path_of(tree, word):
    """(node, sign) from the root on: sign 1 for code 0."""
    places = range(tree.offsets[word], tree.offsets[word + 1])
    return [(int(tree.nodes[p]), 1 - 2 * int(tree.codes[p])) for p in places]


def train_cbow_hierarchical(chunk, subsampling, tree, x, y, settings, alphas, state, step=8):
    kept = kept_tokens(chunk, subsampling, settings, Xoshiro256PlusPlus(state))
    loss, n_predicted = 0.0, 0
    mean_length = math.log2(max(len(y), 1)) + 1
    overlapping = 1 + mean_context_size(settings) * overlap_of(x)
    for first, last, alpha in blocks_of(kept, chunk, alphas, settings, pooled=1):
        inputs = (
            3.0
            * (mean_context_size(settings) if settings.cbow_mean else 1)
            / (alpha * mean_length * overlapping + 1e-9)
        )
        size = max(1, min(step, int(min(inputs, 0.6 / (alpha + 1e-9)))))
        pooled = alpha * mean_length * gradients_per_word(settings)
        for start in range(first, last, size):
            begin_span(x, start, pooled, kept, subsampling, settings, settings.window)
            at = ContextStep(kept, range(start, min(start + size, last)), x, settings)
            node_steps = [
                (o, node, sign, alpha * sign * sigmoid(-sign * (h @ y[node])))
                for o, h in at.hidden.items()
                for node, sign in path_of(tree, kept[o][0])
            ]
            loss += sum(np.logaddexp(0.0, -sign * (at.hidden[o] @ y[node])) for o, node, sign, _ in node_steps)
            for o, node, _, gradient in node_steps:
                at.change[o] += gradient * y[node]
                y[node] += gradient * at.hidden[o]
            at.finish(x, settings)
            n_predicted += len(at.hidden)
    end_span(x)
    return loss, n_predicted, len(kept)


def train_skipgram_hierarchical(chunk, subsampling, tree, x, y, settings, alphas, state, step=8):
    kept = kept_tokens(chunk, subsampling, settings, Xoshiro256PlusPlus(state))
    loss, n_pairs = 0.0, 0
    for first, last, alpha in blocks_of(kept, chunk, alphas, settings, pooled=mean_context_size(settings)):
        mean_length = math.log2(max(len(y), 1)) + 1
        inputs = 3.0 / (alpha * mean_length * input_share(x, subsampling) + 1e-9)
        size = max(1, min(step, int(min(inputs, 0.6 / (alpha + 1e-9)))))
        pooled = alpha * mean_context_size(settings) * mean_length
        for o in range(first, last):
            context = [kept[i][0] for i in context_of(kept, o, settings)]
            n_pairs += len(context)
            begin_span(x, o, pooled, kept, subsampling, settings, settings.window)
            for start in range(0, len(context), size):
                if start:
                    begin_span(x, o, pooled, kept, subsampling, settings, settings.window)
                words = context[start : start + size]
                path = path_of(tree, kept[o][0])
                gradients = [
                    [alpha * sign * sigmoid(-sign * (x[word] @ y[node])) for node, sign in path] for word in words
                ]
                loss += sum(np.logaddexp(0.0, -sign * (x[word] @ y[node])) for word in words for node, sign in path)
                change = [np.zeros(x.shape[1]) for _ in words]
                for k, (node, _) in enumerate(path):
                    for i in range(len(words)):
                        change[i] += gradients[i][k] * y[node]
                    y[node] += sum(gradients[i][k] * x[word] for i, word in enumerate(words))
                for i, word in enumerate(words):
                    move(x, word, change[i], settings)
    end_span(x)
    return loss, n_pairs, len(kept)


def softmax_step(hidden, targets, y, alpha):
    """Change y, and return the loss and the changes of the first hidden vectors, as many as are stable in one step."""
    loss, gradients, curvature = 0.0, [], np.zeros(len(y))
    for h, words in zip(hidden, targets, strict=True):
        probabilities = np.array(softmax_probabilities(h.tolist(), y.tolist()))
        curvature += alpha * len(words) * (h @ h) * probabilities * (1 - probabilities)
        if gradients and curvature.max() > 1:
            break
        loss -= sum(math.log(probabilities[word]) for word in words)
        wanted = np.bincount(words, minlength=len(y))
        gradients.append(alpha * (wanted - len(words) * probabilities))
    changes = [gradient @ y for gradient in gradients]
    y += sum(np.outer(gradient, h) for gradient, h in zip(gradients, hidden[: len(gradients)], strict=True))
    return loss, changes


def softmax_step_size(alpha, n_targets, share, settings):
    return max(1, min(settings.block, int(0.5 / (alpha * n_targets * share + 1e-9))))


def train_skipgram_softmax(chunk, subsampling, layer, x, y, settings, alphas, state):
    kept = kept_tokens(chunk, subsampling, settings, Xoshiro256PlusPlus(state))
    loss, n_pairs, first, size = 0.0, 0, 0, settings.block
    while first < len(kept):
        alpha = alpha_at(kept[first][3], chunk, alphas)
        n_targets = mean_context_size(settings)
        turns = min(2 * settings.window, 1 + int(alpha * n_targets * (1 + overlap_of(x)) / 0.5))
        last = min(
            first + softmax_step_size(alpha, n_targets / turns, input_share(x, subsampling), settings), len(kept)
        )
        for turn in range(turns):
            outputs = {i: outputs_of(kept, i, turn, turns, settings.window) for i in range(first, last)}
            targets = {i: [kept[o][0] for o in centres] for i, centres in outputs.items() if centres}
            while targets:
                inputs = list(targets)[:size]
                hidden = [x[kept[i][0]].copy() for i in inputs]
                step_loss, changes = softmax_step(hidden, [targets[i] for i in inputs], y, alpha)
                for i, change in zip(inputs[: len(changes)], changes, strict=True):
                    move(x, kept[i][0], change, settings)
                    n_pairs += len(targets.pop(i))
                loss += step_loss
                size = len(changes) if len(changes) < len(inputs) else min(2 * size, settings.block)
        first = last
    return loss, n_pairs, len(kept)


def train_cbow_softmax(chunk, subsampling, layer, x, y, settings, alphas, state):
    kept = kept_tokens(chunk, subsampling, settings, Xoshiro256PlusPlus(state))
    loss, n_predicted, first, size = 0.0, 0, 0, settings.block
    pooled = 1 if settings.cbow_mean else mean_context_size(settings)
    while first < len(kept):
        alpha = alpha_at(kept[first][3], chunk, alphas)
        last = min(
            first + min(size, softmax_step_size(alpha, pooled, input_share(x, subsampling), settings)), len(kept)
        )
        at = ContextStep(kept, range(first, last), x, settings)
        centres = list(at.hidden)
        first = last
        if centres:
            step_loss, changes = softmax_step(list(at.hidden.values()), [[kept[o][0]] for o in centres], y, alpha)
            at.change = dict(zip(centres[: len(changes)], changes, strict=True))
            at.contexts = {o: at.contexts[o] for o in at.change}
            at.finish(x, settings)
            loss += step_loss
            n_predicted += len(changes)
            size = len(changes) if len(changes) < len(centres) else min(2 * size, settings.block)
            if len(changes) < len(centres):
                first = centres[len(changes)]
    return loss, n_predicted, len(kept)


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


def postprocessed(matrix, postprocess, *, strength=0.25):
    """Centring, and soft whitening by the singular value decomposition, of all rows of a matrix, in float64."""
    matrix = np.asarray(matrix, np.float64)
    centred = matrix - matrix.mean(axis=0)
    if postprocess in (None, "center"):
        return centred if postprocess else matrix
    _, singular_values, axes = np.linalg.svd(centred, full_matrices=False)
    tiny = 1e-6 * singular_values.max(initial=0)
    scales = np.array([0 if value <= tiny else value**-strength for value in singular_values])
    whitened = centred @ axes.T @ np.diag(scales) @ axes
    size, size_before = (np.sqrt((each**2).sum()) for each in (whitened, centred))
    return whitened * (size_before / size if size else 1)
