"""Golden values of the detection room and of Faster R-CNN, from torchvision.

    python make.py [operations] [pipelines]       writes the .safetensors files beside this script

Boxes, maps, pictures and weights are formulas of a name (../architectures/formula.py), so only
results are stored. Operations are computed in float32 as torchvision runs them; maps of more than
1,024 elements are stored in samples.
"""

import json
import sys
from pathlib import Path

import numpy as np
import torch
import torchvision
from safetensors.numpy import save as encode
from torchvision.models.detection import _utils, anchor_utils, faster_rcnn, image_list
from torchvision.models.detection.backbone_utils import BackboneWithFPN
from torchvision.ops import MultiScaleRoIAlign, boxes as box_ops, roi_align, roi_pool

HERE = Path(__file__).parent
sys.path.append(str(HERE.parent / "architectures"))
import formula  # noqa: E402

SAMPLES = 1024


def sampled(values):
    flat = np.asarray(values).reshape(-1)
    if flat.size > SAMPLES:
        places = np.arange(SAMPLES, dtype=np.uint64) * np.uint64(2654435761)
        flat = flat[places % np.uint64(flat.size)]
    return np.ascontiguousarray(flat, dtype=np.float32)


def save(name, tensors, metadata):
    """With the header in order, so that the same numbers are the same file."""
    data = encode({key: sampled(value) for key, value in tensors.items()}, metadata)
    start = 8 + int.from_bytes(data[:8], "little")
    header = json.dumps(json.loads(data[8:start]), sort_keys=True, separators=(",", ":")).encode()
    header += b" " * (-len(header) % 8)
    path = HERE / f"{name}.safetensors"
    path.write_bytes(len(header).to_bytes(8, "little") + header + data[start:])
    print(path.name, path.stat().st_size, metadata)


def boxes(name, count, place=64, side=32):
    """Corners in [0, 2·place), sides in [0, 2·side); products with powers of two are exact."""
    u = formula.tensor(name, (count, 4))
    corner = np.float32(place) * (u[:, :2] + np.float32(1))
    return torch.from_numpy(
        np.concatenate([corner, corner + np.float32(side) * (u[:, 2:] + np.float32(1))], 1))


def unit(name, *shape):
    return torch.from_numpy(formula.tensor(name, shape))


# Operations


def overlaps(out):
    a, b = boxes("overlap.a", 24), boxes("overlap.b", 24)
    a[0], b[0] = torch.tensor([0.0, 0, 10, 10]), torch.tensor([0.0, 0, 10, 10])
    a[1], b[1] = torch.tensor([0.0, 0, 10, 10]), torch.tensor([10.0, 0, 20, 10])
    out["iou"] = box_ops.box_iou(a, b)
    out["giou"] = box_ops.generalized_box_iou(a, b)
    out["diou"] = box_ops.distance_box_iou(a, b)
    out["ciou"] = box_ops.complete_box_iou(a, b)


def suppression(out):
    for count in (400, 1200):
        b, scores = boxes(f"nms.{count}", count), unit(f"nms.{count}.scores", count)
        # Ties: their order is that of the boxes.
        scores[::7] = 0.25
        groups = (torch.arange(count) * 7) % 5
        out[f"nms.{count}.all"] = box_ops.nms(b, scores, 0.3)[:SAMPLES]
        kept = box_ops.batched_nms(b, scores, groups, 0.5).sort()[0]
        # Of many boxes torchvision leaves the order of ties open.
        kept = kept[scores[kept].argsort(descending=True, stable=True)]
        out[f"nms.{count}.groups"] = kept[:SAMPLES]


def anchors(out):
    generator = anchor_utils.AnchorGenerator(
        ((32,), (64,), (128,), (256,), (512,)), ((0.5, 1.0, 2.0),) * 5)
    maps = [torch.zeros(1, 1, h, w) for h, w in ((24, 32), (12, 16), (6, 8), (3, 4), (2, 2))]
    images = image_list.ImageList(torch.zeros(1, 3, 96, 128), [(90, 120)])
    out["anchors"] = generator(images, maps)[0]
    odd = anchor_utils.AnchorGenerator(((10, 25, 63),), ((0.33, 1.0, 3.0),))
    out["anchors.odd"] = odd(
        image_list.ImageList(torch.zeros(1, 3, 50, 70), [(50, 70)]), [torch.zeros(1, 1, 4, 6)])[0]


def coding(out):
    references, truth = boxes("coding.references", 64), boxes("coding.truth", 64)
    codes = 3 * unit("coding.codes", 64, 4)
    codes[5] = torch.tensor([0.0, 0, 50, -50])
    for name, weights in (("10", (10.0, 10.0, 5.0, 5.0)), ("1", (1.0, 1.0, 1.0, 1.0))):
        coder = _utils.BoxCoder(weights)
        out[f"encoded.{name}"] = coder.encode_single(truth, references)
        scale = torch.tensor(weights)
        out[f"decoded.{name}"] = coder.decode_single(codes * scale, references)


