"""Golden passes of the U-Nets, and of one training step of miniatures.

    python make.py                    writes *.safetensors beside this script

The networks are written here from the papers, with torch's own layers and torchvision's encoders;
weights and inputs come from `../architectures/formula.py`. Everything was computed in float64; how
far the reference's own float32 is from that is printed.
"""

import sys
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
import torchvision
from torch import nn

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "architectures"))
import formula  # noqa: E402
from make import error, fill, record, sampled, save  # noqa: E402


def block(inputs, outputs, name, padded):
    layers = []
    for index in (1, 2):
        layers.append(
            (f"{name}conv{index}", nn.Conv2d(inputs, outputs, 3, padding=int(padded), bias=not padded)))
        if padded:
            layers.append((f"{name}norm{index}", nn.BatchNorm2d(outputs)))
        layers.append((f"{name}relu{index}", nn.ReLU()))
        inputs = outputs
    block = nn.Sequential()
    for key, layer in layers:
        block.add_module(key, layer)
    return block


class Decoder(nn.Module):
    """Levels by their number from 1; `widths[level]` comes out, `skips[level]` (or 0) goes in."""

    def build(self, bottom, widths, skips, classes, padded=True, bilinear=False):
        self.levels, self.padded, self.bilinear = sorted(widths), padded, bilinear
        inputs = bottom
        for level in reversed(self.levels):
            width = widths[level]
            up = nn.Conv2d(inputs, width, 1) if bilinear else nn.ConvTranspose2d(inputs, width, 2, 2)
            self.add_module(f"upconv{level}", up)
            self.add_module(
                f"decoder{level}", block(width + skips[level], width, f"dec{level}", padded))
            inputs = width
        self.conv = nn.Conv2d(inputs, classes, 1)

    def ascend(self, x, skips, sizes):
        for level in reversed(self.levels):
            up, (height, width) = getattr(self, f"upconv{level}"), sizes[level]
            if self.bilinear:
                # Doubled first, as one reads it; the order does not matter.
                x = up(F.interpolate(x, (height, width), mode="bilinear", align_corners=False))
            elif not self.padded:
                x = up(x)
            else:
                more = [max(0, height - 2 * x.shape[2]), max(0, width - 2 * x.shape[3])]
                x = F.conv_transpose2d(x, up.weight, up.bias, 2, output_padding=more)
                x = x[:, :, :height, :width]
            skip = skips.get(level)
            if skip is not None:
                if not self.padded:
                    top, left = (skip.shape[2] - x.shape[2]) // 2, (skip.shape[3] - x.shape[3]) // 2
                    skip = skip[:, :, top : top + x.shape[2], left : left + x.shape[3]]
                x = torch.cat((x, skip), 1)
            x = getattr(self, f"decoder{level}")(x)
        return self.conv(x)


class UNet(Decoder):
    def __init__(self, channels, width=32, depth=4, classes=1, padded=True, bilinear=False):
        super().__init__()
        self.depth = depth
        widths = {level: width << (level - 1) for level in range(1, depth + 1)}
        inputs = channels
        for level, outputs in widths.items():
            self.add_module(f"encoder{level}", block(inputs, outputs, f"enc{level}", padded))
            inputs = outputs
        self.bottleneck = block(inputs, width << depth, "bottleneck", padded)
        self.build(width << depth, widths, widths, classes, padded, bilinear)

    def forward(self, x):
        skips, sizes = {}, {}
        for level in range(1, self.depth + 1):
            x = getattr(self, f"encoder{level}")(x)
            skips[level], sizes[level] = x, x.shape[2:]
            x = F.max_pool2d(x, 2)
        return self.ascend(self.bottleneck(x), skips, sizes)


class ResNetUNet(Decoder):
    def __init__(self, name, classes=1):
        super().__init__()
        self.encoder = getattr(torchvision.models, name)(weights=None)
        self.encoder.fc = nn.Identity()
        wide = 4 if name == "resnet50" else 1
        skips = {1: 0, 2: 64, 3: 64 * wide, 4: 128 * wide, 5: 256 * wide}
        widths = {level: min(skips[level] or 32, 16 << level) for level in skips}
        self.build(512 * wide, widths, skips, classes)

    def forward(self, x):
        e, skips, sizes = self.encoder, {}, {1: x.shape[2:]}
        x = skips[2] = e.relu(e.bn1(e.conv1(x)))
        x = skips[3] = e.layer1(e.maxpool(x))
        x = skips[4] = e.layer2(x)
        x = skips[5] = e.layer3(x)
        sizes |= {level: map.shape[2:] for level, map in skips.items()}
        return self.ascend(e.layer4(x), skips, sizes)


class VGGUNet(Decoder):
    def __init__(self, classes=1):
        super().__init__()
        self.encoder = nn.Module()
        self.encoder.features = torchvision.models.vgg16(weights=None).features
        skips = {1: 64, 2: 128, 3: 256, 4: 512, 5: 512}
        self.build(512, {level: 16 << level for level in skips}, skips, classes)

    def forward(self, x):
        skips = {}
        for layer in self.encoder.features:
            if isinstance(layer, nn.MaxPool2d):
                skips[len(skips) + 1] = x
            x = layer(x)
        return self.ascend(x, skips, {level: map.shape[2:] for level, map in skips.items()})


