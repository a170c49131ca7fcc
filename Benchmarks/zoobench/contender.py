"""A process that runs batches on request and sleeps otherwise.

A contender says one line of JSON when it is ready. For every number that it reads it runs so many
batches and answers with a line that holds their milliseconds. `zoo bench --on-demand` speaks so,
and `worker.py` does it for the libraries of Python: nobody is measured in another way.

Between its turns a contender is stopped by a signal: thread pools that spin while they wait take
nothing from whoever is being measured.
"""

import ctypes
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from .settings import LOGS, ZOO, Settings

_TICKS = os.sysconf("SC_CLK_TCK")
_LIBC = ctypes.CDLL(None)
_PR_SET_PDEATHSIG = 1


class Unavailable(Exception):
    """A contender that cannot take part, with the reason."""


class Contender:
    def __init__(self, name: str, command: list, settings: Settings, log: str):
        self.name = name
        self.times: list[float] = []
        # Over all batches, measured or not.
        self.fastest = float("inf")
        self.losses: list[float | None] = []
        # Processor seconds during the turns: those of other processes, and all.
        self._foreign, self._whole = 0.0, 0.0
        self._peak = 0.0
        LOGS.mkdir(parents=True, exist_ok=True)
        self._log = LOGS / f"{log}.log"
        with open(self._log, "w") as errors:
            self._process = subprocess.Popen(
                command,
                env=settings.environment(),
                text=True,
                bufsize=1,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                preexec_fn=_end_with_parent,
            )
        try:
            self.hello = self._read()
        except BaseException:
            self.close()
            raise
        self._signal(signal.SIGSTOP)

    @property
    def peak_mb(self) -> float:
        """The peak resident size so far."""
        return self._peak

    @property
    def foreign(self) -> float:
        """The share of the machine that other processes used during this one's turns."""
        return max(0.0, self._foreign / self._whole) if self._whole else 0.0

    def turn(self, count: int, measured: bool = True) -> list[float]:
        """Runs a number of batches and returns their milliseconds."""
        self._signal(signal.SIGCONT)
        machine, own = _machine_seconds(), self._own_seconds()
        try:
            self._process.stdin.write(f"{count}\n")
        except BrokenPipeError:
            raise Unavailable(self._last_words()) from None
        answer = self._read()
        busy, whole = (b - a for a, b in zip(machine, _machine_seconds()))
        own = self._own_seconds() - own
        self._peak = self._peak_now()
        self._signal(signal.SIGSTOP)
        self.losses.append(answer.get("loss"))
        self.fastest = min(self.fastest, *answer["ms"])
        if measured:
            self.times += answer["ms"]
            self._foreign += busy - own
            self._whole += whole
        return answer["ms"]

    def close(self) -> None:
        self._signal(signal.SIGKILL)
        self._process.wait()
        self._process.stdin.close()
        self._process.stdout.close()

    def _read(self) -> dict:
        line = self._process.stdout.readline()
        if not line:
            self._process.wait()
            raise Unavailable(self._last_words())
        return json.loads(line)

    def _last_words(self) -> str:
        lines = self._log.read_text(errors="replace").strip().splitlines()
        if not lines:
            return f"ended with status {self._process.returncode}"
        return lines[-1].removeprefix("zoo: ")[:300]

    def _signal(self, number: signal.Signals) -> None:
        if self._process.poll() is None:
            self._process.send_signal(number)

    def _own_seconds(self) -> float:
        # The CPU clock of a process by its id, as clock_getcpuclockid computes it.
        return time.clock_gettime(~self._process.pid << 3 | 2)

    def _peak_now(self) -> float:
        for line in Path(f"/proc/{self._process.pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
        return 0.0


def _end_with_parent() -> None:
    """Ends stopped processes, which cannot notice that their parent is gone."""
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _machine_seconds() -> tuple[float, float]:
    """Busy and all seconds of every processor since boot; stolen ones are busy."""
    fields = [int(field) for field in Path("/proc/stat").read_text().split("\n")[0].split()[1:9]]
    whole = sum(fields)
    return (whole - fields[3] - fields[4]) / _TICKS, whole / _TICKS


def ours(
    model: Path, images: Path, batch: int, settings: Settings, log: str, *options: str
) -> Contender:
    """zoo, on a checkpoint file and a batch of pictures."""
    work = ["bench", model, "--on-demand", f"--batch={batch}", f"--input={images}"]
    command = [ZOO, *work, *settings.options, *options]
    return Contender("zoo", command, settings, log)


def peer(
    name: str, task: str, batch: int, model: str, settings: Settings, log: str, *options: str
) -> Contender:
    """A Python library, run by `worker.py`."""
    work = [task, model, f"--batch={batch}", f"--threads={settings.threads}"]
    command = [sys.executable, "-m", "zoobench.worker", name, *work, *options]
    return Contender(name, command, settings, log)
