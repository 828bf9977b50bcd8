"""Integrators of dm/dt = Qᵀm for the transient problem: solvers(q, problem, n)
as in peers.py, to be given the rates of assembly.py.
"""

import numpy as np
from scipy import sparse
from scipy.integrate import solve_ivp
from scipy.sparse.linalg import expm_multiply, splu
from scipy.special import ndtr

from problems import HALF, MEAN, STD, TOLERANCE_IN_TIME, UNTIL, Problem

# SDIRK4 (Hairer and Wanner 1996, table 6.5): γ and a below the diagonal.
GAMMA = 1 / 4
WEIGHTS = (
    (),
    (1 / 2,),
    (17 / 50, -1 / 25),
    (371 / 1360, -137 / 2720, 15 / 544),
    (25 / 24, -49 / 48, 125 / 16, -85 / 12),
)


def start(problem: Problem, n: int) -> np.ndarray:
    """The Gaussian, integrated over cells."""
    faces = np.linspace(-HALF, HALF, n + 1)
    m = np.ones(1)
    for mean in MEAN:
        m = np.outer(np.diff(ndtr((faces - mean) / STD)), m).ravel()  # x runs fastest
    return m / m.sum()


def sdirk4(steps: int):
    """Equal steps with the factors of one matrix, made once."""

    def integrate(q, problem, n):
        h = UNTIL / steps
        factors = splu(
            (sparse.eye_array(q.shape[0], format="csc") - GAMMA * h * q).tocsc(),
            permc_spec="MMD_AT_PLUS_A",
            diag_pivot_thresh=0.0,
            options={"SymmetricMode": True},
        )
        m = start(problem, n)
        for _ in range(steps):
            k = []  # k = hQᵀm of every stage
            for weights in WEIGHTS:
                right = m + sum(a * kj for a, kj in zip(weights, k))
                stage = factors.solve(right)
                k.append((stage - right) / GAMMA)
            m = stage
        return m

    return integrate


def bdf(q, problem, n):
    q = q.tocsc()
    done = solve_ivp(
        lambda t, m: q @ m,
        (0, UNTIL),
        start(problem, n),
        method="BDF",
        t_eval=[UNTIL],
        jac=q,
        rtol=TOLERANCE_IN_TIME,
        atol=TOLERANCE_IN_TIME / n**problem.dim,
    )
    if not done.success:
        raise RuntimeError(done.message)
    return done.y[:, -1]


def exponential(q, problem, n):
    return expm_multiply(UNTIL * q, start(problem, n), traceA=UNTIL * q.trace())
