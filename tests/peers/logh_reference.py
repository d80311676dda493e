#!/usr/bin/env python3
"""Writes tests/reference/logh.txt: z, ln h(z) and its derivative Phi(z)/h(z) in 60 digits, h(z) = phi(z) + z Phi(z);
then p and the normal quantile of p.

    pip install mpmath && python3 tests/peers/logh_reference.py >tests/reference/logh.txt
"""

from mpmath import mp, mpf, erfc, erfinv, exp, log, pi, sqrt

Z = ["-1e7", "-1e5", "-12345.678", "-1000", "-300", "-100", "-70", "-50.001", "-50", "-49.999", "-45", "-40", "-35", "-30",
     "-25", "-20", "-15", "-10", "-7.5", "-5", "-3", "-2", "-1.5", "-1.0001", "-1", "-0.9999", "-0.5", "-1e-9", "0",
     "1e-9", "0.5", "1", "2", "5", "8", "10", "30", "1e3", "1e9"]
P = ["1e-12", "1.1641532182693481e-10", "1e-5", "0.01", "0.02425", "0.2", "0.49999", "0.5", "0.7", "0.97575", "0.999999"]


def main():
    for text in Z:
        z = mpf(float(text))
        # the difference cancels about 2 log10|z| digits of numbers of the size e^(-z^2/2)
        mp.dps = 60 + 60
        phi = exp(-z * z / 2) / sqrt(2 * pi)
        cdf = erfc(-z / sqrt(mpf(2))) / 2
        h = phi + z * cdf
        print("z", repr(float(text)), mp.nstr(log(h), 60), mp.nstr(cdf / h, 60))
    for text in P:
        p = mpf(float(text))
        print("p", repr(float(text)), mp.nstr(sqrt(mpf(2)) * erfinv(2 * p - 1), 60), 0)


if __name__ == "__main__":
    main()
