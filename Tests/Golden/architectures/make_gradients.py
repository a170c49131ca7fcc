"""Golden gradients of one training step through a miniature of every family.

    python make_gradients.py          writes mini-*.safetensors beside this script

The miniatures (README.md) are the reference's own modules with narrower layers, in training mode:
batch statistics, no dropout. Computed in float64, stored in float32; how far the reference's own
float32 step is from that is printed.
"""

import sys
from pathlib import Path

import numpy as np
import torch
import torchvision
from torch import nn
from torchvision.models.alexnet import AlexNet
from torchvision.models.densenet import DenseNet
from torchvision.models.mobilenetv2 import InvertedResidual, MobileNetV2
from torchvision.models.mobilenetv3 import InvertedResidualConfig, MobileNetV3
from torchvision.models.resnet import BasicBlock, Bottleneck, ResNet
from torchvision.models.squeezenet import Fire, SqueezeNet
from torchvision.models.vgg import VGG, make_layers
from torchvision.ops.misc import Conv2dNormActivation

import formula
from cifar import CIFARResNet
from make import fill, sampled, save

HERE = Path(__file__).parent
CLASSES = 5
LABELS = [1, 3]


def alexnet():
    model = AlexNet(num_classes=CLASSES, dropout=0)
    widths = {0: (3, 8, 11, 4, 2), 3: (8, 16, 5, 1, 2), 6: (16, 24, 3, 1, 1)}
    widths |= {8: (24, 16, 3, 1, 1), 10: (16, 8, 3, 1, 1)}
    for index, arguments in widths.items():
        model.features[index] = nn.Conv2d(*arguments)
    model.classifier[1] = nn.Linear(8 * 6 * 6, 16)
    model.classifier[4] = nn.Linear(16, 16)
    model.classifier[6] = nn.Linear(16, CLASSES)
    return model


def vgg(normed):
    layers = make_layers([4, "M", 8, "M", 8, 8, "M"], batch_norm=normed)
    model = VGG(layers, num_classes=CLASSES, init_weights=False, dropout=0)
    model.classifier[0] = nn.Linear(8 * 7 * 7, 16)
    model.classifier[3] = nn.Linear(16, 16)
    model.classifier[6] = nn.Linear(16, CLASSES)
    return model


def resnet(block, width):
    model = ResNet(block, [1, 1, 1, 1])
    model.conv1 = nn.Conv2d(3, width, 7, 2, 3, bias=False)
    model.bn1 = nn.BatchNorm2d(width)
    model.inplanes = width
    for index in range(4):
        layer = model._make_layer(block, width << index, 1, stride=1 if index == 0 else 2)
        setattr(model, f"layer{index + 1}", layer)
    model.fc = nn.Linear(8 * width * block.expansion, CLASSES)
    return model


def densenet():
    return DenseNet(
        growth_rate=4, block_config=(2, 2, 2, 2), num_init_features=8, num_classes=CLASSES
    )


def squeezenet():
    model = SqueezeNet("1_1", num_classes=CLASSES, dropout=0)
    pools = [nn.MaxPool2d(3, 2, ceil_mode=True) for _ in range(3)]
    model.features = nn.Sequential(
        nn.Conv2d(3, 8, 3, 2), nn.ReLU(), pools[0], Fire(8, 4, 16, 16), Fire(32, 4, 16, 16),
        pools[1], Fire(32, 4, 16, 16), pools[2], Fire(32, 6, 24, 24),
    )  # fmt: skip
    model.classifier[1] = nn.Conv2d(48, CLASSES, 1)
    return model


def mobilenet_v2():
    model = MobileNetV2(num_classes=CLASSES, dropout=0)
    table = [(8, 8, 1, 1), (8, 12, 2, 2), (12, 12, 1, 2), (12, 16, 2, 3), (16, 16, 1, 3)]
    units = {"norm_layer": nn.BatchNorm2d, "activation_layer": nn.ReLU6}
    model.features = nn.Sequential(
        Conv2dNormActivation(3, 8, stride=2, **units),
        *(InvertedResidual(i, o, stride, wider) for i, o, stride, wider in table),
        Conv2dNormActivation(16, 32, kernel_size=1, **units),
    )
    model.classifier[1] = nn.Linear(32, CLASSES)
    return model


