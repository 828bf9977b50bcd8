"""docs/benchmarks.md from what measure.py has measured."""

import statistics
from collections.abc import Callable

from problems import HALF, PROBLEMS

NAMES = {
    "superlu": "SuperLU",
    "superlu-colamd": "SuperLU, COLAMD",
    "superlu-dissected": "SuperLU, dissected by hand",
    "pardiso": "PARDISO",
    "petsc-boomeramg": "PETSc, BoomerAMG",
    "petsc-gamg": "PETSc, GAMG",
    "petsc-ilu0": "PETSc, ILU(0)",
    "petsc-ilu2": "PETSc, ILU(2)",
    "fipy": "FiPy",
    "fplanck": "fplanck",
    "py-pde": "py-pde",
}

OWN_RATES = ("fipy", "fplanck", "py-pde")  # on the same cells

SETTINGS = """\
| program | what it does |
| --- | --- |
| fokker | `fokker run`, tolerance {tolerance:g}, one worker; it chooses elimination (gth) or multigrid by itself, the other method has a row of its own |
| SuperLU | `scipy.sparse.linalg.splu`, ordering MMD_AT_PLUS_A, symmetric mode, no pivoting off the diagonal: its fastest setting of its own |
| SuperLU, COLAMD | the same with scipy's default ordering |
| SuperLU, dissected by hand | the same in an order that the user writes: nested dissection of the box in numpy, of which the time is part |
| PARDISO | of MKL, `pypardiso.PyPardisoSolver(mtype=1)`, METIS ordering |
| PETSc, BoomerAMG | BiCGStab with the algebraic multigrid of hypre |
| PETSc, GAMG | FGMRES(50) with smoothed aggregation, threshold 0.05, smoothed by two steps of GMRES with ILU(0); its own settings did not converge on 256² |
| PETSc, ILU(0), ILU(2) | BiCGStab with incomplete factors |
| FiPy | `DiffusionTerm` with a tensor and `ExponentialConvectionTerm`, `LinearLUSolver` of its scipy suite |
| fplanck | drag 1/D and temperature 1/k, which its rates read as Itô; `steady_state()`, shift and invert by SuperLU |
| py-pde | has no stationary solver: explicit steps of Euler, as long as stability allows, compiled by numba, from a Gaussian until no density changes by more than {tolerance:g} in unit time |
"""

GOALS = (("superlu", 256, 7), ("superlu", 512, 18), ("superlu", 1024, 29), ("pardiso", 1024, 5))


def attempted(name: str, problem: str, n: int, earlier: list[dict]) -> bool:
    """Not where the same program has failed on fewer cells."""
    return not any(
        s["problem"] == problem and s["n"] < n and (name not in s["rows"] or s["rows"][name][-1]["failed"])
        for s in earlier
    )


def markdown(r: dict) -> str:
    head = HEAD.format(**r["machine"])
    return "\n".join([head, ratios(r), goals(r), *map(table, r["sizes"]), problems(), how(r)])


HEAD = """\
# Beside its peers

Stationary laws by fokker and by what else solves such problems, on one core of
the same machine in the same hour. `make peers` measures all of it and writes
this page with every figure in it. Date of the run: {date}.
[work.md](work.md) has hard problems, and the goals for these that are not reached.
"""


# Figures of runs.


def both(run: dict) -> float:
    """CPU s of assembly and solution."""
    return sum(run["steps"].values())


def process(run: dict) -> float:
    return run["cpu"]


def paired(size: dict, name: str, theirs: Callable, ours: Callable) -> list[float]:
    """Ratios of runs that stood next to each other."""
    runs = zip(size["rows"].get(name, []), size["rows"]["fokker"])
    return [theirs(run) / ours(own) for run, own in runs if not run["failed"]]


def typical(runs: list[dict], figure: Callable = both) -> float:
    return statistics.median(figure(run) for run in runs if not run["failed"])


def spread(values: list[float], form: str) -> str:
    low, middle, high = (form.format(v) for v in (min(values), statistics.median(values), max(values)))
    return middle if low == high else f"{middle} ({low}–{high})"


def where(size: dict) -> str:
    return f"{size['problem']} {cells(size)}"


def cells(size: dict) -> str:
    return str(size["n"]) + ["", "²", "³"][PROBLEMS[size["problem"]].dim - 1]


def why(size: dict, name: str) -> str:
    if name not in size["rows"]:
        return "not run"
    return size["rows"][name][-1]["failed"]


# Parts of the page.


def line(*columns: str) -> str:
    return "| " + " | ".join(columns) + " |"


