"""A Python library as a contender; contender.py describes the protocol."""

import argparse
import json
import os
import sys
import time
import traceback

from . import peers


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("peer", choices=peers.NAMES)
    parser.add_argument("task", choices=["inference", "training"])
    parser.add_argument("model")
    parser.add_argument("--batch", type=int, required=True)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--freeze", choices=["none", "backbone"], default="none")
    parser.add_argument("--save", help="where the outputs go, as .npz")
    arguments = parser.parse_args()

    # Libraries print to standard output, so the protocol uses its own descriptor.
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)

    try:
        run = _prepared(arguments)
    except Exception as error:
        traceback.print_exc()
        # The last line is the reason in the report. Libraries end their messages with advice.
        sys.exit(reason(error))

    answers.write(json.dumps({"threads": arguments.threads}) + "\n")
    for line in sys.stdin:
        times, result = [], None
        for _ in range(int(line)):
            start = time.perf_counter()
            result = run()
            times.append((time.perf_counter() - start) * 1000)
        loss = result if arguments.task == "training" else None
        answers.write(json.dumps({"ms": times, "loss": loss}) + "\n")


def _prepared(arguments: argparse.Namespace):
    if arguments.task == "training":
        return peers.training(
            arguments.peer, arguments.model, arguments.batch, arguments.threads, arguments.freeze
        )
    run = peers.inference(arguments.peer, arguments.model, arguments.batch, arguments.threads)
    if arguments.save:
        import numpy

        numpy.savez(arguments.save, *run())
    return run


def reason(error: Exception) -> str:
    """The kind of an error and the first line of its message."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return ": ".join([type(error).__name__, *lines[:1]])


if __name__ == "__main__":
    main()
