"""Writes losses.safetensors, optimizers.safetensors, schedules.safetensors, events.tfevents and, where the fixtures
are ($ZOO_FIXTURES), resnet20.safetensors: what PyTorch computes for the cases of ZooTrainingTests.

Outputs, targets and gradients are Formula's numbers, by name, so only results are stored.
"""
import os
import pathlib
import sys

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.numpy import load_file, save_file

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "architectures"))
import formula
from cifar import CIFARResNet

torch.set_num_threads(2)


def tensor(name, shape, scale=1, offset=0):
    return torch.from_numpy(formula.tensor(name, shape, scale, offset).copy())


def classes(count, number, ignored=()):
    values = torch.tensor([(i * 7 + i // 3) % number for i in range(count)])
    for index in ignored:
        values[index] = -1
    return values


# Losses ---------------------------------------------------------------------------------------


def dice(x, y, smooth=1.0):
    p = torch.sigmoid(x)
    axes = (0, 2, 3)
    top, bottom = 2 * (p * y).sum(axes) + smooth, p.sum(axes) + y.sum(axes) + smooth
    return (1 - top / bottom).mean()


def soft_dice(x, labels, smooth=1.0):
    known = (labels >= 0).unsqueeze(1)
    p = torch.softmax(x, 1) * known
    y = F.one_hot(labels.clamp(min=0), x.shape[1]).movedim(-1, 1) * known
    axes = (0, 2, 3)
    top, bottom = 2 * (p * y).sum(axes) + smooth, p.sum(axes) + y.sum(axes) + smooth
    return (1 - top / bottom).mean()


def focal(x, y, alpha, gamma):
    p = torch.sigmoid(x)
    entropy = F.binary_cross_entropy_with_logits(x, y, reduction="none")
    truth = p * y + (1 - p) * (1 - y)
    loss = entropy * (1 - truth) ** gamma
    if alpha is not None:
        loss = (alpha * y + (1 - alpha) * (1 - y)) * loss
    return loss.mean()


def contrastive(x, labels, margin):
    terms = []
    for i in range(len(x)):
        for j in range(i + 1, len(x)):
            d = F.pairwise_distance(x[i : i + 1], x[j : j + 1])
            terms.append(d**2 / 2 if labels[i] == labels[j] else F.relu(margin - d) ** 2 / 2)
    return torch.cat(terms).mean()


def triplets(x, labels, hardest):
    for a in range(len(x)):
        near = [i for i in range(len(x)) if i != a and labels[i] == labels[a]]
        far = [i for i in range(len(x)) if labels[i] != labels[a]]
        if hardest and near:
            def away(i):
                return F.pairwise_distance(x[a : a + 1], x[i : i + 1]).item()
            near, far = [max(near, key=away)], [min(far, key=away)]
        for p in near:
            for n in far:
                yield a, p, n


def triplet(x, labels, margin, hardest):
    a, p, n = map(list, zip(*triplets(x.detach(), labels, hardest)))
    return F.triplet_margin_loss(x[a], x[p], x[n], margin=margin)


def losses():
    vector = ("vector", (6, 5))
    pixels = ("pixels", (2, 3, 4, 5))
    mask = ("mask", (2, 1, 6, 7))
    weights = torch.tensor([0.5, 1, 2, 0.25, 3.0], dtype=torch.float64)
    labels = classes(6, 5)
    shares = torch.softmax(tensor("shares", (6, 5), 2).double(), 1)
    several = (tensor("labels", (6, 5)) > 0).double()
    masked = classes(40, 3, ignored=(3, 17)).reshape(2, 4, 5)
    binary = (tensor("truth", (2, 1, 6, 7)) > 0).double()
    flags = classes(84, 2).reshape(2, 1, 6, 7).double()
    numbers = tensor("numbers", (6, 5), 3).double()
    kinds = torch.tensor([0, 1, 0, 2, 1, 0])
    cases = {
        "cross-entropy": (vector, lambda x: F.cross_entropy(x, labels)),
        "cross-entropy smoothed": (
            vector, lambda x: F.cross_entropy(x, labels, label_smoothing=0.1)),
        "cross-entropy weighted": (
            vector, lambda x: F.cross_entropy(x, labels, weights, label_smoothing=0.1)),
        "cross-entropy shares": (
            vector, lambda x: F.cross_entropy(x, shares, weights, label_smoothing=0.2)),
        "cross-entropy pixels": (
            pixels,
            lambda x: F.cross_entropy(x, masked, weights[:3], ignore_index=-1)),
        "binary": (vector, lambda x: F.binary_cross_entropy_with_logits(x, several)),
        "binary weighted": (
            vector,
            lambda x: F.binary_cross_entropy_with_logits(x, several, pos_weight=weights)),
        "binary mask": (mask, lambda x: F.binary_cross_entropy_with_logits(x, flags)),
        "focal": (vector, lambda x: focal(x, several, 0.25, 2)),
        "focal plain": (mask, lambda x: focal(x, binary, None, 1.5)),
        "mean-squared": (vector, lambda x: F.mse_loss(x, numbers)),
        "smooth-l1": (vector, lambda x: F.smooth_l1_loss(x, numbers, beta=0.7)),
        "dice": (mask, lambda x: dice(x, binary)),
        "dice classes": (pixels, lambda x: soft_dice(x, masked)),
        "dice binary": (
            mask, lambda x: F.binary_cross_entropy_with_logits(x, flags) + dice(x, flags)),
        "dice cross-entropy": (
            pixels,
            lambda x: F.cross_entropy(x, masked, ignore_index=-1) + soft_dice(x, masked)),
        "contrastive": (vector, lambda x: contrastive(x, kinds, 4)),
        "triplet": (vector, lambda x: triplet(x, kinds, 1, False)),
        "triplet hardest": (vector, lambda x: triplet(x, kinds, 1, True)),
    }
    arrays, values = {}, {}
    for name, ((source, shape), loss) in cases.items():
        x = tensor(source, shape, 3).double().requires_grad_()
        value = loss(x)
        value.backward()
        arrays[name] = x.grad.float().numpy()
        values[name] = repr(value.item())
    save_file(arrays, HERE / "losses.safetensors", metadata=values)


# Optimisers -----------------------------------------------------------------------------------

SHAPES = {
    "a.weight": (5, 6), "a.bias": (5,), "n.weight": (5,), "n.bias": (5,), "fc.weight": (3, 5),
    "fc.bias": (3,),
}
STEPS = 50


def trajectory(make, decay=0.0, everything=False, schedule=None, clip=None, average=None):
    parameters = {
        name: torch.nn.Parameter(torch.from_numpy(formula.parameter(name, shape).copy()))
        for name, shape in SHAPES.items()
    }
    kernels = [p for p in parameters.values() if p.dim() > 1 or everything]
    others = [p for p in parameters.values() if not (p.dim() > 1 or everything)]
    groups = [{"params": kernels, "weight_decay": decay}]
    if others:
        groups.append({"params": others, "weight_decay": 0.0})
    optimizer = make(groups)
    scheduler = schedule(optimizer) if schedule else None
    means = {name: p.detach().clone() for name, p in parameters.items()}
    for step in range(STEPS):
        for name, p in parameters.items():
            p.grad = 0.5 * p.detach() + tensor(f"{name} {step}", p.shape)
        if clip:
            torch.nn.utils.clip_grad_norm_(list(parameters.values()), clip)
        optimizer.step()
        if scheduler:
            scheduler.step()
        if average:
            for name, p in parameters.items():
                share = 1 if step == 0 else 1 - average
                means[name] = means[name] + share * (p.detach() - means[name])
    kept = means if average else parameters
    return np.concatenate([kept[name].detach().numpy().ravel() for name in SHAPES])


def optimizers():
    from torch.optim import SGD, Adam, AdamW, RMSprop
    from torch.optim.lr_scheduler import CosineAnnealingLR, OneCycleLR

    cases = {
        "sgd plain": trajectory(lambda g: SGD(g, 0.05)),
        "sgd": trajectory(lambda g: SGD(g, 0.05, momentum=0.9), 1e-2),
        "sgd nesterov": trajectory(
            lambda g: SGD(g, 0.05, momentum=0.9, nesterov=True), 1e-2, everything=True),
        "sgd dampened": trajectory(lambda g: SGD(g, 0.05, momentum=0.8, dampening=0.3), 1e-2),
        "sgd clipped": trajectory(lambda g: SGD(g, 0.05, momentum=0.9), clip=1.5),
        "adam": trajectory(lambda g: Adam(g, 0.01)),
        "adam decay": trajectory(
            lambda g: Adam(g, 0.01, betas=(0.8, 0.95), eps=1e-6), 0.1, everything=True),
        "adamw": trajectory(lambda g: AdamW(g, 0.01), 0.1),
        "adamw cosine": trajectory(
            lambda g: AdamW(g, 0.01), 0.1, schedule=lambda o: CosineAnnealingLR(o, STEPS),
            average=0.9),
        "adamw onecycle": trajectory(
            lambda g: AdamW(g, 0.01), 0.1, schedule=lambda o: OneCycleLR(o, 0.01, STEPS + 1)),
        "rmsprop": trajectory(lambda g: RMSprop(g, 0.01), 0.05),
        "rmsprop centered": trajectory(
            lambda g: RMSprop(g, 0.01, alpha=0.9, momentum=0.9, centered=True), 0.05),
    }
    save_file(cases, HERE / "optimizers.safetensors")


# Schedules ------------------------------------------------------------------------------------


def rates(schedule, steps=60, momentum=False):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], 1.0, momentum=0.9)
    scheduler = schedule(optimizer)
    values = []
    for _ in range(steps):
        group = optimizer.param_groups[0]
        values.append(group["momentum" if momentum else "lr"])
        optimizer.step()
        scheduler.step()
    return np.array(values, np.float64)


def plateau(metrics, mode, **options):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], 1.0)
    scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, mode, **options)
    values = []
    for metric in metrics:
        scheduler.step(metric)
        values.append(optimizer.param_groups[0]["lr"])
    return np.array(values, np.float64)


