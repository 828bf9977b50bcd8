"""Particles of P2 by steps of Euler and Maruyama, in float64 on one thread.

    steps.py PEER PARTICLES

moves so many particles at a time from the same start to t = 4 by steps of 0.01, again
and again, and prints the particle-steps, the CPU seconds without those of the first
time, which may compile, and the mean of x² at the end.
"""

import json
import os
import sys
import time

from problems import PROBLEMS

STEP, STEPS = 0.01, 400
LEAST = 2.0  # CPU s to measure


def coefficients(library: str) -> str:
    """Drift and noise of P2 as functions of x and y, in the text of the problem."""
    p = PROBLEMS["P2"]
    names = {"exp": f"{library}.exp", "sin": f"{library}.sin", "sqrt": f"{library}.sqrt"}
    text = [*p.drift, *(f"sqrt(2*{d})" for d in p.diffusion)]
    for name, full in names.items():
        text = [t.replace(name + "(", full + "(") for t in text]
    return "lambda x, y: (" + ", ".join(text) + ")"


def numpy_peer(n: int):
    import numpy as np

    f = eval(coefficients("np"), {"np": np})
    random = np.random.Generator(np.random.SFC64(1))

    def run():
        x, y = random.uniform(-1, 1, n), random.uniform(-0.5, 0.5, n)
        for _ in range(STEPS):
            bx, by, sx, sy = f(x, y)
            x = x + bx * STEP + sx * STEP**0.5 * random.standard_normal(n)
            y = y + by * STEP + sy * STEP**0.5 * random.standard_normal(n)
        return np.mean(x * x)

    return run


def numba_peer(n: int):
    import math

    import numba
    import numpy as np

    f = numba.njit(eval(coefficients("math"), {"math": math}))

    @numba.njit
    def move(x, y):
        root = STEP**0.5
        for _ in range(STEPS):
            for i in range(len(x)):
                bx, by, sx, sy = f(x[i], y[i])
                x[i] += bx * STEP + sx * root * np.random.standard_normal()
                y[i] += by * STEP + sy * root * np.random.standard_normal()
        return np.mean(x * x)

    return lambda: move(np.random.uniform(-1, 1, n), np.random.uniform(-0.5, 0.5, n))


def jax_start(n: int):
    import jax

    jax.config.update("jax_enable_x64", True)
    import jax.numpy as jnp

    return jax, jnp, eval(coefficients("jnp"), {"jnp": jnp})


def jax_peer(n: int):
    jax, jnp, f = jax_start(n)

    @jax.jit
    def move(key):
        def step(state, key):
            x, y = state
            bx, by, sx, sy = f(x, y)
            z = jax.random.normal(key, (2, n))
            root = STEP**0.5
            return (x + bx * STEP + sx * root * z[0], y + by * STEP + sy * root * z[1]), None

        a, b, c = jax.random.split(key, 3)
        start = jax.random.uniform(a, (n,), minval=-1.0), jax.random.uniform(b, (n,), minval=-0.5, maxval=0.5)
        (x, _), _ = jax.lax.scan(step, start, jax.random.split(c, STEPS))
        return jnp.mean(x * x)

    return keyed(jax, move)


def diffrax_peer(n: int):
    jax, jnp, f = jax_start(n)
    import diffrax
    import lineax

    def noise(t, state, args):
        _, _, sx, sy = f(state[0], state[1])
        return lineax.DiagonalLinearOperator(jnp.stack([sx, sy]))

    def one(key):
        a, b, c = jax.random.split(key, 3)
        start = jnp.stack([jax.random.uniform(a, minval=-1.0), jax.random.uniform(b, minval=-0.5, maxval=0.5)])
        motion = diffrax.UnsafeBrownianPath(shape=(2,), key=c)
        drift = diffrax.ODETerm(lambda t, state, args: jnp.stack(f(state[0], state[1])[:2]))
        out = diffrax.diffeqsolve(
            diffrax.MultiTerm(drift, diffrax.ControlTerm(noise, motion)),
            diffrax.Euler(),
            0.0,
            STEP * STEPS,
            STEP,
            start,
            adjoint=diffrax.DirectAdjoint(),
            max_steps=STEPS + 1,
        )
        return out.ys[0, 0]

    move = jax.jit(lambda key: jnp.mean(jax.vmap(one)(jax.random.split(key, n)) ** 2))
    return keyed(jax, move)


def keyed(jax, move):
    keys = iter(range(1 << 30))
    return lambda: float(move(jax.random.key(next(keys))))


PEERS = {"numpy": numpy_peer, "numba": numba_peer, "jax": jax_peer, "diffrax": diffrax_peer}


def main() -> None:
    os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    name, n = sys.argv[1], int(sys.argv[2])
    run = PEERS[name](n)
    run()
    begin, squares = time.process_time(), []
    while time.process_time() - begin < LEAST:
        squares.append(float(run()))
    seconds = time.process_time() - begin
    mean = sum(squares) / len(squares)
    print(json.dumps({"steps": n * STEPS * len(squares), "seconds": seconds, "x2": mean, "paths": n * len(squares)}))


if __name__ == "__main__":
    main()
