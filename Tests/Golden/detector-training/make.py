"""One training step of Faster R-CNN, from torchvision: four losses and every gradient.

    python make.py [case…]                        writes the .safetensors files beside this script

Weights, pictures and boxes are formulas; both samplers draw the numbers of `Random` in ZooKit, so
that both sides choose the same anchors and regions. Computed in float64; gradients are stored in
samples, with the norm of the whole. Noise on the pictures shows that no choice hangs on rounding.
"""

import sys
from pathlib import Path

import numpy as np
import torch
from torchvision.models.detection import _utils, faster_rcnn

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent / "detection"), str(HERE.parent / "architectures")]
import formula  # noqa: E402
import importlib.util  # noqa: E402

spec = importlib.util.spec_from_file_location("detection", HERE.parent / "detection" / "make.py")
detection = importlib.util.module_from_spec(spec)
spec.loader.exec_module(detection)
detection.HERE = HERE

MASK = 0xFFFFFFFFFFFFFFFF


class Random:
    """Sources/ZooKit/Numerics/Random.swift."""

    def __init__(self, seed=None, state=None):
        self.state = self.mix(seed) if state is None else state

    @staticmethod
    def mix(z):
        z = (z + 0x9E3779B97F4A7C15) & MASK
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        return z ^ (z >> 31)

    def key(self, name):
        if isinstance(name, str):
            hashed = 0xCBF29CE484222325
            for byte in name.encode():
                hashed = (hashed ^ byte) * 0x100000001B3 & MASK
            return Random(state=self.mix(self.state ^ hashed))
        return Random(state=self.mix(self.state ^ self.mix(name & MASK)))

    def bits(self, counter):
        return self.mix((self.state + counter * 0x9E3779B97F4A7C15) & MASK)


class Sampler:
    """torchvision's `BalancedPositiveNegativeSampler`, the smallest numbers instead of a shuffle."""

    def __init__(self, count, share, random):
        self.count, self.share, self.random, self.chosen = count, share, random, []

    def __call__(self, labels):
        found = [], []
        self.chosen = []
        for picture, each in enumerate(labels):
            random = self.random.key(picture)
            things, background = torch.where(each >= 1)[0], torch.where(each == 0)[0]
            most = min(len(things), int(self.count * self.share))
            counts = most, min(len(background), self.count - most)
            for kind, (candidates, count) in enumerate(zip((things, background), counts)):
                drawn = sorted(candidates.tolist(), key=lambda i: (random.bits(i), i))[:count]
                mask = torch.zeros(len(each), dtype=torch.uint8)
                mask[drawn] = 1
                found[kind].append(mask)
            self.chosen.append(counts)
        return found


def boxes(name, count, width, height):
    """Boxes of a picture and their labels, from 1."""
    u = (formula.tensor(name, (count, 4)) + np.float32(1)) * np.float32(0.5)
    sides = np.array([width, height], np.float32)
    corner = u[:, :2] * sides * np.float32(0.6)
    far = corner + (np.float32(0.1) + u[:, 2:] * np.float32(0.3)) * sides
    return torch.from_numpy(np.concatenate([corner, far], 1)), torch.arange(count) % 5 + 1


CASES = {
    # name: (network, shorter, longer, pictures and how many boxes each has)
    "pyramid": (detection.miniature, 96, 160, [(100, 70, 4), (64, 64, 2), (50, 90, 0)]),
    "map": (detection.vgg16_c4, 96, 160, [(150, 110, 3), (100, 140, 5)]),
    "nothing": (detection.miniature, 96, 160, [(60, 60, 0)]),
    "one": (detection.miniature, 96, 160, [(90, 60, 1)]),
}
# Few, so that both kinds are chosen from more than there is room for.
ANCHORS, REGIONS = (24, 0.125), (16, 0.25)


def run(name, dtype, noise=0.0):
    """The model after one way forward and back, its losses, the boxes, what the samplers chose."""
    make, shorter, longer, pictures = CASES[name]
    model = make(shorter, longer)
    detection.fill(model)
    model = model.to(dtype).train()
    for part, value in (("_pre_nms_top_n", 80), ("_post_nms_top_n", 30)):
        getattr(model.rpn, part).update(training=value)
    random = Random(5)
    model.rpn.fg_bg_sampler = Sampler(*ANCHORS, random.key("anchors"))
    model.roi_heads.fg_bg_sampler = Sampler(*REGIONS, random.key("regions"))
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.eval()
    images = [detection.tensor(w, h).to(dtype) for w, h, _ in pictures]
    images = [image + noise * torch.randn_like(image) for image in images]
    targets = []
    for index, (w, h, count) in enumerate(pictures):
        box, label = boxes(f"{name}.{index}", count, w, h)
        targets.append({"boxes": box.reshape(-1, 4).to(dtype), "labels": label})
    seen = {}
    model.transform.register_forward_hook(lambda m, i, o: seen.update(o=o[1]))
    losses = model(images, targets)
    sum(losses.values()).backward()
    chosen = model.rpn.fg_bg_sampler.chosen, model.roi_heads.fg_bg_sampler.chosen
    return model, losses, torch.cat([t["boxes"] for t in seen["o"]]), chosen


def step(name):
    """In float64, after a look at whether rounding would decide anything."""
    _, shorter, longer, pictures = CASES[name]
    model, losses, box, chosen = run(name, torch.float64)
    single, _, _, _ = run(name, torch.float32)
    found = torch.tensor([float(v.detach()) for v in losses.values()])
    torch.manual_seed(1)
    for noise in [1e-5] * 6 + [1e-4] * 2:
        other = torch.tensor([float(v.detach()) for v in run(name, torch.float64, noise)[1].values()])
        print("   noise", noise, (other - found).abs().max().item())
    order = ["loss_objectness", "loss_rpn_box_reg", "loss_classifier", "loss_box_reg"]
    out = {"losses": torch.stack([losses[key] for key in order]).detach(), "boxes": box}
    worst = {}
    gradients = dict(single.named_parameters())
    for key, value in model.named_parameters():
        if "bn" in key or "downsample.1" in key:
            continue  # norms do not learn here
        gradient = value.grad if value.grad is not None else torch.zeros_like(value)
        out[f"{key}.grad"] = gradient
        out[f"{key}.norm"] = gradient.norm().reshape(1)
        if gradients[key].grad is not None and gradient.norm() > 0:
            worst[key] = ((gradients[key].grad.double() - gradient).norm() / gradient.norm()).item()
    metadata = {"losses": " ".join(order), "pictures": ",".join(
        f"{w}x{h}x{n}" for w, h, n in pictures), "shorter": str(shorter), "longer": str(longer)}
    # A rectifier that float32 puts on the other side moves gradients, in torchvision as here.
    metadata["float32"] = str(max(worst.values()))
    print(name, {k: float(v.detach()) for k, v in losses.items()}, "chosen", chosen)
    print("   float32's gradients are off by", sorted(worst.values())[-3:], max(worst, key=worst.get))
    detection.save(name, {k: v.numpy() for k, v in out.items()}, metadata)


if __name__ == "__main__":
    for name in sys.argv[1:] or CASES:
        step(name)
