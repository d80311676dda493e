#!/usr/bin/env python3
"""Writes a net with PyTorch's random weights as safetensors, as one saves model.state_dict(): a teacher from outside.

    make_teacher.py OUT.safetensors [--net res26] [--shortcut A] [--classes 10] [--seed 1] [--plain] [--module]

--plain leaves out all metadata, as other programs do; --module puts "module." before the names, as DataParallel does.
Integer counters (num_batches_tracked) are in the file, as in a state dict. Needs torch and numpy.
"""
import argparse
import sys

sys.dont_write_bytecode = True

import torch

from cifar_nets import Net, write_safetensors


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out")
    parser.add_argument("--net", default="res26")
    parser.add_argument("--shortcut", choices="AB", default="A")
    parser.add_argument("--classes", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--plain", action="store_true")
    parser.add_argument("--module", action="store_true")
    args = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(args.seed)
    net = Net(args.net, args.shortcut == "B", args.classes).train()
    with torch.no_grad():
        # Running statistics that fit, or an untrained net's activations grow without bound.
        for m in net.modules():
            if isinstance(m, torch.nn.BatchNorm2d):
                m.momentum = None  # the mean of all batches
        for _ in range(2):
            net(torch.randn(16, 3, 32, 32))
    meta = {"format": "pt"}
    if not args.plain:
        meta.update(net=args.net, shortcut=args.shortcut, classes=str(args.classes), mean="0.5 0.5 0.5", std="0.25 0.25 0.25")
    prefix = "module." if args.module else ""
    write_safetensors(args.out, {prefix + k: v.numpy() for k, v in net.state_dict().items()}, {} if args.plain else meta)


if __name__ == "__main__":
    main()
