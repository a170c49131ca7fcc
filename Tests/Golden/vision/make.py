"""What Pillow and torchvision make of pictures: `python make.py FIXTURES` rewrites this folder.

Small JPEG and PNG files are written to `samples/`; everything else is sizes and hashes.
"""
import io
import json
import os
import struct
import sys
import zlib

import numpy as np
import torch
from PIL import Image, ImageOps
from torchvision import transforms as T
from torchvision.transforms import InterpolationMode

here = os.path.dirname(os.path.abspath(__file__))
samples = os.path.join(here, "samples")
powers = np.ones(1, np.uint64)


def digest(array):
    """Horner's rule over the bytes, modulo 2⁶⁴, at the FNV prime."""
    global powers
    data = np.frombuffer(np.ascontiguousarray(array).tobytes(), np.uint8).astype(np.uint64)
    if len(powers) < len(data):
        steps = np.full(len(data), 0x100000001B3, np.uint64)
        steps[0] = 1
        powers = np.multiply.accumulate(steps)
    return f"{int((data * powers[:len(data)][::-1]).sum(dtype=np.uint64)):016x}"


def synthetic(width, height, channels):
    """Smooth at the top left, ever finer waves and moiré towards the bottom right."""
    y, x, c = np.ogrid[:height, :width, :channels]
    v = (3 * x * x + 5 * y * y + 7 * x * y * (c + 1) + 496 * c) >> 4
    return (v & 255).astype(np.uint8)


def picture(array):
    return Image.fromarray(array[:, :, 0] if array.shape[2] == 1 else array)


def save(name, data):
    with open(os.path.join(samples, name), "wb") as f:
        f.write(data)


# --- JPEG ---------------------------------------------------------------------------------------


def exif(orientation, big):
    e = ">" if big else "<"
    entries = [(271, 2, 4, b"zoo\0"), (274, 3, 1, struct.pack(e + "HH", orientation, 0))]
    body = struct.pack(e + "H", len(entries))
    for tag, kind, count, value in entries:
        body += struct.pack(e + "HHI", tag, kind, count) + value
    start = b"MM\0*" if big else b"II*\0"
    return b"Exif\0\0" + start + struct.pack(e + "I", 8) + body + struct.pack(e + "I", 0)


def jpeg(name, image, **options):
    out = io.BytesIO()
    image.save(out, "JPEG", **options)
    save(name, out.getvalue())
    return out.getvalue()


def jpegs():
    rgb, grey = picture(synthetic(61, 47, 3)), picture(synthetic(61, 47, 1))
    jpeg("grey.jpg", grey, quality=90)
    jpeg("grey-progressive.jpg", grey, progressive=True)
    for number, name in enumerate(["444", "422", "420"]):
        jpeg(f"rgb-{name}.jpg", rgb, quality=85, subsampling=number)
        jpeg(f"rgb-{name}-progressive.jpg", rgb, subsampling=number, progressive=True)
    jpeg("rgb-optimised-low.jpg", rgb, quality=12, optimize=True)
    jpeg("rgb-restarts.jpg", rgb, restart_marker_blocks=3)
    jpeg("rgb-untransformed.jpg", rgb, keep_rgb=True, quality=80)
    jpeg("one-pixel.jpg", rgb.crop((5, 5, 6, 6)))
    jpeg("one-column.jpg", rgb.crop((5, 0, 6, 40)), subsampling=2)
    cmyk = Image.fromarray(synthetic(61, 47, 4), "CMYK")
    plain = jpeg("cmyk.jpg", cmyk, quality=90)
    # The same numbers, said to be YCCK: the transform is the last byte of Adobe's segment.
    at = plain.index(b"\xff\xee\x00\x0eAdobe") + 15
    assert plain[at] == 0
    save("ycck.jpg", plain[:at] + b"\x02" + plain[at + 1:])
    at = plain.index(b"\xff\xee\x00\x0eAdobe")
    save("cmyk-without-adobe.jpg", plain[:at] + plain[at + 16:])
    small = picture(synthetic(24, 17, 3))
    for number in range(1, 9):
        jpeg(f"orientation-{number}.jpg", small, quality=95, exif=exif(number, number % 2 == 1))


# --- PNG, by hand, because Pillow writes few of the kinds that it reads -------------------------

CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}


