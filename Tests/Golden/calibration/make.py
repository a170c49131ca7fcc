"""Temperatures by SciPy and distances by NumPy: `python make.py` writes golden.json.

Needs numpy and scipy. Inputs are formulas that Swift computes to the same bit.
"""
import json
import os
import sys

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax

here = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(here, "..", "architectures"))
from formula import unit  # noqa: E402


def labels_of(name, count, classes):
    return np.minimum(((unit(name, count).astype(np.float64) + 1) / 2 * classes).astype(int), classes - 1)


def temperature(name, count, classes, scale, bonus):
    """Logits that are too extreme by `scale`; with a large bonus every answer is right."""
    labels = labels_of(name + ".label", count, classes)
    logits = unit(name + ".logit", count * classes).reshape(count, classes) * np.float32(scale)
    logits[np.arange(count), labels] += np.float32(bonus)
    z = logits.astype(np.float64)
    share = 1 / (count + 1)
    target = share * softmax(z, axis=1)
    target[np.arange(count), labels] += 1 - share

    def loss(log_factor):
        return -(target * log_softmax(np.exp(log_factor) * z, axis=1)).sum(1).mean()

    best = minimize_scalar(loss, bounds=(-6, 6), method="bounded", options={"xatol": 1e-12, "maxiter": 500})
    return dict(name=name, count=count, classes=classes, scale=scale, bonus=bonus,
                temperature=float(np.exp(-best.x)))


def distances(name, count, groups, classes, others):
    labels = labels_of(name + ".label", count, classes)

    def features(kind, count):
        return [np.maximum(unit(f"{name}.{kind}{i}", count * n).reshape(count, n), 0)
                for i, n in enumerate(groups)]

    known, other = features("known", count), features("other", others)
    for group in known:
        group[np.arange(count), labels % group.shape[1]] += np.float32(2)

    def measures(groups):
        groups = [x.astype(np.float64) for x in groups]
        directions = [x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-12) for x in groups]
        return np.concatenate([np.sqrt(x) for x in groups] + directions, 1)

    a, b = measures(known), measures(other)
    means = np.stack([a[labels == c].mean(0) for c in np.unique(labels)])
    centred = a - means[np.searchsorted(np.unique(labels), labels)]
    covariance = centred.T @ centred / count
    width = covariance.shape[0]
    covariance += 0.01 * np.trace(covariance) / width * np.eye(width)
    inverse = np.linalg.inv(covariance)
    squares = np.min([np.einsum("ij,jk,ik->i", b - m, inverse, b - m) for m in means], 0)
    return dict(name=name, count=count, groups=groups, classes=classes,
                distances=np.sqrt(squares / width).tolist())


golden = dict(
    temperatures=[
        temperature("sharp", 200, 5, 8, 3), temperature("flat", 300, 10, 0.5, 0.6),
        temperature("two", 60, 2, 4, 1.5), temperature("certain", 49, 2, 1, 9)],
    distances=[distances("few", 40, [6], 3, 5), distances("many", 300, [24, 7], 10, 4)])
with open(os.path.join(here, "golden.json"), "w") as file:
    json.dump(golden, file, separators=(",", ":"))
    file.write("\n")
