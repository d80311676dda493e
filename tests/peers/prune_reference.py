#!/usr/bin/env python3
"""Writes tests/reference/prune.txt: what scipy says of the stopping rules' arithmetic.

    pip install numpy scipy && python3 tests/peers/prune_reference.py >tests/reference/prune.txt

Its lines:

    tail DF T P                      P(T_DF > t)
    gain N Y T BEST MEAN S P BAR     of the N full curves y_i(k) = a_i + b_i k / 60, i = 0..N-1, looked at after step
                                     T of 60 at value Y: best end, gains' mean and deviation, P, and the value below
                                     which P < 0.05
"""
import numpy as np
from scipy import stats

print("# made by tests/peers/prune_reference.py")
for df in (1, 2, 3, 4, 5, 7, 10, 19, 24, 60, 199):
    for t in (-30.0, -4.0, -1.0, -0.1, 0.0, 0.5, 1.0, 2.0, 3.7, 8.0, 50.0):
        print("tail", df, repr(t), repr(float(stats.t.sf(t, df))))
for n in (3, 4, 8, 15):
    i = np.arange(n)
    a = 0.3 + 0.02 * np.sin(3.0 * i)
    b = 0.3 + 0.03 * np.cos(5.0 * i + 1)
    for t, y in ((15, 0.40), (15, 0.36), (24, 0.43), (45, 0.50), (57, 0.61)):
        gains = b * (1 - t / 60)
        best, g, s = (a + b).max(), gains.mean(), gains.std(ddof=1)
        scale = s * np.sqrt(1 + 1 / n)
        p = stats.t.sf((best - y - g) / scale, n - 1)
        bar = best - g - scale * stats.t.isf(0.05, n - 1)
        print("gain", n, y, t, *(repr(float(v)) for v in (best, g, s, p, bar)))
