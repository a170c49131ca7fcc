"""ZFNet of arXiv:1311.2901, figure 3, under the names of Caffe's model."""

from torch import nn
from torch.nn.functional import adaptive_avg_pool2d, dropout


class ZFNet(nn.Module):
    def __init__(self, widths=(96, 256, 384, 384, 256), hidden=4096, classes=1000, drop=0.5):
        super().__init__()
        self.conv1 = nn.Conv2d(3, widths[0], 7, 2, 1)
        self.conv2 = nn.Conv2d(widths[0], widths[1], 5, 2)
        self.conv3 = nn.Conv2d(widths[1], widths[2], 3, 1, 1)
        self.conv4 = nn.Conv2d(widths[2], widths[3], 3, 1, 1)
        self.conv5 = nn.Conv2d(widths[3], widths[4], 3, 1, 1)
        self.fc6 = nn.Linear(widths[4] * 36, hidden)
        self.fc7 = nn.Linear(hidden, hidden)
        self.fc8 = nn.Linear(hidden, classes)
        self.pool1, self.pool2, self.pool5 = (nn.MaxPool2d(3, 2, ceil_mode=True) for _ in "125")
        self.norm1, self.norm2 = (nn.LocalResponseNorm(5, 1e-4, 0.75, 2) for _ in "12")
        self.drop = drop

    def forward(self, x):
        x = self.norm1(self.pool1(self.conv1(x).relu()))
        x = self.norm2(self.pool2(self.conv2(x).relu()))
        x = self.pool5(self.conv5(self.conv4(self.conv3(x).relu()).relu()).relu())
        x = adaptive_avg_pool2d(x, 6).flatten(1)
        x = dropout(self.fc6(x).relu(), self.drop, self.training)
        x = dropout(self.fc7(x).relu(), self.drop, self.training)
        return self.fc8(x)
