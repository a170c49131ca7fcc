"""Writes the checkpoints that ZooFormatsTests read. Run it here: python make.py

Numbers are value(i) = (37·i mod 101) − 50 by flat index, which every float type holds exactly; the
tests know the rule. Needs torch, safetensors, h5py, numpy and keras (3.15) with the torch backend.
"""
import argparse, collections, os, zipfile

os.environ["KERAS_BACKEND"] = "torch"
import h5py
import numpy as np
import torch
from safetensors.torch import save_file

here = os.path.dirname(os.path.abspath(__file__))
os.chdir(here)


def values(*shape, start=0):
    count = int(np.prod(shape)) if shape else 1
    i = np.arange(start, start + count, dtype=np.int64)
    return ((37 * i) % 101 - 50).astype(np.float32).reshape(shape)


def tensor(*shape, start=0):
    return torch.from_numpy(values(*shape, start=start))


# --- PyTorch -----------------------------------------------------------------------------------
floats = dict(f64=torch.float64, f32=torch.float32, f16=torch.float16, bf16=torch.bfloat16)
whole = dict(i64=torch.int64, i32=torch.int32, i16=torch.int16, i8=torch.int8)
dtypes = {k: tensor(3, 4).to(t) for k, t in (floats | whole).items()}
dtypes["u8"] = (tensor(3, 4) + 50).to(torch.uint8)
dtypes["bool"] = tensor(3, 4) > 0

base = tensor(6, 5, 2)
views = collections.OrderedDict(
    base=base,
    transposed=base.permute(2, 0, 1),
    strided=base[::2, 1:4],
    offset=base[2],
    expanded=tensor(4).unsqueeze(0).expand(3, 4),
    scalar=torch.tensor(-13.0),
    empty=torch.zeros(0, 3),
    single=base[3:4, 2:3],
    parameter=torch.nn.Parameter(tensor(2, 3)),
)
half = tensor(4, 4).half()
views["half_transposed"] = half.t()

net = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.BatchNorm2d(2))
net.load_state_dict({k: tensor(*v.shape).to(v.dtype) if v.is_floating_point() else v
                     for k, v in net.state_dict().items()})
optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
net(torch.zeros(2, 1, 4, 4)).sum().backward()
optimizer.step()
net.load_state_dict({k: tensor(*v.shape).to(v.dtype) if v.is_floating_point() else v
                     for k, v in net.state_dict().items()})
inside = collections.OrderedDict(("module." + k, v) for k, v in net.state_dict().items())
training = dict(
    epoch=3, best_prec1=np.float64(91.5), args=argparse.Namespace(lr=0.1), arch="tiny",
    optimizer=optimizer.state_dict(), history=[1.0, 2.0, (3, None, True)], big=2**80, small=-(2**40))


def both(name, value, **options):
    torch.save(value, f"{name}.pth", **options)
    torch.save(value, f"{name}_plain.pth", _use_new_zipfile_serialization=False, **options)


both("dtypes", dtypes)
both("views", views)
for key in ["state_dict", "model_state_dict", "model"]:
    torch.save(training | {key: inside}, f"wrapped_{key}.pth")
torch.save(training | {"state_dict": inside}, "wrapped_plain.pth",
           _use_new_zipfile_serialization=False)
torch.save(dict(views), "protocol4.pth", pickle_protocol=4)
torch.save({"a": tensor(2, 2), "b": tensor(2, 2).to(torch.uint16),
            "c": torch.quantize_per_tensor(tensor(4), 0.1, 0, torch.qint8)}, "unusual.pth")
torch.save(net, "whole_object.pth")

# --- safetensors -------------------------------------------------------------------------------
save_file(dtypes | {"scalar": torch.tensor(-13.0), "empty": torch.zeros(0, 3),
                    "f8": tensor(4).to(torch.float8_e4m3fn)},
          "dtypes.safetensors", metadata={"format": "pt", "note": "a \"quoted\", [word]"})

# --- Keras -------------------------------------------------------------------------------------
import keras
from keras import layers as L


