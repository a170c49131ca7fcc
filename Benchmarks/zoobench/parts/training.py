"""Training: the rate of whole steps — forward, backward, SGD with momentum — in pictures."""

from collections.abc import Callable
from functools import partial

from .. import artifacts, contender, peers, rounds
from ..contender import Contender
from ..settings import LOSS_TOLERANCE, TRAINED, Settings

# Dropout draws different numbers in every library, so the losses differ.
_DRAWS = ("alexnet", "vgg16")


def cases(settings: Settings) -> dict[str, Callable[[], dict]]:
    found = {}
    for model, batch in TRAINED:
        if model in settings.models:
            for freeze, name in (("none", "full"), ("backbone", "frozen backbone")):
                case = partial(_measure, model, batch, freeze, settings)
                found[f"{model}, batch {batch}, {name}"] = case
    return found


def _measure(model: str, batch: int, freeze: str, settings: Settings) -> dict:
    artifacts.prepare(model, settings)

    def log(name: str) -> str:
        return f"{model}-{batch}-training-{freeze}-{name.replace(' ', '-')}"

    def zoo() -> Contender:
        checkpoint, images = artifacts.weights(model, "h5"), artifacts.images_path(model, batch)
        options = ("--train", f"--freeze={freeze}")
        return contender.ours(checkpoint, images, batch, settings, log("zoo"), *options)

    def other(name: str) -> Contender:
        return contender.peer(
            name, "training", batch, model, settings, log(name), f"--freeze={freeze}"
        )

    makers = {"zoo": zoo} | {name: partial(other, name) for name in peers.TRAINING}
    with rounds.contenders(makers) as (contenders, results):
        # After the warm-up all contenders have taken the same steps from the same weights.
        losses = {c.name: c.losses[0] for c in contenders}
        rounds.take_turns(contenders, settings.rounds)
        for one in contenders:
            figures = rounds.figures(one)
            figures["images_per_s"] = round(batch / figures["median_ms"] * 1000, 2)
            results[one.name] = figures | _agreement(model, one.name, losses)
        engine = next((c.hello["engine"] for c in contenders if c.name == "zoo"), None)

    fastest = rounds.best(results)
    speedup = None
    if fastest and "median_ms" in results["zoo"]:
        speedup = round(results[fastest]["median_ms"] / results["zoo"]["median_ms"], 3)
    return {
        "model": model,
        "batch": batch,
        "freeze": freeze,
        "engine": engine,
        "results": results,
        "best_peer": fastest,
        "speedup": speedup,
    }


def _agreement(model: str, name: str, losses: dict[str, float]) -> dict:
    loss, reference = losses[name], losses.get("PyTorch")
    if model in _DRAWS or reference is None:
        return {"loss": loss}
    difference = abs(loss - reference) / abs(reference)
    # If PyTorch's two layouts differ by rounding, neither can serve as reference.
    apart = max(abs(losses[peer] - reference) / abs(reference) for peer in losses if peer != "zoo")
    return {
        "loss": loss,
        "difference": float(f"{difference:.2g}"),
        "agrees": difference <= max(LOSS_TOLERANCE, apart),
    }
