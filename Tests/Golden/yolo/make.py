"""Golden values of YOLO, from PyTorch.

    python make.py [networks] [losses] [overlaps]      writes the .safetensors files beside this script

Networks are written down as Darknet's configurations have them, layer by layer with relative
indices, and run with weights and pictures that are formulas of a name
(../architectures/formula.py), narrower than the real ones; so only results are stored. Arrays of
more than 1,024 elements are stored in samples.
"""

import json
import math
import sys
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.numpy import save as encode

HERE = Path(__file__).parent
sys.path.append(str(HERE.parent / "architectures"))
import formula  # noqa: E402

SAMPLES = 1024
NARROWING = 16
CLASSES = 3


def sampled(values):
    flat = np.asarray(values).reshape(-1)
    if flat.size > SAMPLES:
        places = np.arange(SAMPLES, dtype=np.uint64) * np.uint64(2654435761)
        flat = flat[places % np.uint64(flat.size)]
    return np.ascontiguousarray(flat, dtype=np.float32)


def save(name, tensors, metadata):
    data = encode({key: sampled(value) for key, value in tensors.items()}, metadata)
    start = 8 + int.from_bytes(data[:8], "little")
    header = json.dumps(json.loads(data[8:start]), sort_keys=True, separators=(",", ":")).encode()
    header += b" " * (-len(header) % 8)
    path = HERE / f"{name}.safetensors"
    path.write_bytes(len(header).to_bytes(8, "little") + header + data[start:])
    print(path.name, path.stat().st_size, metadata)


# Configurations: one word a layer.
#
#   32        convolution of 3×3 to 32            32/2      with stride 2
#   32.1      of 1×1                               ~         behind it: mish instead of leaky
#   M2/2      maxpool, size and stride             U         upsample
#   R-1,-4    route                                H         route, second of two groups
#   S-3       shortcut                             G         reorg
#   Y         linear convolution and detection     D         the first version's dense layer
#   |         what follows belongs to the neck


def repeated(text, count):
    return " ".join([text] * count)


DARKNET53 = " ".join(
    ["32 64/2 32.1 64 S-3 128/2", repeated("64.1 128 S-3", 2), "256/2",
     repeated("128.1 256 S-3", 8), "512/2", repeated("256.1 512 S-3", 8), "1024/2",
     repeated("512.1 1024 S-3", 4)])
V3_REST = ("512 Y R-4 256.1 U R-1,61 256.1 512 256.1 512 256.1 512 Y R-4 128.1 U R-1,36 "
           "128.1 256 128.1 256 128.1 256 Y")
CSP53 = " ".join(
    ["32~ 64/2~ 64.1~ R-2 64.1~ 32.1~ 64~ S-3 64.1~ R-1,-7 64.1~",
     "128/2~ 64.1~ R-2 64.1~", repeated("64.1~ 64~ S-3", 2), "64.1~ R-1,-10 128.1~",
     "256/2~ 128.1~ R-2 128.1~", repeated("128.1~ 128~ S-3", 8), "128.1~ R-1,-28 256.1~",
     "512/2~ 256.1~ R-2 256.1~", repeated("256.1~ 256~ S-3", 8), "256.1~ R-1,-28 512.1~",
     "1024/2~ 512.1~ R-2 512.1~", repeated("512.1~ 512~ S-3", 4), "512.1~ R-1,-16 1024.1~"])

