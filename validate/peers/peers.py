"""The peers: each a function from (problem, cells) to a law, stationary or in
time, in two steps.

    peers.py PEER PROBLEM CELLS FILE

leaves the masses of cells in FILE and prints the CPU seconds of either step.
"""

import json
import os
import sys
import time

import numpy as np

from assembly import assemble, centre, centres, normalised, pinned, points, value
from problems import HALF, PROBLEMS, Problem

TARGET = 1e-6  # L1 error on the mesh that iterations are to reach


# Solvers of the pinned system of Qᵀ, which all get from the same assembly.


def superlu(ordering: str):
    from scipy.sparse.linalg import splu

    def solve(q, problem, n):
        cell = centre(problem, n)
        system, right = pinned(q, cell)
        factors = splu(
            system.tocsc(),
            permc_spec=ordering,
            diag_pivot_thresh=0.0,
            options={"SymmetricMode": ordering == "MMD_AT_PLUS_A"},
        )
        return normalised(factors.solve(right), cell)

    return solve


def superlu_dissected(q, problem, n):
    """Orders by nested dissection of the box (George 1973), which scipy does
    not offer; the last cell is pinned."""
    from scipy.sparse.linalg import splu

    order = dissection([0] * problem.dim, [n] * problem.dim, n)
    system = q[order][:, order]
    right = -system[:-1, [-1]].toarray().ravel()
    factors = splu(
        system[:-1, :-1].tocsc(), permc_spec="NATURAL", diag_pivot_thresh=0.0, options={"SymmetricMode": True}
    )
    law = np.empty(len(order))
    law[order] = np.append(factors.solve(right), 1.0)
    return law / law.sum()


def dissection(low: list[int], high: list[int], n: int) -> np.ndarray:
    widths = np.subtract(high, low)
    if widths.max() <= 6:
        return block(low, high, n)
    k = int(widths.argmax())
    middle = (low[k] + high[k]) // 2

    def replaced(ends, at):
        return [*ends[:k], at, *ends[k + 1 :]]

    return np.concatenate(
        [
            dissection(low, replaced(high, middle), n),
            dissection(replaced(low, middle + 1), high, n),
            block(replaced(low, middle), replaced(high, middle + 1), n),
        ]
    )


def block(low: list[int], high: list[int], n: int) -> np.ndarray:
    cells = np.zeros(1, dtype=np.int64)
    for k, (a, b) in enumerate(zip(low, high)):
        cells = (cells + np.arange(a, b)[:, None] * n**k).ravel()
    return cells


def pardiso(q, problem, n):
    from pypardiso import PyPardisoSolver

    cell = centre(problem, n)
    system, right = pinned(q, cell)
    return normalised(PyPardisoSolver(mtype=1).solve(system, right), cell)  # 1: real, of symmetric structure


def petsc(options: str):
    import petsc4py

    petsc4py.init(f"-ksp_max_it 5000 {options}".split())
    from petsc4py import PETSc

    def solve(q, problem, n):
        cell = centre(problem, n)
        system, right = pinned(q, cell)
        rows = system.indptr.astype(PETSc.IntType), system.indices.astype(PETSc.IntType), -system.data
        matrix = PETSc.Mat().createAIJ(size=system.shape, csr=rows)
        solver, b = PETSc.KSP().create(), PETSc.Vec().createWithArray(-right)
        solver.setOperators(matrix)
        solver.setFromOptions()
        x = b.duplicate()
        solver.solve(b, x)
        if solver.getConvergedReason() < 0:
            raise Failed(f"not converged in {solver.getIterationNumber()} iterations")
        return normalised(x.getArray(), cell)

    return solve


class Failed(Exception):
    pass


# Programs with a discretisation of their own.


def fipy(problem: Problem, n: int):
    """Exponential fluxes, (b - D′)p - D∂p, and SuperLU, FiPy's direct solver."""
    os.environ["FIPY_SOLVERS"] = "scipy"
    import fipy as fp

    h = 2 * HALF / n
    grid = (fp.Grid1D, fp.Grid2D, fp.Grid3D)[problem.dim - 1]
    begin = time.process_time()
    mesh = grid(**{f"d{a}": h for a in problem.axes}, **{f"n{a}": n for a in problem.axes}) - HALF
    p = fp.CellVariable(mesh=mesh, value=0.0)
    faces = dict(zip(problem.axes, np.asarray(mesh.faceCenters)))
    drift = np.zeros((problem.dim, mesh.numberOfFaces))
    noise = np.zeros((problem.dim, problem.dim, mesh.numberOfFaces))
    for k, a in enumerate(problem.axes):
        d = problem.diffusion[k]
        slope = (value(d, faces | {a: faces[a] + 1e-5}) - value(d, faces | {a: faces[a] - 1e-5})) / 2e-5
        drift[k] = value(problem.drift[k], faces) - slope
        noise[k, k] = value(d, faces)
    pin = np.zeros(n**problem.dim)
    pin[centre(problem, n)] = 1.0  # source 1 - p there, which is 0 as all else conserves mass
    pin = fp.CellVariable(mesh=mesh, value=pin)
    equation = (
        fp.DiffusionTerm(coeff=[fp.FaceVariable(mesh=mesh, rank=2, value=noise)])
        - fp.ExponentialConvectionTerm(coeff=fp.FaceVariable(mesh=mesh, rank=1, value=drift))
        - fp.ImplicitSourceTerm(coeff=pin)
        + pin
    )
    equation.solve(var=p, solver=fp.LinearLUSolver(tolerance=1e-12))
    return np.array(p.value) / p.value.sum(), {"all": time.process_time() - begin}


