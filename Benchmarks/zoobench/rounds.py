"""Taking turns: A B C … A B C …, one process at a time."""

import statistics
import sys
from collections.abc import Callable

from .contender import Contender, Unavailable

# Not measured: after the start, and at the beginning of every turn, when others filled the caches.
WARM_UP = 3
_FIRST = 1
# A turn is so many batches that it takes about this long, within bounds.
_TURN_MS = 300
_FEWEST, _MOST = 4, 25


def start(makers: dict[str, Callable[[], Contender]]) -> tuple[list[Contender], dict[str, dict]]:
    """Everyone who can take part, warmed up, and what is recorded of those who cannot."""
    contenders: list[Contender] = []
    absent: dict[str, dict] = {}
    for name, make in makers.items():
        contender = None
        try:
            contender = make()
            contender.turn(WARM_UP, measured=False)
            contenders.append(contender)
        except Unavailable as reason:
            if contender:
                contender.close()
            absent[name] = {"skipped": str(reason)}
            print(f"bench:   {name} takes no part: {reason}", file=sys.stderr)
    return contenders, absent


def take_turns(contenders: list[Contender], rounds: int) -> None:
    """At least twenty measured batches of everyone when there are five rounds."""
    for _ in range(rounds):
        one_round(contenders)


def one_round(contenders: list[Contender]) -> None:
    for contender in contenders:
        contender.turn(_FIRST, measured=False)
        contender.turn(max(_FEWEST, min(_MOST, round(_TURN_MS / contender.fastest))))


def figures(contender: Contender) -> dict:
    """What is recorded of one contender."""
    times = contender.times
    return {
        "median_ms": round(statistics.median(times), 3),
        "min_ms": round(min(times), 3),
        "runs": len(times),
        "peak_mb": round(contender.peak_mb, 1),
        "others_cpu": round(contender.foreign, 3),
    }


def best(results: dict[str, dict], name: str = "zoo") -> str | None:
    """The fastest of the others."""
    others = {n: r["median_ms"] for n, r in results.items() if n != name and "median_ms" in r}
    return min(others, key=others.get) if others else None
