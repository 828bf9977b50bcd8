"""The law by Fourier collocation, which needs no mesh fine enough for a flux.

The density p at the N centres of cells along every axis is a trigonometric
polynomial; Lp = -Σ ∂ₖ(bₖp) + Σ ∂ₖ²(Dₖp) is taken exactly in it. Walls do not
matter as p is below rounding there. L + u1ᵀ with u > 0 is regular and gives
Lp = 0, Σp = Σu; GMRES solves it, preconditioned by PARDISO's factors of the
generator on the same points.

    reference.py PROBLEM N FILE
"""

import sys

import numpy as np
import pypardiso
from scipy.sparse.linalg import LinearOperator, gmres

from assembly import assemble, centre, centres, normalised, pinned, points, value
from problems import HALF, PROBLEMS, Problem


def collocation(problem: Problem, n: int):
    """p -> Lp."""
    at, frequency = points(problem, n), np.fft.rfftfreq(n, 1 / n) * np.pi / HALF
    first = np.where(np.arange(len(frequency)) == n // 2, 0, 1j * frequency)  # the Nyquist mode has no derivative
    terms = [
        (problem.dim - 1 - k, value(problem.drift[k], at), value(problem.diffusion[k], at)) for k in range(problem.dim)
    ]

    def apply(p: np.ndarray) -> np.ndarray:
        p, out = p.reshape((n,) * problem.dim), 0
        for axis, b, d in terms:
            hat = -np.moveaxis(np.fft.rfft(b * p, axis=axis), axis, -1) * first
            hat -= np.moveaxis(np.fft.rfft(d * p, axis=axis), axis, -1) * frequency**2
            out = out + np.moveaxis(np.fft.irfft(hat, n), -1, axis)
        return out.ravel()

    return apply


def solve(problem: Problem, n: int) -> np.ndarray:
    """The density at the points, Σ = 1."""
    apply, q, cell = collocation(problem, n), assemble(problem, n), centre(problem, n)
    system, right = pinned(q, cell)
    direct = pypardiso.PyPardisoSolver(mtype=1)
    direct.factorize(system)
    u = normalised(direct.solve(system, right), cell)

    def precondition(r: np.ndarray) -> np.ndarray:
        y = np.insert(direct.solve(system, np.delete(r - r.sum() * u, cell)), cell, 0.0)
        return y + (r.sum() - y.sum()) * u

    def regular(p: np.ndarray) -> np.ndarray:
        return apply(p) + p.sum() * u

    size = (n**problem.dim,) * 2
    # From u, the law on the mesh; a second pass refines.
    p = u
    for _ in range(2):
        step, failed = gmres(
            LinearOperator(size, regular),
            u - regular(p),
            M=LinearOperator(size, precondition),
            rtol=1e-8,
            restart=60,
            maxiter=10,
        )
        if failed:
            raise SystemExit(f"reference: GMRES has not converged on {n} points along every axis")
        p = p + step
    return p.reshape((n,) * problem.dim)


def averages(n: int, points_: int) -> np.ndarray:
    """The matrix from values at the points to integrals over n cells."""
    k = np.arange(points_ // 2 + 1)
    weight = np.where((k == 0) | (k == points_ // 2), 1, 2) * np.sinc(k / n) / n
    angle = np.pi / HALF * k
    at, of = np.outer(centres(n), angle), np.outer(centres(points_), angle)
    return (np.cos(at) * weight) @ np.cos(of).T + (np.sin(at) * weight) @ np.sin(of).T


def masses(p: np.ndarray, n: int) -> np.ndarray:
    """Integrals of a density over n cells along every axis, Σ = 1."""
    matrix = averages(n, p.shape[0])
    for axis in range(p.ndim):
        p = np.moveaxis(np.tensordot(matrix, p, (1, axis)), 0, axis)
    return p.ravel() / p.sum()


if __name__ == "__main__":
    np.save(sys.argv[3], solve(PROBLEMS[sys.argv[1]], int(sys.argv[2])))
