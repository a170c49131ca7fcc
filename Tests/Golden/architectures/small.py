"""The small variants of families that were published for large pictures: torchvision's modules, put
together for pictures of 32×32 and ten classes."""

from torch import nn
from torchvision import models
from torchvision.models.vgg import make_layers

SMALL = ("alexnet-small", "vgg9_bn", "densenet28-16")


def small_model(variant):
    return {"alexnet-small": _alexnet, "vgg9_bn": _vgg, "densenet28-16": _densenet}[variant]()


def _alexnet():
    model = models.AlexNet(num_classes=10)
    widths = (3, 32, 96, 128, 96, 96)
    kernels = ((5, 1, 2), (5, 1, 2), (3, 1, 1), (3, 1, 1), (3, 1, 1))
    layers = []
    for index, (kernel, stride, padding) in enumerate(kernels):
        layers += [nn.Conv2d(widths[index], widths[index + 1], kernel, stride, padding), nn.ReLU()]
        if index in (0, 1, 4):
            layers.append(nn.MaxPool2d(3, 2))
    model.features = nn.Sequential(*layers)
    model.avgpool = nn.AdaptiveAvgPool2d(2)
    model.classifier = nn.Sequential(
        nn.Dropout(), nn.Linear(96 * 4, 256), nn.ReLU(),
        nn.Dropout(), nn.Linear(256, 256), nn.ReLU(), nn.Linear(256, 10),
    )  # fmt: skip
    return model


def _vgg():
    layers = make_layers([32, 32, "M", 64, 64, "M", 128, 128, "M"], batch_norm=True)
    model = models.VGG(layers, num_classes=10, init_weights=False)
    model.avgpool = nn.AdaptiveAvgPool2d(3)
    model.classifier = nn.Sequential(
        nn.Linear(128 * 9, 256), nn.ReLU(), nn.Dropout(),
        nn.Linear(256, 256), nn.ReLU(), nn.Dropout(), nn.Linear(256, 10),
    )  # fmt: skip
    return model


def _densenet():
    model = models.DenseNet(16, (4, 4, 4), num_init_features=32, num_classes=10)
    model.features.conv0 = nn.Conv2d(3, 32, 3, padding=1, bias=False)
    # Nothing is lost before the first block.
    for name in ("norm0", "relu0", "pool0"):
        delattr(model.features, name)
    return model
