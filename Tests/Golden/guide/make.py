"""The reference of Documentation/add-an-architecture.md: LeNet-5 as most PyTorch courses write it.

    python make.py        writes lenet5.safetensors and values.safetensors beside this script

The weights are random and fixed; the values are under the names that the family has here.
"""

from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import nn

HERE = Path(__file__).parent


class LeNet5(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 6, 5)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.conv3 = nn.Conv2d(16, 120, 5)
        self.fc1 = nn.Linear(120, 84)
        self.fc2 = nn.Linear(84, 10)
        self.pool = nn.AvgPool2d(2)

    def forward(self, x):
        x = self.pool(torch.tanh(self.conv1(x)))
        x = self.pool(torch.tanh(self.conv2(x)))
        x = torch.tanh(self.conv3(x)).flatten(1)
        return self.fc2(torch.tanh(self.fc1(x)))


torch.manual_seed(1998)
model = LeNet5().eval()
save_file(model.state_dict(), HERE / "lenet5.safetensors")

values = {"image": torch.rand(2, 1, 32, 32) * 2 - 1}
ours = {"conv1": "C1", "conv2": "C3", "conv3": "C5", "fc1": "F6"}
for name, module in model.named_modules():
    if name in ours:
        module.register_forward_hook(
            lambda _, __, out, name=name: values.update({ours[name]: out.clone()})
        )
with torch.no_grad():
    values["logits"] = model(values["image"])
save_file({name: value.contiguous() for name, value in values.items()}, HERE / "values.safetensors")
