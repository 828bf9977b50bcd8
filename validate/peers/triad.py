"""Bandwidth of memory in GB/s: y += s x on arrays beyond every cache, two
loads and a store of 8 bytes an element, the median of several."""

import statistics
import time

import numpy as np
from scipy.linalg.blas import daxpy

N = 1 << 24
x, y = np.ones(N), np.ones(N)
seconds = []
for _ in range(15):
    begin = time.perf_counter()
    daxpy(x, y, a=1e-3)
    seconds.append(time.perf_counter() - begin)
print(24e-9 * N / statistics.median(seconds))