def keras_model():
    keras.utils.clear_session()
    x = image = keras.Input((6, 4, 3), name="image")
    x = L.Conv2D(4, 3, padding="same", name="first")(x)
    x = L.BatchNormalization(name="first_bn")(x)
    x = L.DepthwiseConv2D(3, padding="same", use_bias=False, depth_multiplier=2, name="wise")(x)
    x = L.BatchNormalization(scale=False, name="unscaled")(x)
    x = L.ReLU()(x)
    x = L.MaxPooling2D()(x)
    x = L.Conv2DTranspose(5, 2, name="up")(x)
    x = L.Flatten()(x)
    x = L.Dense(6, name="fc1")(x)
    x = L.Dense(3)(x)
    model = keras.Model(image, x)
    # Every tensor begins somewhere else, so that no two are alike.
    for start, w in enumerate(model.weights):
        w.assign(values(*w.shape, start=1000 * start))
    return model


model = keras_model()
model.save("model.keras")
model.save_weights("model.weights.h5")
model.save("model_legacy.h5")

# Keras 3 before it left names in the file: only config.json has them.
with h5py.File("model.weights.h5") as source, h5py.File("nameless.weights.h5", "w") as target:
    for key in source:
        source.copy(key, target)
    target.visititems(lambda _, item: item.attrs.pop("name", None))
with zipfile.ZipFile("model.keras") as source, zipfile.ZipFile("nameless.keras", "w") as target:
    for name in ["metadata.json", "config.json"]:
        target.writestr(name, source.read(name))
    target.write("nameless.weights.h5", "model.weights.h5")
os.remove("nameless.weights.h5")


def legacy(path, strings, chunks=1, root=None, suffix=":0"):
    """The layout that TensorFlow's Keras and Keras 1 wrote, by hand."""
    with h5py.File(path, "w") as file:
        group = file.create_group(root) if root else file

        def names(where, key, list_of_names):
            parts = np.array_split(np.array(list_of_names, dtype=object), chunks)
            for index, part in enumerate(parts):
                data = ([str(n) for n in part] if strings == "variable"
                        else np.array([n.encode() for n in part]))
                where.attrs[key if chunks == 1 else f"{key}{index}"] = data

        layers = {
            "conv1/conv": [("kernel", (3, 3, 2, 4))],
            "conv1/bn": [("gamma", (4,)), ("beta", (4,)), ("moving_mean", (4,)),
                         ("moving_variance", (4,))],
            "fc": [("kernel", (4, 3)), ("bias", (3,))],
        }
        names(group, "layer_names", list(layers))
        start = 0
        for layer, weights in layers.items():
            inner = group.create_group(layer)
            full = [f"{layer}/{word}{suffix}" for word, _ in weights]
            names(inner, "weight_names", full)
            for name, (_, shape) in zip(full, weights):
                inner[name] = values(*shape, start=start)
                start += 1000


legacy("legacy_fixed.h5", "fixed")
legacy("legacy_variable.h5", "variable", suffix="")
legacy("legacy_chunked.h5", "fixed", chunks=2)
legacy("legacy_nested.h5", "fixed", root="model_weights", suffix="_2:0")
with h5py.File("legacy_oldest.h5", "w") as file:
    file.attrs["layer_names"] = [b"block1_conv1"]
    group = file.create_group("block1_conv1")
    group.attrs["weight_names"] = [b"block1_conv1_W_1:0", b"block1_conv1_b_1:0"]
    group["block1_conv1_W_1:0"] = values(3, 3, 3, 3)
    group["block1_conv1_b_1:0"] = values(3, start=1000)

# --- The order of Keras' layers ----------------------------------------------------------------
resnet = keras.applications.ResNet50(weights=None)
with open("keras_resnet50_order.txt", "w") as file:
    file.writelines(f"{layer.name}\n" for layer in resnet.layers if layer.weights)

print(sum(os.path.getsize(f) for f in os.listdir(".") if f != "make.py"), "bytes")
