"""make bench: measures the requested cases, then writes the result, the table and the charts."""

import argparse
import dataclasses
import signal
import sys
import time
from pathlib import Path

from . import networks, parts, report, settings
from .record import Record


def main() -> None:
    arguments = _arguments()
    # A signal must also end the child processes.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    if arguments.report:
        return report.write(arguments.report)
    if not settings.ZOO.exists():
        raise SystemExit(f"bench: {settings.ZOO} is missing; 'make build' makes it")
    chosen = settings.Settings(
        engine=arguments.engine,
        threads=arguments.threads,
        rounds=arguments.rounds,
        models=tuple(arguments.models),
        batches=tuple(arguments.batches),
    )

    record = Record(chosen)
    for part in arguments.only:
        for case in parts.cases(part, chosen):
            if record.has(part, case.name) and not arguments.fresh:
                continue
            start = time.monotonic()
            result = case.measure()
            record.keep(part, case.name, result)
            print(
                f"bench: {part}: {case.name}: {report.line(result)} "
                f"({time.monotonic() - start:.0f} s)",
                file=sys.stderr,
            )

    # All measurements of this program, including those of earlier runs.
    batches = sorted({*settings.BATCHES, *chosen.batches})
    whole = dataclasses.replace(chosen, models=networks.NAMES, batches=tuple(batches))
    joined = record.joined(
        {part: [case.name for case in parts.cases(part, whole)] for part in parts.NAMES}
    )
    path = record.write(joined)
    report.write(path)
    for difference in joined["summary"]["differing"]:
        print(f"bench: outputs differ: {difference}", file=sys.stderr)
    if disturbed := len(joined["summary"]["disturbed"]):
        print(
            f"bench: other processes disturbed {disturbed} figures (“disturbed” in the summary); "
            "--fresh measures again on an idle machine",
            file=sys.stderr,
        )
    print(path)
    sys.exit(1 if joined["summary"]["differing"] else 0)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench ARGS=…", description=__doc__)
    parser.add_argument(
        "--only",
        nargs="+",
        choices=parts.NAMES,
        default=list(parts.NAMES),
        metavar="PART",
        help=f"of {', '.join(parts.NAMES)}",
    )
    parser.add_argument(
        "--models",
        nargs="+",
        choices=networks.NAMES,
        default=networks.NAMES,
        metavar="MODEL",
        help=f"of {', '.join(networks.NAMES)}",
    )
    parser.add_argument(
        "--batches", nargs="+", type=int, default=settings.BATCHES, metavar="N", help="of inference"
    )
    parser.add_argument("--engine", default="auto", help="of ours")
    parser.add_argument("--threads", type=int, default=2, help="for everyone")
    parser.add_argument(
        "--rounds", type=int, default=5, help="of turns, at least four batches each"
    )
    parser.add_argument(
        "--fresh", action="store_true", help="measure again what this program already has"
    )
    parser.add_argument(
        "--report", type=Path, metavar="JSON", help="only draw the table and charts of a result"
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
