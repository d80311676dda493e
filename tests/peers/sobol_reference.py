#!/usr/bin/env python3
"""Prints the table of tests/test_sample.c: points of SciPy's unscrambled Sobol sequence (Joe & Kuo's
new-joe-kuo-6), 16 dimensions, as integers in units of 2**-32.

Point 2**k of the gray-code order is v_k xor v_(k-1), so the powers of two pin every direction number up to k.

    pip install scipy && python3 tests/peers/sobol_reference.py
"""

from scipy.stats import qmc

INDICES = [*range(16), 32, 64, 100, 128, 256, 512, 1000, 1024, 4096, 65535, 65536, 1 << 20]


def main():
    sobol = qmc.Sobol(d=16, scramble=False, bits=32)
    at = 0
    for i in INDICES:
        if i > at:
            sobol.fast_forward(i - at)
        u = sobol.random(1)[0]
        at = i + 1
        words = [int(v * 2**32) for v in u]
        print("    {%d," % i)
        print("     {" + ", ".join("0x%08x" % w for w in words[:8]) + ",")
        print("      " + ", ".join("0x%08x" % w for w in words[8:]) + "}},")


if __name__ == "__main__":
    main()