def heading(*columns: str) -> list[str]:
    return [line(*columns), line(*["---"] * len(columns))]


def ratios(r: dict) -> str:
    return "\n".join(
        [
            "## CPU time over that of fokker\n",
            "Assembly and solution; fokker's as its summary gives it, moments and currents included:\n",
            *compared(r["sizes"], both),
            "\nWhole processes from start to exit, with imports there, with pictures and NetCDF here:\n",
            *compared(r["sizes"], process),
            "\nMedians of runs that stood next to each other, with least and largest. The error",
            "that each program leaves stands in the tables below.\n",
        ]
    )


def compared(sizes: list[dict], figure: Callable) -> list[str]:
    out = heading("", *map(where, sizes))
    for name, label in NAMES.items():
        if any(name in size["rows"] for size in sizes):
            found = [paired(size, name, figure, figure) for size in sizes]
            out.append(line(label, *(spread(f, "{:.1f}") if f else why(s, name) for s, f in zip(sizes, found))))
    return out


def goals(r: dict) -> str:
    rows, missed = [], []
    for name, n, goal in GOALS:
        for size in r["sizes"]:
            found = paired(size, name, both, both)
            if (size["problem"], size["n"]) != ("P2", n) or not found:
                continue
            reached = statistics.median(found) >= goal
            others = paired(size, name, process, process), paired(size, name, both, process)
            figures = (spread(f, "{:.1f}") for f in (found, *others))
            rows.append(line(f"{NAMES[name]} {n}²: {goal}", *figures, "reached" if reached else "not reached"))
            if not reached:
                missed.append(reason(size, name, goal))
    return "\n".join(
        [
            "## What is reached, and what is not and why\n",
            f"P2 at an L1 error of {r['tolerance']:g} on the mesh, assembly included:\n",
            *heading("goal", "assembly and solution", "processes", "their assembly and solution over our process", ""),
            *rows,
            "",
            *missed,
            *rivals(r),
            *inexact(r),
            "",
        ]
    )


def reason(size: dict, name: str, goal: float) -> str:
    ours, theirs = typical(size["rows"]["fokker"]), typical(size["rows"][name])
    wanted = theirs / goal
    text = (
        f"* {NAMES[name]} on {cells(size)}: it takes {theirs:.2g} s and fokker {ours:.2g} s; {goal}× would be"
        f" {wanted:.2g} s, {1e9 * wanted / size['n'] ** 2:.0f} ns a cell for assembly, solution and figures together."
    )
    for other, runs in size["rows"].items():
        if other.startswith("fokker ") and not runs[-1]["failed"] and typical(runs) < ours:
            gain = f"{runs[0]['method']} takes {typical(runs):.2g} s, a ratio of {theirs / typical(runs):.1f}"
            text += f" It chose {size['rows']['fokker'][0]['method']}; {gain}."
    return text


def rivals(r: dict) -> list[str]:
    """Programs that come within a factor of two."""
    out = []
    for size in r["sizes"]:
        found = {label: paired(size, name, both, both) for name, label in NAMES.items()}
        near = [f"{label} {spread(f, '{:.2f}')}" for label, f in found.items() if f and statistics.median(f) < 2]
        if near:
            out.append(f"* Less than twice the CPU time of fokker on {where(size)}: {'; '.join(near)}.")
    return out


def inexact(r: dict) -> list[str]:
    """What misses the error that was asked for."""
    return [
        f"* {NAMES.get(name, name)} leaves {errors['mesh']:.1e} on the mesh of {where(size)}, not {r['tolerance']:g}."
        for size in r["sizes"]
        for name, errors in size["errors"].items()
        if name not in OWN_RATES and errors["mesh"] > r["tolerance"]
    ]


COLUMNS = (
    "", "assembly, CPU s", "solution, CPU s", "both, CPU s", "process, CPU s", "process, wall s", "peak, MB",
    "L1 on the mesh", "L1 to the reference", "least mass", "runs",
)  # fmt: skip

EXACT = {"gth": "elimination by fokker", "multigrid": "multigrid of fokker at a tolerance of 1e-12"}


def table(size: dict) -> str:
    rows = [row(name, runs, size["errors"].get(name)) for name, runs in size["rows"].items()]
    rows += [gap(label, why(size, name)) for name, label in NAMES.items() if name not in size["rows"]]
    reference = size["errors"]["fokker"]["reference_error"]
    return "\n".join(
        [
            f"## {size['problem']}, {cells(size)} cells\n",
            *heading(*COLUMNS),
            *rows,
            f"\nExact law on the mesh: {EXACT[size['exact']['method']]}. Error of the reference: at most",
            f"{reference:.1e}. Mass in cells at the walls: {size['exact']['wall_mass']:.0e}.\n",
        ]
    )


