"""Opens result.nc with xarray and compares it with what the test wrote.

usage: open.py result.nc expected.json [engine ...]

expected.json holds, by variable, its dimensions and its values in C order.
Exits 0 if all agree to the last bit, 3 if xarray is missing.
"""

import json
import sys

try:
    import numpy as np
    import xarray as xr
except ImportError as missing:
    print(missing)
    sys.exit(3)

path, expected, engines = sys.argv[1], json.load(open(sys.argv[2])), sys.argv[3:] or ["scipy"]
for engine in engines:
    with xr.open_dataset(path, engine=engine) as ds:
        for name, want in expected["variables"].items():
            found = ds[name]
            assert list(found.dims) == want["dims"], (name, found.dims, want["dims"])
            assert found.dtype == np.float64, (name, found.dtype)
            values = np.array(want["values"], dtype=float).reshape(found.shape)
            assert np.array_equal(found.values, values), (name, found.values, values)
            assert found.attrs["units"] == "1" and found.attrs["long_name"], (name, found.attrs)
        assert set(ds.variables) == set(expected["variables"]), set(ds.variables) ^ set(expected["variables"])
        for name in expected["coordinates"]:
            assert name in ds.coords, (name, list(ds.coords))
        assert ds.attrs["Conventions"] == "CF-1.8", ds.attrs
        assert ds.attrs["title"] == expected["title"], ds.attrs
        if "density" in ds:  # whole mass, by name and not by position
            mass = (ds["density"] * ds["cell_volume"]).sum([d for d in ds["cell_volume"].dims])
            assert np.allclose(mass, 1, rtol=0, atol=1e-12), mass
print("ok")
