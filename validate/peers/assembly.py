"""Qᵀ by numpy: the scheme of fokker's operators.Transport, written again.

Arrays of cells are indexed (…, z, y, x): x runs fastest, as in fokker's files.
"""

import numpy as np
from scipy import sparse

from problems import HALF, Problem


def centres(n: int) -> np.ndarray:
    return -HALF + (np.arange(n) + 0.5) * 2 * HALF / n


def along(k: int, dim: int, values: np.ndarray) -> np.ndarray:
    """Values on axis k as an array that broadcasts against cells."""
    shape = [1] * dim
    shape[dim - 1 - k] = -1
    return values.reshape(shape)


def points(problem: Problem, n: int) -> dict[str, np.ndarray]:
    return {a: along(k, problem.dim, centres(n)) for k, a in enumerate(problem.axes)}


def value(expression: str, at: dict[str, np.ndarray]) -> np.ndarray:
    return eval(expression, {"sin": np.sin, "cos": np.cos, "exp": np.exp}, at)  # text of problems.py


def rate(z: np.ndarray, central: float) -> np.ndarray:
    """The rate over D/h² of a jump against z = bh/D: 1 - z/2 up to the limit,
    and fitted beyond (Scharfetter and Gummel 1969)."""
    small = np.where(z == 0, 1e-300, z)
    with np.errstate(over="ignore"):
        return np.where(np.abs(z) <= central, 1 - z / 2, small / np.expm1(small))


def assemble(problem: Problem, n: int) -> sparse.csr_array:
    """Qᵀ, whose null vector is the law as masses of cells."""
    at, cells, h = points(problem, n), (n,) * problem.dim, 2 * HALF / n
    central = 1.99 if problem.dim > 1 else 0
    diagonal, bands, offsets = np.zeros(cells), [], []
    for k in range(problem.dim):
        d = value(problem.diffusion[k], at)
        z = value(problem.drift[k], at) * (h / d)
        for sign, wall in (1, 0), (-1, n - 1):
            jump = np.array(np.broadcast_to(rate(sign * z, central) * (d / h**2), cells))
            np.moveaxis(jump, problem.dim - 1 - k, 0)[wall] = 0
            diagonal -= jump
            bands.append(jump.ravel())
            offsets.append(sign * n**k)  # dia_array stores an entry by its column, the cell that is left
    size = n**problem.dim
    return sparse.dia_array((np.array([diagonal.ravel(), *bands]), [0, *offsets]), shape=(size, size)).tocsr()


def centre(problem: Problem, n: int) -> int:
    """The cell of the well near (1, 0, 0), where there is much mass: its value
    is fixed to make the system regular."""
    at = [1.0, 0.0, 0.0]
    return sum(int((at[k] + HALF) / (2 * HALF) * n) * n**k for k in range(problem.dim))


def pinned(q, cell: int):
    """The system of all other cells, with mass 1 in this one."""
    rest = np.delete(np.arange(q.shape[0]), cell)
    right = -q[:, [cell]].toarray().ravel()[rest]
    return q[rest][:, rest], right


def normalised(rest: np.ndarray, cell: int) -> np.ndarray:
    m = np.insert(rest, cell, 1.0)
    return m / m.sum()
