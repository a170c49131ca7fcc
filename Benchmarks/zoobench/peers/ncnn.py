"""ncnn in float32 with Winograd; it has no batches, so pictures run one after another."""

from collections.abc import Callable

from .. import artifacts, networks


def network(model: str, batch: int, threads: int) -> Callable:
    if networks.network(model).is_pipeline:
        raise SystemExit(f"nothing converts {model}, whose parts depend on what they find")
    import ncnn
    import numpy

    names = [f"out{index}" for index in range(len(networks.network(model).outputs))]
    net = ncnn.Net()
    net.opt.num_threads = threads
    net.opt.use_winograd_convolution = True
    for reduced in ("fp16", "bf16"):
        for use in ("packed", "storage", "arithmetic"):
            if hasattr(net.opt, f"use_{reduced}_{use}"):
                setattr(net.opt, f"use_{reduced}_{use}", False)
    net.load_param(str(artifacts.weights(model, "ncnn.param")))
    net.load_model(str(artifacts.weights(model, "ncnn.bin")))
    images = [ncnn.Mat(image).clone() for image in artifacts.images(model, batch)]

    def one(image):
        extractor = net.create_extractor()
        extractor.input("in0", image)
        return [numpy.array(extractor.extract(name)[1]) for name in names]

    return lambda: [numpy.stack(maps) for maps in zip(*(one(image) for image in images))]
