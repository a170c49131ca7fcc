"""Alternating turns: A B C … A B C …, one process at a time."""

import statistics
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from .contender import Contender, Unavailable

# The first batches after the start are not measured.
WARM_UP = 3
# A turn takes about this long; the number of batches has bounds.
_TURN_MS = 300
_FEWEST, _MOST = 4, 25
# A peer that is this much slower than the fastest after a round cannot become the fastest, so it is
# measured with fewer batches.
_OUT = 1.5


@contextmanager
def contenders(
    makers: dict[str, Callable[[], Contender]],
) -> Iterator[tuple[list[Contender], dict[str, dict]]]:
    """Everyone who can take part, warmed up, and what is recorded of those who cannot.

    The first is the one that the others are compared with: without it nobody starts.
    """
    ready: list[Contender] = []
    absent: dict[str, dict] = {}
    try:
        for name, make in makers.items():
            try:
                ready.append(_warm(make))
            except Unavailable as reason:
                absent[name] = {"skipped": str(reason)}
                print(f"bench:   {name} takes no part: {reason}", file=sys.stderr)
                if not ready:
                    break
        yield ready, absent
    finally:
        for contender in ready:
            contender.close()


def _warm(make: Callable[[], Contender]) -> Contender:
    contender = make()
    try:
        contender.turn(WARM_UP, measured=False)
    except BaseException:
        contender.close()
        raise
    return contender


def take_turns(contenders: list[Contender], rounds: int) -> None:
    """At least twenty measured batches in five rounds, for zoo, which is first, and for every peer that
    may be the fastest."""
    one_round(contenders)
    medians = {c.name: statistics.median(c.times) for c in contenders}
    fastest = min((medians[c.name] for c in contenders[1:]), default=0.0)
    left = contenders[:1] + [
        c for c in contenders[1:] if medians[c.name] <= _OUT * fastest or _quick(c)
    ]
    for _ in range(rounds - 1):
        one_round(left)


def _quick(contender: Contender) -> bool:
    """Whether a full measurement takes little time."""
    return contender.fastest < _TURN_MS / _FEWEST


def one_round(contenders: list[Contender]) -> None:
    for contender in contenders:
        if contender.fastest < _TURN_MS:
            # Other contenders have filled the caches, which matters less for a long batch.
            contender.turn(1, measured=False)
        contender.turn(max(_FEWEST, min(_MOST, round(_TURN_MS / contender.fastest))))


def figures(contender: Contender) -> dict:
    """The record of one contender."""
    times = contender.times
    return {
        "median_ms": round(statistics.median(times), 3),
        "min_ms": round(min(times), 3),
        "runs": len(times),
        "peak_mb": round(contender.peak_mb, 1),
        "others_cpu": round(contender.foreign, 3),
    }


def best(results: dict[str, dict], name: str = "zoo") -> str | None:
    """The fastest peer."""
    others = {n: r["median_ms"] for n, r in results.items() if n != name and "median_ms" in r}
    return min(others, key=others.get) if others else None
