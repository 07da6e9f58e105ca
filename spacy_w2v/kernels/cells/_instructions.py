"""LLVM intrinsics for cells of the co-occurrence matrix: their logarithms and weights, and the steps of GloVe.

All arrays are passed as addresses, int64. The caller must keep the arrays alive. n_vectors = d / LANES, rounded up.
"""

from functools import reduce
from typing import Any, NamedTuple

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from spacy_w2v.kernels.tiles._llvm import (
    F32,
    FOUR,
    I32,
    I64,
    INTS,
    LANES,
    PROCESSOR,
    VECTOR,
    at,
    exponential,
    fitted,
    fma,
    four_sums,
    i64,
    load,
    loop,
    polynomial,
    splat,
    splat_constant,
    store,
)

TABLE_SIZE = 12
"""Numbers of the table that steps read."""

HOLDS_ERRORS = PROCESSOR.n_registers >= 32
"""Whether the errors of four cells stay in registers while their vectors are changed."""

_SMALLEST_SUM = 1e-30
"""Least value under a root. Only padding, whose sums may be 0, has less."""

# log(1 + z) = z - z^2 / 2 + z^3 P(z), accurate to float32 precision, see test_logarithms_and_weights.
_HALF_ROOT_BITS = int(np.float32(np.sqrt(0.5)).view(np.uint32))
_LOG = fitted(
    lambda z: np.where(np.abs(z) < 1e-3, 1 / 3 - z / 4 + z**2 / 5, (np.log1p(z) - z + z * z / 2) / (z + 1e-300) ** 3),
    np.sqrt(0.5) - 1, np.sqrt(2) - 1, 8,
)  # fmt: skip


def _logarithm(builder, x):
    """Return log(x) of normal numbers x > 0: the logarithms of its power of two and of the rest, 0.7 to 1.4."""
    bits = builder.bitcast(x, INTS)
    shift = ir.Constant(INTS, [23] * LANES)
    power = builder.ashr(builder.sub(bits, ir.Constant(INTS, [_HALF_ROOT_BITS] * LANES)), shift)
    rest = builder.bitcast(builder.sub(bits, builder.shl(power, shift)), VECTOR)
    z = builder.fsub(rest, splat_constant(1.0))
    square = builder.fmul(z, z)
    cubic = builder.fmul(builder.fmul(z, square), polynomial(builder, z, _LOG))
    rest = builder.fadd(z, fma(builder, square, splat_constant(-0.5), cubic))
    return fma(builder, builder.sitofp(power, VECTOR), splat_constant(np.log(2.0)), rest)


@intrinsic
def logarithms_and_weights(typing_context, counts, weights, n_vectors, log_x_max, exponent):
    """Replace counts x by log x, and write min(1, (x / x_max) ** exponent) to `weights`."""

    def generate(context, builder, signature, arguments):
        counts, weights, n_vectors, log_x_max, exponent = arguments
        top, exponents, zero = splat(builder, log_x_max), splat(builder, exponent), splat_constant(0.0)

        def body(index, _):
            offset = builder.mul(index, i64(4 * LANES))
            place = at(builder, counts, offset)
            logarithm = _logarithm(builder, load(builder, VECTOR, place))
            below = builder.fmul(exponents, builder.fsub(top, logarithm))
            below = builder.select(builder.fcmp_ordered("<", below, zero), zero, below)
            store(builder, logarithm, place)
            store(builder, exponential(builder, below), at(builder, weights, offset))
            return []

        loop(builder, n_vectors, [], body)
        return context.get_dummy_value()

    return types.void(*[types.int64] * 3, *[types.float32] * 2), generate


def _splat_as(builder, kind, scalar):
    """Return a vector of a kind that is full of a scalar."""
    vector = builder.insert_element(ir.Constant(kind, ir.Undefined), scalar, ir.Constant(I32, 0))
    return builder.shuffle_vector(vector, vector, ir.Constant(ir.VectorType(I32, kind.count), [0] * kind.count))


def _call(builder, kind, name, *arguments):
    function = ir.FunctionType(kind, [argument.type for argument in arguments])
    module = builder.module
    return builder.call(module.globals.get(name) or ir.Function(module, function, name), arguments)


