"""What Pillow reads from TIFF, WebP, BMP and GIF files: `python make-formats.py` rewrites `formats/` and
`formats.json`. Needs Pillow, numpy and tifffile, which writes what Pillow cannot.
"""
import io
import json
import os
import struct

import numpy as np
import tifffile
from PIL import Image, ImageOps

here = os.path.dirname(os.path.abspath(__file__))
folder = os.path.join(here, "formats")


def digest(array):
    """Horner's rule over the bytes, modulo 2⁶⁴, at the FNV prime."""
    value = 0
    for byte in np.ascontiguousarray(array).tobytes():
        value = (value * 0x100000001B3 + byte) & (2**64 - 1)
    return f"{value:016x}"


def synthetic(width, height, channels):
    """Smooth at the top left, ever finer waves and moiré towards the bottom right."""
    y, x, c = np.ogrid[:height, :width, :channels]
    v = (3 * x * x + 5 * y * y + 7 * x * y * (c + 1) + 496 * c) >> 4
    return (v & 255).astype(np.uint8)


records = []


def record(name, expected, oriented=None):
    """`expected` is what we must read, as a Pillow picture of mode L, RGB or RGBA."""
    oriented = oriented or expected
    opaque = expected.convert("RGB") if expected.mode != "RGBA" else Image.fromarray(
        np.asarray(expected)[:, :, :3])
    grey = expected if expected.mode == "L" else opaque.convert("L")
    channels = len(expected.getbands())
    records.append({
        "file": name, "size": [expected.height, expected.width, channels],
        "stored": digest(np.asarray(expected)), "oriented": digest(np.asarray(oriented)),
        "rgb": digest(np.asarray(opaque)), "grey": digest(np.asarray(grey)),
    })


def save(name, data, mode, orientation=False):
    """Writes the bytes and notes what Pillow reads from them."""
    with open(os.path.join(folder, name), "wb") as f:
        f.write(data)
    image = Image.open(io.BytesIO(data))
    stored = image.convert(mode)
    record(name, stored, ImageOps.exif_transpose(image).convert(mode) if orientation else None)


def written(image, kind, **options):
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


# Small, so that all of these files together take little room.
rgb = Image.fromarray(synthetic(29, 23, 3))
grey = Image.fromarray(synthetic(29, 23, 1)[:, :, 0])
rgba = Image.fromarray(synthetic(29, 23, 4))
coloured = rgb.quantize(13)


def tiffs():
    for name, options in {"raw": {}, "lzw": {"compression": "tiff_lzw"},
                          "deflate": {"compression": "tiff_adobe_deflate"},
                          "packbits": {"compression": "packbits"}}.items():
        save(f"rgb-{name}.tif", written(rgb, "TIFF", **options), "RGB")
        save(f"grey-{name}.tif", written(grey, "TIFF", **options), "L")
    save("rgb-jpeg.tif", written(rgb, "TIFF", compression="jpeg", quality=80), "RGB")
    save("palette.tif", written(coloured, "TIFF"), "RGB")
    save("bilevel-g4.tif", written(grey.convert("1"), "TIFF", compression="group4"), "L")
    save("bilevel.tif", written(grey.convert("1"), "TIFF"), "L")
    save("rgba.tif", written(rgba, "TIFF", compression="tiff_lzw"), "RGBA")
    save("cmyk.tif", written(rgb.convert("CMYK"), "TIFF", compression="tiff_lzw"), "RGB")
    pages = [rgb, grey.convert("RGB")]
    save("pages.tif", written(pages[0], "TIFF", save_all=True, append_images=pages[1:]), "RGB")

    def tiff(name, array, expected, **options):
        tifffile.imwrite(os.path.join(folder, name), array, metadata=None, **options)
        record(name, expected)

    pixels = np.asarray(rgb)
    tiff("tiled.tif", pixels, rgb, tile=(16, 16), photometric="rgb")
    tiff("planar.tif", np.moveaxis(pixels, 2, 0).copy(), rgb, planarconfig="separate",
         photometric="rgb")
    tiff("tiled-planar.tif", np.moveaxis(pixels, 2, 0).copy(), rgb, planarconfig="separate",
         photometric="rgb", tile=(16, 32))
    tiff("big.tif", pixels, rgb, bigtiff=True, byteorder=">", photometric="rgb")
    wide = (np.asarray(grey).astype(np.uint16) << 8) + 77
    tiff("grey-16.tif", wide, grey, photometric="minisblack")
    tiff("grey-16-big-endian.tif", wide, grey, photometric="minisblack", byteorder=">")
    white = Image.fromarray(255 - np.asarray(grey))
    tiff("white-is-zero.tif", np.asarray(grey), white, photometric="miniswhite")
    tiff("rgb-16.tif", (pixels.astype(np.uint16) << 8) + 200, rgb, photometric="rgb",
         compression="zlib")
    # Pillow turns a TIFF file upright when it loads it.
    turned = written(rgb, "TIFF", tiffinfo={274: 6})
    with open(os.path.join(folder, "orientation-6.tif"), "wb") as f:
        f.write(turned)
    upright = Image.open(io.BytesIO(turned)).convert("RGB")
    assert upright.size == (23, 29)
    record("orientation-6.tif", rgb, upright)


