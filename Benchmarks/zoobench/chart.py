"""A result as charts: a row per case, a mark per contender, time relative to the fastest peer.

Written by hand as SVG, one file for light pages and one for dark ones.
"""

import math
from dataclasses import dataclass
from html import escape

from .rounds import best


@dataclass(frozen=True)
class Theme:
    ink: str
    faint: str
    rule: str
    band: str
    page: str
    zoo: str
    colours: dict[str, str]


_LIGHT = Theme(
    ink="#1f2328",
    faint="#656d76",
    rule="#d8dee4",
    band="#fff3ee",
    page="#ffffff",
    zoo="#e8491f",
    colours={
        "PyTorch": "#8250df",
        "ONNX Runtime": "#0969da",
        "OpenVINO": "#1a7f37",
        "ncnn": "#9a6700",
    },
)
_DARK = Theme(
    ink="#e6edf3",
    faint="#9198a1",
    rule="#30363d",
    band="#2b1a15",
    page="#0d1117",
    zoo="#ff7b54",
    colours={
        "PyTorch": "#b48ef5",
        "ONNX Runtime": "#58a6ff",
        "OpenVINO": "#3fb950",
        "ncnn": "#d29922",
    },
)
THEMES = {"light": _LIGHT, "dark": _DARK}

_WIDTH = 880
_LEFT, _RIGHT = 204, 716
_ROW, _GAP = 30, 46
# Marks nearer than this would hide one another, and move so far apart.
_NEAR, _STEP, _FAR = 11, 5.5, 9.0
# From half the time of the fastest peer to four times; marks beyond are drawn at the edge.
_FASTEST, _SLOWEST = 0.5, 4.0
_TICKS = ((0.5, "½"), (0.7, "0.7"), (1, "1"), (1.4, "1.4"), (2, "2"), (2.8, "2.8"), (4, "4 ×"))


@dataclass(frozen=True)
class Row:
    label: str
    # Milliseconds by contender.
    times: dict[str, float]
    # The figures at the right, ours and the best peer's.
    note: tuple[str, str]


@dataclass(frozen=True)
class Section:
    title: str
    rows: list[Row]


def charts(result: dict) -> dict[str, list[Section]]:
    """The charts of a result, by name."""
    found = {
        "inference": _inference(result.get("inference", []), "float32")
        + _inference(result.get("bf16", []), "bfloat16"),
        "training": _training(result.get("training", [])),
    }
    return {
        name: kept for name, sections in found.items() if (kept := [s for s in sections if s.rows])
    }


def _inference(cases: list[dict], precision: str) -> list[Section]:
    batches = dict.fromkeys(case["batch"] for case in cases)
    return [
        Section(
            f"Inference, {precision}, batch {batch}",
            [
                _row(case["model"], case, lambda r: f"{_digits(r['median_ms'])} ms")
                for case in cases
                if case["batch"] == batch and case["ratio"]
            ],
        )
        for batch in batches
    ]


def _training(cases: list[dict]) -> list[Section]:
    titles = {
        "none": "Training step, every layer learns",
        "backbone": "Training step, frozen backbone",
    }
    return [
        Section(
            title,
            [
                _row(
                    f"{case['model']} × {case['batch']}",
                    case,
                    lambda r: f"{_digits(r['images_per_s'])}/s",
                )
                for case in cases
                if case["freeze"] == freeze and case["speedup"]
            ],
        )
        for freeze, title in titles.items()
    ]


def _digits(value: float) -> str:
    """Three digits, and all of a number above a thousand."""
    return f"{value:.3g}" if value < 1000 else f"{value:.0f}"


def _row(label: str, case: dict, note) -> Row:
    results = case["results"]
    times = {name: r["median_ms"] for name, r in results.items() if "median_ms" in r}
    return Row(label, times, (note(results["zoo"]), note(results[best(results)])))