VARIANTS = {
    "unet": (lambda: UNet(3), ["3x64x96", "3x37x53"]),
    "unet-64": (lambda: UNet(3, width=64), ["3x48x32"]),
    "unet-depth3": (lambda: UNet(3, depth=3), ["3x40x24", "3x45x31"]),
    "unet-bilinear": (lambda: UNet(3, bilinear=True), ["3x64x96", "3x37x53"]),
    "unet-paper": (lambda: UNet(1, 64, classes=2, padded=False), ["1x188x204"]),
    "unet-resnet18": (lambda: ResNetUNet("resnet18"), ["3x64x96", "3x65x87"]),
    "unet-resnet50": (lambda: ResNetUNet("resnet50"), ["3x64x96"]),
    "unet-vgg16": (lambda: VGGUNet(), ["3x64x96", "3x50x71"]),
}

# Depth 2, 4 maps at first; a batch of two. What the labels are follows from their number.
MINIATURES = {
    "mini-unet": (lambda: UNet(3, 4, 2), (2, 3, 20, 28)),
    "mini-unet-bilinear": (lambda: UNet(3, 4, 2, bilinear=True), (2, 3, 18, 27)),
    "mini-unet-classes": (lambda: UNet(1, 4, 2, classes=3), (2, 1, 21, 23)),
    "mini-unet-paper": (lambda: UNet(1, 4, 2, classes=2, padded=False), (2, 1, 44, 52)),
}


def labels(name, shape, classes):
    """A class for each place; −1 at an eighth of them, where there are classes and not one."""
    values = (formula.unit(f"{name} labels", int(np.prod(shape))) + 1) / 2
    eighths = np.floor(values * 8).astype(np.int64)
    known = np.floor((values * 8 - eighths) * max(2, classes)).astype(np.int64)
    return torch.from_numpy(np.where((eighths == 0) & (classes > 1), -1, known).reshape(shape))


def loss(logits, truth):
    """Cross-entropy and soft Dice over what is known."""
    classes, known = logits.shape[1], truth >= 0
    if classes == 1:
        p, y = torch.sigmoid(logits[:, 0]), truth.to(logits.dtype)
        entropy = F.binary_cross_entropy_with_logits(logits[:, 0], y)
        return entropy + 1 - (2 * (p * y).sum() + 1) / (p.sum() + y.sum() + 1)
    entropy = F.cross_entropy(logits, truth, ignore_index=-1)
    p = torch.softmax(logits, 1) * known[:, None]
    y = F.one_hot(truth.clamp(min=0), classes).permute(0, 3, 1, 2) * known[:, None]
    sums = (2 * (p * y).sum((0, 2, 3)) + 1) / (p.sum((0, 2, 3)) + y.sum((0, 2, 3)) + 1)
    return entropy + (1 - sums).mean()


def forward(variant):
    build, sizes = VARIANTS[variant]
    model = build().eval()
    fill(model)
    model = model.float()
    tensors, metadata = {}, {"reference": f"torch {torch.__version__.partition('+')[0]}"}
    metadata["parameters"] = str(sum(p.numel() for p in model.parameters()))
    worst = 0
    for size in sizes:
        shape = [1] + [int(side) for side in size.split("x")]
        x = torch.from_numpy(formula.tensor("input", shape))
        with torch.no_grad():
            single, double = model.float()(x).numpy(), model.double()(x.double()).numpy()
        record(f"logits.{size}", double, tensors, metadata)
        worst = max(worst, error(single, double))
    save(HERE / f"{variant}.safetensors", tensors, metadata)
    print(f"{variant}: {metadata['parameters']} parameters, float32 of the reference {worst:.1e}")


def step(name):
    build, shape = MINIATURES[name]
    results = []
    for kind in (torch.float32, torch.float64):
        model = build().train()
        fill(model)
        model.to(kind)
        x = torch.from_numpy(formula.tensor("input", shape)).to(kind).requires_grad_()
        logits = model(x)
        truth = labels(name, (shape[0], *logits.shape[2:]), logits.shape[1])
        value = loss(logits, truth)
        value.backward()
        result = {"loss": value, "logits": logits, "input.grad": x.grad}
        result |= {f"{key}.grad": p.grad for key, p in model.named_parameters()}
        result |= {k: b for k, b in model.named_buffers() if not k.endswith("num_batches_tracked")}
        results.append({k: v.detach().double().numpy() for k, v in result.items()})
    single, double = results
    gradients = [v for k, v in double.items() if k.endswith(".grad") and k != "input.grad"]
    total = np.sqrt(sum((g * g).sum() for g in gradients))
    metadata = {
        "reference": f"torch {torch.__version__.partition('+')[0]}",
        "input.shape": "x".join(map(str, shape)), "loss": repr(float(double["loss"])),
        "classes": str(double["logits"].shape[1]), "gradients.norm": repr(float(total)),
    }
    errors = {}
    for key, value in double.items():
        errors[key] = np.linalg.norm(single[key] - value) / max(
            np.linalg.norm(value), 0.01 * total if key.endswith(".grad") else 0)
    tensors = {
        key: np.ascontiguousarray(sampled(value.reshape(-1)), dtype=np.float32)
        for key, value in double.items()
    }
    save(HERE / f"{name}.safetensors", tensors, metadata)
    print(f"{name}: loss {metadata['loss']}, float32 of the reference {max(errors.values()):.1e}")


if __name__ == "__main__":
    for variant in VARIANTS:
        forward(variant)
    for name in MINIATURES:
        step(name)
