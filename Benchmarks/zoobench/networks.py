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
    # For one picture.
    input: tuple[int, int, int] = (3, 224, 224)
    # The outputs, by our names, in PyTorch's order.
    outputs: tuple[str, ...] = ("logits",)
    # From pictures to boxes, including the decisions between the parts of the network.
    is_pipeline: bool = False

    def takes(self, batch: int) -> bool:
        """Pipelines take one picture at a time."""
        return batch == 1 or not self.is_pipeline


CLASSIFIERS = ("alexnet", "vgg16", "resnet18", "resnet50", "densenet121")
_CLASSIFIER = Network()
_DENSE = {
    # Without decoding of the maps, which other libraries leave to their users.
    "yolov4-tiny": Network((3, 416, 416), ("grid32", "grid16")),
    "unet": Network((3, 256, 256)),
    "fasterrcnn-resnet50-fpn": Network(
        (3, 800, 1066), ("boxes", "labels", "scores"), is_pipeline=True
    ),
}
NAMES = CLASSIFIERS + tuple(_DENSE)
# Detectors of which only the network is compared.
RAW = ("yolov4-tiny",)


def network(name: str) -> Network:
    return _DENSE.get(name, _CLASSIFIER)


def module(name: str):
    """The PyTorch module with its initial weights; takes a batch and returns a tensor or a tuple of
    tensors."""
    import torchvision

    if name == "yolov4-tiny":
        return _darknet(name)
    if name == "unet":
        return _golden("unet").UNet(3)
    if name == "fasterrcnn-resnet50-fpn":
        return _pipeline()
    return torchvision.models.get_model(name, weights=None)


def calibrate(name: str, network, pictures) -> None:
    """Sets the statistics of norms from seeded pictures, so that values have the magnitude of a trained
    network."""
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
    """Built from the configuration text that the golden values use; parameters have our names."""
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
        """Takes a batch instead of a list of pictures, and returns the detections in the first."""

        def __init__(self):
            super().__init__()
            self.detector = fasterrcnn_resnet50_fpn(weights=None, weights_backbone=None)
            # As torchvision does for its own weights, and as we do.
            self.set_epsilon(0.0)

        def set_epsilon(self, epsilon):
            for part in self.detector.modules():
                if isinstance(part, torch.nn.BatchNorm2d):
                    part.eps = epsilon

        def forward(self, images):
            found = self.detector(list(images))[0]
            # Classes do not include background.
            return found["boxes"], found["labels"] - 1, found["scores"]

        def calibrated(self, pictures):
            """The backbone's norms, and a second stage that is confident of a few objects and classifies
            most regions as background, like a trained one."""
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

        # torchvision's names, without our prefix.
        def state_dict(self, *arguments, **options):
            return self.detector.state_dict(*arguments, **options)

        def load_state_dict(self, *arguments, **options):
            return self.detector.load_state_dict(*arguments, **options)

    return Pipeline()
