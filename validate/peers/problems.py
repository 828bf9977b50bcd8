"""The problems that are measured, as text.

dX = b dt + σ dW with D = σσᵀ/2 diagonal, in the sense of Itô, on [-2.5, 2.5]ᵈ
with reflecting walls, where next to no mass is.
"""

from typing import NamedTuple

HALF = 2.5  # of the box along every axis

# The transient problem: P2 from a Gaussian.
MEAN, STD, UNTIL = (-0.8, 0.4), 0.2, 5.0
TOLERANCE_IN_TIME = 1e-4  # L1 on the mesh at the end

DXX = "0.1*(1 + 0.25*x**2/(1 + x**2))"
DYY = "0.05*(1 + 0.5*exp(-y**2))"


class Problem(NamedTuple):
    drift: tuple[str, ...]
    diffusion: tuple[str, ...]  # its diagonal
    resolutions: tuple[int, int]  # of the reference along an axis; the former tells the error of the latter

    @property
    def dim(self) -> int:
        return len(self.drift)

    @property
    def axes(self) -> str:
        return "xyz"[: self.dim]

    def stationary(self, n: int, tolerance: float, method: str = "") -> str:
        return self.case(n, ["[stationary]"], tolerance, method)

    def transient(self, n: int, tolerance: float, method: str = "") -> str:
        mean, std = (", ".join(f"{a} = {v}" for a, v in zip(self.axes, values)) for values in (MEAN, [STD] * self.dim))
        start = ["[initial]", f"mean = {{ {mean} }}", f"std = {{ {std} }}"]
        return self.case(n, [*start, "[evolve]", f"times = [{UNTIL}]"], tolerance, method)

    def case(self, n: int, task: list[str], tolerance: float, method: str) -> str:
        """The case file of fokker on n cells along every axis."""
        lines = ["[numerics]", "errors = false", "[process]"]  # which would be two runs more
        for key, values in ("drift", self.drift), ("diffusion", self.diffusion):
            lines.append(key + " = { " + ", ".join(f'{a} = "{v}"' for a, v in zip(self.axes, values)) + " }")
        for a in self.axes:
            lines += ["[[axis]]", f'name = "{a}"', f"range = [{-HALF}, {HALF}]", f"cells = {n}"]
        lines += [*task, f"tolerance = {tolerance}"]
        return "\n".join(lines + [f'method = "{method}"'] * bool(method)) + "\n"


PROBLEMS = {
    "P1": Problem(("x - x**3 + 0.3*cos(x)",), (DXX,), (192, 256)),
    "P2": Problem(("x - x**3 - y/2", "-y + (x**3 - x)/2 + 0.3*sin(x)"), (DXX, DYY), (96, 128)),
    "P3": Problem(
        ("x - x**3 - y/2", "-y + (x**3 - x)/2 - z/2 + 0.3*sin(x)", "-z + y/2 + 0.2*sin(y)"),
        (DXX, DYY, "0.08"),
        (56, 64),
    ),
}