def svg(result: dict, sections: list[Section], theme: Theme) -> str:
    names = dict.fromkeys(name for s in sections for row in s.rows for name in row.times)
    names = sorted(names, key=lambda name: name != "zoo")
    legend, rows = _legend(names, theme)
    top = 74 + 22 * rows
    height = top + sum(_GAP + _ROW * len(s.rows) for s in sections) + 34
    machine = result["machine"]
    source = (
        f"{machine['processor']}, {result['settings']['threads']} threads, "
        f"{result['date'][:10]}, commit {result['program']['commit']}"
    )
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" '
        f'width="{_WIDTH}" height="{height}" role="img" '
        'font-family="system-ui, -apple-system, Segoe UI, Helvetica, Arial, sans-serif" '
        'font-size="13">',
        f"<title>{escape(_summary(sections))}</title>",
        f'<rect width="100%" height="100%" rx="8" fill="{theme.page}"/>',
        _text(20, 32, "Time relative to the fastest peer", theme.ink, size=17, weight=600),
        _text(_WIDTH - 20, 32, "left of 1 is faster than all of them", theme.faint, anchor="end"),
        _text(20, 53, source, theme.faint, size=12),
        *legend,
    ]
    y = top
    for section in sections:
        parts += _section(section, y, theme)
        y += _GAP + _ROW * len(section.rows)
    parts += [
        _text(_x(value), height - 14, label, theme.faint, anchor="middle", size=12)
        for value, label in _TICKS
    ]
    return "\n".join([*parts, "</svg>"]) + "\n"


def _section(section: Section, top: float, theme: Theme) -> list[str]:
    first = top + _GAP
    bottom = first + _ROW * (len(section.rows) - 1) + _ROW / 2
    above = first - _ROW / 2
    parts = [
        f'<rect x="{_LEFT}" y="{above}" width="{_x(1) - _LEFT:.1f}" '
        f'height="{bottom - above}" fill="{theme.band}"/>',
        _text(20, above - 8, section.title, theme.ink, weight=600),
        _text(_RIGHT + 62, above - 8, "zoo", theme.zoo, anchor="end", size=12, weight=600),
        _text(_WIDTH - 20, above - 8, "best peer", theme.faint, anchor="end", size=12),
    ]
    for value, _ in _TICKS:
        colour, width = (theme.ink, 1.5) if value == 1 else (theme.rule, 1)
        parts.append(_line(_x(value), above, _x(value), bottom, colour, width))
    for index, row in enumerate(section.rows):
        y = first + _ROW * index
        fastest = min(time for name, time in row.times.items() if name != "zoo")
        ours, theirs = row.note
        parts += [
            _text(20, y + 4.5, row.label, theme.ink),
            _line(_LEFT, y, _RIGHT, y, theme.rule, 1),
            _text(_RIGHT + 62, y + 4.5, ours, theme.ink, anchor="end", size=12, weight=600),
            _text(_WIDTH - 20, y + 4.5, theirs, theme.faint, anchor="end", size=12),
        ]
        ratios = {name: time / fastest for name, time in row.times.items()}
        heights = _spread({name: _x(ratio) for name, ratio in ratios.items()})
        # Ours last, on top.
        for name in sorted(ratios, key=lambda name: name == "zoo"):
            ratio = ratios[name]
            parts.append(
                f"<g><title>{escape(name)}: {row.times[name]:.3g} ms, {ratio:.2f} ×</title>"
                f"{_mark(name, _x(ratio), y + heights[name], theme)}</g>"
            )
        # Beyond the edges, the figures stand side by side.
        slow = sorted((n for n in ratios if ratios[n] > _SLOWEST), key=lambda n: -ratios[n])
        fast = sorted((n for n in ratios if ratios[n] < _FASTEST), key=lambda n: ratios[n])
        for place, name in enumerate(slow):
            x, words = _RIGHT - 12 - 40 * place, f"{ratios[name]:.1f} ×"
            parts.append(_text(x, y - 3, words, _colour(name, theme), anchor="end", size=11))
        for place, name in enumerate(fast):
            x, words = _LEFT + 12 + 46 * place, f"{ratios[name]:.2f} ×"
            parts.append(_text(x, y - 3, words, _colour(name, theme), size=11))
    return parts


def _spread(places: dict[str, float]) -> dict[str, float]:
    """How far each mark moves up or down, so that marks of equal times do not hide one another.
    Ours stays."""
    heights = dict.fromkeys(places, 0.0)
    runs: list[list[str]] = []
    for name in sorted(places, key=places.get):
        if runs and places[name] - places[runs[-1][-1]] < _NEAR:
            runs[-1].append(name)
        else:
            runs.append([name])
    for run in runs:
        peers = [name for name in run if name != "zoo"]
        if len(run) == 1:
            levels = (0.0,)
        elif len(peers) < len(run):
            levels = (-_FAR, _FAR)
        else:
            levels = (-_STEP, _STEP) if len(peers) == 2 else (-_FAR, 0.0, _FAR)
        for index, name in enumerate(peers):
            heights[name] = levels[index % len(levels)]
    return heights


