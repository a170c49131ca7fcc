"""The parts of the benchmark: each is a list of cases, and a case measures itself."""

from collections.abc import Callable
from dataclasses import dataclass

from ..settings import Settings
from . import inference, memory, start, training


@dataclass(frozen=True)
class Case:
    """One comparison; its name is unique within the part."""

    part: str
    name: str
    measure: Callable[[], dict]


_PARTS = {
    "inference": inference.float32,
    "bf16": inference.bf16,
    "training": training.cases,
    "start": start.cases,
    "memory": memory.cases,
}

NAMES = tuple(_PARTS)


def cases(part: str, settings: Settings) -> list[Case]:
    return [Case(part, name, measure) for name, measure in _PARTS[part](settings).items()]
