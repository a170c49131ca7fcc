"""The CIFAR ResNets of arXiv:1512.03385, section 4.2, with shortcut A and the published names."""

import torch
from torch import nn
from torch.nn.functional import pad


class Block(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.grows = stride != 1 or inputs != outputs

    def forward(self, x):
        y = self.bn2(self.conv2(torch.relu(self.bn1(self.conv1(x)))))
        if self.grows:
            side = y.shape[1] // 4
            x = pad(x[:, :, ::2, ::2], (0, 0, 0, 0, side, side))
        return torch.relu(x + y)


class CIFARResNet(nn.Module):
    def __init__(self, depth, widths=(16, 32, 64), classes=10):
        super().__init__()
        self.conv1 = nn.Conv2d(3, widths[0], 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(widths[0])
        inputs, count = widths[0], (depth - 2) // 6
        for stage, width in enumerate(widths, 1):
            blocks = []
            for index in range(count):
                blocks.append(Block(inputs, width, 2 if stage > 1 and index == 0 else 1))
                inputs = width
            setattr(self, f"layer{stage}", nn.Sequential(*blocks))
        self.linear = nn.Linear(inputs, classes)

    def forward(self, x):
        x = torch.relu(self.bn1(self.conv1(x)))
        x = self.layer3(self.layer2(self.layer1(x)))
        return self.linear(x.mean((2, 3)))
