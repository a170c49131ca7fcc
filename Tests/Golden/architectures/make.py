"""Golden forward passes of every classifier, from the reference implementations.

    python make.py [VARIANT...]       writes <variant>.safetensors beside this script

Weights and the input come from `formula.py`. What is stored was computed in float64 and rounded
to float32 once, so a test measures its distance from the truth; the distance of the reference's
own float32 pass is printed. The format is described in README.md.
"""

import json
import os
import sys
from pathlib import Path

os.environ["KERAS_BACKEND"] = "torch"

import numpy as np
import torch
import torchvision
from safetensors.numpy import save as encode
from torchvision import models

import formula
from cifar import CIFARResNet
from small import SMALL, small_model
from zfnet import ZFNet

HERE = Path(__file__).parent
SAMPLES = 1024


def sampled(flat):
    """All of a small output, 1,024 elements of a large one; never one element twice."""
    if flat.size <= SAMPLES:
        return flat
    return flat[np.arange(SAMPLES, dtype=np.uint64) * np.uint64(2654435761) % np.uint64(flat.size)]


def record(name, values, tensors, metadata):
    """Some elements, and the sums of all of them."""
    flat = values.reshape(-1)
    tensors[name] = np.ascontiguousarray(sampled(flat), dtype=np.float32)
    metadata[f"{name}.shape"] = "x".join(map(str, values.shape))
    metadata[f"{name}.count"] = str(flat.size)
    metadata[f"{name}.sum"] = repr(float(flat.sum()))
    metadata[f"{name}.squares"] = repr(float((flat * flat).sum()))


def save(path, tensors, metadata):
    """safetensors with its header in order, so that the same numbers are the same file."""
    data = encode(tensors, metadata)
    start = 8 + int.from_bytes(data[:8], "little")
    header = json.dumps(json.loads(data[8:start]), sort_keys=True, separators=(",", ":")).encode()
    header += b" " * (-len(header) % 8)
    path.write_bytes(len(header).to_bytes(8, "little") + header + data[start:])


def error(a, b):
    return float(np.linalg.norm(a - b) / np.linalg.norm(b))


def write(variant, passes, parameters, reference):
    """`passes`: what one forward pass in float32 and one in float64 gave, name → array."""
    single, double = passes
    tensors, metadata = {}, {"parameters": str(parameters), "reference": reference}
    for name, values in double.items():
        assert np.isfinite(values).all(), name
        if name == "logits" or name.startswith("output."):
            tensors[name] = values.astype(np.float32)
        else:
            record(name, values, tensors, metadata)
    save(HERE / f"{variant}.safetensors", tensors, metadata)
    errors = {name: error(single[name], double[name]) for name in double}
    worst = max(errors, key=errors.get)
    print(
        f"{variant}: {parameters} parameters; float32 of the reference: "
        f"logits {errors['logits']:.1e}, worst {worst} {errors[worst]:.1e}",
        flush=True,
    )


# PyTorch


def stages(variant, model):
    """Stage name → the module whose output ends it (`:relu` where a rectifier follows)."""
    if variant.startswith("alexnet"):
        return {"features": model.features}
    if variant.startswith("vgg"):
        pools = [m for m in model.features if isinstance(m, torch.nn.MaxPool2d)]
        return {f"block{i}": pool for i, pool in enumerate(pools, 1)}
    if variant.startswith("resnet"):
        small = isinstance(model, CIFARResNet)
        layers = {f"layer{i}": getattr(model, f"layer{i}") for i in range(1, 4 if small else 5)}
        return {"stem:relu": model.bn1, **layers} if small else {"stem": model.maxpool, **layers}
    if variant == "zfnet":
        return {
            "layer1": model.norm1, "layer2": model.norm2, "layer3:relu": model.conv3,
            "layer4:relu": model.conv4, "layer5": model.pool5,
        }  # fmt: skip
    if variant.startswith("squeezenet"):
        ends = (2, 6, 11, 12) if variant == "squeezenet1_0" else (2, 5, 8, 12)
        return dict(zip(("stem", "fire1", "fire2", "fire3"), (model.features[i] for i in ends)))
    if variant == "googlenet":
        return {
            "stem": model.maxpool2, "inception3": model.maxpool3, "inception4": model.maxpool4,
            "inception5": model.inception5b,
        }  # fmt: skip
    if variant == "inception_v3":
        return {
            "stem": model.maxpool2, "mixed5": model.Mixed_5d, "mixed6": model.Mixed_6e,
            "mixed7": model.Mixed_7c,
        }  # fmt: skip
    if variant.startswith("mobilenet"):
        ends = {
            "mobilenet_v2": (0, 1, 3, 6, 10, 13, 16, 17), "mobilenet_v3_large": (0, 1, 3, 6, 12, 15),
            "mobilenet_v3_small": (0, 0, 1, 3, 8, 11),
        }[variant]  # fmt: skip
        blocks = {f"layer{i}": model.features[end] for i, end in enumerate(ends) if i > 0}
        if variant == "mobilenet_v3_small":
            del blocks["layer1"]
        return {"stem": model.features[0], **blocks, "last": model.features[-1]}
    features = model.features
    blocks = 3 if variant in SMALL else 4
    result = {"stem": features.conv0 if variant in SMALL else features.pool0}
    for i in range(1, blocks + 1):
        result[f"denseblock{i}"] = getattr(features, f"denseblock{i}")
        if i < blocks:
            result[f"transition{i}"] = getattr(features, f"transition{i}")
    return {**result, "norm:relu": features.norm5}


