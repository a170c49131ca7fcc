"""U-Net's weights of pixels between cells, by scipy.

    python make_borders.py            writes borders.safetensors beside this script
"""

import sys
from pathlib import Path

import numpy as np
from scipy import ndimage

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "architectures"))
import formula  # noqa: E402
from make import save  # noqa: E402

W0, SIGMA = 10, 5
SIDES = ndimage.generate_binary_structure(2, 1)


def mask(height, width, cells, classes):
    """Discs of any class, some over others, a line aslant through them, a corner nobody knows."""
    y, x = np.mgrid[:height, :width]
    numbers = (formula.unit(f"cells {height}", 4 * cells) + 1) / 2
    found = np.zeros((height, width), np.int32)
    for cell in range(cells):
        a, b, r, c = numbers[4 * cell : 4 * cell + 4]
        disc = (y - a * height) ** 2 + (x - b * width) ** 2 <= (3 + r * height / 6) ** 2
        found[disc] = 1 + int(c * classes)
    found[np.abs(y - x // 2 - height // 4) < 1] = 0
    found[:4, :5] = -1
    return found


def weights(mask):
    values = [value for value in np.unique(mask) if value >= 0]
    counts = {value: (mask == value).sum() for value in values}
    known = sum(counts.values())
    own = np.zeros(mask.shape)
    for value in values:
        own[mask == value] = known / (len(values) * counts[value])
    distances = []
    for value in values:
        labels, count = ndimage.label((mask == value) & (mask > 0), SIDES)
        distances += [ndimage.distance_transform_edt(labels != k + 1) for k in range(count)]
    if len(distances) > 1:
        nearest = np.sort(distances, axis=0)[:2].sum(0)
        own += (mask == 0) * W0 * np.exp(-(nearest**2) / (2 * SIGMA**2))
    return own, len(distances)


tensors, metadata = {}, {"reference": "scipy"}
for name, arguments in {
    "cells": (96, 120, 24, 1), "kinds": (60, 44, 9, 3), "one": (40, 40, 1, 1), "none": (8, 8, 0, 1),
}.items():
    found = mask(*arguments)
    tensors[f"{name}.mask"] = found.astype(np.float32)
    values, cells = weights(found)
    tensors[f"{name}.weights"] = values.astype(np.float32)
    metadata[f"{name}.size"] = f"{found.shape[0]}x{found.shape[1]}"
    print(name, found.shape, cells, "cells; weights to", values.max())
save(HERE / "borders.safetensors", tensors, metadata)