def webps():
    save("lossy.webp", written(rgb, "WEBP", quality=70), "RGB")
    save("lossless.webp", written(rgb, "WEBP", lossless=True), "RGB")
    save("lossy-alpha.webp", written(rgba, "WEBP", quality=60), "RGBA")
    save("lossless-alpha.webp", written(rgba, "WEBP", lossless=True, exact=True), "RGBA")
    exif = Image.Exif()
    exif[274] = 8
    save("orientation-8.webp", written(rgb, "WEBP", quality=80, exif=exif), "RGB", True)


def bmp(width, height, bits, rows, kind=0, palette=b"", extra=b""):
    """A file around rows that are ready to be stored."""
    start = 54 + len(extra) + len(palette)
    info = struct.pack("<IiiHHIIiiII", 40, width, height, 1, bits, kind, len(rows), 2835, 2835,
                       len(palette) // 4, 0)
    return struct.pack("<2sIHHI", b"BM", start + len(rows), 0, 0, start) + info + extra + palette + rows


def bmps():
    save("rgb.bmp", written(rgb, "BMP"), "RGB")
    save("grey.bmp", written(grey, "BMP"), "L")
    save("palette.bmp", written(coloured, "BMP"), "RGB")
    save("bilevel.bmp", written(grey.convert("1"), "BMP"), "L")
    save("unused-alpha.bmp", written(rgba, "BMP"), "RGB")
    pixels = np.asarray(rgb)
    four = np.asarray(rgba)[::-1, :, [2, 1, 0, 3]].tobytes()
    info = struct.pack("<IiiHHIIiiII4I", 108, 29, 23, 1, 32, 3, len(four), 0, 0, 0, 0, 0xFF0000,
                       0xFF00, 0xFF, 0xFF000000) + bytes(52)
    save("rgba.bmp", struct.pack("<2sIHHI", b"BM", 122 + len(four), 0, 0, 122) + info + four, "RGBA")
    padded = np.zeros((23, 88), np.uint8)
    padded[:, :87] = pixels[:, :, ::-1].reshape(23, 87)
    save("top-down.bmp", bmp(29, -23, 24, padded.tobytes()), "RGB")
    short = (pixels[..., 0].astype(np.uint16) >> 3 << 11 | pixels[..., 1].astype(np.uint16) >> 2 << 5
             | pixels[..., 2] >> 3)
    five = (pixels[..., 0].astype(np.uint16) >> 3 << 10 | pixels[..., 1].astype(np.uint16) >> 3 << 5
            | pixels[..., 2] >> 3)
    for name, values, kind, masks in [("565", short, 3, struct.pack("<III", 0xF800, 0x7E0, 0x1F)),
                                      ("555", five, 0, b"")]:
        lines = np.zeros((23, 30), np.uint16)
        lines[:, :29] = values[::-1]
        save(f"colours-{name}.bmp", bmp(29, 23, 16, lines.tobytes(), kind, extra=masks), "RGB")
    save("unused-32.bmp", bmp(
        29, 23, 32, np.dstack([pixels[::-1, :, ::-1], np.full((23, 29, 1), 9, np.uint8)]).tobytes()),
        "RGB")
    palette = bytes(v for i in range(16) for v in (i * 16, 255 - i * 9, i * i, 0))
    nibbles = np.asarray(grey)[::-1] >> 4
    lines = np.zeros((23, 32), np.uint8)
    lines[:, :29] = nibbles
    save("palette-of-4-bits.bmp",
         bmp(29, 23, 4, (lines[:, ::2] << 4 | lines[:, 1::2]).tobytes(), palette=palette), "RGB")
    # Runs, a literal stretch, and the end of every row and of the picture.
    runs = b"".join(
        bytes([5, row[0], 0, 3, row[5], row[6], row[7], 0]) + bytes([21, row[9]]) + b"\0\0"
        for row in nibbles) + b"\0\1"
    save("runs.bmp", bmp(29, 23, 8, runs, 1, palette=palette), "RGB")


def gifs():
    save("plain.gif", written(coloured, "GIF", interlace=0), "RGB")
    save("interlaced.gif", written(coloured, "GIF", interlace=1), "RGB")
    save("full.gif", written(rgb.quantize(256), "GIF"), "RGB")
    save("grey.gif", written(grey, "GIF"), "L")
    save("transparent.gif", written(coloured, "GIF", transparency=3), "RGBA")
    frames = [rgb.resize((40, 30)).quantize(20), grey.resize((40, 30)).convert("P")]
    save("animated.gif", written(frames[0], "GIF", save_all=True, append_images=frames[1:]), "RGB")
    # The frame is smaller than its screen.
    small = bytearray(written(coloured, "GIF", interlace=0))
    assert small[:6] in (b"GIF87a", b"GIF89a")
    struct.pack_into("<HH", small, 6, 41, 37)
    place = small.index(b"\x2c", 13 + 3 * (2 << (small[10] & 7)))
    struct.pack_into("<HH", small, place + 1, 7, 5)
    save("small-frame.gif", bytes(small), "RGB")


if __name__ == "__main__":
    os.makedirs(folder, exist_ok=True)
    for name in os.listdir(folder):
        os.remove(os.path.join(folder, name))
    tiffs()
    webps()
    bmps()
    gifs()
    records.sort(key=lambda r: r["file"])
    with open(os.path.join(here, "formats.json"), "w") as f:
        f.write("[\n" + ",\n".join(json.dumps(r) for r in records) + "\n]\n")
