"""Takes checkpoints of Keras and torchvision through the program and back.

    KERAS_BACKEND=torch python check.py path/to/zoo [ONLY…]

For every network: random weights (norms with statistics that are no accident), saved in each
format of the lineage, `zoo import`, `zoo run`, and the logits compared with the lineage's own;
then `zoo export`, loaded strictly by the lineage, and compared again. Needs torch, torchvision,
keras 3, h5py and safetensors; takes a few minutes and 3 GB. The tests do not run it: they hold
the same paths with networks that are small enough.
"""

import os
import subprocess
import sys
import tempfile

os.environ.setdefault("KERAS_BACKEND", "torch")
import h5py
import keras
import numpy as np
import torch
import torchvision
from keras.src.legacy.saving import legacy_h5_format
from safetensors.numpy import load_file, save_file
from safetensors.torch import load_file as load_torch

PROGRAM = os.path.abspath(sys.argv[1])
ONLY = sys.argv[2:]
TOLERANCE = 1e-5
failures = []


def zoo(*arguments):
    run = subprocess.run([PROGRAM, *arguments], capture_output=True, text=True)
    if run.returncode != 0:
        raise RuntimeError(f"zoo {' '.join(arguments)}: {run.returncode} {run.stderr.strip()}")
    return run.stdout


def report(what, found, expected):
    found, expected = np.float64(found), np.float64(expected)
    error = np.linalg.norm(found - expected) / np.linalg.norm(expected)
    good = error <= TOLERANCE
    print(f"{'ok ' if good else 'BAD'} {error:.1e}  {what}", flush=True)
    if not good:
        failures.append(what)


def attempt(what, body):
    try:
        body()
    except Exception as error:
        print(f"BAD          {what}: {error}", flush=True)
        failures.append(what)


def logits_of(checkpoint):
    zoo("run", checkpoint, "--input", "x.safetensors", "-o", "y.safetensors")
    return load_file("y.safetensors")["logits"]


def scramble(name, array, random):
    """Values like those of a trained network, whatever the initialiser gave."""
    if "variance" in name or "running_var" in name:
        return random.uniform(0.5, 1.5, array.shape)
    if "gamma" in name or (array.ndim == 1 and name.endswith("weight")):
        return random.uniform(0.6, 1.0, array.shape)
    if array.ndim == 1:
        return random.uniform(-0.1, 0.1, array.shape)
    return array


def keras_network(make, seed):
    keras.utils.set_random_seed(seed)
    model = make(weights=None, classifier_activation=None)
    random = np.random.default_rng(seed)
    for variable in model.weights:
        values = np.array(keras.ops.convert_to_numpy(variable))
        variable.assign(scramble(variable.path, values, random).astype(np.float32))
    return model


def save_legacy_weights(model, path):
    with h5py.File(path, "w") as file:
        legacy_h5_format.save_weights_to_hdf5_group(file, model)


def load_legacy_weights(model, path):
    with h5py.File(path, "r") as file:
        legacy_h5_format.load_weights_from_hdf5_group(file, model)


def check_keras(variant, make, image):
    model = keras_network(make, 1)
    expected = model.predict(image.transpose(0, 2, 3, 1), verbose=0)
    savers = {
        "legacy.h5": lambda path: save_legacy_weights(model, path),
        "model.h5": lambda path: model.save(path),
        "new.weights.h5": lambda path: model.save_weights(path),
        "new.keras": lambda path: model.save(path),
    }
    for file, save in savers.items():
        def body():
            save(file)
            zoo("import", file, "--as", variant, "-o", "ours.h5")
            report(f"{variant}: {file} -> zoo run", logits_of("ours.h5"), expected)
        attempt(f"{variant}: {file}", body)
        if os.path.exists(file):
            os.unlink(file)

    def back():
        zoo("export", "ours.h5", "--format", "keras-h5", "-o", "back.h5")
        for name, load in [
            ("load_weights", lambda fresh: fresh.load_weights("back.h5")),
            ("load_weights_from_hdf5_group", lambda fresh: load_legacy_weights(fresh, "back.h5")),
            ("load_weights by_name", lambda fresh: fresh.load_weights("back.h5", by_name=True)),
        ]:
            def body():
                fresh = keras_network(make, 2)
                load(fresh)
                found = fresh.predict(image.transpose(0, 2, 3, 1), verbose=0)
                report(f"{variant}: zoo export keras-h5 -> {name}", found, expected)
            attempt(f"{variant}: {name}", body)
    attempt(f"{variant}: export keras-h5", back)


def torch_network(make, seed):
    torch.manual_seed(seed)
    model = make(weights=None).eval()
    random = np.random.default_rng(seed)
    with torch.no_grad():
        for name, tensor in model.state_dict().items():
            if tensor.is_floating_point():
                tensor.copy_(torch.from_numpy(np.float32(scramble(name, tensor.numpy(), random))))
    return model


def check_torch(variant, make, image):
    model = torch_network(make, 1)
    with torch.no_grad():
        expected = model(torch.from_numpy(image)).numpy()
    savers = {
        "zip.pth": lambda path: torch.save(model.state_dict(), path),
        "plain.pth": lambda path: torch.save(
            {"state_dict": {f"module.{k}": v for k, v in model.state_dict().items()}}, path,
            _use_new_zipfile_serialization=False),
    }
    for file, save in savers.items():
        def body():
            save(file)
            zoo("import", file, "--as", variant, "-o", "ours.h5")
            report(f"{variant}: {file} -> zoo run", logits_of("ours.h5"), expected)
        attempt(f"{variant}: {file}", body)
        if os.path.exists(file):
            os.unlink(file)

    def back():
        zoo("export", "ours.h5", "--format", "safetensors", "-o", "back.safetensors")
        fresh = torch_network(make, 2)
        fresh.load_state_dict(load_torch("back.safetensors"), strict=True)
        with torch.no_grad():
            found = fresh(torch.from_numpy(image)).numpy()
        report(f"{variant}: zoo export safetensors -> load_state_dict", found, expected)
    attempt(f"{variant}: export safetensors", back)


def main():
    models = torchvision.models
    networks = [
        ("resnet50", check_torch, models.resnet50),
        ("densenet121", check_torch, models.densenet121),
        ("vgg16_bn", check_torch, models.vgg16_bn),
        ("alexnet", check_torch, models.alexnet),
        ("resnet50-keras", check_keras, keras.applications.ResNet50),
        ("densenet121", check_keras, keras.applications.DenseNet121),
        ("vgg16", check_keras, keras.applications.VGG16),
    ]
    image = np.random.default_rng(0).uniform(-2, 2, (2, 3, 224, 224)).astype(np.float32)
    for variant, check, make in networks:
        if ONLY and variant not in ONLY:
            continue
        with tempfile.TemporaryDirectory() as folder:
            os.chdir(folder)
            save_file({"input": image}, "x.safetensors")
            attempt(variant, lambda: check(variant, make, image))
            os.chdir("/")
    print(f"{len(failures)} failures" if failures else "everything agrees")
    sys.exit(1 if failures else 0)


main()
