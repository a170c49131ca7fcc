"""Memory: the peak resident size of one prediction, compared with a bound."""

import os
import subprocess
from collections.abc import Callable
from functools import partial

from .. import artifacts, contender, networks
from ..settings import ZOO, Settings

_MB = 1 << 20


def cases(settings: Settings) -> dict[str, Callable[[], dict]]:
    return {
        model: partial(_measure, model, settings)
        for model in settings.models
        if model in networks.CLASSIFIERS
    }


def _measure(model: str, settings: Settings) -> dict:
    """The bound is the weights times 1.3, the arena, and 60 MB."""
    artifacts.prepare(model, settings)
    checkpoint = artifacts.weights(model, "h5")
    plan = contender.ours(checkpoint, artifacts.images_path(model, 1), 1, settings, f"{model}-memory")
    plan.close()
    arena = plan.hello["arena_bytes"] / _MB
    weights = artifacts.weights(model, "pth").stat().st_size / _MB

    process = subprocess.Popen(
        [ZOO, "predict", checkpoint, artifacts.photo(), "--json", *settings.options],
        env=settings.environment(),
        stdout=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"bench: zoo predict {checkpoint} ended with {process.returncode}")
    peak = usage.ru_maxrss / 1024
    bound = weights * 1.3 + arena + 60
    return {
        "model": model,
        "peak_mb": round(peak, 1),
        "weights_mb": round(weights, 1),
        "arena_mb": round(arena, 1),
        "bound_mb": round(bound, 1),
        "ratio": round(peak / bound, 3),
    }