def _reciprocal_root(builder, x):
    """Return 1 / √x for x >= 0, for a vector of LANES numbers or of four. NaN stays NaN.

    x86 approximates reciprocal roots by one instruction. A step of Newton's method makes them exact to 22 bits or more:
    r (3 − x r²) / 2.
    """
    kind, n = x.type, x.type.count

    def constant(value):
        return ir.Constant(kind, [float(np.float32(value))] * n)

    x = builder.select(builder.fcmp_ordered("<", x, constant(_SMALLEST_SUM)), constant(_SMALLEST_SUM), x)
    if not builder.module.triple.startswith("x86_64"):
        return builder.fdiv(constant(1.0), _call(builder, kind, f"llvm.sqrt.v{n}f32", x))
    if n == 16:
        everywhere = [constant(0.0), ir.Constant(ir.IntType(16), -1)]
        root = _call(builder, kind, "llvm.x86.avx512.rsqrt14.ps.512", x, *everywhere)
    else:
        root = _call(builder, kind, "llvm.x86.avx.rsqrt.ps.256" if n == 8 else "llvm.x86.sse.rsqrt.ps", x)
    part = builder.fmul(builder.fmul(x, builder.fmul(root, constant(-0.5))), root)
    return builder.fmul(root, builder.fadd(part, constant(1.5)))


def _gathered(builder, addresses, absent):
    """Return the numbers at one to four addresses as a vector of four, filled up with a constant."""
    four = ir.Constant(FOUR, [absent] * 4)
    for lane, address in enumerate(addresses):
        four = builder.insert_element(four, load(builder, F32, address), ir.Constant(I32, lane))
    return four


def _scatter(builder, four, addresses):
    """Store the first numbers of a vector of four at addresses."""
    for lane, address in enumerate(addresses):
        store(builder, builder.extract_element(four, ir.Constant(I32, lane)), address)


def _total(builder, four):
    """Return a vector of four that is full of the sum of another."""
    for pattern in ([1, 0, 3, 2], [2, 3, 0, 1]):
        four = builder.fadd(four, builder.shuffle_vector(four, four, ir.Constant(ir.VectorType(I32, 4), pattern)))
    return four


class _Rows(NamedTuple):
    """Addresses of the numbers of one word: its row and bias, and the sums of both."""

    row: Any
    sums: Any
    bias: Any
    bias_sum: Any


