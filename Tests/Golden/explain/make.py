"""Golden explanations: captum's and pytorch-grad-cam's, of miniatures with formula weights and of
AlexNet with its ImageNet convolutions.

    pip install torch torchvision captum grad-cam safetensors
    python make.py [FOLDER]      FOLDER holds alexnet_features_imagenet.pth and so on; without it only
                                 the miniatures are made

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

TARGET, STEPS = 2, 10

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


def explanations(model, x, window, stride, slow=True):
    options = dict(target=TARGET)
    layer = last_map(model)
    found = {
        "saliency": attr.Saliency(model).attribute(x, **options).amax(1)[0],
        "gradient-x-input": attr.InputXGradient(model).attribute(x, **options)[0],
        "guided-backprop": attr.GuidedBackprop(model).attribute(x, **options)[0],
        "deconvnet": attr.Deconvolution(model).attribute(x, **options)[0],
        "integrated-gradients": attr.IntegratedGradients(model).attribute(
            x, n_steps=STEPS, internal_batch_size=1, **options
        )[0],
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


def write(name, model, x, window, stride, slow=True):
    arrays, notes = {}, {"window": window, "stride": stride, "target": TARGET, "steps": STEPS}
    notes = {key: str(value) for key, value in notes.items()}
    for method, value in explanations(model, x, window, stride, slow).items():
        arrays[method] = sampled(value.reshape(-1)).astype(np.float32)
        notes[f"{method}.norm"] = repr(float(np.linalg.norm(value)))
        notes[f"{method}.shape"] = "x".join(map(str, value.shape))
    save(HERE / f"{name}.safetensors", arrays, notes)
    print(name, {n: a.size for n, a in arrays.items()})


def real(name, folder):
    model = with_modules(getattr(torchvision.models, name)(num_classes=10).eval())
    fill(model)
    path = next(Path(folder).glob(f"{name}_features_imagenet.*"))
    state = load_file(path) if path.suffix == ".safetensors" else torch.load(path)
    missing = model.load_state_dict(state, strict=False)
    assert not missing.unexpected_keys
    x = load_file(Path(folder) / f"{name}_features_reference.safetensors")["input"][:1]
    return model.double(), x.double()


if __name__ == "__main__":
    for name in "alexnet", "vgg", "resnet-basic", "resnet-bottleneck", "densenet", "inception_v3":
        build, side = MINIATURES[f"mini-{name}"]
        model = with_modules(build().eval())
        fill(model)
        x = torch.from_numpy(formula.tensor("input", (1, 3, side, side))).double()
        write(f"mini-{name}", model.double(), x, side // 3, side // 4)
    for name in ("alexnet",) if len(sys.argv) > 1 else ():
        model, x = real(name, sys.argv[1])
        write(f"imagenet-{name}", model, x, 96, 64, slow=name == "alexnet")
