"""What torchvision, on PIL, makes of colours: `python make.py` writes golden.json.

Needs numpy, pillow, torch and torchvision. The picture is a formula; results are hashes.
"""
import json
import os

import numpy as np
from PIL import Image
from torchvision.transforms import functional as F

here = os.path.dirname(os.path.abspath(__file__))


def pattern(width, height, channels):
    y, x, c = np.ogrid[:height, :width, :channels]
    v = (3 * x * x + 5 * y * y + 7 * x * y * (c + 1) + 496 * c) >> 4
    v = (v & 255).astype(np.uint8)
    return Image.fromarray(v[:, :, 0] if channels == 1 else v)


def digest(picture):
    """Horner's rule over the bytes, modulo 2⁶⁴, at the FNV prime."""
    value = 0
    for byte in np.asarray(picture).tobytes():
        value = (value * 0x100000001B3 + byte) & 0xFFFFFFFFFFFFFFFF
    return f"{value:016x}"


golden = []
for channels in (1, 3):
    picture = pattern(97, 61, channels)
    for name, change, factors in (
            ("brightness", F.adjust_brightness, (0, 0.3, 0.77, 1, 1.25, 2.5)),
            ("contrast", F.adjust_contrast, (0, 0.3, 0.77, 1, 1.25, 2.5)),
            ("saturation", F.adjust_saturation, (0, 0.3, 0.77, 1, 1.25, 2.5)),
            ("hue", F.adjust_hue, (-0.5, -0.2, -0.03, 0, 0.01, 0.1, 0.33, 0.5))):
        for factor in factors:
            golden.append(dict(
                channels=channels, name=name, factor=factor, hash=digest(change(picture, factor))))

# Every colour of a coarse cube, so that each sector and rounding of HSV is met.
level = np.arange(0, 256, 5, dtype=np.uint8)
cube = np.stack(np.meshgrid(level, level, level, indexing="ij"), -1).reshape(len(level), -1, 3)
golden.append(dict(
    channels=3, name="cube", factor=0.21, hash=digest(F.adjust_hue(Image.fromarray(cube), 0.21))))
blurred = []
for deviation, size in ((0.5, 5), (1.3, 9), (2, 13)):
    picture = F.gaussian_blur(pattern(31, 23, 3), [size, size], [deviation, deviation])
    blurred.append(dict(deviation=deviation, pixels=np.asarray(picture).reshape(-1).tolist()))

with open(os.path.join(here, "golden.json"), "w") as file:
    json.dump(dict(colours=golden, blurred=blurred), file, separators=(",", ":"))
    file.write("\n")
