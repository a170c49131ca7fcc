"""Makes the HDF5 files that the tests read: what Keras, h5py and strangers write.

    python3 make.py        (needs numpy and h5py)

The numbers are those of `values` below, which the tests compute again.
"""
import hashlib
import os

import h5py
import numpy as np

os.chdir(os.path.dirname(os.path.abspath(__file__)))


def values(*shape):
    """0, 1/4, 2/4 … in order: exact in every type, up to 2047/4."""
    return (np.arange(np.prod(shape)).reshape(shape) % 2048) / 4


def types():
    with h5py.File("types.h5", "w") as f:
        for name in ["f2", "f4", "f8", "i1", "u1", "i2", "i4", "i8"]:
            f[name] = (values(3, 5) * (1 if name[0] == "f" else 4)).astype("<" + name)
        f["bool"] = np.array([True, False, True])
        f["big"] = values(4).astype(">f4")
        f["u4"] = np.arange(3, dtype="<u4")
        f["scalar"] = np.float32(1.5)
        f["empty"] = np.zeros((0, 3), "<f4")
        bits = (values(6).astype("<f4").view("<u4") >> 16).astype("<u2")
        f["bf16"] = bits
        f["bf16"].attrs["dtype"] = "bfloat16"
        f["bf16_opaque"] = bits.view("V2")
        f["bf16_opaque"].attrs["dtype"] = "bfloat16"
        bfloat = h5py.h5t.IEEE_F32LE.copy()
        bfloat.set_fields(15, 7, 8, 0, 7)
        bfloat.set_size(2)
        bfloat.set_ebias(127)
        space = h5py.h5s.create_simple((6,))
        d = h5py.h5d.create(f.id, b"bf16_type", bfloat, space)
        d.write(h5py.h5s.ALL, h5py.h5s.ALL, bits, bfloat)
        f["special"] = np.array([np.inf, -np.inf, np.nan, 2**-24, -0.0, 65504], "<f2")
        f["compound"] = np.zeros(2, [("a", "<f4"), ("b", "<i4")])


def layouts():
    with h5py.File("layouts.h5", "w") as f:
        v = values(10, 7).astype("<f4")
        f.create_dataset("gzip", data=v, chunks=(4, 3), compression="gzip")
        f.create_dataset("shuffled", data=v, chunks=(4, 3), compression="gzip", shuffle=True)
        f.create_dataset("summed", data=v, chunks=(3, 7), fletcher32=True)
        f.create_dataset("all", data=v, chunks=(4, 3), compression="gzip", shuffle=True,
                         fletcher32=True)
        f.create_dataset("plain", data=v, chunks=(16, 16), maxshape=(None, None))
        f.create_dataset("odd", data=np.arange(9, dtype="u1"), chunks=(3,), fletcher32=True)
        f.create_dataset("deep", data=values(3, 4, 5, 6).astype("<f8"), chunks=(2, 3, 2, 4),
                         compression="gzip", shuffle=True)
        f["tied"] = f["gzip"]
    with h5py.File("compact.h5", "w") as f:
        plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        plist.set_layout(h5py.h5d.COMPACT)
        d = h5py.h5d.create(f.id, b"compact", h5py.h5t.IEEE_F32LE,
                            h5py.h5s.create_simple((10, 7)), plist)
        d.write(h5py.h5s.ALL, h5py.h5s.ALL, v)
    with h5py.File("hole.h5", "w") as f:
        f.create_dataset("x", (100,), "<f4")
    with h5py.File("missing.h5", "w") as f:
        f.create_dataset("x", (100, 4), "<f4", chunks=(10, 4))
        f["x"][0:10] = 1


def keras():
    """The layout of Keras' legacy weight files."""
    with h5py.File("keras.h5", "w") as f:
        f.attrs["layer_names"] = np.array([b"conv1", b"dense"])
        f.attrs["backend"] = "tensorflow"
        f.attrs["keras_version"] = np.bytes_(b"2.15.0")
        f.attrs["model_config"] = '{"class_name": "Sequential", "note": "\u00fc"}'
        for layer, names in [("conv1", ["kernel:0", "bias:0"]), ("dense", ["kernel:0"])]:
            g = f.create_group(layer)
            g.attrs["weight_names"] = np.array([f"{layer}/{n}".encode() for n in names])
            for n in names:
                shape = (3, 3, 2, 4) if n[0] == "k" and layer == "conv1" else (4,)
                g[f"{layer}/{n}"] = values(*shape).astype("<f4")
        for part in range(2):
            f.attrs[f"weight_names{part}"] = np.array([b"w%05d" % i for i in range(1000)])
        f.attrs["numbers"] = np.array([1.5, 2.5])
        f.attrs["count"] = 7
        f.attrs["words"] = ["one", "zwei", "trois"]


