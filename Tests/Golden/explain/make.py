"""Golden explanations: captum's and pytorch-grad-cam's, of miniatures with formula weights and of
AlexNet and VGG-16 with their ImageNet convolutions.

    pip install torch torchvision captum grad-cam safetensors
    python make.py [FOLDER]      FOLDER holds alexnet_features_imagenet.pth and so on; without it only
                                 the miniatures are made

References are computed in float64. A derivative jumps where a rectifier's input passes zero or another
number becomes the largest of a pooling window, and among the millions of values of a large network
some are so near that float32 decides otherwise. No float32 can then agree, PyTorch's own neither: it is
off by 2.6e-3 (oneDNN) or 4.3e-3 (its own kernels) for VGG-16 at 224 pixels. So each file takes the first
candidate, a part of the picture or a number of steps, for which both of them agree with float64 to
1e-4.

Maps of class activation are stored as they are, before they are enlarged and normalised; attributions
of every number of the input as 1,024 of them (`Tests/Golden/architectures/README.md`) and their norm.
"""

import sys
import types
from pathlib import Path

import numpy as np
import torch
import torchvision
from captum import attr
from safetensors.torch import load_file
from torch import nn

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "architectures"))

import pytorch_grad_cam
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

import formula
from make import fill, sampled, save
from make_gradients import MINIATURES

TARGET = 2

# The maps themselves, not what they look like.
pytorch_grad_cam.base_cam.scale_cam_image = lambda cam, size=None: cam


def last_map(model):
    if hasattr(model, "layer4"):
        return model.layer4
    if hasattr(model, "Mixed_7c"):
        return model.Mixed_7c
    return getattr(model, "last", None) or model.features


def with_modules(model):
    """Captum sees rectifiers that are modules of their own."""
    for module in list(model.modules()):
        if isinstance(module, nn.ReLU):
            module.inplace = False
        if type(module).__name__ == "BasicConv2d":
            module.rectifier = nn.ReLU()
            module.forward = types.MethodType(
                lambda self, x: self.rectifier(self.bn(self.conv(x))), module
            )
        if type(module).__name__ in ("BasicBlock", "Bottleneck"):
            module.again, module.third = nn.ReLU(), nn.ReLU()
            module.forward = types.MethodType(
                basic if type(module).__name__ == "BasicBlock" else bottleneck, module
            )
    if isinstance(model, torchvision.models.DenseNet):
        model.last = nn.ReLU()
        model.forward = types.MethodType(dense, model)
    return model


def basic(self, x):
    y = self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x)))))
    return self.again(y + (x if self.downsample is None else self.downsample(x)))


def bottleneck(self, x):
    y = self.third(self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x))))))
    y = self.bn3(self.conv3(y))
    return self.again(y + (x if self.downsample is None else self.downsample(x)))


def dense(self, x):
    y = self.last(self.features(x))
    return self.classifier(torch.flatten(nn.functional.adaptive_avg_pool2d(y, 1), 1))


def derivatives(model, x, steps):
    """The methods whose values jump."""
    options = dict(target=TARGET)
    return {
        "saliency": attr.Saliency(model).attribute(x, **options).amax(1)[0],
        "gradient-x-input": attr.InputXGradient(model).attribute(x, **options)[0],
        "guided-backprop": attr.GuidedBackprop(model).attribute(x, **options)[0],
        "deconvnet": attr.Deconvolution(model).attribute(x, **options)[0],
        "integrated-gradients": attr.IntegratedGradients(model).attribute(
            x, n_steps=steps, internal_batch_size=1, **options
        )[0],
    }  # fmt: skip


def error(found, expected):
    expected = expected.detach().double()
    return float((found.detach().double() - expected).norm() / (expected.norm() + 1e-30))


def has_no_jump(model, x, steps):
    """Whether float32 decides as float64 does, by both kernels of PyTorch."""
    exact = derivatives(model.double(), x.double(), steps)
    model.float()
    worst = 0
    for torch.backends.mkldnn.enabled in False, True:
        found = derivatives(model, x.float(), steps)
        worst = max([worst] + [error(found[name], exact[name]) for name in exact])
    model.double()
    print(f"  {tuple(x.shape)}, {steps} steps: float32 is off by {worst:.1e}")
    return worst < 1e-4


