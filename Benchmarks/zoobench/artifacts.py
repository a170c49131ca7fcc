"""One set of weights for each network in the format of each library, and the pictures.

Weights are random with a seed; `networks.py` says of which network. Made once, in a process of
their own each.
"""

import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from . import networks
from .settings import BUILD, LOGS, TRAINED, ZOO, Settings


def weights(model: str, form: str) -> Path:
    return BUILD / "models" / model / f"model.{form}"


def images_path(model: str, batch: int) -> Path:
    network = networks.network(model)
    size = "x".join(str(side) for side in network.input[1:])
    kind = "picture" if network.is_pipeline else "noise"
    return BUILD / "images" / f"{kind}-{size}-{batch}.safetensors"


def images(model: str, batch: int):
    """N×3×H×W of seeded noise, or a picture from 0 to 1 for networks that do their own preprocessing;
    a smaller batch is a prefix of a larger one."""
    from safetensors.numpy import load_file

    return load_file(images_path(model, batch))["image"]


def photo() -> Path:
    return BUILD / "images" / "photo.jpg"


def prepare(model: str, settings: Settings) -> None:
    """Makes the missing files for one network; a new program imports ours again."""

    def run(name: str, *command: str | Path) -> None:
        LOGS.mkdir(parents=True, exist_ok=True)
        log = LOGS / f"{name}-{model}.log"
        with open(log, "w") as words:
            status = subprocess.run(
                command, env=settings.environment(), stdout=words, stderr=words
            ).returncode
        if status:
            raise SystemExit(f"bench: {model} cannot be prepared; see {log}")

    prepare_images(model, [*settings.batches, 1, *(n for name, n in TRAINED if name == model)])
    done = weights(model, "done")
    if not done.exists():
        print(f"bench: {model}: weights for everyone", file=sys.stderr)
        run("export", sys.executable, "-m", "zoobench.artifacts", model)
        done.touch()
    ours, theirs = weights(model, "h5"), weights(model, "pth")
    if not ours.exists() or ours.stat().st_mtime < ZOO.stat().st_mtime:
        run("import", ZOO, "import", theirs, "--as", model, "-o", ours)


def prepare_images(model: str, batches: Iterable[int]) -> None:
    import numpy
    from PIL import Image
    from safetensors.numpy import save_file

    photo().parent.mkdir(parents=True, exist_ok=True)
    network = networks.network(model)
    for batch in batches:
        path = images_path(model, batch)
        if path.exists() or not network.takes(batch):
            continue
        if network.is_pipeline:
            _, height, width = network.input
            pixels = numpy.stack([_picture(width, height)] * batch).transpose(0, 3, 1, 2)
            image = numpy.ascontiguousarray(pixels, dtype=numpy.float32) / numpy.float32(255)
        else:
            generator = numpy.random.default_rng(1)
            image = generator.standard_normal((batch, *network.input), dtype=numpy.float32)
        save_file({"image": image}, path)
    if not photo().exists():
        Image.fromarray(_picture(640, 480)).save(photo(), quality=90)


def _picture(width: int, height: int):
    """Smooth colours with some grain, as in a photograph."""
    import numpy
    from PIL import Image

    coarse = numpy.random.default_rng(2).integers(0, 256, (12, 16, 3), dtype=numpy.uint8)
    smooth = Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)
    grain = numpy.random.default_rng(3).normal(0, 6, (height, width, 3))
    return (numpy.asarray(smooth) + grain).clip(0, 255).astype(numpy.uint8)


def _make(model: str) -> None:
    import torch

    torch.manual_seed(0)
    module = networks.module(model)
    is_pipeline = networks.network(model).is_pipeline
    if is_pipeline:
        prepare_images(model, [1])
        networks.calibrate(model, module, torch.from_numpy(images(model, 1)))
    else:
        networks.calibrate(model, module, torch.randn(8, 3, 224, 224))
    weights(model, "pth").parent.mkdir(parents=True, exist_ok=True)
    torch.save(module.state_dict(), weights(model, "pth"))
    if is_pipeline:
        # The number of regions depends on the picture, which only the older exporter supports.
        torch.onnx.export(
            module,
            (torch.from_numpy(images(model, 1)),),
            weights(model, "onnx"),
            input_names=["image"],
            opset_version=17,
            dynamo=False,
        )
        return
    torch.onnx.export(
        module,
        (torch.randn(2, *networks.network(model).input),),
        weights(model, "onnx"),
        input_names=["image"],
        dynamic_shapes=({0: torch.export.Dim("batch")},),
        dynamo=True,
    )
    _make_ncnn(model, module)


def _make_ncnn(model: str, module) -> None:
    import pnnx
    import torch

    pnnx.export(
        module,
        str(weights(model, "pt")),
        torch.randn(1, *networks.network(model).input),
        fp16=False,
        ncnnparam=str(weights(model, "ncnn.param")),
        ncnnbin=str(weights(model, "ncnn.bin")),
    )
    for left in weights(model, "pt").parent.glob("model*pnnx*"):
        left.unlink()
    weights(model, "pt").unlink()


if __name__ == "__main__":
    _make(sys.argv[1])
