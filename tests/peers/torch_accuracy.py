#!/usr/bin/env python3
"""What PyTorch makes of a net that fsplab trained: accuracy on CIFAR-10's test batch (or the synthetic set's).

    torch_accuracy.py STUDENT.safetensors --data DIR [--limit N]

DIR holds test_batch.bin. Net, shortcut, mean and std are read from the file's metadata. Prints one line of JSON:
{"correct": 7000, "images": 10000, "accuracy": 0.7}. Needs torch and numpy, and nothing of fsplab's.
"""
import argparse
import json
import os
import sys

sys.dont_write_bytecode = True

import numpy as np
import torch

from cifar_nets import Net, read_safetensors, tensors


def load(path):
    """(net in eval mode, mean, std) of a file that fsplab wrote."""
    meta, arrays = read_safetensors(path)
    net = Net(meta["net"], meta.get("shortcut") == "B", int(meta.get("classes", 10)))
    names = [name for name, _ in tensors(net)]
    assert sorted(names) == sorted(arrays), f"other tensors than expected: {sorted(set(names) ^ set(arrays))}"
    net.load_state_dict({name: torch.from_numpy(a.copy()) for name, a in arrays.items()}, strict=False)
    mean, std = (np.array(meta[k].split(), np.float32).reshape(1, 3, 1, 1) for k in ("mean", "std"))
    return net.eval(), mean, std


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file")
    parser.add_argument("--data", required=True)
    parser.add_argument("--limit", type=int, default=0, help="only the first N images")
    args = parser.parse_args()
    torch.set_num_threads(1)
    net, mean, std = load(args.file)
    rows = np.fromfile(os.path.join(args.data, "test_batch.bin"), np.uint8).reshape(-1, 3073)
    rows = rows[: args.limit or len(rows)]
    correct = 0
    with torch.no_grad():
        for at in range(0, len(rows), 250):
            part = rows[at : at + 250]
            x = (part[:, 1:].reshape(-1, 3, 32, 32).astype(np.float32) / 255 - mean) / std
            correct += int((net(torch.from_numpy(x)).argmax(1).numpy() == part[:, 0]).sum())
    print(json.dumps({"correct": correct, "images": len(rows), "accuracy": correct / len(rows)}))


if __name__ == "__main__":
    main()
