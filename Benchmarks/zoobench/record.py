"""The measurements: stored case by case, so that a run can be continued, and joined in one file."""

import datetime
import hashlib
import json
import math
import re
from collections.abc import Callable
from pathlib import Path

from . import machine
from .settings import BUILD, DISTURBANCE, RESULTS, Settings


class Record:
    """The cases measured with this program, these peers and these settings on this machine."""

    def __init__(self, settings: Settings):
        self.head = {
            "machine": machine.machine(),
            "program": machine.program(),
            "peers": machine.versions(),
            "settings": {
                "engine": settings.engine,
                "threads": settings.threads,
                "rounds": settings.rounds,
            },
        }
        # A new commit that compiles to the same program does not change figures.
        key = self.head | {"program": self.head["program"]["sha256"]}
        digest = hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()[:12]
        self._folder = BUILD / "measured" / digest

    def path(self, part: str, name: str) -> Path:
        return self._folder / part / f"{re.sub(r'[^a-z0-9]+', '-', name.lower())}.json"

    def has(self, part: str, name: str) -> bool:
        return self.path(part, name).exists()

    def keep(self, part: str, name: str, result: dict) -> None:
        path = self.path(part, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        whole = {"case": name, "date": _now()} | result
        path.write_text(json.dumps(whole, indent=1))

    def joined(self, parts: dict[str, list[str]]) -> dict:
        """All measurements so far, in the order of the cases, with the date of the oldest."""
        measured = {
            part: [json.loads(self.path(part, n).read_text()) for n in names if self.has(part, n)]
            for part, names in parts.items()
        }
        dates = [case["date"] for cases in measured.values() for case in cases]
        return (
            {"date": min(dates, default=_now())}
            | self.head
            | {"summary": summary(measured)}
            | measured
        )

    def write(self, joined: dict) -> Path:
        """One file per day, machine and commit."""
        processor = re.sub(r"[^a-z0-9]+", "-", joined["machine"]["processor"].lower()).strip("-")
        name = f"{joined['date'][:10]}-{processor}-{joined['program']['commit']}.json"
        RESULTS.mkdir(parents=True, exist_ok=True)
        path = RESULTS / name
        path.write_text(json.dumps(joined, indent=1) + "\n")
        return path


def summary(measured: dict[str, list[dict]]) -> dict:
    """The figures of the project's goals."""
    found = {}
    for part, key in (("inference", "ratio"), ("bf16", "ratio"), ("training", "speedup")):
        values = [case[key] for case in measured.get(part, []) if case.get(key)]
        if values:
            mean = math.exp(sum(map(math.log, values)) / len(values))
            worst = max(values) if key == "ratio" else min(values)
            found[part] = {
                f"geometric_mean_{key}": round(mean, 3),
                f"worst_{key}": worst,
                "cases": len(values),
            }
    return found | {
        "differing": _marked(measured, lambda result: result.get("agrees") is False),
        "disturbed": _marked(measured, lambda result: result.get("others_cpu", 0) > DISTURBANCE),
    }


def _marked(measured: dict[str, list[dict]], test: Callable[[dict], bool]) -> list[str]:
    """The contenders whose figures satisfy a condition, with their cases."""
    return [
        f"{part}: {case['case']}: {name}"
        for part, cases in measured.items()
        for case in cases
        for name, result in case.get("results", {}).items()
        if test(result)
    ]


def _now() -> str:
    return datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")