CONFIGURATIONS = {
    "yolov1-tiny": "16 M2/2 32 M2/2 64 M2/2 128 M2/2 256 M2/2 512 M2/2 1024 256 D",
    "yolov2-tiny": "16 M2/2 32 M2/2 64 M2/2 128 M2/2 256 M2/2 512 M2/1 1024 512 | Y",
    "yolov2": "32 M2/2 64 M2/2 128 64.1 128 M2/2 256 128.1 256 M2/2 512 256.1 512 256.1 512 M2/2 "
              "1024 512.1 1024 512.1 1024 | 1024 1024 R-9 64.1 G R-1,-4 1024 Y",
    "yolov3-tiny": "16 M2/2 32 M2/2 64 M2/2 128 M2/2 256 M2/2 512 M2/1 1024 256.1 | 512 Y "
                   "R-4 128.1 U R-1,8 256 Y",
    "yolov3": DARKNET53 + " | 512.1 1024 512.1 1024 512.1 1024 Y "
              + V3_REST.removeprefix("512 Y "),
    "yolov3-spp": DARKNET53 + " | 512.1 1024 512.1 M5/1 R-2 M9/1 R-4 M13/1 R-1,-3,-5,-6 "
                  "512.1 1024 512.1 1024 Y "
                  + V3_REST.removeprefix("512 Y "),
    "yolov4-tiny": "32/2 64/2 64 H 32 32 R-1,-2 64.1 R-6,-1 M2/2 128 H 64 64 R-1,-2 128.1 R-6,-1 "
                   "M2/2 256 H 128 128 R-1,-2 256.1 R-6,-1 M2/2 512 | 256.1 512 Y R-4 128.1 U "
                   "R-1,23 256 Y",
    "yolov4": CSP53 + " | 512.1 1024 512.1 M5/1 R-2 M9/1 R-4 M13/1 R-1,-3,-5,-6 512.1 1024 512.1 "
              "256.1 U R85 256.1 R-1,-3 256.1 512 256.1 512 256.1 128.1 U R54 128.1 R-1,-3 128.1 "
              "256 128.1 256 128.1 256 Y R-4 256/2 R-1,-16 256.1 512 256.1 512 256.1 512 Y R-4 "
              "512/2 R-1,-37 512.1 1024 512.1 1024 512.1 1024 Y",
}

# Anchors of each detection in the order of the configuration; scale; exclusive classes; stride.
SIX = [(10, 14), (23, 27), (37, 58), (81, 82), (135, 169), (344, 319)]
NINE = [(10, 13), (16, 30), (33, 23), (30, 61), (62, 45), (59, 119), (116, 90), (156, 198),
        (373, 326)]
NINE4 = [(12, 16), (19, 36), (40, 28), (36, 75), (76, 55), (72, 146), (142, 110), (192, 243),
         (459, 401)]
FIVE = [(32 * w, 32 * h) for w, h in (
    (0.57273, 0.677385), (1.87446, 2.06253), (3.33843, 5.47434), (7.88282, 3.52778),
    (9.77052, 9.16828))]
GRIDS = {
    "yolov1-tiny": [],
    "yolov2-tiny": [(FIVE, 1, True, 32)],
    "yolov2": [(FIVE, 1, True, 32)],
    "yolov3-tiny": [(SIX[3:], 1, False, 32), (SIX[1:4], 1, False, 16)],
    "yolov3": [(NINE[6:], 1, False, 32), (NINE[3:6], 1, False, 16), (NINE[:3], 1, False, 8)],
    "yolov4-tiny": [(SIX[3:], 1.05, False, 32), (SIX[1:4], 1.05, False, 16)],
    "yolov4": [(NINE4[:3], 1.2, False, 8), (NINE4[3:6], 1.1, False, 16), (NINE4[6:], 1.05, False, 32)],
}
GRIDS["yolov3-spp"] = GRIDS["yolov3"]


