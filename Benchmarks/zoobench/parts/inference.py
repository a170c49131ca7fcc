"""Inference: the latency of a batch, in float32, and in bf16 against OpenVINO's default."""

from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from .. import agreement, artifacts, contender, networks, peers, rounds
from ..contender import Contender
from ..settings import BOX_TOLERANCE, BUILD, ROUNDING, TOLERANCE, Settings


def float32(settings: Settings) -> dict[str, Callable[[], dict]]:
    return _cases(settings, "fp32", peers.FLOAT32)


def bf16(settings: Settings) -> dict[str, Callable[[], dict]]:
    return _cases(settings, "bf16", ("OpenVINO default",))


def _cases(settings: Settings, precision: str, names: Iterable[str]) -> dict:
    return {
        f"{model}, batch {batch}": partial(_measure, model, batch, precision, names, settings)
        for batch in settings.batches
        for model in settings.models
        if networks.network(model).takes(batch)
    }


def _measure(
    model: str, batch: int, precision: str, names: Iterable[str], settings: Settings
) -> dict:
    artifacts.prepare(model, settings)
    images = artifacts.images_path(model, batch)
    checkpoint = artifacts.weights(model, "h5")
    outputs = BUILD / "outputs"
    outputs.mkdir(parents=True, exist_ok=True)

    def saved(name: str) -> Path:
        form = "safetensors" if name == "zoo" else "npz"
        return outputs / f"{model}-{batch}-{precision}-{name.replace(' ', '-')}.{form}"

    def log(name: str) -> str:
        return f"{model}-{batch}-{precision}-{name.replace(' ', '-')}"

    def zoo() -> Contender:
        options = [f"--precision={precision}", f"--save={saved('zoo')}"]
        if model in networks.RAW:
            options.append("--raw")
        return contender.ours(checkpoint, images, batch, settings, log("zoo"), *options)

    def other(name: str) -> Contender:
        return contender.peer(
            name, "inference", batch, model, settings, log(name), f"--save={saved(name)}"
        )

    makers = {"zoo": zoo} | {name: partial(other, name) for name in names}
    with rounds.contenders(makers) as (contenders, results):
        rounds.take_turns(contenders, settings.rounds)
        results |= {one.name: rounds.figures(one) for one in contenders}
        engine = next((c.hello["engine"] for c in contenders if c.name == "zoo"), None)

    # All outputs are compared with PyTorch's, eager and in float32.
    reference = _reference("PyTorch", model, batch, settings)
    limit = BOX_TOLERANCE if networks.network(model).is_pipeline else TOLERANCE[precision]
    if precision == "bf16":
        rounded = _reference("PyTorch rounded", model, batch, settings)
        limit = max(limit, ROUNDING * agreement.difference(rounded, reference, model, precision))
    for one in contenders:
        difference = agreement.difference(saved(one.name), reference, model, precision)
        results[one.name] |= {
            "difference": float(f"{difference:.2g}"),
            "agrees": difference <= limit,
        }

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


def _reference(name: str, model: str, batch: int, settings: Settings) -> Path:
    """PyTorch's outputs; if it was not a contender, it computes them once for these weights."""
    form = name.replace(" ", "-")
    path = BUILD / "outputs" / f"{model}-{batch}-fp32-{form}.npz"
    weights = artifacts.weights(model, "pth")
    if not path.exists() or path.stat().st_mtime < weights.stat().st_mtime:
        contender.peer(
            name, "inference", batch, model, settings, f"reference-{form}", f"--save={path}"
        ).close()
    return path
