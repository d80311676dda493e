#!/usr/bin/env python3
"""Writes tests/reference/kg.txt: the knowledge gradient of src/search/kg.h in 30 digits: the process is
conditioned by inverses of whole covariance matrices, and E max(mu_a + b_a Z) is integrated piece by piece.

    pip install mpmath && python3 tests/peers/kg_reference.py >tests/reference/kg.txt
"""

import random

from mpmath import mp, mpf, sqrt, exp, log, matrix, inf, ncdf, npdf

mp.dps = 30


def kernel(a, b, h):
    rho = sum(((x - y) / l) ** 2 for x, y, l in zip(a, b, h["lengths"]))
    r = sqrt(5 * rho)
    return h["signal"] * (1 + r + r * r / 3) * exp(-r)



def posterior_covariance(X, P, h):
    """A function of two points: the covariance after observations at X and P."""
    Z = X + P
    K = matrix(len(Z), len(Z))
    for i, a in enumerate(Z):
        for j, b in enumerate(Z):
            K[i, j] = kernel(a, b, h)
        K[i, i] += h["noise"] + (mpf("1e-8") if i < len(X) else mpf("1e-8") * h["signal"])
    inverse = K ** -1

    def covariance(a, b):
        ka = matrix([kernel(z, a, h) for z in Z])
        kb = matrix([kernel(z, b, h) for z in Z])
        return kernel(a, b, h) - (ka.T * inverse * kb)[0]

    return covariance


def expected_max(mu, b):
    """E max(mu_i + b_i Z), from the places where lines cross."""
    cuts = sorted({(mu[i] - mu[j]) / (b[j] - b[i]) for i in range(len(b)) for j in range(i) if b[i] != b[j]})
    edges = [-inf] + cuts + [inf]
    total = mpf(0)
    for lo, hi in zip(edges, edges[1:]):
        middle = cuts[0] - 1 if lo == -inf else cuts[-1] + 1 if hi == inf else (lo + hi) / 2
        top = max(range(len(b)), key=lambda i: mu[i] + b[i] * middle)
        # integral of (mu + b z) phi(z)
        total += mu[top] * (ncdf(hi) - ncdf(lo)) + b[top] * (npdf(lo) - npdf(hi))
    return total


def main():
    rng = random.Random(5)

    def points(n, dim):
        return [[mpf(rng.randrange(1, 1 << 20)) / (1 << 20) for _ in range(dim)] for _ in range(n)]

    for n, dim, m, p in ((5, 1, 3, 0), (8, 2, 6, 0), (8, 2, 6, 1), (10, 3, 5, 3)):
        h = {"lengths": [mpf(3 + rng.randrange(6)) / 8 for _ in range(dim)], "signal": mpf(5) / 4, "noise": mpf(1) / 8}
        X, A, P, at = points(n, dim), points(m, dim), points(p, dim), points(1, dim)
        y = [mpf(rng.randrange(-(1 << 20), 1 << 20)) / (1 << 19) for _ in range(n)]
        K = matrix(n, n)
        for i in range(n):
            for j in range(n):
                K[i, j] = kernel(X[i], X[j], h)
            K[i, i] += h["noise"] + mpf("1e-8")
        one, Y, inverse = matrix([1] * n), matrix(y), K ** -1
        mean = (one.T * inverse * Y)[0] / (one.T * inverse * one)[0]
        weights = inverse * (Y - mean * one)
        covariance = posterior_covariance(X, P, h)
        u = at[0]
        candidates = A + [u]
        mu = [mean + sum(kernel(x, a, h) * w for x, w in zip(X, weights)) for a in candidates]
        spread = sqrt(covariance(u, u) + h["noise"])
        b = [covariance(a, u) / spread for a in candidates]
        print(n, dim, m, p)
        for x, v in zip(X, y):
            print(*(mp.nstr(c, 20) for c in x + [v]))
        print(*(mp.nstr(c, 20) for c in h["lengths"] + [h["signal"], h["noise"]]))
        for q in A + P + at:
            print(*(mp.nstr(c, 20) for c in q))
        print(mp.nstr(log(expected_max(mu, b) - max(mu)), 20))


if __name__ == "__main__":
    main()