CIFAR = ("resnet20", "resnet32", "resnet44", "resnet56", "resnet110")


def torch_model(variant):
    if variant in CIFAR:
        return CIFARResNet(int(variant[6:])), 32
    if variant == "zfnet":
        return ZFNet(), 224
    if variant in SMALL:
        return small_model(variant), 32
    options = {"init_weights": False} if variant in ("googlenet", "inception_v3") else {}
    side = 299 if variant == "inception_v3" else 224
    return getattr(models, variant)(weights=None, **options), side


def fill(model):
    state = model.state_dict()
    with torch.no_grad():
        for name, value in state.items():
            if not name.endswith("num_batches_tracked"):
                value.copy_(torch.from_numpy(formula.parameter(name, tuple(value.shape))))


def torch_golden(variant):
    model, side = torch_model(variant)
    model.eval()
    fill(model)
    seen = {}

    def keep(name, rectify):
        def hook(_, __, output):
            output = torch.relu(output) if rectify else output
            # A copy: an in-place rectifier may follow.
            seen[name] = output.detach().double().numpy()[0].copy()

        return hook

    for name, module in stages(variant, model).items():
        name, _, rectify = name.partition(":")
        module.register_forward_hook(keep(f"stage.{name}", bool(rectify)))
    passes = []
    for kind in (torch.float32, torch.float64):
        model.to(kind)
        seen = {}
        x = torch.from_numpy(formula.tensor("input", (1, 3, side, side))).to(kind)
        with torch.no_grad():
            seen["logits"] = model(x).double().numpy()[0]
            # What training also gives.
            middle = {"googlenet": {"aux1": "inception4a", "aux2": "inception4d"},
                      "inception_v3": {"AuxLogits": "Mixed_6e"}}.get(variant, {})
            for head, module in middle.items():
                handle = getattr(model, module).register_forward_hook(
                    lambda _, __, output, head=head: seen.update({f"output.{head}": output}))
                model(x)
                handle.remove()
                aux = getattr(model, head)(seen.pop(f"output.{head}"))
                seen[f"output.{'aux' if variant[0] == 'i' else head}"] = aux.double().numpy()[0]
        passes.append(dict(seen))
    count = sum(p.numel() for p in model.parameters())
    package = torch if variant in (*CIFAR, "zfnet") else torchvision
    write(variant, passes, count, f"{package.__name__} {package.__version__.partition('+')[0]}")


# Keras

KERAS = {
    "vgg16": "VGG16", "vgg19": "VGG19",
    "resnet50": "ResNet50", "resnet101": "ResNet101", "resnet152": "ResNet152",
    "densenet121": "DenseNet121", "densenet169": "DenseNet169", "densenet201": "DenseNet201",
    "mobilenet_v1": "MobileNet", "mobilenet_v1_075": "MobileNet", "mobilenet_v1_050": "MobileNet",
    "mobilenet_v1_025": "MobileNet",
}  # fmt: skip


def torchvision_layer(family, layer):
    """A Keras layer's name → the name torchvision gives the same layer."""
    if family == "vgg16" or family == "vgg19":
        if layer.startswith("block"):
            block, conv = int(layer[5]), int(layer[11:])
            convs = {"vgg16": (2, 2, 3, 3, 3), "vgg19": (2, 2, 4, 4, 4)}[family]
            return f"features.{sum(2 * n + 1 for n in convs[: block - 1]) + 2 * (conv - 1)}"
        return {"fc1": "classifier.0", "fc2": "classifier.3", "predictions": "classifier.6"}[layer]
    fixed = {
        "conv1_conv": "features.conv0",
        "conv1_bn": "features.norm0",
        "bn": "features.norm5",
        "predictions": "classifier",
    }
    if layer in fixed:
        return fixed[layer]
    parts = layer.split("_")
    if parts[0].startswith("pool"):
        last = "norm" if parts[1] == "bn" else "conv"
        return f"features.transition{int(parts[0][4:]) - 1}.{last}"
    block, index = int(parts[0][4:]) - 1, int(parts[1][5:])
    last = {"0_bn": "norm1", "1_conv": "conv1", "1_bn": "norm2", "2_conv": "conv2"}
    return f"features.denseblock{block}.denselayer{index}.{last['_'.join(parts[2:])]}"


SUFFIX = {
    "kernel": "weight",
    "depthwise_kernel": "weight",
    "bias": "bias",
    "gamma": "weight",
    "beta": "bias",
    "moving_mean": "running_mean",
    "moving_variance": "running_var",
}


