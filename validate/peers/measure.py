"""fokker and its peers on the same problems, in turn, on one core.

    measure.py [--quick] [--sizes P2:256,P2:512,transient:256] [--peers superlu,pardiso,sdirk4]

writes docs/benchmarks.md of stationary laws, docs/benchmarks-time.md of laws in time
(sizes of "transient") and docs/benchmarks-paths.md of particles ("paths"), a page only
where it has sizes. The peers
live in a virtual environment that is made on the first run, and PETSc where the
system's Python has petsc4py; what is missing is said. `make peers` builds fokker
and runs all of it.
"""

import argparse
import datetime
import glob
import json
import os
import platform
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import report
import report_paths
import report_time
from problems import PROBLEMS, TOLERANCE_IN_TIME

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
WORK = ROOT / ".peers"  # git ignores it
PYTHON = WORK / "venv" / "bin" / "python"
FOKKER = ROOT / "bin" / "fokker"
SIZES = "P1:4096,P2:256,P2:512,P2:1024,P3:64,P3:128,transient:256,transient:512,paths:1024,paths:131072"
QUICK = "P1:4096,P2:128,transient:128,paths:1024"
TOLERANCE = 1e-6  # L1 on the mesh
ONE_THREAD = {name: "1" for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "GOMAXPROCS")}


class Limits(NamedTuple):
    core: int
    seconds: float  # of CPU
    bytes: float

    def set(self):
        """In the child, before it becomes the program."""
        os.sched_setaffinity(0, {self.core})
        resource.setrlimit(resource.RLIMIT_CPU, (int(self.seconds), int(self.seconds) + 1))


class Command(NamedTuple):
    arguments: list[str]
    environment: dict[str, str]


def timed(command: Command, limits: Limits) -> dict:
    """Runs a program from start to exit. Peak memory is what was resident."""
    with open(WORK / "stdout", "w+") as out, open(WORK / "stderr", "w+") as err:
        begin = time.perf_counter()
        child = subprocess.Popen(
            command.arguments,
            stdout=out,
            stderr=err,
            env=os.environ | ONE_THREAD | command.environment,
            preexec_fn=limits.set,
        )
        failed = ""
        while True:
            pid, status, usage = os.wait4(child.pid, os.WNOHANG)
            if pid:
                break
            if not failed and resident(child.pid) > limits.bytes:
                failed = f"over {limits.bytes / 1e9:.0f} GB"
            elif not failed and time.perf_counter() - begin > 5 * limits.seconds:
                failed = f"over {5 * limits.seconds:.0f} s of wall clock"
            if failed:
                child.kill()
            time.sleep(0.005)
        wall = time.perf_counter() - begin
        child.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0), err.seek(0)
        run = {"cpu": usage.ru_utime + usage.ru_stime, "wall": wall, "peak": usage.ru_maxrss * 1024, "out": out.read()}
        if not failed and child.returncode:
            failed = complaint(child.returncode, limits, err.read())
        return run | {"failed": failed}


