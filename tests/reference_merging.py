"""How changes of replicas are merged, in plain float64, row by row and direction by direction."""

import math

import numpy as np


def curvature(rows, shares, coupling):
    """Return the mean outer product of the rows that take part in a prediction."""
    size = rows.shape[1]
    total, mean = np.zeros((size, size)), np.zeros(size)
    for row, share in zip(rows.astype(np.float64), shares, strict=True):
        total += share * np.outer(row, row)
        mean += share * row / shares.sum()
    return total + coupling * np.outer(mean, mean)


def damped(change, share, matrix, *, steps, n_replicas):
    """Return the summed change of one row, each component along an eigenvector multiplied by its factor."""
    result = np.zeros(len(change))
    values, vectors = np.linalg.eigh(matrix)
    for value, vector in zip(values, vectors.T, strict=True):
        left = math.exp(-steps * share * max(value, 0.0))
        factor = sum(left**j for j in range(n_replicas)) / n_replicas
        result += factor * (change @ vector) * vector
    return result


def merged(start, ends, exposures, *, steps):
    """Return start + damped sum of changes, for inputs and outputs, without a balance."""
    before = {name: rows.astype(np.float64) for name, rows in start.items()}
    totals = {name: sum(end[name].astype(np.float64) - rows for end in ends) for name, rows in before.items()}
    middle = {name: rows + totals[name] / len(ends) for name, rows in before.items()}
    new = {}
    for name, other in (("input", "output"), ("output", "input")):
        matrix = curvature(middle[other], exposures[other].shares, exposures[other].coupling)
        shares = exposures[name].shares
        rows = zip(before[name], totals[name], shares, strict=True)
        new[name] = np.array(
            [row + damped(total, share, matrix, steps=steps, n_replicas=len(ends)) for row, total, share in rows]
        )
    return new


def imbalance(rows):
    """Return XᵀX - YᵀY."""
    inputs, outputs = rows["input"].astype(np.float64), rows["output"].astype(np.float64)
    return inputs.T @ inputs - outputs.T @ outputs