def fplanck(problem: Problem, n: int):
    """Temperature 1/k and drag 1/D make the rates D/h² exp(±bh/2D) with D at
    the cell that is left: the reading of Itô."""
    from scipy import constants

    np.product = np.prod  # fplanck 0.2.2 was written for numpy 1
    from fplanck import fokker_planck

    def columns(expressions, axes):
        at = dict(zip(problem.axes, axes))
        return np.array([np.broadcast_to(value(e, at), axes[0].shape) for e in expressions])

    begin = time.process_time()
    process = fokker_planck(
        temperature=1 / constants.k,
        extent=[2 * HALF] * problem.dim,
        resolution=2 * HALF / n,
        drag=lambda *x: 1 / columns(problem.diffusion, x),
        force=lambda *x: columns(problem.drift, x) / columns(problem.diffusion, x),
    )
    assembled = time.process_time()
    law = process.steady_state()
    return law.T.ravel(), {"assembly": assembled - begin, "solve": time.process_time() - assembled}


def pypde(problem: Problem, n: int):
    """There is no stationary solver: explicit steps of Euler from a Gaussian,
    as long as stability allows, until no density changes by more than the
    target in unit time."""
    import pde

    begin = time.process_time()
    at, h = points(problem, n), 2 * HALF / n
    b, d = ([value(e, at) for e in expressions] for expressions in (problem.drift, problem.diffusion))
    step = 0.8 / max(np.max(sum(2 * d / h**2 for d in d)), np.max(sum(b**2 / d for b, d in zip(b, d)) / 2))
    rate = " + ".join(
        f"d2_d{a}2(({d})*p) - d_d{a}(({b})*p)" for a, b, d in zip(problem.axes, problem.drift, problem.diffusion)
    )
    equation = pde.PDE({"p": rate}, bc={"value": 0})
    start = np.exp(-np.sum(np.meshgrid(*[centres(n) ** 2 / 2] * problem.dim), axis=0))
    field = pde.ScalarField(pde.CartesianGrid([[-HALF, HALF]] * problem.dim, n), start / (start.sum() * h**problem.dim))
    settled = pde.SteadyStateTracker(interrupts=1, atol=TARGET, rtol=0)
    field = equation.solve(field, t_range=1000, dt=step, solver="euler", tracker=settled)
    law = field.data.T.ravel()  # its first index is x
    return law / law.sum(), {"all": time.process_time() - begin}


def direct(solver):
    """A program of ours and theirs: Qᵀ from numpy, and a solver of it."""

    def run(problem: Problem, n: int):
        begin = time.process_time()
        q = assemble(problem, n)
        assembled = time.process_time()
        law = solver(q, problem, n)
        return law, {"assembly": assembled - begin, "solve": time.process_time() - assembled}

    return run


def integrators():
    """Imported before the clock starts, and not by other peers."""
    import integrate

    return integrate


PEERS = {
    "superlu": lambda: direct(superlu("MMD_AT_PLUS_A")),
    "superlu-colamd": lambda: direct(superlu("COLAMD")),
    "superlu-dissected": lambda: direct(superlu_dissected),
    "pardiso": lambda: direct(pardiso),
    "petsc-boomeramg": lambda: direct(petsc("-ksp_rtol 1e-7 -ksp_type bcgs -pc_type hypre")),
    "petsc-gamg": lambda: direct(
        petsc(
            "-ksp_rtol 1e-7 -ksp_type fgmres -ksp_gmres_restart 50 -pc_type gamg -pc_gamg_threshold 0.05"
            " -mg_levels_ksp_type gmres -mg_levels_ksp_max_it 2 -mg_levels_pc_type ilu"
        )
    ),
    "petsc-ilu0": lambda: direct(petsc("-ksp_rtol 1e-9 -ksp_type bcgs -pc_type ilu")),
    "petsc-ilu2": lambda: direct(petsc("-ksp_rtol 1e-9 -ksp_type bcgs -pc_type ilu -pc_factor_levels 2")),
    "fipy": lambda: fipy,
    "fplanck": lambda: fplanck,
    "py-pde": lambda: pypde,
    # In time:
    "sdirk4": lambda: direct(integrators().sdirk4(6)),
    "sdirk4-24": lambda: direct(integrators().sdirk4(24)),
    "sdirk4-48": lambda: direct(integrators().sdirk4(48)),
    "bdf": lambda: direct(integrators().bdf),
    "expm": lambda: direct(integrators().exponential),
}


if __name__ == "__main__":
    name, problem, cells, file = sys.argv[1:]
    run = PEERS[name]()
    try:
        law, seconds = run(PROBLEMS[problem], int(cells))
    except (Failed, MemoryError, RuntimeError) as error:  # RuntimeError: SuperLU's singular factor, FiPy, py-pde
        sys.exit(f"{error}")
    np.save(file, law)
    print(json.dumps(seconds))
