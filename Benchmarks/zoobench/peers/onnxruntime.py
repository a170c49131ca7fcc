"""ONNX Runtime with all graph optimisations."""

from collections.abc import Callable

from .. import artifacts


def session(model: str, batch: int, threads: int) -> Callable:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.add_free_dimension_override_by_name("batch", batch)
    made = onnxruntime.InferenceSession(
        str(artifacts.weights(model, "onnx")), options, providers=["CPUExecutionProvider"]
    )
    images = {made.get_inputs()[0].name: artifacts.images(model, batch)}
    return lambda: made.run(None, images)
