"""Inference: the latency of a batch, float32 against float32 and bf16 against OpenVINO's choice."""

import subprocess
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from .. import artifacts, contender, peers, rounds
from ..contender import Contender
from ..settings import BUILD, LOGS, TOLERANCE, ZOO, Settings


def float32(settings: Settings) -> dict[str, Callable[[], dict]]:
    return _cases(settings, "fp32", peers.FLOAT32)


def bf16(settings: Settings) -> dict[str, Callable[[], dict]]:
    return _cases(settings, "bf16", ("OpenVINO default",))


def _cases(settings: Settings, precision: str, names: Iterable[str]) -> dict:
    return {
        f"{model}, batch {batch}": partial(_measure, model, batch, precision, names, settings)
        for batch in settings.batches
        for model in settings.models
    }


def _measure(
    model: str, batch: int, precision: str, names: Iterable[str], settings: Settings
) -> dict:
    artifacts.prepare(model, settings)
    images = artifacts.images_path(batch)
    checkpoint = artifacts.weights(model, "h5")
    outputs = BUILD / "outputs"
    outputs.mkdir(parents=True, exist_ok=True)

    def saved(name: str) -> Path:
        return outputs / f"{model}-{batch}-{name.replace(' ', '-')}.npy"

    def log(name: str) -> str:
        return f"{model}-{batch}-{precision}-{name.replace(' ', '-')}"

    def zoo() -> Contender:
        return contender.ours(
            checkpoint, images, batch, settings, log("zoo"), f"--precision={precision}"
        )

    def other(name: str) -> Contender:
        return contender.peer(
            name, "inference", batch, model, settings, log(name), f"--save={saved(name)}"
        )

    makers = {"zoo": zoo} | {name: partial(other, name) for name in names}
    with rounds.contenders(makers) as (contenders, results):
        rounds.take_turns(contenders, settings.rounds)
        results |= {one.name: rounds.figures(one) for one in contenders}
        engine = next((c.hello["engine"] for c in contenders if c.name == "zoo"), None)

    # Logits: everyone's against those of PyTorch, eager and in float32.
    for one in contenders:
        name, result = one.name, results[one.name]
        reference = _reference(saved("PyTorch"), model, batch, settings)
        if name == "zoo":
            logits = _our_logits(checkpoint, images, precision, settings)
        else:
            logits = _load(saved(name))
        result["difference"] = float(f"{_distance(logits, reference):.2g}")

    limit = TOLERANCE[precision]
    if precision == "bf16":
        theirs = results.get("OpenVINO default", {}).get("difference", 0.0)
        limit = max(limit, theirs)
    for one in contenders:
        results[one.name]["agrees"] = results[one.name]["difference"] <= limit

    fastest = rounds.best(results)
    ratio = None
    if fastest and "median_ms" in results["zoo"]:
        ratio = round(results["zoo"]["median_ms"] / results[fastest]["median_ms"], 3)
    return {
        "model": model,
        "batch": batch,
        "precision": precision,
        "engine": engine,
        "results": results,
        "best_peer": fastest,
        "ratio": ratio,
    }


def _reference(path: Path, model: str, batch: int, settings: Settings):
    """PyTorch's logits; where it was not a contender, it computes them once."""
    if not path.exists():
        contender.peer(
            "PyTorch", "inference", batch, model, settings, "reference", "--save", str(path)
        ).close()
    return _load(path)


def _our_logits(checkpoint: Path, images: Path, precision: str, settings: Settings):
    from safetensors.numpy import load_file

    path = BUILD / "outputs" / "zoo.safetensors"
    command = [ZOO, "run", checkpoint, "--input", images, "-o", path, "--precision", precision]
    with open(LOGS / "zoo-run.log", "w") as words:
        subprocess.run(
            [*command, *settings.options],
            env=settings.environment(),
            check=True,
            stdout=words,
            stderr=words,
        )
    return load_file(path)["logits"]


def _load(path: Path):
    import numpy

    return numpy.load(path)


def _distance(values, reference) -> float:
    import numpy

    difference = values.reshape(reference.shape).astype(numpy.float64) - reference
    return float(numpy.linalg.norm(difference) / numpy.linalg.norm(reference))
