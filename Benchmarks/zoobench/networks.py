"""The networks that are compared: what goes in, what comes out, and how PyTorch has them.

Classifiers and Faster R-CNN are torchvision's. U-Net and YOLO are those that the golden values in
`Tests/Golden` are made with, written there once.
"""

import importlib.util
from dataclasses import dataclass
from types import ModuleType

from .settings import ROOT


@dataclass(frozen=True)
class Network:
    # Of one picture.
    input: tuple[int, int, int] = (3, 224, 224)
    # What comes out, by the names that it has here and in the order in which PyTorch gives it.
    outputs: tuple[str, ...] = ("logits",)
    # Pictures in, boxes out: what is decided between the parts of a network is part of it.
    is_pipeline: bool = False

    def takes(self, batch: int) -> bool:
        """Pipelines are for one picture after another."""
        return batch == 1 or not self.is_pipeline


CLASSIFIERS = ("alexnet", "vgg16", "resnet18", "resnet50", "densenet121")
_CLASSIFIER = Network()
_DENSE = {
    # Without what is made of the maps: other libraries leave that to their users.
    "yolov4-tiny": Network((3, 416, 416), ("grid32", "grid16")),
    "unet": Network((3, 256, 256)),
    "fasterrcnn-resnet50-fpn": Network(
        (3, 800, 1066), ("boxes", "labels", "scores"), is_pipeline=True
    ),
}
NAMES = CLASSIFIERS + tuple(_DENSE)
# Detectors whose network alone is compared.
RAW = ("yolov4-tiny",)


def network(name: str) -> Network:
    return _DENSE.get(name, _CLASSIFIER)


def module(name: str):
    """As PyTorch has it, with the weights that its layers begin with; a batch in, a tensor or a
    tuple of tensors out."""
    import torchvision

    if name == "yolov4-tiny":
        return _darknet(name)
    if name == "unet":
        return _golden("unet").UNet(3)
    if name == "fasterrcnn-resnet50-fpn":
        return _pipeline()
    return torchvision.models.get_model(name, weights=None)


def calibrate(name: str, network, pictures) -> None:
    """Gives norms the statistics of seeded pictures, so that values keep the size that they have in
    a trained network."""
    import torch

    norms = [m for m in network.modules() if isinstance(m, torch.nn.BatchNorm2d)]
    for norm in norms:
        norm.momentum = None  # the average over all batches seen
    if norms:
        with torch.no_grad():
            (network.calibrated if _DENSE.get(name, _CLASSIFIER).is_pipeline else network.train())(
                pictures
            )
    network.eval()


def _golden(topic: str) -> ModuleType:
    path = ROOT / "Tests" / "Golden" / topic / "make.py"
    spec = importlib.util.spec_from_file_location(f"golden_{topic}", path)
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


def _darknet(name: str):
    """From a configuration in words, as the golden values have it; parameters have our names."""
    from torch import cat, nn
    from torch.nn import functional

    words = _golden("yolo").CONFIGURATIONS[name].split()
    anchors, classes = 3, 80

    class Darknet(nn.Module):
        def __init__(self):
            super().__init__()
            widths, width, count, part = [], 3, 0, "backbone"
            for key in ("backbone", "neck", "head"):
                self.add_module(key, nn.ModuleDict())
            for word in words:
                if word == "|":
                    part = "neck"
                    continue
                if word == "Y":
                    count += 1
                    outputs = anchors * (5 + classes)
                    self.head[f"conv{count}"] = nn.Conv2d(width, outputs, 1)
                    widths.append(outputs)
                elif word == "H":
                    width //= 2
                elif word[0] == "R":
                    width = sum(widths[int(index)] for index in word[1:].split(","))
                elif word[0] not in "MU":
                    count += 1
                    shape, _, stride = word.partition("/")
                    outputs, _, kernel = shape.partition(".")
                    outputs, kernel, stride = int(outputs), int(kernel or 3), int(stride or 1)
                    parts = self.get_submodule(part)
                    parts[f"conv{count}"] = nn.Conv2d(
                        width, outputs, kernel, stride, kernel // 2, bias=False
                    )
                    parts[f"norm{count}"] = nn.BatchNorm2d(outputs)
                    width = outputs
                widths.append(width)

        def forward(self, x):
            maps, heads, count, part = [], [], 0, self.backbone
            for word in words:
                if word == "|":
                    part = self.neck
                    continue
                if word == "Y":
                    count += 1
                    x = self.head[f"conv{count}"](x)
                    heads.append(x)
                    maps.append(x)
                elif word == "H":
                    x = x.chunk(2, 1)[1]
                elif word[0] == "M":
                    x = functional.max_pool2d(x, 2, 2)
                elif word == "U":
                    x = functional.interpolate(x, scale_factor=2.0, mode="nearest")
                elif word[0] == "R":
                    routes = [maps[int(index)] for index in word[1:].split(",")]
                    x = routes[0] if len(routes) == 1 else cat(routes, 1)
                else:
                    count += 1
                    x = part[f"norm{count}"](part[f"conv{count}"](x))
                    x = functional.leaky_relu(x, 0.1)
                maps.append(x)
            return tuple(heads)

    return Darknet()


def _pipeline():
    import torch
    from torchvision.models.detection import fasterrcnn_resnet50_fpn

    class Pipeline(torch.nn.Module):
        """A batch instead of a list of pictures, and what was found in the first of them."""

        def __init__(self):
            super().__init__()
            self.detector = fasterrcnn_resnet50_fpn(weights=None, weights_backbone=None)
            # As torchvision does where it brings weights, and as we do.
            self.set_epsilon(0.0)

        def set_epsilon(self, epsilon):
            for part in self.detector.modules():
                if isinstance(part, torch.nn.BatchNorm2d):
                    part.eps = epsilon

        def forward(self, images):
            found = self.detector(list(images))[0]
            # Background is not among the classes.
            return found["boxes"], found["labels"] - 1, found["scores"]

        def calibrated(self, pictures):
            """The norms, which are in the backbone, and a second stage that is sure of a few things
            and calls most regions background, as a trained one does."""
            images, _ = self.detector.transform(list(pictures))
            self.set_epsilon(1e-5)  # zero is no epsilon to learn with
            self.detector.backbone.train()(images.tensors)
            self.set_epsilon(0.0)
            seen = []
            predictor = self.detector.eval().roi_heads.box_predictor
            hook = predictor.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
            self(pictures)
            hook.remove()
            last = predictor.cls_score
            logits = last(seen[0])
            scale = 1.5 / (logits - logits.mean(0)).std()
            last.weight *= scale
            last.bias.copy_((last.bias - logits.mean(0)) * scale)
            last.bias[0] += 6

        # Torchvision's names, without ours before them.
        def state_dict(self, *arguments, **options):
            return self.detector.state_dict(*arguments, **options)

        def load_state_dict(self, *arguments, **options):
            return self.detector.load_state_dict(*arguments, **options)

    return Pipeline()
