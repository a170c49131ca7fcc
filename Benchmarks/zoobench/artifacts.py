"""One set of weights for each network in the format of each library, and the pictures.

Weights are random with a seed; norms get the statistics of seeded noise, so that values keep the
size that they have in a trained network. Made once, in a process of their own each.
"""

import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from .settings import BUILD, LOGS, ZOO, Settings


def weights(model: str, form: str) -> Path:
    return BUILD / "models" / model / f"model.{form}"


def images_path(batch: int) -> Path:
    return BUILD / "images" / f"{batch}.safetensors"


def images(batch: int):
    """N×3×224×224 of seeded noise; a smaller batch is the beginning of a larger."""
    from safetensors.numpy import load_file

    return load_file(images_path(batch))["image"]


def photo() -> Path:
    return BUILD / "images" / "photo.jpg"


def prepare(model: str, settings: Settings) -> None:
    """Makes what is missing for one network; ours is imported anew by a new program."""

    def run(name: str, *command: str | Path) -> None:
        LOGS.mkdir(parents=True, exist_ok=True)
        log = LOGS / f"{name}-{model}.log"
        with open(log, "w") as words:
            status = subprocess.run(
                command, env=settings.environment(), stdout=words, stderr=words
            ).returncode
        if status:
            raise SystemExit(f"bench: {model} cannot be prepared; see {log}")

    done = weights(model, "done")
    if not done.exists():
        print(f"bench: {model}: weights for everyone", file=sys.stderr)
        run("export", sys.executable, "-m", "zoobench.artifacts", model)
        done.touch()
    ours, theirs = weights(model, "h5"), weights(model, "pth")
    if not ours.exists() or ours.stat().st_mtime < ZOO.stat().st_mtime:
        run("import", ZOO, "import", theirs, "--as", model, "-o", ours)


def prepare_images(batches: Iterable[int]) -> None:
    import numpy
    from PIL import Image
    from safetensors.numpy import save_file

    photo().parent.mkdir(parents=True, exist_ok=True)
    for batch in batches:
        if not images_path(batch).exists():
            shape = (batch, 3, 224, 224)
            noise = numpy.random.default_rng(1).standard_normal(shape, dtype=numpy.float32)
            save_file({"image": noise}, images_path(batch))
    if not photo().exists():
        # Colours that change slowly, and some grain, as in a photograph.
        coarse = numpy.random.default_rng(2).integers(0, 256, (12, 16, 3), dtype=numpy.uint8)
        smooth = numpy.asarray(Image.fromarray(coarse).resize((640, 480), Image.Resampling.BICUBIC))
        grain = numpy.random.default_rng(3).normal(0, 6, smooth.shape)
        picture = (smooth + grain).clip(0, 255).astype(numpy.uint8)
        Image.fromarray(picture).save(photo(), quality=90)


def _make(model: str) -> None:
    import pnnx
    import torch
    import torchvision

    torch.manual_seed(0)
    network = torchvision.models.get_model(model, weights=None)
    norms = [m for m in network.modules() if isinstance(m, torch.nn.BatchNorm2d)]
    for norm in norms:
        norm.momentum = None  # the average over all batches seen
    with torch.no_grad():
        network.train()(torch.randn(8, 3, 224, 224)) if norms else None
    network.eval()

    weights(model, "pth").parent.mkdir(parents=True, exist_ok=True)
    torch.save(network.state_dict(), weights(model, "pth"))
    one = torch.randn(1, 3, 224, 224)
    torch.onnx.export(
        network,
        (torch.randn(2, 3, 224, 224),),
        weights(model, "onnx"),
        input_names=["image"],
        dynamic_shapes=({0: torch.export.Dim("batch")},),
        dynamo=True,
    )
    pnnx.export(
        network,
        str(weights(model, "pt")),
        one,
        fp16=False,
        ncnnparam=str(weights(model, "ncnn.param")),
        ncnnbin=str(weights(model, "ncnn.bin")),
    )
    for left in weights(model, "pt").parent.glob("model*pnnx*"):
        left.unlink()
    weights(model, "pt").unlink()


if __name__ == "__main__":
    _make(sys.argv[1])
