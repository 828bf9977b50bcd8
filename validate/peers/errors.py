"""L1 distances of laws, Σ|mᵢ - m′ᵢ|: from the exact law on the same mesh and
from the reference. Reads one request per line as JSON and answers likewise.
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
        return (f.variables["stationary"][:] * f.variables["cell_volume"][:]).ravel()


def answer(cells: int, law: str, exact: str, reference: list[str]) -> dict[str, float]:
    coarse, fine = (masses(np.load(file), cells) for file in reference)
    m = read(law)
    return {
        "mesh": np.abs(m - read(exact)).sum(),
        "reference": np.abs(m - fine).sum(),
        "reference_error": np.abs(coarse - fine).sum(),
        "least": m.min(),
    }


if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps(answer(**json.loads(line))))