def damaged_sum():
    with h5py.File("sum.h5", "w") as f:
        f.create_dataset("x", data=values(10, 7).astype("<f4"), chunks=(5, 7), fletcher32=True)
        chunk = f["x"].id.get_chunk_info(1)
    broken = bytearray(open("sum.h5", "rb").read())
    broken[chunk.byte_offset + 5] ^= 16
    open("sum.h5", "wb").write(broken)


def hostile():
    def file(name, **options):
        return h5py.File(f"hostile-{name}.h5", "w", **options)

    with file("external-data") as f:
        f.create_dataset("x", (4,), "<f4", external=[("/etc/hostname", 0, 16)])
    with file("external-link") as f:
        f["x"] = h5py.ExternalLink("types.h5", "/f4")
    with file("soft-link") as f:
        f["a"] = np.zeros(4, "<f4")
        f["x"] = h5py.SoftLink("/a")
    with file("virtual", libver="latest") as f:
        layout = h5py.VirtualLayout((4, 3), "<f4")
        layout[:] = h5py.VirtualSource("types.h5", "f4", (4, 3))
        f.create_virtual_dataset("x", layout)
    with file("virtual-unlimited", libver="latest") as f:
        layout = h5py.VirtualLayout((4, 3), "<f4", maxshape=(None, 3))
        source = h5py.VirtualSource("types.h5", "f4", (4, 3), maxshape=(None, 3))
        layout[0:h5py.h5s.UNLIMITED, :] = source[0:h5py.h5s.UNLIMITED, :]
        f.create_virtual_dataset("x", layout)
    with file("filter") as f:
        f.create_dataset("x", data=values(8, 8).astype("<f4"), chunks=(8, 8), compression="lzf")
    with file("fill") as f:
        f.create_dataset("x", (2**36,), "<f4", fillvalue=1)
    with file("fill-chunked") as f:
        f.create_dataset("x", (2**36,), "<f4", chunks=(2**20,), fillvalue=1)
    with file("cycle") as f:
        f.create_group("a/b")
        f["a/b/c"] = f["a"]
    with file("ladder", libver="latest") as f:
        groups = [f.create_group(f"g{i}") for i in range(20)]
        for one, two in zip(groups, groups[1:]):
            one["l"], one["r"] = two, two
    with file("deep", libver="latest") as f:
        f.create_group("/".join("d" * 40))
    with file("rank") as f:
        f.create_dataset("x", data=np.zeros((1,) * 32, "<f4"))
    with file("wrap") as f:
        f.create_dataset("x", (2**33, 2**33), "<f4", chunks=(2, 2))
    with file("text") as f:
        f.create_dataset("x", (2**28,), "S64")
    with file("overlap") as f:
        f["a"] = np.arange(64, dtype="<f4")
        f["b"] = np.arange(100, 164, dtype="<f4")
        offsets = [f[n].id.get_offset() for n in "ab"]
    raw = bytearray(open("hostile-overlap.h5", "rb").read())
    at = raw.index(offsets[1].to_bytes(8, "little"))
    raw[at:at + 8] = (offsets[0] + 8).to_bytes(8, "little")
    open("hostile-overlap.h5", "wb").write(raw)
    with file("tied-store") as f:
        f["meta"] = np.bytes_(b"{}")
        f["meta"].attrs["sha256"] = hashlib.sha256(b"{}").hexdigest()
        f["weights/a"] = np.zeros(4, "<f4")
        f["weights/a"].attrs["sha256"] = hashlib.sha256(bytes(16)).hexdigest()
        f["weights/b"] = f["weights/a"]
    with file("user-block", userblock_size=512) as f:
        f["x"] = np.zeros(4, "<f4")
    with file("zero-chunk", libver="latest") as f:
        f.create_dataset("x", data=np.zeros((7, 11), "<f4"), chunks=(7, 11))
    raw = bytearray(open("hostile-zero-chunk.h5", "rb").read())
    # Layout message 4: flags, rank, bytes per size, then the chunk's sizes 7, 11 and 4.
    at = raw.index(bytes([3, 1, 7, 11, 4]))
    raw[at + 2] = 0
    open("hostile-zero-chunk.h5", "wb").write(raw)


types()
layouts()
keras()
damaged_sum()
hostile()
