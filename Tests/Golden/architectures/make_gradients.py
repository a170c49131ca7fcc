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

# The functions of the package hide these modules.
google = sys.modules["torchvision.models.googlenet"]
inception = sys.modules["torchvision.models.inception"]

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


def narrow_google(i, o, **options):
    return google.BasicConv2d(i if i == 3 else i // 16, o // 16, **options)


def googlenet():
    def side(i, classes, dropout):
        # Only what the head itself makes is to be narrower: what it reads is already.
        conv = lambda i, o, **options: google.BasicConv2d(i, o // 16, **options)
        head = google.InceptionAux(i // 16, classes, conv_block=conv, dropout=0)
        head.fc1, head.fc2 = nn.Linear(128, 64), nn.Linear(64, classes)
        return head

    module = lambda *widths: google.Inception(*(width // 16 for width in widths))
    model = google.GoogLeNet(
        CLASSES, init_weights=False, blocks=[narrow_google, module, side], dropout=0
    )
    model.fc = nn.Linear(64, CLASSES)
    return model


def inception_v3():
    def conv(i, o, **options):
        return inception.BasicConv2d(i if i == 3 else i // 16, o // 16, **options)

    def narrow(block):
        return lambda *sizes, **options: block(*sizes, conv_block=conv, **options)

    kinds = [
        inception.InceptionA, inception.InceptionB, inception.InceptionC, inception.InceptionD,
        inception.InceptionE, inception.InceptionAux,
    ]  # fmt: skip
    model = inception.Inception3(
        CLASSES, inception_blocks=[conv, *map(narrow, kinds)], init_weights=False, dropout=0
    )
    model.AuxLogits.fc, model.fc = nn.Linear(48, CLASSES), nn.Linear(128, CLASSES)
    return model


# How much say each auxiliary head has: Szegedy et al. 2014, section 5; PyTorch's guide to
# fine-tuning, for Inception.
SIDES = {"mini-googlenet": 0.3, "mini-inception_v3": 0.4}

MINIATURES = {
    "mini-googlenet": (googlenet, 64),
    "mini-inception_v3": (inception_v3, 299),
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


def step(build, side, kind, share):
    model = build().train()
    if share:
        # Norms of two pictures and a channel or two make a deep network chaotic; as they are, the
        # step is about what the heads add.
        for module in model.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.eval()
    fill(model)
    model.to(kind)
    x = torch.from_numpy(formula.tensor("input", (2, 3, side, side))).to(kind).requires_grad_()
    given = model(x)
    logits, *sides = [given] if torch.is_tensor(given) else given
    loss = nn.functional.cross_entropy(logits, torch.tensor(LABELS))
    for other in sides:
        loss = loss + share * nn.functional.cross_entropy(other, torch.tensor(LABELS))
    loss.backward()
    result = {"loss": loss, "logits": logits, "input.grad": x.grad}
    result |= {f"{name}.grad": p.grad for name, p in model.named_parameters()}
    result |= {n: b for n, b in model.named_buffers() if not n.endswith("num_batches_tracked")}
    return {name: value.detach().double().numpy() for name, value in result.items()}


if __name__ == "__main__":
    for name in sys.argv[1:] or MINIATURES:
        build, side = MINIATURES[name]
        single, double = (
            step(build, side, kind, SIDES.get(name)) for kind in (torch.float32, torch.float64)
        )
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
