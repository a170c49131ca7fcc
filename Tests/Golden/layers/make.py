"""Writes layers.safetensors: what PyTorch computes for every case of LayerCases.swift.

Inputs, parameters and the gradients that come from above are Formula's numbers, by name, so only
results are stored. PyTorch computes in float64 (resizing in float32, whose rounding decides which
place is nearest), and the results are rounded to float32.
"""
import pathlib

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.numpy import save_file


def unit(name, count):
    h = 0xCBF29CE484222325
    for byte in name.encode():
        h = ((h ^ byte) * 0x100000001B3) % 2**64
    golden = np.uint64(0x9E3779B97F4A7C15)
    with np.errstate(over="ignore"):
        z = np.uint64(h) + np.arange(count, dtype=np.uint64) * golden + golden
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    return (z >> np.uint64(40)).astype(np.float32) * np.float32(2.0**-23) - np.float32(1)


def tensor(name, shape, scale=1.0, offset=0.0):
    values = np.float32(offset) + np.float32(scale) * unit(name, int(np.prod(shape)))
    return torch.from_numpy(values.reshape(shape))


def parameter(name, shape):
    if len(shape) >= 2:
        return tensor(name, shape, (6 / float(np.prod(shape[1:]))) ** 0.5)
    if name.endswith(".running_var"):
        return tensor(name, shape, 0.5, 1)
    if name.endswith(".weight"):
        return tensor(name, shape, 0.2, 0.8)
    return tensor(name, shape, 0.1)


results = {}


def case(name, inputs, parameters, function, scale=1.0, kind=torch.float64):
    """Stores NAME/y, the gradient of every input (NAME/dx0, …) and of every parameter."""
    xs = [tensor(f"{name}/x{i}", s, scale).to(kind) for i, s in enumerate(inputs)]
    ps = {n: parameter(f"{name}.{n}", s).to(kind) for n, s in parameters.items()}
    leaves = xs + [p for n, p in ps.items() if not n.startswith("running")]
    for leaf in leaves:
        leaf.requires_grad_(True)
    y = function(*xs, **ps)
    y.backward(tensor(f"{name}/dy", tuple(y.shape)).to(kind))

    def store(key, value):
        results[f"{name}/{key}"] = value.detach().to(torch.float32).contiguous().numpy()

    store("y", y)
    for i, x in enumerate(xs):
        store(f"dx{i}", x.grad)
    for n, p in ps.items():
        store(n if n.startswith("running") else f"d{n}", p if p.grad is None else p.grad)


