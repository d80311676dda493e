#!/usr/bin/env python3
"""Writes tests/reference/gp.txt: the Gaussian process of src/search/gp.h worked out in 40 digits, by the inverse of
the covariance matrix and its determinant, not by Cholesky.

    pip install mpmath && python3 tests/peers/gp_reference.py >tests/reference/gp.txt
"""

import random

from mpmath import mp, mpf, sqrt, exp, log, pi, matrix, det

mp.dps = 40


def kernel(name, a, b, lengths, signal, category):
    rho = mpf(0)
    for x, y, l, c in zip(a, b, lengths, category):
        d = (mpf(1) if x != y else mpf(0)) if c else x - y
        rho += (d / l) ** 2
    if name == "rbf":
        return signal * exp(-rho / 2)
    r = sqrt(5 * rho)
    return signal * (1 + r + r * r / 3) * exp(-r)


def log_prior(lengths, signal, noise):
    """Gamma priors up to 8 dimensions, log-normal ones beyond; constants left out."""
    d = len(lengths)
    if d <= 8:
        total = sum(2 * log(l) - 6 * l for l in lengths) + log(signal) - mpf("0.15") * signal
        return total + mpf("0.1") * log(noise) - mpf("0.05") * noise
    mu = sqrt(2) + log(d) / 2
    return sum(-log(l) - (log(l) - mu) ** 2 / 6 for l in lengths) - log(noise) - (log(noise) + 4) ** 2 / 2


def case(rng, name, n, dim, category):
    def point():
        return [mpf(rng.randrange(3)) / 4 if c else mpf(rng.randrange(1, 1 << 20)) / (1 << 20) for c in category]

    us = [point() for _ in range(n)]
    y = [mpf(rng.randrange(-(1 << 20), 1 << 20)) / (1 << 19) for _ in range(n)]
    count = [1 + (i % 3 == 1) for i in range(n)]
    lengths = [mpf(2 + rng.randrange(8)) / 8 for _ in range(dim)]
    signal, noise = (mpf(5) / 4 if dim <= 8 else mpf(1)), mpf(1) / 16
    K = matrix(n, n)
    for i in range(n):
        for j in range(n):
            K[i, j] = kernel(name, us[i], us[j], lengths, signal, category)
        K[i, i] += noise / count[i] + mpf("1e-8")
    inverse = K ** -1
    one = matrix([1] * n)
    Y = matrix(y)
    m = (one.T * inverse * Y)[0] / (one.T * inverse * one)[0]
    R = Y - m * one
    density = -(R.T * inverse * R)[0] / 2 - log(det(K)) / 2 - n * log(2 * pi) / 2 + log_prior(lengths, signal, noise)
    at = point()
    k = matrix([kernel(name, u, at, lengths, signal, category) for u in us])
    mean = m + (k.T * inverse * R)[0]
    variance = signal - (k.T * inverse * k)[0]
    print(int(name == "rbf"), n, dim)
    print(*(int(c) for c in category))
    for u, v, c in zip(us, y, count):
        print(*(mp.nstr(x, 20) for x in u), mp.nstr(v, 20), c)
    print(*(mp.nstr(x, 20) for x in lengths + [signal, noise]))
    print(*(mp.nstr(x, 20) for x in at))
    print(*(mp.nstr(x, 20) for x in (density, m, mean, variance)))


def main():
    rng = random.Random(3)
    for name in "matern52", "rbf":
        for n, category in ((1, [0]), (6, [0, 0]), (9, [0, 1, 0]), (7, [0] * 9)):
            case(rng, name, n, len(category), category)


if __name__ == "__main__":
    main()
