"""Compares the outputs of all contenders."""

from pathlib import Path

from . import networks

# Tolerances for matching boxes: pixels between corners, and the difference of scores.
_PIXELS, _SCORE = 0.5, 1e-3


def difference(path: Path, reference: Path, model: str, precision: str) -> float:
    """The distance of stored outputs from the reference's."""
    found, wanted = _load(path, model), _load(reference, model)
    if networks.network(model).is_pipeline:
        return boxes(found, wanted) if precision == "fp32" else overlaps(found, wanted)
    return max(distance(a, b) for a, b in zip(found, wanted, strict=True))


def distance(values, reference) -> float:
    """‖a − b‖ / ‖b‖."""
    import numpy

    difference = values.reshape(reference.shape).astype(numpy.float64) - reference
    return float(numpy.linalg.norm(difference) / numpy.linalg.norm(reference))


def boxes(found: list, wanted: list) -> float:
    """The share of boxes without a match on the other side: the same class, within half a pixel and a
    thousandth of the score. Their order is not compared."""
    import numpy

    (boxes, labels, scores), (others, classes, chances) = found, wanted
    if not len(scores) or not len(chances):
        return float(len(scores) != len(chances))
    same = labels.reshape(-1, 1) == classes.reshape(1, -1)
    near = numpy.abs(boxes[:, None] - others[None]).max(-1) < _PIXELS
    alike = numpy.abs(scores.reshape(-1, 1) - chances.reshape(1, -1)) < _SCORE
    pairs = same & near & alike
    return float(max((~pairs.any(1)).mean(), (~pairs.any(0)).mean()))


def overlaps(found: list, wanted: list) -> float:
    """The same if rounding moves boxes and changes their order: the same class, and an overlap of
    half."""
    import numpy

    (boxes, labels, _), (others, classes, _) = found, wanted
    if not len(labels) or not len(classes):
        return float(len(labels) != len(classes))
    low = numpy.maximum(boxes[:, None, :2], others[None, :, :2])
    high = numpy.minimum(boxes[:, None, 2:], others[None, :, 2:])
    common = (high - low).clip(0).prod(-1)
    area, other = ((some[:, 2:] - some[:, :2]).prod(-1) for some in (boxes, others))
    pairs = common >= 0.5 * (area[:, None] + other[None] - common)
    pairs &= labels.reshape(-1, 1) == classes.reshape(1, -1)
    return float(max((~pairs.any(1)).mean(), (~pairs.any(0)).mean()))


def _load(path: Path, model: str) -> list:
    """Outputs in the order of PyTorch's."""
    import numpy

    if path.suffix == ".npz":
        arrays = numpy.load(path)
        return [arrays[f"arr_{index}"] for index in range(len(arrays.files))]
    from safetensors.numpy import load_file

    tensors = load_file(path)
    return [tensors[name] for name in networks.network(model).outputs]