def row(name: str, runs: list[dict], errors: dict | None) -> str:
    done = [run for run in runs if not run["failed"]]
    if not done:
        peak = max(run["peak"] for run in runs)
        return gap(
            label_of(name, runs), runs[-1]["failed"], process=f"{process(runs[-1]):.1f}", peak=f"{peak / 1e6:.0f}"
        )
    return line(
        label_of(name, runs), step(done, "assembly"), step(done, "solve"),
        *(spread([figure(run) for run in done], "{:.3g}") for figure in (both, process, lambda run: run["wall"])),
        f"{typical(done, lambda run: run['peak']) / 1e6:.0f}",
        "own rates" if name in OWN_RATES else f"{errors['mesh']:.1e}",
        f"{errors['reference']:.2e}", f"{errors['least']:.0e}", str(len(done)),
    )  # fmt: skip


def step(done: list[dict], name: str) -> str:
    return f"{typical(done, lambda run: run['steps'][name]):.3g}" if name in done[0]["steps"] else ""


def label_of(name: str, runs: list[dict]) -> str:
    """Of fokker the method as well."""
    return NAMES.get(name) or f"**fokker**, {'' if name == 'fokker' else 'asked for '}{runs[0]['method']}"


def gap(label: str, reason: str, process: str = "", peak: str = "") -> str:
    return line(label, "", "", "", process, "", peak, "", "", "", reason)


def problems() -> str:
    def text(expressions: tuple[str, ...]) -> str:
        return ", ".join(f"`{e}`" for e in expressions)

    return "\n".join(
        [
            "## The problems\n",
            "dX = b dt + σ dW with D = σσᵀ/2 diagonal, in the sense of Itô, on",
            f"[−{HALF}, {HALF}]ᵈ with reflecting walls.\n",
            *heading("", "b", "diagonal of D"),
            *(line(name, text(p.drift), text(p.diffusion)) for name, p in PROBLEMS.items()),
            "",
        ]
    )


def how(r: dict) -> str:
    m, v = r["machine"], r["versions"]
    known = r | m | v | {"ram": m["installed"] / 1e9, "petsc": v["PETSc"] or "absent"}
    return "## How it is measured\n\n" + SETTINGS.format(**known) + "\n" + PROSE.format(**known)


PROSE = """\
SuperLU, PARDISO and PETSc solve the system that fokker assembles, assembled by
numpy without a loop over cells, with the mass of one cell in a well fixed and
its equation left out: a replaced row of ones would be dense. PETSc stops at a
relative residual of 1e-7, with incomplete factors of 1e-9, so as to leave less
than {tolerance:g} in L1. FiPy, fplanck and py-pde have rates of their own on the same
cells, so their laws are compared with the reference alone.

Every run is a process of its own, all on the same core with one thread, fokker
and the peers in turn, round after round; a program that has used its share of
time sits out later rounds, and one that has failed is not run on more cells of
the same problem, nor what the command line leaves out (`--peers`, `--sizes`).
CPU time is user and system time from start to exit, asked of the kernel; peak
memory what was resident, the interpreter and its libraries included. Assembly
and solution are timed inside the process by its CPU clock; fokker's are the wall
clock `stationary.seconds` of its summary, or the CPU time of the process where
this is less: no less than what they took, and more on a busy machine. Its
command has no switch for pictures, so they are in the figures of processes. A
run may take {seconds:.0f} CPU s and {memory:g} GB. Given are medians, with least and largest in
brackets.

L1 on the mesh is Σ|mᵢ − m′ᵢ| from the exact law of the same rates; L1 to the
reference adds what the mesh itself errs. The reference is a Fourier collocation
on 256 points (P1), 128² (P2) and 64³ (P3), integrated exactly over cells, whose
error is stated as its distance from the same on 192, 96² and 56³ points.

Machine: {model}, {cores} cores, {ram:.0f} GB; bandwidth of one core {triad:.1f} GB/s (daxpy, 24
bytes an element, 16 million elements); load when it began {load:.1f}. Versions:
fokker {fokker}, Python {Python}, numpy {numpy}, scipy {scipy}, pypardiso {pypardiso}, MKL {mkl},
FiPy {FiPy}, fplanck {fplanck} (with `numpy.product` put back, which numpy 2 dropped),
py-pde {py-pde}, numba {numba}, PETSc {petsc}. The run took {minutes:.0f} minutes.
"""
