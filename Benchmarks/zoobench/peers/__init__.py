"""The peers: each makes a function of no arguments that runs one batch.

Each is set as its own documentation advises for latency on a processor, with so many threads.
"""

from collections.abc import Callable

from . import ncnn, onnxruntime, openvino, pytorch

_INFERENCE = {
    "PyTorch": pytorch.eager,
    "PyTorch channels-last": pytorch.channels_last,
    "PyTorch compiled": pytorch.compiled,
    "PyTorch rounded": pytorch.rounded,
    "ONNX Runtime": onnxruntime.session,
    "OpenVINO": openvino.float32,
    "OpenVINO default": openvino.default_precision,
    "ncnn": ncnn.network,
}
_TRAINING = {
    "PyTorch": pytorch.step,
    "PyTorch channels-last": pytorch.step_channels_last,
}

NAMES = tuple(_INFERENCE)
FLOAT32 = tuple(n for n in NAMES if n not in ("OpenVINO default", "PyTorch rounded"))
TRAINING = tuple(_TRAINING)


def inference(name: str, model: str, batch: int, threads: int) -> Callable:
    """A batch of pictures in, a list of arrays out."""
    return _INFERENCE[name](model, batch, threads)


def training(name: str, model: str, batch: int, threads: int, freeze: str) -> Callable:
    """One step; returns its loss."""
    return _TRAINING[name](model, batch, threads, freeze)
