"""Writes alexnet-ants-and-bees.safetensors and vgg16-ants-and-bees.safetensors: the heads that
`zoo finetune NAME.h5 --data hymenoptera_256 -o RUN` made, with nothing else said, on ImageNet's
convolutions, imported with `--partial`. A classifier whose every layer has learnt from pictures."""
import pathlib
import sys

import h5py
from safetensors.numpy import save_file

for name, run in zip(("alexnet", "vgg16"), sys.argv[1:], strict=True):
    weights = h5py.File(pathlib.Path(run) / "best.h5")["weights"]
    head = {key: weights[key][()] for key in weights if key.startswith("head.")}
    save_file(head, pathlib.Path(__file__).parent / f"{name}-ants-and-bees.safetensors")
