"""PyTorch: eager in both layouts, and compiled with its weights frozen into the program."""

from collections.abc import Callable

from .. import artifacts


def _network(model: str, threads: int):
    import torch
    import torchvision

    torch.set_num_threads(threads)
    network = torchvision.models.get_model(model, weights=None)
    network.load_state_dict(torch.load(artifacts.weights(model, "pth"), weights_only=True))
    return torch, network


def _images(torch, batch: int):
    return torch.from_numpy(artifacts.images(batch))


def _inference(torch, network, images) -> Callable:
    def run():
        with torch.inference_mode():
            return network(images).numpy()

    return run


def eager(model: str, batch: int, threads: int) -> Callable:
    torch, network = _network(model, threads)
    return _inference(torch, network.eval(), _images(torch, batch))


def channels_last(model: str, batch: int, threads: int) -> Callable:
    torch, network = _network(model, threads)
    layout = torch.channels_last
    images = _images(torch, batch).contiguous(memory_format=layout)
    return _inference(torch, network.eval().to(memory_format=layout), images)


def compiled(model: str, batch: int, threads: int) -> Callable:
    torch, network = _network(model, threads)
    import torch._inductor.config as inductor

    inductor.freezing = True
    network = torch.compile(network.eval())

    def run():
        with torch.no_grad():
            return network(images).numpy()

    images = _images(torch, batch)
    run()
    return run


def step(model: str, batch: int, threads: int, freeze: str) -> Callable:
    torch, network = _network(model, threads)
    return _step(torch, network, _images(torch, batch), freeze)


def step_channels_last(model: str, batch: int, threads: int, freeze: str) -> Callable:
    torch, network = _network(model, threads)
    layout = torch.channels_last
    images = _images(torch, batch).contiguous(memory_format=layout)
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
