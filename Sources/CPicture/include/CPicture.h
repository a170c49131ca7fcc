// JPEG and PNG through libjpeg-turbo and libpng; TIFF and WebP through libtiff and libwebp, which are
// loaded when the first such file is read.
//
// The first two report errors with longjmp. Every function below calls setjmp, owns all of the
// library's state, and returns a status, so nothing ever unwinds through its caller.
#ifndef CPICTURE_H
#define CPICTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "zoo_cairo.h"

typedef enum ZooPictureStatus {
  ZooPictureDone = 0,
  /// The library's message is in `message`.
  ZooPictureDamaged,
  /// The file ends before the picture does.
  ZooPictureTruncated,
  /// More pixels than allowed; `width` and `height` have the size.
  ZooPictureTooLarge,
  ZooPictureNoMemory,
  /// The library that reads the format is not installed.
  ZooPictureNoLibrary,
} ZooPictureStatus;

typedef struct ZooDecoded {
  uint32_t width, height;
  /// 1 grey, 3 RGB, 4 RGBA.
  uint32_t channels;
  /// Samples had 16 bits, of which only the high bytes were kept.
  bool reduced;
  /// `width · height · channels` bytes from malloc; the caller frees them.
  uint8_t *pixels;
  /// A TIFF structure with the orientation, from malloc, or null; the caller frees it.
  uint8_t *exif;
  size_t exif_count;
  /// The same without EXIF: 1 to 8, or 0 if the file states none.
  uint8_t orientation;
  char message[200];
} ZooDecoded;

/// `decoded` starts as zeros. Pixels are null unless the status is `ZooPictureDone`.
ZooPictureStatus zoo_jpeg_decode(
    const uint8_t *bytes, size_t count, uint64_t pixel_limit, ZooDecoded *decoded);
ZooPictureStatus zoo_png_decode(
    const uint8_t *bytes, size_t count, uint64_t pixel_limit, ZooDecoded *decoded);
/// Like `zoo_png_decode`, for a picture whose samples are numbers, not light: the indices of a
/// palette with colours; for 16-bit grey the values, if all are below 256, or the high bytes, if
/// they equal the low bytes.
ZooPictureStatus zoo_png_decode_numbers(
    const uint8_t *bytes, size_t count, uint64_t pixel_limit, ZooDecoded *decoded);

/// The first page of a TIFF file.
ZooPictureStatus zoo_tiff_decode(
    const uint8_t *bytes, size_t count, uint64_t pixel_limit, ZooDecoded *decoded);
/// Like `zoo_png_decode_numbers`.
ZooPictureStatus zoo_tiff_decode_numbers(
    const uint8_t *bytes, size_t count, uint64_t pixel_limit, ZooDecoded *decoded);
/// A WebP file that is not animated.
ZooPictureStatus zoo_webp_decode(
    const uint8_t *bytes, size_t count, uint64_t pixel_limit, ZooDecoded *decoded);

typedef struct ZooEncoded {
  /// From malloc; the caller frees them, also after a failure.
  uint8_t *bytes;
  size_t count, capacity;
  char message[200];
} ZooEncoded;

/// `encoded` starts as zeros. With colours, `palette` has three bytes for each, and one-channel
/// pixels are indices below their number.
ZooPictureStatus zoo_png_encode(
    const uint8_t *pixels, uint32_t width, uint32_t height, uint32_t channels,
    const uint8_t *palette, uint32_t colours, ZooEncoded *encoded);
/// `encoded` starts as zeros; `channels` is 1 or 3, `quality` from 1 to 100.
ZooPictureStatus zoo_jpeg_encode(
    const uint8_t *pixels, uint32_t width, uint32_t height, uint32_t channels, int quality,
    ZooEncoded *encoded);

#endif
