"""Start-up: the classes of one picture from a cold process, with the files in the page cache."""

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from .. import artifacts
from ..settings import ZOO, Settings

_ROUNDS = 20


def cases(settings: Settings) -> dict[str, Callable[[], dict]]:
    return {
        "predict, resnet50": partial(_predict, "resnet50", settings),
        "list": partial(_list, settings),
    }


def _predict(model: str, settings: Settings) -> dict:
    artifacts.prepare(model, settings)
    photo, threads = artifacts.photo(), str(settings.threads)
    script = Path(__file__).parents[1] / "torchvision_predict.py"
    ours, theirs = artifacts.weights(model, "h5"), artifacts.weights(model, "pth")
    commands = {
        "zoo": [ZOO, "predict", ours, photo, "--json", *settings.options],
        "torchvision": [sys.executable, script, model, theirs, photo, threads],
    }
    results, answers = _alternate(commands, settings)
    ours = answers["zoo"]["results"][0]["top"]
    theirs = answers["torchvision"]["results"][0]["top"]
    results["zoo"]["agrees"] = all(
        a["index"] == b["index"] and abs(a["probability"] - b["probability"]) < 1e-3
        for a, b in zip(ours, theirs, strict=True)
    )
    speedup = results["torchvision"]["median_ms"] / results["zoo"]["median_ms"]
    return {"task": "predict", "model": model, "results": results, "speedup": round(speedup, 2)}


def _list(settings: Settings) -> dict:
    results, _ = _alternate({"zoo": [ZOO, "list", "--json"]}, settings)
    return {"task": "list", "results": results}


def _alternate(commands: dict[str, list], settings: Settings) -> tuple[dict, dict]:
    """Each command in turn; the first run fills the page cache and is not measured."""
    times: dict[str, list[float]] = {name: [] for name in commands}
    answers = {}
    for turn in range(_ROUNDS + 1):
        for name, command in commands.items():
            elapsed, answers[name] = one_process(command, settings)
            if turn:
                times[name].append(elapsed)
    results = {
        name: {
            "median_ms": round(statistics.median(values), 2),
            "min_ms": round(min(values), 2),
            "runs": len(values),
        }
        for name, values in times.items()
    }
    return results, answers


def one_process(command: list, settings: Settings) -> tuple[float, dict]:
    """The time from a process's start to its end, in milliseconds, and its JSON output."""
    start = time.perf_counter()
    run = subprocess.run(
        command, env=settings.environment(), check=True, capture_output=True, text=True
    )
    return (time.perf_counter() - start) * 1000, json.loads(run.stdout)