def matching(out):
    candidates, truth = boxes("matching.boxes", 300), boxes("matching.truth", 7)
    quality = box_ops.box_iou(truth, candidates)
    out["matched.rpn"] = _utils.Matcher(0.7, 0.3, allow_low_quality_matches=True)(quality)
    out["matched.heads"] = _utils.Matcher(0.5, 0.5)(quality)


def regions(count):
    """On two pictures of 256×320; some reach outside, some have no size."""
    picture = torch.arange(count).remainder(2).float()[:, None]
    box = boxes("regions", count, place=128, side=128)
    box[3] = torch.tensor([-40.0, -30, 10, 20])
    box[4] = torch.tensor([200.0, 100, 700, 660])
    box[5] = torch.tensor([17.0, 19, 17, 19])
    box[6] = torch.tensor([400.0, 400, 420, 420])
    return torch.cat([picture, box], 1)


def region_layers(out):
    rois = regions(40)
    sizes = ((64, 80), (32, 40), (16, 20), (8, 10))
    maps = [unit(f"map.{i}", 2, 3, h, w).requires_grad_() for i, (h, w) in enumerate(sizes)]
    slope = unit("slope", 40, 3, 7, 7)
    names = [str(i) for i in range(4)]
    pool = MultiScaleRoIAlign(names, 7, 2)
    per_picture = [rois[rois[:, 0] == i, 1:] for i in (0, 1)]
    order = torch.cat([torch.where(rois[:, 0] == i)[0] for i in (0, 1)])
    y = pool(dict(zip(names, maps)), per_picture, [(256, 320)] * 2)
    y = y[torch.argsort(order)]
    (y * slope).sum().backward()
    out["multiscale"] = y.detach()
    for name, map in zip(names, maps):
        out[f"multiscale.gradient.{name}"] = map.grad
    for name, apply in {
        "aligned": lambda x: roi_align(x, rois, (5, 3), 0.25, 3, True),
        "pooled": lambda x: roi_pool(x, rois, (5, 3), 0.25),
    }.items():
        map = unit("map.0", 2, 3, 64, 80).requires_grad_()
        y = apply(map)
        (y * unit("slope.small", 40, 3, 5, 3)).sum().backward()
        out[name], out[f"{name}.gradient"] = y.detach(), map.grad


def operations():
    out = {}
    for part in (overlaps, suppression, anchors, coding, matching, region_layers):
        part(out)
    save("operations", {k: v.numpy() for k, v in out.items()},
         {"reference": f"torchvision {torchvision.__version__}"})


# Faster R-CNN

# So much less than the formula gives: else the two stages answer with certainty everywhere.
SCALES = {
    "rpn.head.cls_logits.weight": 2.0**-5,
    "rpn.head.bbox_pred.weight": 2.0**-8,
    "roi_heads.box_predictor.cls_score.weight": 2.0**-5,
    "roi_heads.box_predictor.bbox_pred.weight": 2.0**-6,
}


def fill(model):
    with torch.no_grad():
        for name, value in model.state_dict().items():
            if not name.endswith("num_batches_tracked"):
                values = formula.parameter(name, tuple(value.shape))
                value.copy_(torch.from_numpy(np.float32(SCALES.get(name, 1)) * values))


