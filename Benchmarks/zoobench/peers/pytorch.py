"""PyTorch: eager in both layouts, and compiled with its weights frozen into the program."""

from collections.abc import Callable

from .. import artifacts, networks


def _network(model: str, threads: int):
    import torch

    torch.set_num_threads(threads)
    network = networks.module(model)
    network.load_state_dict(torch.load(artifacts.weights(model, "pth"), weights_only=True))
    return torch, network


def _images(torch, model: str, batch: int):
    return torch.from_numpy(artifacts.images(model, batch))


def _inference(torch, network, images) -> Callable:
    def run():
        with torch.inference_mode():
            return _arrays(network(images))

    return run


def _arrays(outputs) -> list:
    return [output.numpy() for output in (outputs if isinstance(outputs, tuple) else [outputs])]


def eager(model: str, batch: int, threads: int) -> Callable:
    torch, network = _network(model, threads)
    return _inference(torch, network.eval(), _images(torch, model, batch))


def channels_last(model: str, batch: int, threads: int) -> Callable:
    torch, network = _network(model, threads)
    layout = torch.channels_last
    images = _images(torch, model, batch).contiguous(memory_format=layout)
    return _inference(torch, network.eval().to(memory_format=layout), images)


def rounded(model: str, batch: int, threads: int) -> Callable:
    """In float32, with weights and pictures rounded to bfloat16 once. Every bfloat16 computation has at
    least this error, which a network may amplify."""
    torch, network = _network(model, threads)
    with torch.no_grad():
        for parameter in network.parameters():
            if parameter.dim() > 1:
                parameter.copy_(parameter.bfloat16().float())
    return _inference(torch, network.eval(), _images(torch, model, batch).bfloat16().float())


def compiled(model: str, batch: int, threads: int) -> Callable:
    torch, network = _network(model, threads)
    import torch._inductor.config as inductor

    inductor.freezing = True
    network = torch.compile(network.eval())

    def run():
        with torch.no_grad():
            return _arrays(network(images))

    images = _images(torch, model, batch)
    run()
    return run


def step(model: str, batch: int, threads: int, freeze: str) -> Callable:
    torch, network = _network(model, threads)
    return _step(torch, network, _images(torch, model, batch), freeze)


def step_channels_last(model: str, batch: int, threads: int, freeze: str) -> Callable:
    torch, network = _network(model, threads)
    layout = torch.channels_last
    images = _images(torch, model, batch).contiguous(memory_format=layout)
    return _step(torch, network.to(memory_format=layout), images, freeze)


def _step(torch, network, images, freeze: str) -> Callable:
    """Forward, backward and SGD with momentum; a frozen backbone keeps its statistics."""
    network.train()
    if freeze == "backbone":
        for name, child in network.named_children():
            if name not in ("fc", "classifier"):
                child.eval().requires_grad_(False)
    learned = [parameter for parameter in network.parameters() if parameter.requires_grad]
    optimizer = torch.optim.SGD(learned, lr=1e-3, momentum=0.9, fused=True)
    labels = torch.arange(len(images)) * 37 % 1000

    def run() -> float:
        optimizer.zero_grad(set_to_none=True)
        loss = torch.nn.functional.cross_entropy(network(images), labels)
        loss.backward()
        optimizer.step()
        return loss.item()

    return run