def explanations(model, x, window, stride, steps, slow=True):
    options = dict(target=TARGET)
    layer = last_map(model)
    found = derivatives(model, x, steps) | {
        "guided-gradcam": attr.GuidedGradCam(model, layer).attribute(
            x, interpolate_mode="bilinear", **options
        )[0],
        "occlusion": attr.Occlusion(model).attribute(
            x, sliding_window_shapes=(x.shape[1], window, window), strides=(x.shape[1], stride, stride),
            **options,
        )[0, 0],
    }  # fmt: skip
    cams = {"gradcam": "GradCAM", "gradcam++": "GradCAMPlusPlus", "layercam": "LayerCAM"}
    for name, kind in (cams | ({"scorecam": "ScoreCAM"} if slow else {})).items():
        with getattr(pytorch_grad_cam, kind)(model=model, target_layers=[layer]) as cam:
            found[name] = torch.from_numpy(cam(x, [ClassifierOutputTarget(TARGET)])[0])
    # The two references agree on what both know.
    ours = attr.LayerGradCam(model, layer).attribute(x, relu_attributions=True, **options)[0, 0]
    assert torch.allclose(ours, found["gradcam"].to(ours), rtol=1e-9)
    return {name: value.detach().double().numpy() for name, value in found.items()}


def write(name, model, candidates, slow=True):
    """`candidates`: parts of the picture, each with where it begins and the number of steps."""
    x, left, top, steps = next(
        part for part in candidates if has_no_jump(model, part[0], part[3])
    )
    x, side = x.double(), x.shape[-1]
    window, stride = (96, 64) if side == 224 else (side // 3, side // 4)
    arrays, notes = {}, {
        "window": window, "stride": stride, "target": TARGET, "steps": steps, "left": left,
        "top": top, "side": side,
    }  # fmt: skip
    notes = {key: str(value) for key, value in notes.items()}
    for method, value in explanations(model, x, window, stride, steps, slow).items():
        arrays[method] = sampled(value.reshape(-1)).astype(np.float32)
        notes[f"{method}.norm"] = repr(float(np.linalg.norm(value)))
        notes[f"{method}.shape"] = "x".join(map(str, value.shape))
    save(HERE / f"{name}.safetensors", arrays, notes)
    print(name, {n: a.size for n, a in arrays.items()}, flush=True)


def real(name, folder):
    model = with_modules(getattr(torchvision.models, name)(num_classes=10).eval())
    fill(model)
    path = next(Path(folder).glob(f"{name}_features_imagenet.*"))
    state = load_file(path) if path.suffix == ".safetensors" else torch.load(path)
    missing = model.load_state_dict(state, strict=False)
    assert not missing.unexpected_keys
    x = load_file(Path(folder) / f"{name}_features_reference.safetensors")["input"][:1]
    return model.double(), x


def parts(x, side, steps):
    """All of the picture, or squares of it."""
    for top in range(0, x.shape[2] - side + 1, 32):
        for left in range(0, x.shape[3] - side + 1, 32):
            yield x[:, :, top : top + side, left : left + side], left, top, steps


if __name__ == "__main__":
    for name in "alexnet", "vgg", "resnet-basic", "resnet-bottleneck", "densenet", "inception_v3":
        build, side = MINIATURES[f"mini-{name}"]
        model = with_modules(build().eval())
        fill(model)
        x = torch.from_numpy(formula.tensor("input", (1, 3, side, side)))
        write(f"mini-{name}", model.double(), ((x, 0, 0, steps) for steps in range(10, 0, -1)))
    for name, side, steps in (("alexnet", 224, 10), ("vgg16", 64, 3)) if len(sys.argv) > 1 else ():
        model, x = real(name, sys.argv[1])
        write(f"imagenet-{name}", model, parts(x, side, steps), slow=name == "alexnet")