def filtered(rows, bpp):
    """Rows of bytes, each with another of the five filters."""
    out, above = b"", bytes(len(rows[0]))
    for number, row in enumerate(rows):
        kind = number % 5
        out += bytes([kind])
        for i, byte in enumerate(row):
            a = row[i - bpp] if i >= bpp else 0
            b = above[i]
            c = above[i - bpp] if i >= bpp else 0
            p = a + b - c
            paeth = min((abs(p - a), 0, a), (abs(p - b), 1, b), (abs(p - c), 2, c))[2]
            out += bytes([byte - [0, a, b, (a + b) // 2, paeth][kind] & 255])
        above = row
    return out


def png(values, depth, colour, interlaced=False, chunks=()):
    height, width, channels = values.shape
    assert channels == CHANNELS[colour]
    starts = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2),
              (0, 1, 1, 2)] if interlaced else [(0, 0, 1, 1)]
    data = b""
    for x0, y0, dx, dy in starts:
        part = values[y0::dy, x0::dx]
        if part.size:
            bits = (part.reshape(part.shape[0], -1, 1) >> np.arange(depth)[::-1]) & 1
            rows = np.packbits(bits.reshape(part.shape[0], -1).astype(np.uint8), axis=1)
            data += filtered([r.tobytes() for r in rows], max(1, depth * channels // 8))

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(
            ">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, int(interlaced))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + b"".join(chunk(*c) for c in chunks)
            + chunk(b"IDAT", zlib.compress(data, 9)) + chunk(b"IEND", b""))


def pngs():
    kinds = [(0, d) for d in (1, 2, 4, 8, 16)] + [(3, d) for d in (1, 2, 4, 8)]
    kinds += [(c, d) for c in (2, 4, 6) for d in (8, 16)]
    for colour, depth in kinds:
        size = (13, 11) if depth == 16 else (29, 23)
        values = synthetic(*size, CHANNELS[colour]).astype(np.int64)
        values = (values * 257 + 91 * values[::-1]) & 65535 if depth == 16 else values >> 8 - depth
        palette = [(b"PLTE", synthetic(1 << depth, 1, 3).tobytes())] if colour == 3 else []
        name = {0: "grey", 2: "rgb", 3: "palette", 4: "grey-alpha", 6: "rgba"}[colour]
        for interlaced in (False, True):
            suffix = f"{depth}{'-interlaced' if interlaced else ''}.png"
            save(f"{name}-{suffix}", png(values, depth, colour, interlaced, palette))
        trns = None
        if colour == 3:
            trns = bytes(range(0, 250, 250 // min(1 << depth, 9)))[: 1 << depth]
        elif colour in (0, 2) and depth == 8:
            trns = struct.pack(f">{CHANNELS[colour]}H", *values[3, 5])
        if trns:
            save(f"{name}-{depth}-transparent.png",
                 png(values, depth, colour, False, palette + [(b"tRNS", trns)]))
    turned = (b"eXIf", exif(6, True)[6:])
    save("orientation-6.png", png(synthetic(24, 17, 3).astype(np.int64), 8, 2, False, [turned]))
    for width, height in [(1, 1), (1, 7), (7, 1), (3, 2)]:
        save(f"interlaced-{width}x{height}.png",
             png(synthetic(width, height, 3).astype(np.int64), 8, 2, True))


# --- What must come out -------------------------------------------------------------------------


def channels(image):
    """The picture in one of our three kinds of pixel."""
    if image.mode == "I;16":
        return (np.array(image) >> 8).astype(np.uint8)[:, :, None]
    transparent = image.mode in ("LA", "RGBA") or "transparency" in image.info
    mode = "RGBA" if transparent else "L" if image.mode in ("1", "L") else "RGB"
    array = np.array(image.convert(mode))
    return array[:, :, None] if mode == "L" else array


def decoded(path):
    with Image.open(path) as image:
        image.load()
        array = channels(image)
        turned = channels(ImageOps.exif_transpose(image))
        eight = picture(array)
        return {
            "file": os.path.basename(path), "size": list(array.shape), "stored": digest(array),
            "oriented": digest(turned), "rgb": digest(np.array(eight.convert("RGB"))),
            "grey": digest(np.array(eight.convert("L"))),
        }


FILTERS = {
    "nearest": Image.Resampling.NEAREST, "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
}


def resizes():
    pairs = [
        ((64, 48), (32, 24)), ((64, 48), (64, 24)), ((64, 48), (31, 48)), ((64, 48), (64, 48)),
        ((64, 48), (63, 47)), ((64, 48), (65, 49)), ((64, 48), (200, 150)), ((64, 48), (1, 1)),
        ((61, 47), (19, 101)), ((61, 47), (7, 3)), ((1, 1), (17, 5)), ((1, 40), (8, 8)),
        ((40, 1), (8, 8)), ((2, 2), (3, 3)), ((3, 500), (50, 2)), ((1000, 2), (3, 64)),
        ((5, 5), (1000, 3)), ((400, 300), (224, 224)), ((257, 255), (256, 256)),
        ((1201, 801), (256, 171)), ((320, 240), (333, 1)), ((97, 89), (96, 88)),
        ((2048, 3), (1, 2)), ((90, 210), (60, 149)), ((90, 210), (60, 150)), ((90, 210), (91, 209)), ((640, 480), (416, 416)), ((17, 19), (289, 361)),
    ]
    for (w, h), (tw, th) in pairs:
        for c in (1, 3, 4):
            image = picture(synthetic(w, h, c))
            for name, kind in FILTERS.items():
                yield {"from": [w, h, c], "to": [tw, th], "interpolation": name,
                       "digest": digest(np.array(image.resize((tw, th), kind)))}


def steps(resize, crop, interpolation):
    kind = {"bilinear": InterpolationMode.BILINEAR, "bicubic": InterpolationMode.BICUBIC}
    parts = [] if resize is None else [T.Resize(resize, interpolation=kind[interpolation])]
    return T.Compose(parts + ([T.CenterCrop(crop)] if crop else []))


IMAGENET = ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])


def normalised(image):
    return T.Compose([T.ToTensor(), T.Normalize(*IMAGENET)])(image)


def pipelines():
    """torchvision's geometry on synthetic pictures of every parity, larger and smaller."""
    for w, h in [(300, 200), (200, 300), (301, 203), (203, 302), (256, 256), (255, 777), (40, 30),
                 (31, 44), (225, 224), (224, 227), (1, 9), (9, 1)]:
        image = picture(synthetic(w, h, 3))
        for resize, crop, interpolation in [
            (256, [224, 224], "bilinear"), (232, [224, 224], "bilinear"),
            (256, [224, 224], "bicubic"), (None, [32, 32], "bilinear"), (None, [37, 50], "bilinear"),
            (35, None, "bilinear"), ([50, 60], None, "bicubic"), (20, [33, 20], "bilinear"),
        ]:
            cut = steps(resize, crop, interpolation)(image)
            yield {
                "from": [w, h, 3], "crop": crop or [], "interpolation": interpolation,
                "resize": [] if resize is None else [resize] if isinstance(resize, int) else resize,
                "digest": digest(np.array(cut)), "normalised": digest(normalised(cut).numpy()),
            }


def arithmetic():
    """All 256 levels through the two normalisations that frameworks know, in float32."""
    levels = torch.arange(256, dtype=torch.uint8).reshape(16, 16, 1).repeat(1, 1, 3)
    image = Image.fromarray(levels.numpy())
    caffe = levels.numpy().astype(np.float32)[..., ::-1].copy()
    caffe -= np.array([103.939, 116.779, 123.68], np.float32)
    signed = levels.numpy().astype(np.float32) / np.float32(127.5) - np.float32(1)
    return {"imagenet": digest(normalised(image).numpy()),
            "caffe": digest(caffe.transpose(2, 0, 1)), "signed": digest(signed.transpose(2, 0, 1))}


def photos(fixtures):
    """Real photographs through Resize(256), CenterCrop(224), ToTensor and Normalize."""
    for folder, full in [("hymenoptera_256", True), ("yolov4-tiny", True), ("photos8", True),
                         ("bccd", False), ("isbi_membrane", False)]:
        names = [os.path.relpath(os.path.join(d, f), fixtures)
                 for d, _, files in os.walk(os.path.join(fixtures, folder)) for f in files
                 if f.endswith((".jpg", ".jpeg", ".png"))]
        for name in sorted(names):
            with Image.open(os.path.join(fixtures, name)) as image:
                image.load()
                record = [name, digest(channels(image))]
                if full:
                    cut = steps(256, 224, "bilinear")(image.convert("RGB"))
                    record += [digest(np.array(cut)), digest(normalised(cut).numpy())]
                yield record


def write(name, records):
    with open(os.path.join(here, name), "w") as f:
        body = ",\n".join(json.dumps(r) for r in records) if isinstance(records, list) else None
        f.write(f"[\n{body}\n]\n" if body else json.dumps(records) + "\n")


if __name__ == "__main__":
    os.makedirs(samples, exist_ok=True)
    jpegs()
    pngs()
    write("samples.json", [decoded(os.path.join(samples, n)) for n in sorted(os.listdir(samples))])
    write("resizes.json", list(resizes()))
    write("pipelines.json", list(pipelines()))
    write("arithmetic.json", arithmetic())
    if len(sys.argv) > 1:
        write("photos.json", list(photos(sys.argv[1])))
