"""What the publishers say about every variant, and the multiply-accumulates counted here.

    python make_published.py          writes published.json beside this script

`macs` counts the kernels of convolutions and dense layers, without biases, for one picture.
landmarks.json is written by hand; where the reference is PyTorch's it is compared with it.
"""

import json
import math
from pathlib import Path

import torch
from torchvision import models

from make import KERAS, SMALL, VARIANTS, is_keras, torch_model

# keras.io/api/applications: parameters with the moving statistics, top-1, top-5.
KERAS_PUBLISHED = {
    "vgg16": (138_357_544, 71.3, 90.1),
    "vgg19": (143_667_240, 71.3, 90.0),
    "resnet50": (25_636_712, 74.9, 92.1),
    "resnet101": (44_707_176, 76.4, 92.8),
    "resnet152": (60_419_944, 76.6, 93.1),
    "densenet121": (8_062_504, 75.0, 92.3),
    "densenet169": (14_307_880, 76.2, 93.2),
    "densenet201": (20_242_984, 77.3, 93.6),
    "mobilenet_v1": (4_253_864, 70.4, 89.5),
}

# Test errors in the README of akamaster/pytorch_resnet_cifar10.
CIFAR_ERRORS = {
    "resnet20": 8.27, "resnet32": 7.37, "resnet44": 6.90, "resnet56": 6.61, "resnet110": 6.32,
}  # fmt: skip

LANDMARKS = json.loads((Path(__file__).parent / "landmarks.json").read_text())


def torch_record(variant):
    with torch.device("meta"):
        model, side = torch_model(variant)
        shapes = {name: list(tensor.shape) for name, tensor in model.state_dict().items()}
        landmarks = LANDMARKS.get(variant, {})
        assert all(shapes.get(name) == shape for name, shape in landmarks.items()), (variant, landmarks)
        total = 0

        def count(module, _, output):
            nonlocal total
            total += output.numel() * math.prod(module.weight.shape[1:])

        for module in model.eval().modules():
            if isinstance(module, (torch.nn.Conv2d, torch.nn.Linear)):
                module.register_forward_hook(count)
        model(torch.empty(1, 3, side, side))
    record = {"parameters": sum(p.numel() for p in model.parameters()), "macs": total}
    if variant in CIFAR_ERRORS:
        record["weights"] = {"cifar10": {"top1": round(100 - CIFAR_ERRORS[variant], 2)}}
        return record
    if variant == "zfnet" or variant in SMALL:
        return record
    weights = {}
    for entry in models.get_model_weights(variant):
        if not entry.name.startswith("IMAGENET1K_V"):
            continue
        # Its own count leaves out the auxiliary heads of this one.
        assert entry.meta["num_params"] == record["parameters"] or variant == "googlenet"
        # Written there with three decimals, not always rounded the same way.
        assert abs(entry.meta["_ops"] - total / 1e9) < 0.001, (variant, entry.meta["_ops"], total)
        metrics = entry.meta["_metrics"]["ImageNet-1K"]
        key = entry.name.lower().replace("_", "-")
        weights[key] = {"top1": metrics["acc@1"], "top5": metrics["acc@5"]}
        record["gflops"] = entry.meta["_ops"]
    return {**record, "weights": weights}


def keras_record(variant):
    import keras

    family = variant.removesuffix("-keras")
    options = {"alpha": int(family[13:] or 100) / 100} if family.startswith("mobilenet") else {}
    model = getattr(keras.applications, KERAS[family])(weights=None, **options)
    total = 0
    for layer in model.layers:
        if isinstance(layer, keras.layers.DepthwiseConv2D):
            total += math.prod(layer.output.shape[1:]) * 9
        elif isinstance(layer, (keras.layers.Conv2D, keras.layers.Dense)):
            total += math.prod(layer.output.shape[1:]) * math.prod(layer.kernel.shape[:-1])
    record = {
        "parameters": sum(math.prod(w.shape) for w in model.trainable_weights), "macs": total
    }  # fmt: skip
    if family not in KERAS_PUBLISHED:
        return record
    published, top1, top5 = KERAS_PUBLISHED[family]
    assert model.count_params() == published
    return {
        **record,
        "weights": {"imagenet1k-keras": {"top1": top1, "top5": top5}},
    }


if __name__ == "__main__":
    records = {v: (keras_record if is_keras(v) else torch_record)(v) for v in VARIANTS}
    lines = ",\n".join(f"  {json.dumps(v)}: {json.dumps(records[v])}" for v in sorted(records))
    (Path(__file__).parent / "published.json").write_text(f"{{\n{lines}\n}}\n")