def mobilenet_v3():
    rows = [
        (16, 3, 16, 16, False, "RE", 1), (16, 3, 24, 8, False, "RE", 2),
        (8, 5, 24, 8, True, "RE", 1), (8, 5, 32, 16, True, "HS", 2), (16, 3, 48, 16, False, "HS", 1),
    ]  # fmt: skip
    blocks = [InvertedResidualConfig(*row, 1, 1) for row in rows]
    return MobileNetV3(blocks, 32, num_classes=CLASSES, dropout=0)


MINIATURES = {
    "mini-alexnet": (alexnet, 159),
    "mini-vgg": (lambda: vgg(False), 24),
    "mini-vgg_bn": (lambda: vgg(True), 24),
    "mini-resnet-basic": (lambda: resnet(BasicBlock, 4), 64),
    "mini-resnet-bottleneck": (lambda: resnet(Bottleneck, 4), 80),
    "mini-resnet-cifar": (lambda: CIFARResNet(8, (4, 8, 16), CLASSES), 16),
    "mini-densenet": (densenet, 64),
    "mini-squeezenet": (squeezenet, 48),
    "mini-mobilenet_v2": (mobilenet_v2, 40),
    "mini-mobilenet_v3": (mobilenet_v3, 40),
}


def step(build, side, kind):
    model = build().train()
    fill(model)
    model.to(kind)
    x = torch.from_numpy(formula.tensor("input", (2, 3, side, side))).to(kind).requires_grad_()
    logits = model(x)
    loss = nn.functional.cross_entropy(logits, torch.tensor(LABELS))
    loss.backward()
    result = {"loss": loss, "logits": logits, "input.grad": x.grad}
    result |= {f"{name}.grad": p.grad for name, p in model.named_parameters()}
    result |= {n: b for n, b in model.named_buffers() if not n.endswith("num_batches_tracked")}
    return {name: value.detach().double().numpy() for name, value in result.items()}


if __name__ == "__main__":
    for name in sys.argv[1:] or MINIATURES:
        build, side = MINIATURES[name]
        single, double = (step(build, side, kind) for kind in (torch.float32, torch.float64))
        gradients = [v for n, v in double.items() if n.endswith(".grad") and n != "input.grad"]
        total = np.sqrt(sum((g * g).sum() for g in gradients))
        errors, still = {}, []
        for tensor, value in double.items():
            if np.linalg.norm(value) < 1e-12 * total:
                # A bias in front of a norm moves nothing: zero, but for rounding.
                value[...] = 0
                still.append(tensor)
            else:
                errors[tensor] = np.linalg.norm(single[tensor] - value) / np.linalg.norm(value)
        tensors = {n: v.astype(np.float32) for n, v in double.items() if n != "input.grad"}
        tensors["input.grad"] = sampled(double["input.grad"].reshape(-1)).astype(np.float32)
        metadata = {
            "reference": f"torchvision {torchvision.__version__.partition('+')[0]}",
            "parameters": str(sum(g.size for g in gradients)),
            "input.shape": f"2x3x{side}x{side}",
            "labels": ",".join(map(str, LABELS)),
            "loss": repr(float(double["loss"])),
            "gradients.norm": repr(float(total)),
            "input.grad.squares": repr(float((double["input.grad"] ** 2).sum())),
        }
        save(HERE / f"{name}.safetensors", tensors, metadata)
        worst = max(errors, key=errors.get)
        print(
            f"{name}: {metadata['parameters']} parameters, loss {metadata['loss']}; float32 of the "
            f"reference: worst {worst} {errors[worst]:.1e}; {len(still)} gradients are zero"
        )