def schedules():
    from torch.optim import lr_scheduler as s

    metrics = [
        1 / (1 + i / 4) + 0.2 * float(v) for i, v in enumerate(formula.unit("metrics", 60))
    ]
    cases = {
        "step": rates(lambda o: s.StepLR(o, 7, 0.3)),
        "cosine": rates(lambda o: s.CosineAnnealingLR(o, 60, 0.01)),
        "onecycle": rates(lambda o: s.OneCycleLR(o, 1.0, 60)),
        "onecycle momentum": rates(lambda o: s.OneCycleLR(o, 1.0, 60), momentum=True),
        "warmup": rates(
            lambda o: s.ChainedScheduler(
                [s.LinearLR(o, 1 / 12, total_iters=11), s.CosineAnnealingLR(o, 60)])),
        "plateau lowest": plateau(metrics, "min", factor=0.5, patience=2, cooldown=1),
        "plateau highest": plateau(
            [-m + 2 for m in metrics], "max", factor=0.3, patience=1, min_lr=0.01),
    }
    save_file(cases, HERE / "schedules.safetensors")


# The published ResNet-20 goes on learning --------------------------------------------------------


def resnet20(folder):
    raw = np.fromfile(f"{folder}/cifar10/train_first4000.bin", np.uint8).reshape(-1, 3073)[:640]
    mean = torch.tensor([0.4914, 0.4822, 0.4465]).view(1, 3, 1, 1)
    deviation = torch.tensor([0.2470, 0.2435, 0.2616]).view(1, 3, 1, 1)
    pictures = torch.from_numpy(raw[:, 1:].reshape(-1, 3, 32, 32).copy()).float() / 255
    pictures, labels = (pictures - mean) / deviation, torch.from_numpy(raw[:, 0]).long()
    arrays = {}
    for rate in (0.1, 0.001):
        for precision in (torch.float32, torch.float64):
            model = CIFARResNet(20)
            weights = load_file(f"{folder}/cifar10/resnet20_cifar10.safetensors")
            model.load_state_dict(
                {name.removeprefix("module."): torch.from_numpy(w) for name, w in weights.items()},
                strict=False)
            model = model.to(precision).train()
            optimizer = torch.optim.SGD(model.parameters(), rate, momentum=0.9, weight_decay=1e-4)
            scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 945)
            values = []
            for start in range(0, 640, 64):
                batch = slice(start, start + 64)
                loss = F.cross_entropy(model(pictures[batch].to(precision)), labels[batch])
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                scheduler.step()
                values.append(loss.item())
            arrays[f"{rate} {str(precision).removeprefix('torch.')}"] = np.array(values)
        both = arrays[f"{rate} float32"], arrays[f"{rate} float64"]
        print(rate, both[0], "float32 is off by", np.abs(both[0] - both[1]))
    save_file(arrays, HERE / "resnet20.safetensors")


# TensorBoard's own writer -----------------------------------------------------------------------


def events():
    import io

    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.summary.writer.record_writer import RecordWriter

    class Bytes(io.BytesIO):
        def close(self):
            pass

    out = Bytes()
    writer = RecordWriter(out)
    writer.write(Event(wall_time=1.5, file_version="brain.Event:2").SerializeToString())
    values = [
        Summary.Value(tag="train/loss", simple_value=0.5),
        Summary.Value(tag="Genauigkeit für Wörter " * 8, simple_value=-1e-3),
    ]
    event = Event(wall_time=1.7e9 + 0.25, step=300, summary=Summary(value=values))
    writer.write(event.SerializeToString())
    (HERE / "events.tfevents").write_bytes(out.getvalue())


events()
losses()
optimizers()
schedules()
if "ZOO_FIXTURES" in os.environ:
    resnet20(os.environ["ZOO_FIXTURES"])