def keras_fill(family, model):
    for layer in model.layers:
        for weight in layer.weights:
            kind = weight.path.rsplit("/", 1)[1]
            name = layer.name
            if not family.startswith(("resnet", "mobilenet")):
                name = torchvision_layer(family, layer.name)
            name, shape = f"{name}.{SUFFIX[kind]}", tuple(weight.shape)
            if layer.name.startswith("conv_dw") and len(shape) == 4:
                values = formula.parameter(name, (shape[2], 1, shape[0], shape[1]))
                values = values.transpose(2, 3, 0, 1)
            elif kind == "kernel" and len(shape) == 4:
                values = formula.parameter(name, (shape[3], shape[2], shape[0], shape[1]))
                values = values.transpose(2, 3, 1, 0)
            elif kind == "kernel":
                values = formula.parameter(name, (shape[1], shape[0]))
                if layer.name == "fc1":
                    # Ours flattens C×H×W, Keras flattens H×W×C.
                    blocks = values.reshape(-1, 512, 7, 7)
                    values = blocks.transpose(0, 2, 3, 1).reshape(values.shape)
                values = values.T
            else:
                values = formula.parameter(name, shape)
            weight.assign(values.astype(weight.dtype))


def keras_golden(variant):
    import keras
    from keras.src.backend.common import dtypes

    # Off TensorFlow, Keras lowers float64 to float32 in products, sums and norms.
    dtypes.BIT64_TO_BIT32_DTYPE["float64"] = "float64"

    family = variant.removesuffix("-keras")
    if family.startswith("vgg"):
        ends = {f"block{i}": f"block{i}_pool" for i in range(1, 6)}
    elif family.startswith("mobilenet"):
        blocks = enumerate((1, 3, 5, 11, 13), 1)
        ends = {"stem": "conv1_relu", **{f"layer{i}": f"conv_pw_{n}_relu" for i, n in blocks}}
    elif family.startswith("resnet"):
        last = {"resnet50": (3, 4, 6, 3), "resnet101": (3, 4, 23, 3), "resnet152": (3, 8, 36, 3)}
        ends = {"stem": "pool1_pool"}
        ends |= {f"conv{i}": f"conv{i}_block{n}_out" for i, n in enumerate(last[family], 2)}
    else:
        last = {"densenet121": (24, 16), "densenet169": (32, 32), "densenet201": (48, 32)}
        ends = {"stem": "pool1"}
        for i, n in enumerate((6, 12, *last[family]), 1):
            ends[f"denseblock{i}"] = f"conv{i + 1}_block{n}_concat"
            if i < 4:
                ends[f"transition{i}"] = f"pool{i + 1}_pool"
        ends["norm"] = "relu"
    passes = []
    for kind in ("float32", "float64"):
        keras.config.set_floatx(kind)
        keras.config.set_dtype_policy(kind)
        build = getattr(keras.applications, KERAS[family])
        options = {"alpha": int(family[13:] or 100) / 100} if family.startswith("mobilenet") else {}
        model = build(weights=None, classifier_activation=None, **options)
        keras_fill(family, model)
        outputs = {f"stage.{s}": model.get_layer(layer).output for s, layer in ends.items()}
        x = formula.tensor("input", (1, 3, 224, 224)).transpose(0, 2, 3, 1).astype(kind)
        with torch.no_grad():
            found = keras.Model(model.input, {**outputs, "logits": model.output})(x, training=False)
        found = {name: value.cpu().numpy()[0] for name, value in found.items()}
        assert all(value.dtype == kind for value in found.values())
        passes.append({
            name: np.ascontiguousarray(v.transpose(2, 0, 1) if v.ndim == 3 else v, np.float64)
            for name, v in found.items()
        })
        count = sum(int(np.prod(w.shape)) for w in model.trainable_weights)
        del model
    write(variant, passes, count, f"keras {keras.__version__}")


VARIANTS = (
    "alexnet vgg11 vgg11_bn vgg13 vgg13_bn vgg16 vgg16_bn vgg19 vgg19_bn "
    "resnet18 resnet34 resnet50 resnet101 resnet152 resnet20 resnet32 resnet44 resnet56 resnet110 "
    "densenet121 densenet161 densenet169 densenet201 vgg16-keras vgg19-keras "
    "resnet50-keras resnet101-keras resnet152-keras "
    "densenet121-keras densenet169-keras densenet201-keras "
    "zfnet squeezenet1_0 squeezenet1_1 googlenet inception_v3 mobilenet_v1 mobilenet_v1_075 "
    "mobilenet_v1_050 mobilenet_v1_025 mobilenet_v2 mobilenet_v3_large mobilenet_v3_small "
    "alexnet-small vgg9_bn densenet28-16"
).split()



def is_keras(variant):
    """Of the first MobileNet torchvision has none."""
    return variant.endswith("-keras") or variant.startswith("mobilenet_v1")


if __name__ == "__main__":
    torch.set_num_threads(2)
    for variant in sys.argv[1:] or VARIANTS:
        (keras_golden if is_keras(variant) else torch_golden)(variant)