def picture(width, height):
    """Some structure and some noise, in whole numbers."""
    y, x = np.mgrid[0:height, 0:width]
    planes = [x * 5 + y * 3, x * 2 + y * 7 + x * y // 16, x * y + (x // 40) * 60]
    return np.stack(planes, -1) % 256


def tensor(width, height):
    pixels = torch.from_numpy(picture(width, height).astype(np.uint8))
    return pixels.permute(2, 0, 1).float() / 255


def full(shorter, longer):
    return torchvision.models.detection.fasterrcnn_resnet50_fpn(
        weights=None, weights_backbone=None, min_size=shorter, max_size=longer)


def miniature(shorter, longer):
    body = torchvision.models.resnet18(weights=None)
    body = BackboneWithFPN(
        body, {f"layer{i + 1}": str(i) for i in range(4)}, [64, 128, 256, 512], 16)
    generator = anchor_utils.AnchorGenerator(
        ((8,), (16,), (32,), (64,), (128,)), ((0.5, 1.0, 2.0),) * 5)
    return faster_rcnn.FasterRCNN(
        body, min_size=shorter, max_size=longer, rpn_anchor_generator=generator,
        box_head=faster_rcnn.TwoMLPHead(16 * 49, 32),
        box_predictor=faster_rcnn.FastRCNNPredictor(32, 6))


def pyramid18(shorter, longer):
    """The variant itself, as torchvision builds it for other ResNets."""
    body = torchvision.models.detection.backbone_utils.resnet_fpn_backbone(
        backbone_name="resnet18", weights=None)
    return faster_rcnn.FasterRCNN(body, 91, min_size=shorter, max_size=longer)


class Map(torch.nn.Module):
    """The first layers of VGG-16's features under their own names."""

    def __init__(self, layers):
        super().__init__()
        self.features = torchvision.models.vgg16(weights=None).features[:layers]
        self.out_channels = 512

    def forward(self, x):
        return self.features(x)


def on_a_map(layers, sizes, shorter, longer):
    return faster_rcnn.FasterRCNN(
        Map(layers), min_size=shorter, max_size=longer,
        rpn_anchor_generator=anchor_utils.AnchorGenerator((sizes,), ((0.5, 1.0, 2.0),)),
        box_roi_pool=MultiScaleRoIAlign(["0"], 7, 2),
        box_head=faster_rcnn.TwoMLPHead(512 * 49, 32),
        box_predictor=faster_rcnn.FastRCNNPredictor(32, 6))


def vgg16(shorter, longer):
    return on_a_map(30, (16, 32, 64), shorter, longer)


def vgg16_c4(shorter, longer):
    return on_a_map(23, (8, 16, 32), shorter, longer)


CASES = {
    # name: (network, shorter, longer, pictures)
    "wide": (full, 224, 373, [(320, 240)]),
    "tall": (full, 200, 333, [(150, 260)]),
    # Narrower ones than 1.4 times their padding are cut from the wrong scale there.
    "strip": (full, 224, 320, [(640, 100)]),
    "miniature": (miniature, 96, 160, [(100, 70), (64, 64)]),
    "slow": (full, 800, 1333, [(640, 425)]),
    "pair": (full, 192, 320, [(200, 160), (120, 190)]),
    "resnet18": (pyramid18, 128, 213, [(150, 110), (100, 140)]),
    "vgg16": (vgg16, 128, 213, [(150, 110), (100, 140)]),
    "vgg16-c4": (vgg16_c4, 96, 160, [(150, 110), (100, 140)]),
}


def pipeline(name):
    make, shorter, longer, sizes = CASES[name]
    images = [tensor(*size) for size in sizes]
    model = make(shorter, longer).eval()
    fill(model)
    seen = {}
    model.backbone.register_forward_hook(lambda m, i, o: seen.update(maps=o))
    model.rpn.head.register_forward_hook(lambda m, i, o: seen.update(rpn=o))
    model.rpn.register_forward_hook(lambda m, i, o: seen.update(proposals=o[0]))
    model.transform.register_forward_hook(lambda m, i, o: seen.update(batch=o[0].tensors))
    model.roi_heads.box_predictor.register_forward_hook(lambda m, i, o: seen.update(heads=o))
    with torch.no_grad():
        found = model(images)
        first = dict(seen)
        exact = model.double()([image.double() for image in images])
    out = {"batch": first["batch"]}
    maps = first["maps"]
    for level in "0123" if isinstance(maps, dict) else ():
        out[f"map.{level}"] = maps[level]
    for level, (logits, deltas) in enumerate(zip(*first["rpn"])):
        out[f"objectness.{level}"], out[f"deltas.{level}"] = logits, deltas
    metadata = {"reference": f"torchvision {torchvision.__version__}"}
    metadata["sizes"] = ",".join(f"{w}x{h}" for w, h in sizes)
    metadata["shorter"], metadata["longer"] = str(shorter), str(longer)
    metadata["batch.shape"] = "x".join(map(str, first["batch"].shape))
    for index, (one, two) in enumerate(zip(found, exact)):
        out[f"boxes.{index}"], out[f"scores.{index}"] = one["boxes"], one["scores"]
        out[f"labels.{index}"] = one["labels"]
        metadata[f"proposals.{index}"] = str(len(first["proposals"][index]))
        same = len(one["boxes"]) == len(two["boxes"]) and bool((one["labels"] == two["labels"]).all())
        print(name, index, len(one["boxes"]), "found,", len(set(one["labels"].tolist())),
              "classes, scores", one["scores"].max().item() if len(one["scores"]) else None,
              one["scores"].min().item() if len(one["scores"]) else None,
              "proposals", len(first["proposals"][index]),
              "float64 the same" if same else f"float64: {len(two['boxes'])} found",
              (one["boxes"] - two["boxes"]).abs().max().item() if same else "",
              (one["scores"] - two["scores"]).abs().max().item() if same else "")
        sides = one["boxes"][:, 2:] - one["boxes"][:, :2]
        print("   sides", sides.min().item(), sides.median().item(), sides.max().item())
    save(f"fasterrcnn-{name}", {k: v.numpy() for k, v in out.items()}, metadata)


if __name__ == "__main__":
    wanted = sys.argv[1:] or ["operations", *CASES]
    for name in wanted:
        operations() if name == "operations" else pipeline(name)
