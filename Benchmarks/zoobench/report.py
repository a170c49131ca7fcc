"""Presents a result: a line per case during the run, a table, and charts."""

import json
from pathlib import Path

from . import chart, table


def line(case: dict) -> str:
    """One case in a few words."""
    if "bound_mb" in case:
        return f"{case['peak_mb']} MB, at most {case['bound_mb']} MB"
    words = []
    for name, result in case["results"].items():
        if "skipped" in result:
            words.append(f"{name} –")
        else:
            words.append(f"{name} {result['median_ms']:.4g} ms")
    for key in ("ratio", "speedup"):
        if case.get(key):
            words.append(f"{key} {case[key]}")
    return ", ".join(words)


def write(path: Path) -> None:
    """Writes the table and the charts next to the result."""
    result = json.loads(path.read_text())
    (path.parent / "table.md").write_text(table.markdown(result, path.name))
    for name, sections in chart.charts(result).items():
        for theme, colours in chart.THEMES.items():
            drawing = chart.svg(result, sections, colours)
            (path.parent / f"{name}-{theme}.svg").write_text(drawing)
