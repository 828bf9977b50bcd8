"""docs/benchmarks-paths.md from what measure.py has measured."""

import statistics

from problems import HALF, PROBLEMS
from report import heading, line, spread
from report_time import code
from steps import STEP, STEPS

NAMES = {"numpy": "numpy", "numba": "numba, a loop", "jax": "jax, compiled", "diffrax": "diffrax"}
OURS = {"interpreted": "fokker, expressions", "compiled": "fokker, plain Go"}
SECOND_MOMENT = 0.75479005852  # E x² at rest, by a spectral solution


def markdown(r: dict) -> str:
    return "\n".join([HEAD.format(**r["machine"], **PROBLEM), *map(table, r["sizes"]), how(r)])


PROBLEM = {
    "drift": code(PROBLEMS["P2"].drift),
    "diffusion": code(PROBLEMS["P2"].diffusion),
    "half": HALF,
    "step": STEP,
    "steps": STEPS,
}

HEAD = """\
# Particles beside peers

Steps of Euler and Maruyama by fokker and by others, on one core of the same machine
in the same hour. `make peers PEERS=--sizes=paths:1024,paths:131072` measures this
and writes this page with every figure in it. Date of the run: {date}.

The process is P2, in the sense of Itô:

* b = {drift};
* diagonal of D = {diffusion}.

Particles start uniformly in [−1, 1] × [−½, ½] and take {steps} steps of {step:g}.
"""


def speed(run: dict) -> float:
    return run["steps"] / run["seconds"] / 1e6


def table(size: dict) -> str:
    rows = [row(size, f"fokker {name}", label) for name, label in OURS.items()]
    rows += [row(size, name, label) for name, label in NAMES.items()]
    return "\n".join(
        [
            f"## {size['n']} particles at a time\n",
            *heading("", "million particle-steps per CPU s", "fokker by expressions over it", "E x²", "runs"),
            *rows,
            "",
        ]
    )


def row(size: dict, name: str, label: str) -> str:
    runs = size["rows"].get(name, [])
    done = [run for run in runs if not run["failed"]]
    if not done:
        return line(label, "", "", "", runs[-1]["failed"] if runs else "not run")
    ours = [speed(run) for run in size["rows"]["fokker interpreted"]]
    ratios = [own / speed(run) for own, run in zip(ours, done)]
    moment = f"{statistics.mean(run['x2'] for run in done):.4f}" if "x2" in done[0] else ""
    return line(label, spread([speed(run) for run in done], "{:.1f}"), spread(ratios, "{:.2g}"), moment, str(len(done)))


def how(r: dict) -> str:
    ram = r["machine"]["installed"] / 1e9
    return HOW.format(**r | r["machine"] | r["versions"] | PROBLEM | {"ram": ram, "moment": SECOND_MOMENT})


HOW = """\
## How it is measured

| program | what it does |
| --- | --- |
| fokker, expressions | `BenchmarkPaths/euler/interpreted`: the case `p2` as its file has it, 65536 particles in blocks of 1024 whatever the others have, with reflecting walls and their Brownian bridges |
| fokker, plain Go | `BenchmarkPaths/euler/compiled`: the same with coefficients written in Go |
| numpy | columns of all particles, normals of `SFC64`, its fastest generator |
| numba | one compiled loop over particles, numpy's normals |
| jax | `jit` of a `lax.scan` over steps, threefry normals, XLA on one thread |
| diffrax | `Euler` with `UnsafeBrownianPath`, `vmap` over particles, compiled, without an adjoint |

All in float64, without walls but for fokker. E x² is at the end of the steps, near that
at rest, {moment:.4f}: all move the same process. torch, and torchsde on it, are left
out: their packages bring libraries for graphics cards, of gigabytes.

Every run is a process of its own, all on the same core, fokker and the peers in turn,
round after round; CPU time is that of steps alone, after a first run that compiles.
Given are medians, with least and largest in brackets.

Machine: {model}, {cores} cores, {ram:.0f} GB; load when it began {load:.1f}. Versions:
fokker {fokker}, Python {Python}, numpy {numpy}, numba {numba}, jax {jax}, diffrax
{diffrax}. The run took {minutes:.0f} minutes.
"""
