"""docs/benchmarks-time.md from what measure.py has measured."""

import statistics

from problems import HALF, MEAN, PROBLEMS, STD, TOLERANCE_IN_TIME, UNTIL
from report import both, heading, label_of, line, paired, process, spread, step, typical, why

NAMES = {"sdirk4": "scipy, SDIRK4", "bdf": "scipy, BDF", "expm": "scipy, expm_multiply"}

GOAL = 5  # CPU time of SDIRK4 over that of fokker


def markdown(r: dict) -> str:
    return "\n".join([HEAD.format(**r["machine"], **PROBLEM), goals(r), *map(table, r["sizes"]), how(r)])


HEAD = """\
# Laws in time beside peers

dm/dt = Qᵀm integrated by fokker and by scipy, on one core of the same machine in
the same hour. `make peers` measures this and writes this page with every figure
in it; `make peers PEERS=--sizes=transient:256,transient:512` does so for this
page alone. [benchmarks.md](benchmarks.md) is about stationary laws. Date of the
run: {date}.

The process is P2, in the sense of Itô, on [−{half}, {half}]² with reflecting walls:

* b = {drift};
* diagonal of D = {diffusion}.

It starts from a Gaussian at ({x}, {y}) of standard deviation {std} on both axes;
the law at t = {until:g} is the one output.
"""


def code(expressions: tuple[str, ...]) -> str:
    return "(" + ", ".join(f"`{e}`" for e in expressions) + ")"


PROBLEM = {
    "drift": code(PROBLEMS["P2"].drift),
    "diffusion": code(PROBLEMS["P2"].diffusion),
    "half": HALF,
    "x": MEAN[0],
    "y": MEAN[1],
    "std": STD,
    "until": UNTIL,
    "tolerance": TOLERANCE_IN_TIME,
}


def goals(r: dict) -> str:
    rows = []
    for size in r["sizes"]:
        found = paired(size, "sdirk4", both, both)
        if not found:
            continue
        # A ratio counts between programs that both keep the error.
        exact = all(size["errors"][name]["mesh"] <= TOLERANCE_IN_TIME for name in ("fokker", "sdirk4"))
        reached = exact and statistics.median(found) >= GOAL
        rows.append(line(f"{size['n']}²", spread(found, "{:.1f}"), "reached" if reached else "not reached"))
    return "\n".join(
        [
            f"## Goal: {GOAL} times less CPU than SDIRK4 in scipy\n",
            f"CPU time of assembly and integration over that of fokker, either at an L1 error in time\nof at most"
            f" {TOLERANCE_IN_TIME:g}:\n",
            *heading("cells", "ratio", ""),
            *rows,
            "",
        ]
    )


COLUMNS = (
    "", "assembly, CPU s", "integration, CPU s", "both, CPU s", "over fokker", "process, CPU s", "process, wall s",
    "peak, MB", "steps", "work units", "L1 in time", "least mass", "runs",
)  # fmt: skip


def table(size: dict) -> str:
    rows = [row(size, name) for name in size["rows"]]
    rows += [gap(label, why(size, name)) for name, label in NAMES.items() if name not in size["rows"]]
    return "\n".join(
        [
            f"## {size['n']}² cells\n",
            *heading(*COLUMNS),
            *rows,
            "\nErrors are from the law by 48 steps of SDIRK4 in scipy, which is"
            f" {size['errors']['converged']['mesh']:.0e} from that by 24.\n",
        ]
    )


def row(size: dict, name: str) -> str:
    runs, errors = size["rows"][name], size["errors"].get(name)
    title, done = NAMES.get(name) or label_of(name, runs), [run for run in runs if not run["failed"]]
    if not done:
        return gap(title, runs[-1]["failed"], f"{process(runs[-1]):.1f}")
    told = done[0].get("told", {})
    return line(
        title, step(done, "assembly"), step(done, "solve"),
        spread([both(run) for run in done], "{:.3g}"), spread(paired(size, name, both, both), "{:.2f}"),
        *(spread([figure(run) for run in done], "{:.3g}") for figure in (process, lambda run: run["wall"])),
        f"{typical(done, lambda run: run['peak']) / 1e6:.0f}",
        str(told.get("steps", "")), f"{told['work_units']:.0f}" if told else "",
        f"{errors['mesh']:.1e}", f"{errors['least']:.0e}", str(len(done)),
    )  # fmt: skip



def gap(label: str, reason: str, process: str = "") -> str:
    return line(label, "", "", "", "", process, "", "", "", "", "", "", reason)


def how(r: dict) -> str:
    known = r | r["machine"] | r["versions"] | {"ram": r["machine"]["installed"] / 1e9} | PROBLEM
    return HOW.format(**known)


HOW = """\
## How it is measured

| program | what it does |
| --- | --- |
| fokker | `fokker run`, `[evolve]` with tolerance {tolerance:g}, one worker; it chooses its method by itself, and `method = "sdirk4"` has a row of its own. It controls its steps by estimates of the error |
| scipy, SDIRK4 | the L-stable method of order 4 with five stages (Hairer and Wanner 1996, table 6.5) in six equal steps, the fewest that keep the error (five leave 1.05e-4 on 256²), which is not for a user to know beforehand; I − γΔt Qᵀ is factorised once by `splu`, ordering MMD_AT_PLUS_A, symmetric mode, no pivoting off the diagonal |
| scipy, BDF | `solve_ivp` with `method="BDF"`, the sparse Jacobian, rtol {tolerance:g} and atol {tolerance:g} over the number of cells; it controls its steps |
| scipy, expm_multiply | of 5Qᵀ, to rounding: it has no tolerance |

All integrate the same rates from the same masses, the Gaussian integrated over
cells; numpy assembles Qᵀ for scipy without a loop over cells. L1 in time is
Σ|mᵢ − m′ᵢ| from the converged law of the same mesh. Work units are fokker's own
count, one being a product with Qᵀ or what takes as long. Backward Euler, as of
FiPy's `TransientTerm`, leaves 3.8e-4 on 128² after 400 steps and would need some
1500; explicit steps, as of py-pde, are as many as stability wants. Neither is run.

Every run is a process of its own, all on the same core with one thread, fokker
and the peers in turn, round after round; a program that has used its share of
time sits out later rounds, and one that has failed is not run on more cells. CPU
time is user and system time, asked of the kernel; peak memory what was resident,
the interpreter and its libraries included. Assembly and integration are timed
inside the process by its CPU clock; fokker's are the wall clock `evolve.seconds`
of its summary, moments and currents included, or the CPU time of the process
where this is less. A run may take {seconds:.0f} CPU s and {memory:g} GB. Given are medians, with
least and largest in brackets.

Machine: {model}, {cores} cores, {ram:.0f} GB; bandwidth of one core {triad:.1f} GB/s (daxpy, 24
bytes an element, 16 million elements); load when it began {load:.1f}. Versions: fokker
{fokker}, Python {Python}, numpy {numpy}, scipy {scipy}. The run took {minutes:.0f} minutes.
"""