def reorg(x):
    """Darknet's, index by index as its `reorg_cpu` goes."""
    n, c, h, w = x.shape
    flat, out = x.reshape(n, -1), torch.empty(n, c * h * w)
    k, j, i = np.meshgrid(np.arange(c), np.arange(h), np.arange(w), indexing="ij")
    small, part = k % (c // 4), k // (c // 4)
    source = i * 2 + part % 2 + w * 2 * (j * 2 + part // 2 + h * 2 * small)
    out[:, torch.from_numpy((i + w * (j + h * k)).reshape(-1))] = flat[
        :, torch.from_numpy(source.reshape(-1))]
    return out.reshape(n, c * 4, h // 2, w // 2)


def forward(name, x):
    outputs, heads, count, part = [], [], 0, "backbone"
    for word in CONFIGURATIONS[name].split():
        if word == "|":
            part = "neck"
            continue
        if word == "Y":
            count += 1
            anchors = GRIDS[name][len(heads)][0]
            width = len(anchors) * (5 + CLASSES)
            weight = formula.parameter(f"head.conv{count}.weight", (width, x.shape[1], 1, 1))
            bias = formula.parameter(f"head.conv{count}.bias", (width,))
            x = F.conv2d(x, torch.from_numpy(weight), torch.from_numpy(bias))
            heads.append(x)
        elif word == "D":
            flat = x.flatten(1)
            width = 49 * (10 + CLASSES)
            weight = formula.parameter("head.dense.weight", (width, flat.shape[1]))
            bias = formula.parameter("head.dense.bias", (width,))
            x = F.linear(flat, torch.from_numpy(weight), torch.from_numpy(bias))
            heads.append(x)
        elif word[0] == "M":
            size, stride = map(int, word[1:].split("/"))
            left = (size - 1) // 2
            x = F.max_pool2d(
                F.pad(x, (left, size - 1 - left) * 2, value=-math.inf), size, stride)
        elif word == "U":
            x = F.interpolate(x, scale_factor=2, mode="nearest")
        elif word == "G":
            x = reorg(x)
        elif word == "H":
            x = x[:, x.shape[1] // 2:]
        elif word[0] == "R":
            x = torch.cat([outputs[int(i)] for i in word[1:].split(",")], 1)
        elif word[0] == "S":
            x = outputs[-1] + outputs[int(word[1:])]
        else:
            count += 1
            mish, word = word.endswith("~"), word.rstrip("~")
            word, _, stride = word.partition("/")
            word, _, kernel = word.partition(".")
            width, kernel, stride = max(1, int(word) // NARROWING), int(kernel or 3), int(stride or 1)
            weight = formula.parameter(
                f"{part}.conv{count}.weight", (width, x.shape[1], kernel, kernel))
            x = F.conv2d(x, torch.from_numpy(weight), stride=stride, padding=kernel // 2)
            norm = {
                key: torch.from_numpy(formula.parameter(f"{part}.norm{count}.{key}", (width,)))
                for key in ("running_mean", "running_var", "weight", "bias")}
            x = F.batch_norm(x, **norm, eps=1e-5)
            x = F.mish(x) if mish else F.leaky_relu(x, 0.1)
        # A detection is a layer of its own behind its convolution.
        outputs += [x, x] if word == "Y" else [x]
    return heads


def decode(name, heads, picture, size, threshold):
    """Rows of x0, y0, x1, y1, score, class in pixels of the input, before suppression."""
    found = []
    if not GRIDS[name]:
        row = heads[0][picture].double()
        shares = row[:49 * CLASSES].view(7, 7, CLASSES)
        sure = row[49 * CLASSES:49 * (CLASSES + 2)].view(7, 7, 2)
        boxes = row[49 * (CLASSES + 2):].view(7, 7, 2, 4)
        for r in range(7):
            for c in range(7):
                for b in range(2):
                    x, y, w, h = boxes[r, c, b].tolist()
                    x, y, w, h = (x + c) / 7 * size, (y + r) / 7 * size, w * w * size, h * h * size
                    for k in range(CLASSES):
                        score = (sure[r, c, b] * shares[r, c, k]).item()
                        if score > threshold:
                            found.append(
                                [x - w / 2, y - h / 2, x + w / 2, y + h / 2, min(score, 1), k])
    for (anchors, scale, exclusive, stride), head in zip(GRIDS[name], heads):
        head = head[picture].double().view(len(anchors), 5 + CLASSES, *head.shape[2:])
        for a, (aw, ah) in enumerate(anchors):
            for r in range(head.shape[2]):
                for c in range(head.shape[3]):
                    p = head[a, :, r, c]
                    x = (torch.sigmoid(p[0]) * scale - (scale - 1) / 2 + c) * stride
                    y = (torch.sigmoid(p[1]) * scale - (scale - 1) / 2 + r) * stride
                    w, h = torch.exp(p[2]) * aw, torch.exp(p[3]) * ah
                    shares = torch.softmax(p[5:], 0) if exclusive else torch.sigmoid(p[5:])
                    for k in range(CLASSES):
                        score = (torch.sigmoid(p[4]) * shares[k]).item()
                        if score > threshold:
                            found.append([(x - w / 2).item(), (y - h / 2).item(),
                                          (x + w / 2).item(), (y + h / 2).item(), score, k])
    return np.array(found).reshape(-1, 6)


def suppress(found, threshold):
    kept = []
    for k in range(CLASSES):
        rows = found[found[:, 5] == k]
        rows = rows[np.argsort(-rows[:, 4], kind="stable")]
        while len(rows):
            best, rows = rows[0], rows[1:]
            kept.append(best)
            w = np.minimum(rows[:, 2], best[2]) - np.maximum(rows[:, 0], best[0])
            h = np.minimum(rows[:, 3], best[3]) - np.maximum(rows[:, 1], best[1])
            shared = w.clip(0) * h.clip(0)
            area = lambda b: (b[..., 2] - b[..., 0]) * (b[..., 3] - b[..., 1])
            rows = rows[shared / (area(rows) + area(best) - shared) <= threshold]
    kept = np.array(kept).reshape(-1, 6)
    return kept[np.argsort(-kept[:, 4], kind="stable")]


def networks():
    for name in CONFIGURATIONS:
        size = 448 if name == "yolov1-tiny" else 96 if name == "yolov2-tiny" else 64
        image = torch.from_numpy(formula.tensor("image", (2, 3, size, size)))
        with torch.no_grad():
            heads = forward(name, image)
        out = {f"grid.{index}": head for index, head in enumerate(heads)}
        # Detections of maps by formula: what formula weights give is certain of everything.
        maps = [torch.from_numpy(formula.tensor(f"map.{i}", tuple(h.shape), scale=2, offset=-1))
                if h.dim() == 4 else torch.from_numpy(formula.tensor(f"map.{i}", tuple(h.shape)))
                for i, h in enumerate(heads)]
        for picture in range(2):
            found = suppress(decode(name, maps, picture, size, 0.25), 0.45)[:100]
            out[f"found.{picture}"] = found[:, :6]
        save(name, out, {
            "size": str(size), "classes": str(CLASSES), "narrowing": str(NARROWING),
            "shapes": ";".join("x".join(map(str, h.shape)) for h in heads)})


# Losses


def iou_and_ciou(p, t):
    """Corners; the formula of Zheng et al. in autograd."""
    pw, ph, tw, th = p[:, 2] - p[:, 0], p[:, 3] - p[:, 1], t[:, 2] - t[:, 0], t[:, 3] - t[:, 1]
    low, high = torch.max(p[:, :2], t[:, :2]), torch.min(p[:, 2:], t[:, 2:])
    shared = (high - low).clamp(0).prod(1)
    iou = shared / (pw * ph + tw * th - shared + 1e-7)
    hull = torch.max(p[:, 2:], t[:, 2:]) - torch.min(p[:, :2], t[:, :2])
    middle = (p[:, :2] + p[:, 2:] - t[:, :2] - t[:, 2:]) / 2
    v = 4 / math.pi**2 * (torch.atan(tw / th) - torch.atan(pw / ph)) ** 2
    with torch.no_grad():
        alpha = v / (1 - iou + v + 1e-7)
    return iou, iou - middle.pow(2).sum(1) / (hull.pow(2).sum(1) + 1e-7) - alpha * v


def truths(size):
    """Three pictures: some boxes, two of one shape at one place, none."""
    u = formula.tensor("truths", (6, 4))
    boxes = []
    for row in u.astype(np.float64):
        x, y = (row[0] + 1) / 2 * size, (row[1] + 1) / 2 * size
        w, h = (row[2] + 1.2) / 2.2 * size * 0.8 + 4, (row[3] + 1.2) / 2.2 * size * 0.8 + 4
        boxes.append([max(x - w / 2, 0), max(y - h / 2, 0), min(x + w / 2, size), min(y + h / 2, size)])
    boxes = np.array(boxes, np.float32)
    twin = boxes[3] + np.float32([1, 1, 0, 0])
    return [
        [(boxes[0], 0), (boxes[1], 1), (boxes[2], 2), (boxes[5], 1)],
        [(boxes[3], 1), (twin, 2), (boxes[4], 0)], [],
    ]


def grid_loss(name, maps, size):
    parts = [torch.zeros(()), torch.zeros(()), torch.zeros(())]
    positives = 0
    shapes = [a for g in GRIDS[name] for a in g[0]]

    def overlap(a, w, h):
        shared = min(a[0], w) * min(a[1], h)
        return shared / (a[0] * a[1] + w * h - shared)

    for (anchors, scale, exclusive, stride), x in zip(GRIDS[name], maps):
        n, _, gh, gw = x.shape
        x = x.view(n, len(anchors), 5 + CLASSES, gh, gw).permute(0, 1, 3, 4, 2)
        wanted = torch.zeros(n, len(anchors), gh, gw)
        for picture, boxes in enumerate(truths(size)):
            for box, label in boxes:
                w, h = float(box[2] - box[0]), float(box[3] - box[1])
                best = max(overlap(a, w, h) for a in shapes)
                column = min(int((box[0] + box[2]) / 2 / stride), gw - 1)
                row = min(int((box[1] + box[3]) / 2 / stride), gh - 1)
                for a, anchor in enumerate(anchors):
                    o = overlap(anchor, w, h)
                    if not (o > 0.3 or o == best):
                        continue
                    positives += 1
                    p = x[picture, a, row, column]
                    xy = (torch.sigmoid(p[:2]) * scale - (scale - 1) / 2
                          + torch.tensor([column, row])) * stride
                    wh = p[2:4].clamp(max=6).exp() * torch.tensor(anchor, dtype=x.dtype)
                    corners = torch.cat([xy - wh / 2, xy + wh / 2])[None]
                    iou, ciou = iou_and_ciou(corners, torch.from_numpy(box)[None].to(x.dtype))
                    parts[0] = parts[0] + 5 * (1 - ciou).sum()
                    if exclusive:
                        parts[1] = parts[1] + F.cross_entropy(
                            p[None, 5:], torch.tensor([label]), reduction="sum")
                    else:
                        parts[1] = parts[1] + F.binary_cross_entropy_with_logits(
                            p[5:], F.one_hot(torch.tensor(label), CLASSES).to(x.dtype),
                            reduction="sum")
                    wanted[picture, a, row, column] = iou.detach().clamp(0)[0]
        parts[2] = parts[2] + F.binary_cross_entropy_with_logits(
            x[..., 4], wanted.to(x.dtype), reduction="sum")
    return [part / max(positives, 1) for part in parts], positives


def cell_loss(output, size):
    """Equation 3 of the first paper, mean over pictures."""
    parts = [torch.zeros(()), torch.zeros(()), torch.zeros(())]
    for picture, boxes in enumerate(truths(size)):
        row = output[picture]
        shares = row[:49 * CLASSES].view(49, CLASSES)
        sure = row[49 * CLASSES:49 * (CLASSES + 2)].view(49, 2)
        codes = row[49 * (CLASSES + 2):].view(49, 2, 4)
        wanted = torch.zeros(49, 2)
        weight = torch.full((49, 2), 0.5)
        taken = set()
        for box, label in boxes:
            box = box.astype(np.float64) / size
            x, y = (box[0] + box[2]) / 2 * 7, (box[1] + box[3]) / 2 * 7
            column, line = min(int(x), 6), min(int(y), 6)
            cell = line * 7 + column
            if cell in taken:
                continue
            taken.add(cell)
            code = torch.tensor([x - column, y - line, math.sqrt(box[2] - box[0]),
                                 math.sqrt(box[3] - box[1])], dtype=output.dtype)

            def corners(c):
                return torch.stack([c[0] / 7 - c[2]**2 / 2, c[1] / 7 - c[3]**2 / 2,
                                    c[0] / 7 + c[2]**2 / 2, c[1] / 7 + c[3]**2 / 2])

            with torch.no_grad():
                fits = [iou_and_ciou(corners(codes[cell, b])[None], corners(code)[None])[0].item()
                        for b in range(2)]
                misses = [(codes[cell, b] - code).pow(2).sum().item() for b in range(2)]
            best = min(range(2), key=lambda b: (-fits[b], misses[b]))
            parts[0] = parts[0] + 5 * (codes[cell, best] - code).pow(2).sum()
            parts[1] = parts[1] + (
                shares[cell] - F.one_hot(torch.tensor(label), CLASSES)).pow(2).sum()
            wanted[cell, best] = fits[best]
            weight[cell, best] = 1
        parts[2] = parts[2] + (weight * (sure - wanted).pow(2)).sum()
    return [part / len(truths(size)) for part in parts]


def losses():
    out = {}
    for name, size in (("yolov4-tiny", 96), ("yolov2-tiny", 96), ("yolov3", 64)):
        maps = [torch.from_numpy(formula.tensor(
            f"loss.{name}.{i}", (3, len(a) * (5 + CLASSES), size // stride, size // stride),
            scale=2)).double().requires_grad_() for i, (a, _, _, stride) in enumerate(GRIDS[name])]
        parts, positives = grid_loss(name, maps, size)
        sum(parts).backward()
        out[f"{name}.losses"] = [part.item() for part in parts] + [positives]
        for i, m in enumerate(maps):
            out[f"{name}.gradient.{i}"] = m.grad
    output = torch.from_numpy(
        formula.tensor("loss.yolov1-tiny", (3, 49 * (10 + CLASSES)))).double().requires_grad_()
    parts = cell_loss(output, 448)
    sum(parts).backward()
    out["yolov1-tiny.losses"] = [part.item() for part in parts]
    out["yolov1-tiny.gradient.0"] = output.grad
    save("losses", out, {})


def overlaps():
    from torchvision.ops import (
        complete_box_iou_loss, distance_box_iou_loss, generalized_box_iou_loss)
    u = torch.from_numpy(formula.tensor("overlap", (64, 8))).double()

    def boxes(u):
        return torch.cat([20 * u[:, :2], 20 * u[:, :2] + 5 + 12 * (u[:, 2:] + 1)], 1)

    out = {}
    for name in ("iou", "giou", "diou", "ciou"):
        box, other = boxes(u[:, :4]).requires_grad_(), boxes(u[:, 4:])
        if name == "iou":
            value = iou_and_ciou(box, other)[0]
        elif name == "ciou":
            value = 1 - complete_box_iou_loss(box, other)
        elif name == "diou":
            value = 1 - distance_box_iou_loss(box, other)
        else:
            value = 1 - generalized_box_iou_loss(box, other)
        value.sum().backward()
        out[f"{name}.value"], out[f"{name}.gradient"] = value.detach(), box.grad
    save("overlaps", out, {})


if __name__ == "__main__":
    for what in sys.argv[1:] or ("networks", "losses", "overlaps"):
        globals()[what]()
