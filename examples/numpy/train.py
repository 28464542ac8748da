#!/usr/bin/env python3
"""Train a small network on digits that this program draws itself, in numpy.

    sif run numpy.sif train.py

The same task as ../pytorch/train.py with the derivatives written by hand: one
hidden layer, plain gradient descent with momentum. The loss is printed after
each epoch; the program fails when it did not fall.
"""
import sys
import time

import numpy as np

GLYPHS = """
01110 00100 01110 01110 00010 11111 01110 11111 01110 01110
10001 01100 10001 10001 00110 10000 10000 00001 10001 10001
10001 00100 00001 00001 01010 11110 10000 00010 10001 10001
10001 00100 00010 00110 10010 00001 11110 00100 01110 01111
10001 00100 00100 00001 11111 00001 10001 01000 10001 00001
10001 00100 01000 10001 00010 10001 10001 01000 10001 00001
01110 01110 11111 01110 00010 01110 01110 01000 01110 01110
"""
SIZE, HIGH, WIDE = 9, 7, 5


def draw(count, noise, rng):
    """Returns `count` flat pictures of random digits, and the digits."""
    rows = [line.split() for line in GLYPHS.split("\n") if line]
    font = np.array([[[float(c) for c in rows[y][d]] for y in range(HIGH)] for d in range(10)])
    digits = rng.integers(10, size=count)
    pictures = rng.random((count, SIZE, SIZE)) * noise
    for i, digit in enumerate(digits):
        y, x = rng.integers(SIZE - HIGH + 1), rng.integers(SIZE - WIDE + 1)
        pictures[i, y:y + HIGH, x:x + WIDE] += font[digit] * rng.uniform(0.5, 1)
    return pictures.reshape(count, -1), digits


class Network:
    def __init__(self, inputs, hidden, outputs, rng):
        self.weights = [rng.normal(0, (2 / inputs) ** 0.5, (inputs, hidden)), np.zeros(hidden),
                        rng.normal(0, (2 / hidden) ** 0.5, (hidden, outputs)), np.zeros(outputs)]
        self.speed = [np.zeros_like(w) for w in self.weights]

    def forward(self, x):
        w1, b1, w2, b2 = self.weights
        hidden = np.maximum(x @ w1 + b1, 0)
        scores = hidden @ w2 + b2
        scores -= scores.max(axis=1, keepdims=True)
        chances = np.exp(scores)
        return hidden, chances / chances.sum(axis=1, keepdims=True)

    def step(self, x, digits, rate):
        """One step of gradient descent; returns the loss before it."""
        hidden, chances = self.forward(x)
        each = np.arange(len(x))
        loss = -np.log(chances[each, digits] + 1e-12).mean()
        d_scores = chances.copy()
        d_scores[each, digits] -= 1
        d_scores /= len(x)
        d_hidden = (d_scores @ self.weights[2].T) * (hidden > 0)
        slopes = [x.T @ d_hidden, d_hidden.sum(axis=0), hidden.T @ d_scores, d_scores.sum(axis=0)]
        for weight, speed, slope in zip(self.weights, self.speed, slopes):
            speed *= 0.9
            speed -= rate * slope
            weight += speed
        return loss


def main():
    epochs, batch = 12, 100
    rng = np.random.default_rng(1)
    pictures, digits = draw(6000, 0.6, rng)
    unseen, unseen_digits = draw(1000, 0.6, rng)
    model = Network(SIZE * SIZE, 64, 10, rng)
    print(f"numpy {np.__version__}, {sum(w.size for w in model.weights)} parameters, {len(pictures)} pictures")
    losses = []
    for epoch in range(1, epochs + 1):
        began, total = time.perf_counter(), 0.0
        order = rng.permutation(len(pictures))
        for start in range(0, len(order), batch):
            part = order[start:start + batch]
            total += model.step(pictures[part], digits[part], 0.05) * len(part)
        right = (model.forward(unseen)[1].argmax(axis=1) == unseen_digits).mean()
        losses.append(total / len(pictures))
        print(f"epoch {epoch}  loss {losses[-1]:.4f}  right on unseen digits {right:6.1%}  "
              f"{time.perf_counter() - began:.2f} s", flush=True)
    if not losses[-1] < losses[0] / 2:
        sys.exit("the loss did not fall")


if __name__ == "__main__":
    main()