def conv(name, x, outputs, kernel, stride=1, padding=(0, 0, 0, 0), dilation=1, groups=1, bias=True):
    """padding: top, left, bottom, right"""
    t, l, b, r = padding
    ps = {"weight": (outputs, x[1] // groups, *kernel)}
    if bias:
        ps["bias"] = (outputs,)
    case(name, [x], ps, lambda x, weight, bias=None: F.conv2d(
        F.pad(x, (l, r, t, b)), weight, bias, stride, 0, dilation, groups))


conv("conv 3x3", (2, 3, 7, 6), 4, (3, 3), padding=(1, 1, 1, 1))
conv("conv stride", (2, 3, 9, 8), 4, (3, 3), stride=2, padding=(1, 1, 1, 1), bias=False)
conv("conv 7x7", (1, 3, 12, 11), 3, (7, 7), stride=2, padding=(3, 3, 3, 3))
conv("conv 1x1", (3, 5, 4, 3), 4, (1, 1))
conv("conv 1x1 stride", (2, 4, 5, 5), 3, (1, 1), stride=2)
conv("conv 1x1 padded", (1, 2, 3, 3), 3, (1, 1), padding=(1, 0, 0, 2))
conv("conv dilated", (1, 2, 9, 9), 3, (3, 3), padding=(2, 2, 2, 2), dilation=2)
conv("conv asymmetric", (2, 2, 6, 7), 3, (3, 2), stride=(2, 1), padding=(0, 1, 1, 2))
conv("conv groups", (2, 6, 5, 5), 4, (3, 3), padding=(1, 1, 1, 1), groups=2)
conv("conv depthwise", (2, 3, 6, 5), 3, (3, 3), padding=(1, 1, 1, 1), groups=3)
conv("conv depthwise stride", (2, 2, 7, 7), 6, (3, 3), stride=2, padding=(1, 0, 0, 1), groups=2)


def transposed(name, x, outputs, kernel, stride=1, padding=0, extra=0, dilation=1, groups=1,
               bias=True):
    ps = {"weight": (x[1], outputs // groups, *kernel)}
    if bias:
        ps["bias"] = (outputs,)
    case(name, [x], ps, lambda x, weight, bias=None: F.conv_transpose2d(
        x, weight, bias, stride, padding, extra, groups, dilation))


transposed("convtranspose 2x2", (2, 4, 3, 4), 3, (2, 2), stride=2)
transposed("convtranspose 3x3", (2, 3, 4, 3), 2, (3, 3), stride=2, padding=1, extra=1)
transposed("convtranspose groups", (1, 4, 4, 4), 6, (3, 2), stride=(2, 1), groups=2, bias=False)
transposed("convtranspose dilated", (2, 2, 4, 3), 3, (3, 3), padding=1, dilation=2, extra=(1, 0))
transposed("convtranspose 1x1", (1, 3, 4, 3), 2, (1, 1))

case("dense", [(3, 7)], {"weight": (5, 7), "bias": (5,)}, F.linear)
case("dense single", [(1, 33)], {"weight": (20, 33), "bias": (20,)}, F.linear)
case("dense unbiased", [(2, 6)], {"weight": (4, 6)}, F.linear)


def norm(name, x, training):
    ps = {n: (x[1],) for n in ["weight", "bias", "running_mean", "running_var"]}
    case(name, [x], ps, lambda x, weight, bias, running_mean, running_var: F.batch_norm(
        x, running_mean, running_var, weight, bias, training, 0.1, 1e-5))


norm("batchnorm frozen", (2, 3, 5, 3), False)
norm("batchnorm training", (3, 4, 5, 3), True)
norm("batchnorm training vector", (6, 4), True)

case("lrn", [(2, 7, 3, 3)], {}, lambda x: F.local_response_norm(x, 5, 0.5, 0.75, 1.5), scale=2)
case("lrn even", [(1, 6, 2, 3)], {}, lambda x: F.local_response_norm(x, 4, 0.9, 0.6, 2), scale=2)

for name, function in {
    "relu": F.relu, "relu6": F.relu6, "leakyrelu": lambda x: F.leaky_relu(x, 0.1),
    "leakyrelu turned": lambda x: F.leaky_relu(x, -0.5), "sigmoid": torch.sigmoid,
    "tanh": torch.tanh, "silu": F.silu, "mish": F.mish,
    "hardsigmoid": F.hardsigmoid, "hardswish": F.hardswish,
}.items():
    case(name, [(2, 3, 3, 5)], {}, function, scale=8)

case("softmax vector", [(3, 6)], {}, lambda x: x.softmax(1), scale=4)
case("softmax map", [(2, 4, 3, 2)], {}, lambda x: x.softmax(1), scale=4)

case("maxpool", [(2, 3, 8, 6)], {}, lambda x: F.max_pool2d(x, 2))
case("maxpool padded", [(2, 3, 7, 7)], {}, lambda x: F.max_pool2d(x, 3, 2, 1))
case("maxpool ceiling", [(1, 2, 8, 7)], {}, lambda x: F.max_pool2d(x, 3, 2, ceil_mode=True))
case("maxpool ceiling padded", [(1, 2, 6, 5)], {},
     lambda x: F.max_pool2d(x, 2, 2, 1, ceil_mode=True))
case("maxpool dilated", [(1, 2, 7, 8)], {}, lambda x: F.max_pool2d(x, (3, 2), 1, 1, dilation=2))
case("maxpool same", [(1, 2, 5, 5)], {},
     lambda x: F.max_pool2d(F.pad(x, (0, 1, 0, 1), value=float("-inf")), 2, 1))

case("avgpool", [(2, 2, 6, 4)], {}, lambda x: F.avg_pool2d(x, 2))
case("avgpool padded", [(1, 2, 7, 6)], {}, lambda x: F.avg_pool2d(x, 3, 2, 1))
case("avgpool uncounted", [(1, 2, 7, 6)], {},
     lambda x: F.avg_pool2d(x, 3, 2, 1, count_include_pad=False))
case("avgpool ceiling", [(1, 2, 6, 8)], {},
     lambda x: F.avg_pool2d(x, 3, 2, 1, ceil_mode=True))
case("avgpool ceiling uncounted", [(1, 2, 6, 8)], {},
     lambda x: F.avg_pool2d(x, 3, 2, 1, ceil_mode=True, count_include_pad=False))

case("adaptiveavgpool", [(2, 3, 7, 5)], {}, lambda x: F.adaptive_avg_pool2d(x, (3, 2)))
case("adaptiveavgpool up", [(1, 2, 3, 2)], {}, lambda x: F.adaptive_avg_pool2d(x, (6, 5)))
case("adaptiveavgpool global", [(2, 3, 7, 7)], {}, lambda x: F.adaptive_avg_pool2d(x, 1))
case("adaptivemaxpool", [(2, 3, 7, 5)], {}, lambda x: F.adaptive_max_pool2d(x, (3, 2)))

case("add", [(2, 3, 4, 5)] * 2, {}, lambda a, b: a + b)
case("add three", [(1, 2, 3, 3)] * 3, {}, lambda a, b, c: a + b + c)
case("multiply", [(2, 3, 4, 5)] * 2, {}, lambda a, b: a * b)
case("multiply channels", [(2, 3, 4, 5), (2, 3, 1, 1)], {}, lambda a, b: a * b)
case("multiply places", [(2, 3, 4, 5), (2, 1, 4, 5)], {}, lambda a, b: a * b)
case("concat", [(2, 3, 2, 3), (2, 1, 2, 3), (2, 2, 2, 3)], {}, lambda *x: torch.cat(x, 1))
case("concat vectors", [(3, 2), (3, 5)], {}, lambda *x: torch.cat(x, 1))
case("slice channels", [(2, 5, 2, 3)], {}, lambda x: x[:, 1:4])
case("slice step", [(2, 2, 3, 7)], {}, lambda x: x[..., 1:6:2])
case("slice rows", [(3, 4, 3, 2)], {}, lambda x: x[:, :, 1:2])
case("permute", [(2, 3, 4, 5)], {}, lambda x: x.permute(0, 2, 3, 1))
case("permute rows", [(2, 3, 4, 5)], {}, lambda x: x.permute(0, 2, 1, 3))
case("permute same", [(2, 3, 4)], {}, lambda x: x.permute(0, 1, 2))
case("permute four", [(2, 2, 3, 1, 4)], {}, lambda x: x.permute(0, 4, 2, 1, 3))
case("channelshuffle", [(2, 6, 3, 2)], {}, torch.nn.ChannelShuffle(2))
case("channelshuffle three", [(1, 12, 1, 3)], {}, torch.nn.ChannelShuffle(3))
case("flatten", [(2, 3, 2, 2)], {}, lambda x: x.flatten(1))
case("reshape", [(2, 6, 2, 2)], {}, lambda x: x.reshape(2, 3, 4, 2))
case("pad", [(2, 2, 3, 2)], {}, lambda x: F.pad(x, (2, 0, 1, 3, 1, 2), value=0.5))

single = torch.float32
case("upsample nearest", [(2, 2, 3, 2)], {},
     lambda x: F.interpolate(x, scale_factor=(2, 3)), kind=single)
case("upsample nearest size", [(1, 2, 5, 7)], {},
     lambda x: F.interpolate(x, size=(13, 4)), kind=single)
case("upsample bilinear", [(2, 2, 3, 4)], {},
     lambda x: F.interpolate(x, scale_factor=2, mode="bilinear"), kind=single)
case("upsample bilinear corners", [(2, 2, 3, 4)], {},
     lambda x: F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=True), kind=single)
case("upsample bilinear size", [(1, 2, 5, 6)], {},
     lambda x: F.interpolate(x, size=(7, 3), mode="bilinear"), kind=single)
case("upsample bilinear size corners", [(1, 2, 5, 6)], {},
     lambda x: F.interpolate(x, size=(1, 11), mode="bilinear", align_corners=True), kind=single)

save_file(results, pathlib.Path(__file__).with_name("layers.safetensors"))
print(len(results), "arrays,", sum(v.nbytes for v in results.values()), "bytes")
