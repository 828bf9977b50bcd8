"""L1 distances of laws, Σ|mᵢ - m′ᵢ|: from the exact law on the same mesh and,
of stationary ones, from the reference. Reads one request per line as JSON and answers likewise.
"""

import json
import os
import sys

import numpy as np
from scipy.io import netcdf_file

from reference import masses


def read(path: str) -> np.ndarray:
    if not os.path.isdir(path):
        return np.load(path).ravel()
    with netcdf_file(os.path.join(path, "result.nc"), mmap=False) as f:
        v = f.variables
        density = v["density"][-1] if "density" in v else v["stationary"][:]
        return (density * v["cell_volume"][:]).ravel()


def answer(law: str, exact: str, cells: int = 0, reference: list[str] = ()) -> dict[str, float]:
    m = read(law)
    out = {"mesh": np.abs(m - read(exact)).sum(), "least": m.min()}
    if reference:
        coarse, fine = (masses(np.load(file), cells) for file in reference)
        out |= {"reference": np.abs(m - fine).sum(), "reference_error": np.abs(coarse - fine).sum()}
    return out


if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps(answer(**json.loads(line))))
