#!/usr/bin/env python3
"""Does the Python package `safetensors` agree with our files?

    read_safetensors.py FILE        reads FILE with the package and by hand, compares, prints OK
    read_safetensors.py FILE --back also writes the same tensors with the package (and numpy) to FILE.back, for st_read

With numpy the values are compared as arrays, with torch the names are loaded as a state dict; both are optional, and
without the package itself the file is only checked against the format. Exit status 1 and a reason on disagreement.
"""
import hashlib
import json
import struct
import sys

KINDS = {"F32": "<f4", "F64": "<f8", "I64": "<i8", "I32": "<i4", "U8": "u1", "F16": "<f2"}


def by_hand(path):
    """(metadata, {name: (dtype, shape, bytes)}) from the format's description; digests checked."""
    raw = open(path, "rb").read()
    (length,) = struct.unpack("<Q", raw[:8])
    text, data = raw[8 : 8 + length], raw[8 + length :]
    assert len(text) == length, "truncated header"
    assert (8 + length) % 64 == 0, "data do not start at a multiple of 64"
    header = json.loads(text)
    meta = header.pop("__metadata__")
    assert list(meta) == sorted(meta), "metadata keys are not sorted"
    assert meta["sha256"] == hashlib.sha256(data).hexdigest(), "sha256 of the data"
    digest = meta["header_sha256"].encode()
    assert text.count(digest) == 1
    assert digest.decode() == hashlib.sha256(text.replace(digest, b"0" * 64)).hexdigest(), "sha256 of the header"
    end = 0
    tensors = {}
    for name, t in header.items():
        a, b = t["data_offsets"]
        assert a == end, "tensors are not back to back"
        end = b
        tensors[name] = (t["dtype"], t["shape"], data[a:b])
    assert end == len(data), "trailing bytes"
    return meta, tensors


def with_package(path, meta, tensors):
    import safetensors

    theirs = dict(safetensors.deserialize(open(path, "rb").read()))
    assert set(theirs) == set(tensors), "names differ"
    for name, (dtype, shape, data) in tensors.items():
        t = theirs[name]
        assert (t["dtype"], list(t["shape"]), bytes(t["data"])) == (dtype, shape, data), name
    said = ["safetensors " + safetensors.__version__]
    try:
        import numpy
        from safetensors.numpy import load_file
    except ImportError:
        return said
    if not any(dtype == "BF16" for dtype, _, _ in tensors.values()):  # numpy has no bfloat16
        for name, array in load_file(path).items():
            dtype, shape, data = tensors[name]
            assert array.tobytes() == data, name
            assert array.dtype == numpy.dtype(KINDS[dtype]) and list(array.shape) == shape, name
        with safetensors.safe_open(path, framework="np") as f:
            assert f.metadata() == meta, "metadata differ"
        said.append("numpy " + numpy.__version__)
    try:
        import torch
        from safetensors.torch import load_file as load_torch
    except ImportError:
        return said
    for name, value in load_torch(path).items():
        assert list(value.shape) == tensors[name][1], name
    said.append("torch " + torch.__version__)
    return said


def write_back(path, tensors):
    import numpy
    from safetensors.numpy import save_file

    arrays = {name: numpy.frombuffer(data, KINDS[d]).reshape(shape) for name, (d, shape, data) in tensors.items()}
    save_file(arrays, path, metadata={"format": "np"})


def main():
    path = sys.argv[1]
    try:
        meta, tensors = by_hand(path)
        try:
            import safetensors  # noqa: F401
        except ImportError:
            print(f"OK {len(tensors)} tensors by hand; the package safetensors is not installed")
            return 0
        said = with_package(path, meta, tensors)
        if "--back" in sys.argv:
            write_back(path + ".back", tensors)
        print(f"OK {len(tensors)} tensors: " + ", ".join(said))
        return 0
    except (AssertionError, KeyError, ValueError) as e:
        print(f"FAILED {path}: {type(e).__name__} {e}")
        return 1


if __name__ == "__main__":
    sys.exit(main())
