"""OpenVINO for latency, in float32 and in its default precision."""

from collections.abc import Callable

from .. import artifacts, networks


def _compiled(model: str, batch: int, threads: int, options: dict) -> Callable:
    import openvino

    core = openvino.Core()
    network = core.read_model(artifacts.weights(model, "onnx"))
    network.reshape([batch, *networks.network(model).input])
    options |= {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": 1}
    request = core.compile_model(network, "CPU", options).create_infer_request()
    images = openvino.Tensor(artifacts.images(model, batch))

    def run():
        request.set_input_tensor(images)
        request.infer()
        return [tensor.data for tensor in request.output_tensors]

    return run


def float32(model: str, batch: int, threads: int) -> Callable:
    return _compiled(model, batch, threads, {"INFERENCE_PRECISION_HINT": "f32"})


def default_precision(model: str, batch: int, threads: int) -> Callable:
    return _compiled(model, batch, threads, {})