class _Step:
    """The code of a step on some cells of one word. See `step_of_1` for its arguments."""

    def __init__(self, builder, n_cells, arguments):
        word, frozen, contexts, self.logs, self.weights, table, self.alpha, self.bias_rate = arguments
        self.builder, self.cells = builder, range(n_cells)
        table = [load(builder, I64, at(builder, table, 8 * k), 8) for k in range(TABLE_SIZE)]
        self.loss, scratch, n_bytes, self.n_vectors = table[8:]
        contexts = [builder.zext(load(builder, I32, at(builder, contexts, 4 * j)), I64) for j in self.cells]
        self.x = self._rows_of(word, table[:4], n_bytes)
        self.ys = [self._rows_of(context, table[4:8], n_bytes) for context in contexts]
        copies = [scratch, at(builder, scratch, n_bytes)]  # the scratch memory has two rows, a bias and its sum
        copies += [at(builder, copies[1], n_bytes), at(builder, at(builder, copies[1], n_bytes), 4)]
        is_frozen = builder.icmp_signed("!=", frozen, i64(0))
        self.new_x = _Rows(*(builder.select(is_frozen, *pair) for pair in zip(copies, self.x, strict=True)))

    def _rows_of(self, word, bases, n_bytes):
        row, number = self.builder.mul(word, n_bytes), self.builder.mul(word, i64(4))
        return _Rows(*(at(self.builder, base, row if k < 2 else number) for k, base in enumerate(bases)))

    def take(self):
        """Append the code."""
        self._change_vectors(self._change_biases(self._products()))

    def _products(self):
        """Return the products of the word's vector and those of the contexts, as a vector of four."""
        builder, zero = self.builder, splat_constant(0.0)

        def body(index, sums):
            offset = builder.mul(index, i64(4 * LANES))
            x = load(builder, VECTOR, at(builder, self.x.row, offset))
            ys = [load(builder, VECTOR, at(builder, y.row, offset)) for y in self.ys]
            return [fma(builder, x, y, total) for y, total in zip(ys, sums, strict=True)]

        sums = loop(builder, self.n_vectors, [zero] * len(self.cells), body)
        return four_sums(builder, [*sums, *[zero] * (4 - len(self.cells))])

    def _change_biases(self, products):
        """Change the biases and add to the cost. Return alpha f(x) e of the cells, as a vector of four."""
        builder = self.builder
        log, weight = (
            _gathered(builder, [at(builder, base, 4 * j) for j in self.cells], 0.0)
            for base in (self.logs, self.weights)
        )
        x_bias, x_sum = (_gathered(builder, [place] * 4, 0.0) for place in (self.x.bias, self.x.bias_sum))
        y_bias = _gathered(builder, [y.bias for y in self.ys], 0.0)
        y_sum = _gathered(builder, [y.bias_sum for y in self.ys], 1.0)
        error = builder.fsub(builder.fadd(products, builder.fadd(y_bias, x_bias)), log)
        gradient = builder.fmul(weight, error)
        store(builder, builder.fadd(load(builder, FOUR, self.loss), builder.fmul(gradient, error)), self.loss)
        change = builder.fmul(gradient, _splat_as(builder, FOUR, self.bias_rate))
        squares = builder.fmul(change, change)
        x_sum, y_sum = builder.fadd(x_sum, _total(builder, squares)), builder.fadd(y_sum, squares)
        x_bias = builder.fsub(x_bias, builder.fmul(_total(builder, change), _reciprocal_root(builder, x_sum)))
        y_bias = builder.fsub(y_bias, builder.fmul(change, _reciprocal_root(builder, y_sum)))
        _scatter(builder, y_bias, [y.bias for y in self.ys])
        _scatter(builder, y_sum, [y.bias_sum for y in self.ys])
        _scatter(builder, x_bias, [self.new_x.bias])
        _scatter(builder, x_sum, [self.new_x.bias_sum])
        return builder.fmul(gradient, _splat_as(builder, FOUR, self.alpha))

    def _change_vectors(self, errors):
        """Change the vectors. errors: alpha f(x) e of the cells, as a vector of four."""
        builder = self.builder
        kept = at(builder, self.loss, 16)
        store(builder, errors, kept)
        held = [builder.shuffle_vector(errors, errors, ir.Constant(INTS, [j] * LANES)) for j in self.cells]

        def body(index, _):
            offset = builder.mul(index, i64(4 * LANES))
            x, x_sum = (load(builder, VECTOR, at(builder, row, offset)) for row in (self.x.row, self.x.sums))
            x_gradients = []
            for j, y_rows in enumerate(self.ys):
                factor = held[j] if HOLDS_ERRORS else splat(builder, load(builder, F32, at(builder, kept, 4 * j)))
                y_place, y_sum_place = (at(builder, row, offset) for row in (y_rows.row, y_rows.sums))
                y = load(builder, VECTOR, y_place)
                x_gradient, y_gradient = builder.fmul(factor, y), builder.fmul(factor, x)
                x_sum = fma(builder, x_gradient, x_gradient, x_sum)
                y_sum = fma(builder, y_gradient, y_gradient, load(builder, VECTOR, y_sum_place))
                store(builder, y_sum, y_sum_place)
                store(builder, fma(builder, builder.fneg(y_gradient), _reciprocal_root(builder, y_sum), y), y_place)
                x_gradients.append(x_gradient)
            change = reduce(builder.fadd, x_gradients)
            store(builder, x_sum, at(builder, self.new_x.sums, offset))
            new_x = fma(builder, builder.fneg(change), _reciprocal_root(builder, x_sum), x)
            store(builder, new_x, at(builder, self.new_x.row, offset))
            return []

        loop(builder, self.n_vectors, [], body)


def _step(n_cells):
    def generate(context, builder, signature, arguments):
        _Step(builder, n_cells, arguments).take()
        return context.get_dummy_value()

    return types.void(*[types.int64] * 6, *[types.float32] * 2), generate


@intrinsic
def step_of_1(typing_context, word, frozen, contexts, logs, weights, table, alpha, bias_rate):
    """Take a step on one cell.

    Args:
        typing_context: Of numba.
        word: The word of all cells, int64.
        frozen: Not 0 if the word's row, bias and their sums stay as they are.
        contexts: Address of the context words, uint32.
        logs: Address of the logarithms of the counts.
        weights: Address of the weights f of the cells.
        table: Address of int64[TABLE_SIZE]: the addresses of input, input_sums, input_bias, input_bias_sums and the
            same four of output; of four partial sums of twice the cost, followed by space for four numbers; and of
            scratch memory for two rows and two numbers; then the bytes of a row, and n_vectors.
        alpha: The learning rate of vectors.
        bias_rate: That of biases.
    """
    return _step(1)


@intrinsic
def step_of_2(typing_context, word, frozen, contexts, logs, weights, table, alpha, bias_rate):
    """Take a step on two cells of one word, whose contexts differ. See `step_of_1`."""
    return _step(2)


@intrinsic
def step_of_3(typing_context, word, frozen, contexts, logs, weights, table, alpha, bias_rate):
    """Take a step on three cells of one word, whose contexts differ. See `step_of_1`."""
    return _step(3)


@intrinsic
def step_of_4(typing_context, word, frozen, contexts, logs, weights, table, alpha, bias_rate):
    """Take a step on four cells of one word, whose contexts differ. See `step_of_1`."""
    return _step(4)
