"""What is fixed before anything is measured."""

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

# Relative L2 distance of outputs from PyTorch's: Winograd's rounding fits into the first.
TOLERANCE = {"fp32": 1e-4, "bf16": 2e-2}
# Rounding weights and pictures to bfloat16 moves the outputs of a random network, whose layers
# amplify what is small, by more than that. The maps between the layers are rounded too: so many
# times what those two cost is right, and more is not.
ROUNDING = 2
# Of boxes, the share that may be elsewhere: rounding decides close calls between two of them.
BOX_TOLERANCE = 0.02
# Relative distance of losses after the warm-up steps of training.
LOSS_TOLERANCE = 1e-3
# More of the machine than this in the hands of others, and a figure is worth measuring again.
DISTURBANCE = 0.05


@dataclass(frozen=True)
class Settings:
    """What the user may choose."""

    engine: str = "auto"
    threads: int = 2
    rounds: int = 5
    models: tuple[str, ...] = ()
    batches: tuple[int, ...] = BATCHES

    @property
    def options(self) -> list[str]:
        """Of every verb of ours that computes."""
        return [f"--engine={self.engine}", f"--threads={self.threads}"]

    def environment(self) -> dict[str, str]:
        """Of every process that is measured: so many threads, and nothing tuned by hand."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("OPENBLAS_", "GOMP_"))}
        return kept | {
            "OMP_NUM_THREADS": str(self.threads),
            "MKL_NUM_THREADS": str(self.threads),
            "PYTHONPATH": str(ROOT / "Benchmarks"),
            # What torch.compile made is found again in the next run.
            "TORCHINDUCTOR_CACHE_DIR": str(BUILD / "inductor"),
            "ZOO_HOME": str(BUILD / "home"),
        }
