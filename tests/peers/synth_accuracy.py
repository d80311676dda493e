#!/usr/bin/env python3
"""How hard is the synthetic set? Trains CIFAR ResNets of three depths on it, with PyTorch and nothing of ours.

    ./fsplab data synth /tmp/synth
    python3 tests/peers/synth_accuracy.py /tmp/synth [--nets 8,14,26] [--epochs 5] [--seeds 1] [--threads 1]

Reads any folder in CIFAR-10's binary layout. Prints one line a run: test accuracy after each epoch. The recipe is
SGD with Nesterov momentum 0.9, weight decay 5e-4, batch 64, a one-cycle rate with its top at 0.1, pad-4 random crops
and left-right flips.
"""
import argparse
import os
import time

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F


def read(folder, names):
    rows = np.concatenate([np.fromfile(os.path.join(folder, n), np.uint8).reshape(-1, 3073) for n in names])
    return torch.tensor(rows[:, 1:].reshape(-1, 3, 32, 32) / 255.0, dtype=torch.float32), torch.tensor(
        rows[:, 0].astype(np.int64))


class Block(nn.Module):
    def __init__(self, cin, cout):
        super().__init__()
        self.stride, self.grow = (1 if cin == cout else 2), (cout - cin) // 2
        self.conv1 = nn.Conv2d(cin, cout, 3, self.stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(cout)
        self.conv2 = nn.Conv2d(cout, cout, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(cout)

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        if self.grow:  # option A: subsample, pad channels with zeros
            x = F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, self.grow, self.grow))
        return F.relu(x + y)


def resnet(depth):
    layers, width = [nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU()], 16
    for w in (16, 32, 64):
        for _ in range((depth - 2) // 6):
            layers.append(Block(width, w))
            width = w
    net = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10))
    for m in net.modules():
        if isinstance(m, nn.Conv2d):
            nn.init.kaiming_normal_(m.weight, mode="fan_out")
    return net.to(memory_format=torch.channels_last)


def crops(x):
    padded, n = F.pad(x, (4, 4, 4, 4)), len(x)
    rows = torch.arange(32)[None, :] + torch.randint(0, 9, (n, 1))
    cols = torch.arange(32)[None, :] + torch.randint(0, 9, (n, 1))
    cols = torch.where(torch.rand(n, 1) < 0.5, cols, cols.flip(1))
    out = padded.permute(0, 2, 3, 1)[torch.arange(n)[:, None, None], rows[:, :, None], cols[:, None, :]]
    return out.permute(0, 3, 1, 2)  # channels-last in memory


def accuracy(net, x, y):
    net.eval()
    with torch.no_grad():
        hits = sum((net(x[i:i + 250]).argmax(1) == y[i:i + 250]).sum().item() for i in range(0, len(x), 250))
    net.train()
    return 100.0 * hits / len(x)


def train(depth, seed, train_set, test_set, epochs, batch=64, lr=0.1):
    torch.manual_seed(seed)
    (x, y), net, curve = train_set, resnet(depth), []
    opt = torch.optim.SGD(net.parameters(), lr=lr, momentum=0.9, weight_decay=5e-4, nesterov=True)
    steps = len(x) // batch
    schedule = torch.optim.lr_scheduler.OneCycleLR(opt, lr, total_steps=epochs * steps, pct_start=0.2)
    start = time.time()
    for _ in range(epochs):
        order = torch.randperm(len(x))
        for k in range(steps):
            which = order[k * batch:(k + 1) * batch]
            loss = F.cross_entropy(net(crops(x[which])), y[which])
            opt.zero_grad()
            loss.backward()
            opt.step()
            schedule.step()
        curve.append(accuracy(net, *test_set))
    print("RES%-3d seed %d  %s  %.0f s" % (depth, seed, " ".join("%5.1f" % a for a in curve), time.time() - start),
          flush=True)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("folder")
    p.add_argument("--nets", default="8,14,26", help="depths, 6n + 2")
    p.add_argument("--epochs", type=int, default=5)
    p.add_argument("--seeds", type=int, default=1)
    p.add_argument("--threads", type=int, default=1)
    a = p.parse_args()
    torch.set_num_threads(a.threads)
    train_set = read(a.folder, ["data_batch_%d.bin" % i for i in range(1, 6)])
    test_set = read(a.folder, ["test_batch.bin"])
    mean, std = train_set[0].mean((0, 2, 3), keepdim=True), train_set[0].std((0, 2, 3), keepdim=True)
    train_set, test_set = ((train_set[0] - mean) / std, train_set[1]), ((test_set[0] - mean) / std, test_set[1])
    print("%d training and %d test images, %d epochs" % (len(train_set[0]), len(test_set[0]), a.epochs))
    for depth in map(int, a.nets.split(",")):
        for seed in range(1, a.seeds + 1):
            train(depth, seed, train_set, test_set, a.epochs)


if __name__ == "__main__":
    main()
