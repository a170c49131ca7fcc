"""Settings of the measurement."""

import os
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / ".build" / "bench"
RESULTS = ROOT / "Benchmarks" / "results"
LOGS = ROOT / ".logs" / "bench"
ZOO = ROOT / ".build" / "release" / "zoo"

BATCHES = (1, 8)
TRAINED = (("resnet18", 16), ("resnet50", 16), ("densenet121", 8), ("vgg16", 8))

# Relative L2 distance of outputs from PyTorch's; the first allows for Winograd's rounding.
TOLERANCE = {"fp32": 1e-4, "bf16": 2e-2}
# Rounding weights and pictures to bfloat16 changes the outputs of a random network, whose layers
# amplify small errors, by more than that. The maps between the layers are rounded too, so the limit is
# a multiple of the effect of rounding those two.
ROUNDING = 2
# The share of boxes that may lack a match, because rounding decides close calls.
BOX_TOLERANCE = 0.02
# Relative distance of losses after the warm-up steps of training.
LOSS_TOLERANCE = 1e-3
# If other processes use more of the machine than this, a figure is worth measuring again.
DISTURBANCE = 0.05


@dataclass(frozen=True)
class Settings:
    """The user's options."""

    engine: str = "auto"
    threads: int = 2
    rounds: int = 5
    models: tuple[str, ...] = ()
    batches: tuple[int, ...] = BATCHES

    @property
    def options(self) -> list[str]:
        """Options for every zoo command that computes."""
        return [f"--engine={self.engine}", f"--threads={self.threads}"]

    def environment(self) -> dict[str, str]:
        """The environment of every measured process: the number of threads, without other tuning."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("OPENBLAS_", "GOMP_"))}
        return kept | {
            "OMP_NUM_THREADS": str(self.threads),
            "MKL_NUM_THREADS": str(self.threads),
            "PYTHONPATH": str(ROOT / "Benchmarks"),
            # Keeps torch.compile's cache for the next run.
            "TORCHINDUCTOR_CACHE_DIR": str(BUILD / "inductor"),
            "ZOO_HOME": str(BUILD / "home"),
        }
