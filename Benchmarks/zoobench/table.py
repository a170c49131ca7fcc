"""A result as Markdown tables."""

_TITLES = {
    "inference": "Inference, float32, milliseconds a batch",
    "bf16": "Inference, bfloat16, milliseconds a batch",
    "training": "Training, pictures a second",
    "start": "One picture from a cold process, milliseconds",
    "memory": "Largest resident size of `zoo predict`, MB",
}


def markdown(result: dict, source: str) -> str:
    machine, program, settings = result["machine"], result["program"], result["settings"]
    peers = ", ".join(f"{name} {version}" for name, version in result["peers"].items())
    modified = ", modified" if program["modified"] else ""
    parts = [
        f"{machine['processor']} ({' '.join(machine['instructions'])}), "
        f"{settings['threads']} threads, {result['date'][:10]}, commit {program['commit']}"
        f"{modified}; {peers}. Medians; every figure is in [{source}]({source})." + _caution(result)
    ]
    for part, rows in (
        ("inference", _inference),
        ("bf16", _inference),
        ("training", _training),
        ("start", _start),
        ("memory", _memory),
    ):
        if result.get(part):
            parts.append(f"### {_TITLES[part]}\n\n{_table(*rows(result[part]))}")
            parts += _absences(result[part])
    return "\n\n".join(parts) + "\n"


def _inference(cases: list[dict]) -> tuple[list[str], list[list[str]]]:
    names = _names(cases)
    rows = [
        [f"{case['model']}, batch {case['batch']}"]
        + _values(case, names, "median_ms", min)
        + [_number(case["ratio"], 2)]
        for case in cases
    ]
    return ["", *names, "zoo / best peer"], rows


def _training(cases: list[dict]) -> tuple[list[str], list[list[str]]]:
    names = _names(cases)
    rows = [
        [case["case"]] + _values(case, names, "images_per_s", max) + [_number(case["speedup"], 2)]
        for case in cases
    ]
    return ["", *names, "times as fast"], rows


def _start(cases: list[dict]) -> tuple[list[str], list[list[str]]]:
    names = _names(cases)
    rows = [
        [f"`zoo {case['task']}`" + (f", {case['model']}" if "model" in case else "")]
        + _values(case, names, "median_ms", min)
        + [_number(case.get("speedup"), 1)]
        for case in cases
    ]
    return ["", *names, "times as fast"], rows


def _memory(cases: list[dict]) -> tuple[list[str], list[list[str]]]:
    keys = ("peak_mb", "weights_mb", "arena_mb", "bound_mb")
    rows = [[case["model"]] + [_number(case[key], 0) for key in keys] for case in cases]
    return ["", "peak", "weights", "arena", "weights × 1.3 + arena + 60"], rows


def _caution(result: dict) -> str:
    disturbed = result.get("summary", {}).get("disturbed", [])
    return f" **Other processes disturbed {len(disturbed)} figures.**" if disturbed else ""


def _absences(cases: list[dict]) -> list[str]:
    """The contenders that took no part, grouped by reason."""
    found = {
        (name, result["skipped"])
        for case in cases
        for name, result in case.get("results", {}).items()
        if "skipped" in result
    }
    return [f"– {name}: {reason}" for name, reason in sorted(found)]


def _names(cases: list[dict]) -> list[str]:
    """All contenders of the cases, zoo first."""
    names = dict.fromkeys(name for case in cases for name in case["results"])
    return sorted(names, key=lambda name: name != "zoo")


def _values(case: dict, names: list[str], key: str, best) -> list[str]:
    """A cell per contender, the best in bold, with a mark if outputs differ."""
    results = case["results"]
    known = {name: r[key] for name, r in results.items() if key in r}
    cells = []
    for name in names:
        if name not in known:
            cells.append("–")
            continue
        text = f"{known[name]:.3g}" if known[name] < 1000 else f"{known[name]:.0f}"
        text = f"**{text}**" if known[name] == best(known.values()) else text
        cells.append(text + (" (differs)" if results[name].get("agrees") is False else ""))
    return cells


def _number(value: float | None, digits: int) -> str:
    return "–" if value is None else f"{value:.{digits}f}"


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] + ["--:"] * (len(head) - 1), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)