def _legend(names: list[str], theme: Theme) -> tuple[list[str], int]:
    """The marks with their names, in as many rows as they need."""
    parts, x, row = [], 28.0, 0
    for name in names:
        width = 36 + 7.6 * len(name)
        if x > 28 and x + width > _WIDTH - 8:
            x, row = 28.0, row + 1
        y = 78 + 22 * row
        parts += [_mark(name, x, y, theme), _text(x + 12, y + 4.5, name, theme.ink)]
        x += width
    return parts, row + 1


def _x(ratio: float) -> float:
    """A logarithmic axis: twice as slow and twice as fast are equally far from 1."""
    clipped = min(max(ratio, _FASTEST), _SLOWEST)
    return _LEFT + (_RIGHT - _LEFT) * math.log(clipped / _FASTEST) / math.log(_SLOWEST / _FASTEST)


def _colour(name: str, theme: Theme) -> str:
    if name == "zoo":
        return theme.zoo
    return next((c for peer, c in theme.colours.items() if name.startswith(peer)), theme.faint)


def _mark(name: str, x: float, y: float, theme: Theme) -> str:
    """A shape for each, because not everyone can tell colours apart."""
    colour = _colour(name, theme)
    around = f'stroke="{theme.page}" stroke-width="1.5"'
    match name:
        case "zoo":
            return f'<circle cx="{x:.1f}" cy="{y}" r="8" fill="{colour}" {around}/>'
        case "PyTorch":
            return _path(
                "M-5 -5H5V5H-5Z", x, y, f'fill="{theme.page}" stroke="{colour}" stroke-width="2"'
            )
        case "PyTorch channels-last":
            return _path(
                "M0 -6.5L6.5 0 0 6.5 -6.5 0Z",
                x,
                y,
                f'fill="{theme.page}" stroke="{colour}" stroke-width="2"',
            )
        case "PyTorch compiled":
            return _path("M-5.5 -5.5H5.5V5.5H-5.5Z", x, y, f'fill="{colour}" {around}')
        case "PyTorch rounded":
            return f'<circle cx="{x:.1f}" cy="{y}" r="5" fill="{colour}" {around}/>'
        case "ONNX Runtime":
            return _path("M0 -6.5L6.5 5.5H-6.5Z", x, y, f'fill="{colour}" {around}')
        case "ncnn":
            return _path("M0 6.5L6.5 -5.5H-6.5Z", x, y, f'fill="{colour}" {around}')
        case "OpenVINO default":
            return _path(
                "M-2.2 -6.5H2.2V-2.2H6.5V2.2H2.2V6.5H-2.2V2.2H-6.5V-2.2H-2.2Z",
                x,
                y,
                f'fill="{colour}" {around}',
            )
        case _:
            return _path("M0 -7L7 0 0 7 -7 0Z", x, y, f'fill="{colour}" {around}')


def _path(outline: str, x: float, y: float, style: str) -> str:
    return f'<path d="{outline}" transform="translate({x:.1f} {y})" {style}/>'


def _line(x0: float, y0: float, x1: float, y1: float, colour: str, width: float) -> str:
    return (
        f'<path d="M{x0:.1f} {y0}L{x1:.1f} {y1}" stroke="{colour}" '
        f'stroke-width="{width}" fill="none"/>'
    )


def _text(
    x: float,
    y: float,
    words: str,
    colour: str,
    anchor: str = "start",
    size: int = 13,
    weight: int = 400,
) -> str:
    return (
        f'<text x="{x:.1f}" y="{y}" fill="{colour}" text-anchor="{anchor}" '
        f'font-size="{size}" font-weight="{weight}">{escape(words)}</text>'
    )


def _summary(sections: list[Section]) -> str:
    """The chart in words, for screen readers."""
    words = []
    for section in sections:
        ratios = []
        for row in section.rows:
            fastest = min(time for name, time in row.times.items() if name != "zoo")
            ratios.append(f"{row.label} {row.times['zoo'] / fastest:.2f}")
        words.append(f"{section.title}: {', '.join(ratios)}")
    return "Time of zoo relative to the fastest peer. " + ". ".join(words)