def resident(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * resource.getpagesize()
    except (FileNotFoundError, IndexError, ProcessLookupError):
        return 0  # it has just ended


def complaint(code: int, limits: Limits, err: str) -> str:
    if code == -signal.SIGXCPU:
        return f"over {limits.seconds:.0f} CPU s"
    return (err.strip().splitlines() or [f"exit code {code}"])[-1]


# The programs.


def stationary(problem: str, n: int, method: str, tolerance: float, limits: Limits) -> dict:
    return fokker(PROBLEMS[problem].stationary(n, tolerance, method), "stationary", method, limits)


def transient(n: int, method: str, limits: Limits) -> dict:
    return fokker(PROBLEMS["P2"].transient(n, TOLERANCE_IN_TIME, method), "evolve", method, limits)


def fokker(text: str, task: str, method: str, limits: Limits) -> dict:
    case, out = WORK / "case.toml", WORK / f"fokker{method}.run"
    case.write_text(text)
    run = {"method": ""}
    run |= timed(Command([str(FOKKER), "run", str(case), "--out", str(out), "--workers", "1"], {}), limits)
    if not run["failed"]:
        told = json.loads((out / "summary.json").read_text())[task]
        # The wall clock of the task and the CPU time of the process both bound the CPU time of the task.
        run |= {"steps": {"all": min(told["seconds"], run["cpu"])}, "method": told["method"], "law": str(out)}
        run["told"] = {key: told[key] for key in ("wall_mass", "steps", "work_units") if key in told}
    return run


def peer(name: str, problem: str, n: int, limits: Limits) -> dict:
    python, environment = interpreter(name)
    law = WORK / f"{name}.npy"
    run = timed(Command([python, str(HERE / "peers.py"), name, problem, str(n), str(law)], environment), limits)
    if not run["failed"]:
        run |= {"steps": json.loads(run["out"].splitlines()[-1]), "law": str(law)}
    return run


def stepping(name: str, n: int, limits: Limits) -> dict:
    run = timed(Command([str(PYTHON), str(HERE / "steps.py"), name, str(n)], {}), limits)
    return run if run["failed"] else run | json.loads(run["out"].splitlines()[-1])


def benchmark(name: str, limits: Limits) -> dict:
    """Particle-steps of a benchmark in Go, of a test program that is built beforehand."""
    chosen = ["-test.run=^$", f"-test.bench=^BenchmarkPaths$/^euler$/^{name}$", "-test.benchtime=20x"]
    run = timed(Command([str(WORK / "validate.test"), *chosen], {}), limits)
    if run["failed"]:
        return run
    words = next(line for line in run["out"].splitlines() if "particle-steps/cpu-s" in line).split()
    return run | {"steps": float(words[words.index("particle-steps/cpu-s") - 1]), "seconds": 1.0}


def interpreter(name: str) -> tuple[str, dict[str, str]]:
    return petsc_python() if name.startswith("petsc") else (str(PYTHON), {})


def petsc_python() -> tuple[str, dict[str, str]]:
    """Debian keeps petsc4py beside its PETSc, off the path of its Python."""
    beside = sorted(glob.glob("/usr/lib/petscdir/petsc*/*-real/lib/python3/dist-packages"))
    return "/usr/bin/python3", {"PYTHONPATH": os.pathsep.join(beside)} if beside else {}


def answered(python: str, environment: dict[str, str], code: str) -> str:
    done = subprocess.run([python, "-c", code], env=os.environ | environment, capture_output=True, text=True)
    return done.stdout.strip() if done.returncode == 0 else ""


def set_up() -> None:
    wanted = (HERE / "requirements.txt").read_text()
    mark = WORK / "venv" / "installed"
    if mark.exists() and mark.read_text() == wanted:
        return
    shutil.rmtree(WORK / "venv", ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", str(WORK / "venv")], check=True)
    subprocess.run([str(PYTHON), "-m", "pip", "install", "-q", "-r", str(HERE / "requirements.txt")], check=True)
    mark.write_text(wanted)


def references(problem: str) -> list[str]:
    """Files of the reference on two resolutions, made once."""
    resolutions = PROBLEMS[problem].resolutions
    files = [WORK / f"{problem}-{n}.npy" for n in resolutions]
    for n, file in zip(resolutions, files):
        if not file.exists():
            command = [str(PYTHON), str(HERE / "reference.py"), problem, str(n), str(file)]
            subprocess.run(command, check=True, env=os.environ | ONE_THREAD)
    return [str(file) for file in files]


def converged(n: int) -> list[str]:
    """Files of the law in time by 24 and by 48 steps, made once."""
    names = "sdirk4-24", "sdirk4-48"
    files = [WORK / f"transient-{n}-{name}.npy" for name in names]
    for name, file in zip(names, files):
        if not file.exists():
            command = [str(PYTHON), str(HERE / "peers.py"), name, "P2", str(n), str(file)]
            subprocess.run(command, check=True, env=os.environ | ONE_THREAD, stdout=subprocess.DEVNULL)
    return [str(file) for file in files]


def laws_of(rows: dict) -> dict[str, str]:
    return {name: runs[0]["law"] for name, runs in rows.items() if not runs[0]["failed"]}


def errors(laws: dict[str, str], common: dict) -> dict:
    asked = "".join(json.dumps(common | {"law": law}) + "\n" for law in laws.values())
    command = [str(PYTHON), str(HERE / "errors.py")]
    done = subprocess.run(command, input=asked, stdout=subprocess.PIPE, text=True, check=True)
    return dict(zip(laws, map(json.loads, done.stdout.splitlines())))


# The measurement.


def exact(problem: str, n: int, limits: Limits) -> dict:
    """The law on the mesh: by elimination, or, where this is too much, by
    iteration to 1e-12."""
    method = "gth" if PROBLEMS[problem].dim < 3 else "multigrid"
    run = stationary(problem, n, method, 1e-12, limits)
    if run["failed"]:
        raise SystemExit(f"{problem} on {n} cells an axis has no exact law: {run['failed']}")
    shutil.rmtree(WORK / "exact.run", ignore_errors=True)
    os.rename(run["law"], WORK / "exact.run")
    return {"method": method, "wall_mass": run["told"]["wall_mass"]}


def programs(problem: str, n: int, names: list[str], options) -> dict:
    """What is run, fokker first: as it chooses, and by the other method."""
    limits = options.limits
    out = {"fokker": lambda: stationary(problem, n, "", TOLERANCE, limits)}
    chosen = out["fokker"]()["method"]
    for method in ("gth", "multigrid"):
        if not chosen.startswith(method) and PROBLEMS[problem].dim == 2:
            out[f"fokker {method}"] = lambda method=method: stationary(problem, n, method, TOLERANCE, limits)
    for name in names:
        out[name] = lambda name=name: peer(name, problem, n, limits)
    return out


def measure(problem: str, n: int, names: list[str], options) -> dict:
    law = exact(problem, n, options.limits)
    rows = rounds(f"{problem} {n:5d}", programs(problem, n, names, options), options)
    common = {"cells": n, "exact": str(WORK / "exact.run"), "reference": references(problem)}
    return {"problem": problem, "n": n, "exact": law, "rows": rows, "errors": errors(laws_of(rows), common)}


def measure_in_time(problem: str, n: int, names: list[str], options) -> dict:
    coarse, fine = converged(n)
    taking_part = {
        "fokker": lambda: transient(n, "", options.limits),
        "fokker sdirk4": lambda: transient(n, "sdirk4", options.limits),
    }
    taking_part |= {name: lambda name=name: peer(name, "P2", n, options.limits) for name in names}
    rows = rounds(f"{problem} {n:5d}", taking_part, options)
    found = errors(laws_of(rows) | {"converged": coarse}, {"exact": fine})
    return {"problem": problem, "n": n, "rows": rows, "errors": found}


def measure_paths(problem: str, n: int, names: list[str], options) -> dict:
    build = ["go", "test", "-c", "-o", str(WORK / "validate.test"), "./validate"]
    subprocess.run(build, check=True, cwd=ROOT, env=os.environ | {"CGO_ENABLED": "0"})
    taking_part = {f"fokker {name}": lambda name=name: benchmark(name, options.limits) for name in report_paths.OURS}
    taking_part |= {name: lambda name=name: stepping(name, n, options.limits) for name in names}
    return {"problem": problem, "n": n, "rows": rounds(f"{problem} {n:7d}", taking_part, options)}


def rounds(label: str, taking_part: dict, options) -> dict:
    """Rounds in which every program runs once; those that have had their share
    of time, or have failed, sit out."""
    rows = {}
    for _ in range(options.repetitions):
        for name, program in taking_part.items():
            runs = rows.setdefault(name, [])
            if runs and (runs[-1]["failed"] or sum(run["cpu"] for run in runs) > options.share):
                continue
            runs.append(program())
            print(f"{label} {name:18s} {runs[-1]['cpu']:8.2f} s  {runs[-1]['failed']}", flush=True)
    return rows


def machine(core: int) -> dict:
    told = [line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")]
    return {
        "model": told[0] if told else "unknown",
        "cores": os.cpu_count(),
        "installed": os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"),
        "triad": bandwidth(core),
        "load": os.getloadavg()[0],
        "date": datetime.date.today().isoformat(),
    }


def bandwidth(core: int) -> float:
    run = timed(Command([str(PYTHON), str(HERE / "triad.py")], {}), Limits(core, 60, 2e9))
    return float(run["out"])


def versions() -> dict[str, str]:
    packages = [line.split("==")[0] for line in (HERE / "requirements.txt").read_text().split()]
    code = f"from importlib.metadata import version\nfor p in {packages!r}: print(p, version(p))"
    out = dict(line.split() for line in answered(str(PYTHON), {}, code).splitlines())
    petsc = "from petsc4py import PETSc; print('.'.join(map(str, PETSc.Sys.getVersion())))"
    out["PETSc"] = answered(*petsc_python(), petsc)
    out["Python"] = platform.python_version()
    out["fokker"] = subprocess.run([str(FOKKER), "version"], capture_output=True, text=True).stdout.split()[-1]
    return out


class Part(NamedTuple):
    page: str
    names: dict[str, str]  # of its peers
    measure: Callable
    markdown: Callable

    def run(self, sizes: list[str], common: dict, options) -> None:
        """Measures and writes the page, size by size: a run that is broken off
        leaves what it has."""
        begin = time.perf_counter()
        names = [name for name in options.peers.split(",") if name in self.names]
        names = [name for name in names if common["versions"]["PETSc"] or not name.startswith("petsc")]
        results = common | {"sizes": []}
        for size in sizes:
            problem, n = size.split(":")
            taken = [name for name in names if report.attempted(name, problem, int(n), results["sizes"])]
            results["sizes"].append(self.measure(problem, int(n), taken, options))
            results["minutes"] = (time.perf_counter() - begin) / 60
            (WORK / f"{self.page}.json").write_text(json.dumps(results))
            (options.pages / f"{self.page}.md").write_text(self.markdown(results))


STATIONARY = Part("benchmarks", report.NAMES, measure, report.markdown)
PATHS = Part("benchmarks-paths", report_paths.NAMES, measure_paths, report_paths.markdown)
IN_TIME = Part("benchmarks-time", report_time.NAMES, measure_in_time, report_time.markdown)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", help=f"default {SIZES}")
    everybody = ",".join(report.NAMES | report_time.NAMES | report_paths.NAMES)
    parser.add_argument("--peers", default=everybody, help="default %(default)s")
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument(
        "--share", type=float, default=15, help="CPU s per program and size after which it is not repeated"
    )
    parser.add_argument("--seconds", type=float, default=60, help="CPU s that a run may take")
    parser.add_argument("--memory", type=float, default=6, help="GB that a run may take")
    parser.add_argument("--core", type=int, default=max(os.sched_getaffinity(0)))
    parser.add_argument(
        "--quick", action="store_true", help=f"{QUICK}, few peers, one repetition; leaves the pages in .peers"
    )
    options = parser.parse_args()
    if options.quick:
        options.repetitions, options.seconds = 1, 10
        options.peers = "superlu,pardiso,petsc-boomeramg,fipy,sdirk4,bdf,numpy"
    options.sizes = options.sizes or (QUICK if options.quick else SIZES)
    options.pages = WORK if options.quick else ROOT / "docs"
    options.limits = Limits(options.core, options.seconds, options.memory * 1e9)

    WORK.mkdir(exist_ok=True)
    set_up()
    asked = options.sizes.split(",")
    in_time = [size for size in asked if size.startswith("transient:")]
    paths = [size for size in asked if size.startswith("paths:")]
    at_rest = [size for size in asked if size not in in_time + paths]
    for problem in {size.split(":")[0] for size in at_rest}:
        references(problem)
    for size in in_time:
        converged(int(size.split(":")[1]))
    common = {"machine": machine(options.core), "versions": versions()}
    common |= {"tolerance": TOLERANCE, "seconds": options.seconds, "memory": options.memory}
    for part, sizes in (STATIONARY, at_rest), (IN_TIME, in_time), (PATHS, paths):
        if sizes:
            part.run(sizes, common, options)


if __name__ == "__main__":
    main()
