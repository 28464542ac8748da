#!/usr/bin/env python3
"""Train a small network on digits that this program draws itself.

    sif run pytorch.sif train.py

Nothing is downloaded: each digit is a 5 by 7 bitmap, put somewhere into a 12 by
12 picture, of random brightness and under noise. The loss is printed after each
epoch; the program fails when it did not fall.
"""
import sys
import time

import torch
from torch import nn

GLYPHS = """
01110 00100 01110 01110 00010 11111 01110 11111 01110 01110
10001 01100 10001 10001 00110 10000 10000 00001 10001 10001
10001 00100 00001 00001 01010 11110 10000 00010 10001 10001
10001 00100 00010 00110 10010 00001 11110 00100 01110 01111
10001 00100 00100 00001 11111 00001 10001 01000 10001 00001
10001 00100 01000 10001 00010 10001 10001 01000 10001 00001
01110 01110 11111 01110 00010 01110 01110 01000 01110 01110
"""
SIZE, HIGH, WIDE = 12, 7, 5


def glyphs():
    rows = [line.split() for line in GLYPHS.split("\n") if line]
    return torch.tensor([[[float(c) for c in rows[y][d]] for y in range(HIGH)] for d in range(10)])


def draw(count, noise, generator):
    """Returns `count` pictures of random digits, and the digits."""
    digits = torch.randint(10, (count,), generator=generator)
    down = torch.randint(SIZE - HIGH + 1, (count,), generator=generator)
    right = torch.randint(SIZE - WIDE + 1, (count,), generator=generator)
    pictures = torch.rand(count, SIZE, SIZE, generator=generator) * noise
    ink = 0.5 + 0.5 * torch.rand(count, 1, 1, generator=generator)
    font = glyphs()
    for y in range(SIZE - HIGH + 1):
        for x in range(SIZE - WIDE + 1):
            here = (down == y) & (right == x)
            pictures[here, y:y + HIGH, x:x + WIDE] += font[digits[here]] * ink[here]
    return pictures, digits


def network():
    return nn.Sequential(
        nn.Unflatten(1, (1, SIZE)), nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.Flatten(),
        nn.Linear(32 * (SIZE // 2) ** 2, 64), nn.ReLU(), nn.Linear(64, 10))


def main():
    epochs, batch = 6, 50
    torch.manual_seed(1)
    generator = torch.Generator().manual_seed(2)
    pictures, digits = draw(6000, 0.8, generator)
    unseen, unseen_digits = draw(1000, 0.8, generator)
    model = network()
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    loss_of = nn.CrossEntropyLoss()
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads, "
          f"{sum(p.numel() for p in model.parameters())} parameters, {len(pictures)} pictures")
    losses = []
    for epoch in range(1, epochs + 1):
        began, total = time.perf_counter(), 0.0
        for part in torch.randperm(len(pictures), generator=generator).split(batch):
            loss = loss_of(model(pictures[part]), digits[part])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(part)
        with torch.no_grad():
            right = (model(unseen).argmax(1) == unseen_digits).float().mean().item()
        losses.append(total / len(pictures))
        print(f"epoch {epoch}  loss {losses[-1]:.4f}  right on unseen digits {right:6.1%}  "
              f"{time.perf_counter() - began:.1f} s", flush=True)
    if not losses[-1] < losses[0] / 2:
        sys.exit("the loss did not fall")


if __name__ == "__main__":
    main()
