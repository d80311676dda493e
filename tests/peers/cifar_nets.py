"""PyTorch's side of the comparisons: resN and vggN for CIFAR with the names that fsplab's files use, and tensors filled
by a formula that tests/test_parity.c repeats, so that neither weights nor images need to be stored."""
import json
import re
import struct

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

MASK = (1 << 64) - 1


relu = F.relu  # make_reference.py puts one here that watches


class Block(nn.Module):
    def __init__(self, ci, co, stride, residual, option_b):
        super().__init__()
        self.conv1 = nn.Conv2d(ci, co, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(co)
        self.conv2 = nn.Conv2d(co, co, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(co)
        self.residual, self.pad = residual, co // 4
        self.shortcut = nn.Sequential()
        self.option_a = stride != 1 and not option_b
        if residual and stride != 1 and option_b:
            self.shortcut = nn.Sequential(nn.Conv2d(ci, co, 1, stride, bias=False), nn.BatchNorm2d(co))

    def forward(self, x):
        y = self.bn2(self.conv2(relu(self.bn1(self.conv1(x)))))
        if not self.residual:
            return relu(y)
        if self.option_a:
            return relu(y + F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, self.pad, self.pad)))
        return relu(y + self.shortcut(x))


class Net(nn.Module):
    """taps: what fsplab calls the outputs of the stem (0) and of the blocks (1..3n)."""

    def __init__(self, name, option_b=False, classes=10):
        super().__init__()
        self.kind, rest = name[:3], name[3:]
        depth, factor, own_width = re.fullmatch(r"(\d+)(?:x(\d+)|w(\d+))?", rest).groups()
        width, self.n = int(own_width or 16 * int(factor or 1)), (int(depth) - 2) // 6
        assert self.kind in ("res", "vgg") and 6 * self.n + 2 == int(depth)
        self.conv1 = nn.Conv2d(3, width, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        ci = width
        for stage in range(3):
            co = width << stage
            blocks = []
            for i in range(self.n):
                blocks.append(Block(ci, co, 2 if stage and not i else 1, self.kind == "res", option_b))
                ci = co
            setattr(self, f"layer{stage + 1}", nn.Sequential(*blocks))
        self.linear = nn.Linear(ci, classes)

    def taps(self, x, last=None):
        maps = [relu(self.bn1(self.conv1(x)))]
        for block in [*self.layer1, *self.layer2, *self.layer3][:last]:
            maps.append(block(maps[-1]))
        return maps

    def head(self, last_map):
        return self.linear(last_map.mean((2, 3)))

    def forward(self, x):
        return self.head(self.taps(x)[-1])


def tensors(net):
    """(name, tensor) of everything fsplab stores, in PyTorch's order."""
    return [(k, v) for k, v in net.state_dict().items() if not k.endswith("num_batches_tracked")]


# ---- the formula ----


def fnv1a(text):
    h = 0xCBF29CE484222325
    for byte in text.encode():
        h = (h ^ byte) * 0x100000001B3 & MASK
    return h


def splitmix64(seed, i):
    """Output i of splitmix64 started at seed; i an array of uint64."""
    with np.errstate(over="ignore"):
        z = np.uint64(seed) + (i + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return z ^ (z >> np.uint64(31))


def uniform(name, count):
    """count numbers in [-1, 1)."""
    bits = splitmix64(fnv1a(name), np.arange(count, dtype=np.uint64)) >> np.uint64(11)
    return bits.astype(np.float64) * 2.0**-52 - 1


def filled(name, shape, offset, scale):
    """Rounded to float32, as fsplab holds it."""
    return (offset + scale * uniform(name, int(np.prod(shape)))).astype(np.float32).reshape(shape)


def offset_and_scale(kind, name, shape):
    last = name.rsplit(".", 1)[-1]
    if len(shape) == 4:
        return 0, (6 / (shape[1] * shape[2] * shape[3])) ** 0.5
    if len(shape) == 2:
        return 0, (3 / shape[1]) ** 0.5
    if last == "running_var":
        return 1, 0.5
    if last == "running_mean":
        return 0, 0.3
    if kind == "vgg" and "bn" in name:
        # units that are mostly on: without shortcuts, ReLUs at random would magnify rounding a thousandfold
        return (0.5, 0.2) if last == "weight" else (1.2, 0.4)
    if last == "bias":
        return 0, 0.2
    if kind == "res" and name.endswith("bn2.weight"):
        return 0.5, 0.2  # else deep residual nets grow without bound when the running values are made up
    return 1, 0.4


def fill(net, prefix):
    """Sets every tensor from the hash of PREFIX/NAME."""
    with torch.no_grad():
        for name, t in tensors(net):
            shape = tuple(t.shape)
            t.copy_(torch.from_numpy(filled(f"{prefix}/{name}", shape, *offset_and_scale(net.kind, name, shape))))
    return net


# ---- files ----


def read_safetensors(path):
    """(metadata, {name: float32 array})."""
    with open(path, "rb") as f:
        raw = f.read()
    (length,) = struct.unpack("<Q", raw[:8])
    header, data = json.loads(raw[8 : 8 + length]), memoryview(raw)[8 + length :]
    meta = header.pop("__metadata__", {})
    arrays = {}
    for name, t in header.items():
        if t["dtype"] == "F32":
            a, b = t["data_offsets"]
            arrays[name] = np.frombuffer(data[a:b], "<f4").reshape(t["shape"])
    return meta, arrays


def write_safetensors(path, arrays, meta):
    header, at = {"__metadata__": meta}, 0
    kinds = {"float32": "F32", "int64": "I64"}
    for name, a in arrays.items():
        header[name] = {"dtype": kinds[str(a.dtype)], "shape": list(a.shape), "data_offsets": [at, at + a.nbytes]}
        at += a.nbytes
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text)
        for a in arrays.values():
            f.write(np.ascontiguousarray(a).tobytes())
