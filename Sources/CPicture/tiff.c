// TIFF by libtiff, which is loaded with the first such file. Its interface has been the same since version
// 4.0, so it is declared here and nothing is needed where the program is built. It is C because libtiff
// calls back with variable arguments.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "CPicture.h"

typedef struct tiff TIFF;
typedef int64_t tmsize_t;
typedef tmsize_t (*Transfer)(void *, void *, tmsize_t);
typedef void (*Report)(const char *module, const char *format, va_list);

enum {
  tag_width = 256,
  tag_length = 257,
  tag_bits = 258,
  tag_compression = 259,
  tag_photometric = 262,
  tag_orientation = 274,
  tag_samples = 277,
  tag_planar = 284,
  tag_palette = 320,
  tag_tile_width = 322,
  tag_tile_length = 323,
  tag_extra = 338,
  tag_format = 339,
  tag_jpeg_colours = 65538,  // of libtiff, not of files
};
enum { white_is_zero, black_is_zero, rgb, palette, cmyk = 5, ycbcr = 6 };
enum { compression_jpeg = 7, most_samples = 4 };

#define FUNCTIONS(F)                                                                              \
  F(TIFF *, ClientOpen,                                                                           \
    (const char *, const char *, void *, Transfer, Transfer, uint64_t (*)(void *, uint64_t, int), \
      int (*)(void *), uint64_t (*)(void *), int (*)(void *, void **, uint64_t *),                \
      void (*)(void *, void *, uint64_t)))                                                        \
  F(void, Close, (TIFF *))                                                                        \
  F(int, GetFieldDefaulted, (TIFF *, uint32_t, ...))                                              \
  F(int, SetField, (TIFF *, uint32_t, ...))                                                       \
  F(int, IsTiled, (TIFF *))                                                                       \
  F(tmsize_t, ScanlineSize, (TIFF *))                                                             \
  F(tmsize_t, TileSize, (TIFF *))                                                                 \
  F(tmsize_t, TileRowSize, (TIFF *))                                                              \
  F(int, ReadScanline, (TIFF *, void *, uint32_t, uint16_t))                                      \
  F(tmsize_t, ReadTile, (TIFF *, void *, uint32_t, uint32_t, uint32_t, uint16_t))                 \
  F(Report, SetErrorHandler, (Report))                                                            \
  F(Report, SetWarningHandler, (Report))

static struct {
#define F(result, name, arguments) result(*name) arguments;
  FUNCTIONS(F)
#undef F
} tiff;
static bool is_loaded;
static Report usual_error, usual_warning;

// What one call decodes.
typedef struct Source {
  const uint8_t *bytes;
  uint64_t count, place;
  bool is_cut, has_failed;
  /// Warnings about tags are common and harmless; those about pixels are not.
  bool warnings_count;
  char *message;
} Source;

// The handlers belong to the process, so they must tell our calls from those of others.
static _Thread_local Source *current;

static void keep(const char *format, va_list arguments) {
  if (!current->has_failed)
    vsnprintf(current->message, sizeof((ZooDecoded){0}.message), format, arguments);
  current->has_failed = true;
}

static void on_error(const char *module, const char *format, va_list arguments) {
  if (current) return keep(format, arguments);
  if (usual_error) usual_error(module, format, arguments);
}

static void on_warning(const char *module, const char *format, va_list arguments) {
  if (!current) {
    if (usual_warning) usual_warning(module, format, arguments);
  } else if (current->warnings_count) {
    keep(format, arguments);
  }
}

static void load(void) {
  void *library = dlopen("libtiff.so.6", RTLD_NOW | RTLD_LOCAL);
  if (!library) library = dlopen("libtiff.so.5", RTLD_NOW | RTLD_LOCAL);
  if (!library) return;
#define F(result, name, arguments) \
  if (!(*(void **)&tiff.name = dlsym(library, "TIFF" #name))) return;
  FUNCTIONS(F)
#undef F
  usual_error = tiff.SetErrorHandler(on_error);
  usual_warning = tiff.SetWarningHandler(on_warning);
  is_loaded = true;
}

static tmsize_t read_bytes(void *handle, void *target, tmsize_t wanted) {
  Source *source = handle;
  const uint64_t left = source->place < source->count ? source->count - source->place : 0;
  if (wanted < 0) return -1;
  if ((uint64_t)wanted > left) source->is_cut = true;
  const uint64_t given = (uint64_t)wanted < left ? (uint64_t)wanted : left;
  if (given) memcpy(target, source->bytes + source->place, given);
  source->place += given;
  return (tmsize_t)given;
}

static tmsize_t write_bytes(void *handle, void *bytes, tmsize_t count) {
  (void)handle, (void)bytes, (void)count;
  return -1;
}

static uint64_t seek(void *handle, uint64_t offset, int origin) {
  Source *source = handle;
  source->place = origin == SEEK_CUR ? source->place + offset
                  : origin == SEEK_END ? source->count + offset
                                       : offset;
  if (source->place > source->count) source->is_cut = true;
  return source->place;
}

static int close_source(void *handle) {
  (void)handle;
  return 0;
}

static uint64_t size_of(void *handle) { return ((Source *)handle)->count; }

static int map(void *handle, void **base, uint64_t *size) {
  (void)handle, (void)base, (void)size;
  return 0;
}

static void unmap(void *handle, void *base, uint64_t size) {
  (void)handle, (void)base, (void)size;
}

static uint16_t number(TIFF *file, uint32_t tag) {
  uint16_t value = 0;
  tiff.GetFieldDefaulted(file, tag, &value);
  return value;
}

static uint32_t length(TIFF *file, uint32_t tag) {
  uint32_t value = 0;
  tiff.GetFieldDefaulted(file, tag, &value);
  return value;
}

// How samples are laid out and what they mean.
typedef struct Format {
  uint32_t width, height;
  uint16_t samples, bits, meaning;
  bool is_planar;
  /// The meaning of an extra sample: 0 unspecified, 1 alpha that was multiplied, 2 alpha.
  uint16_t extra;
  const uint16_t *red, *green, *blue;
} Format;

static ZooPictureStatus refuse(ZooDecoded *decoded, const char *format, unsigned value) {
  snprintf(decoded->message, sizeof decoded->message, format, value);
  return ZooPictureDamaged;
}

static ZooPictureStatus describe(TIFF *file, Format *f, uint64_t limit, ZooDecoded *decoded) {
  f->width = decoded->width = length(file, tag_width);
  f->height = decoded->height = length(file, tag_length);
  if (!f->width || !f->height) return refuse(decoded, "%u pixels", 0);
  if ((uint64_t)f->width * f->height > limit) return ZooPictureTooLarge;
  f->samples = number(file, tag_samples);
  f->bits = number(file, tag_bits);
  f->meaning = number(file, tag_photometric);
  f->is_planar = number(file, tag_planar) == 2;
  const uint16_t kind = number(file, tag_format);
  if (kind != 1 && kind != 4)
    return refuse(
        decoded, kind == 3 ? "samples of floating point (%u bits) are not read"
                           : "signed or complex samples (%u bits) are not read", f->bits);
  if (f->bits != 1 && f->bits != 2 && f->bits != 4 && f->bits != 8 && f->bits != 16)
    return refuse(decoded, "samples of %u bits are not read", f->bits);
  if (f->samples < 1 || f->samples > most_samples)
    return refuse(decoded, "%u channels are not read, at most 4", f->samples);
  if (f->meaning == ycbcr) {
    if (number(file, tag_compression) != compression_jpeg)
      return refuse(decoded, "YCbCr is read only where it is JPEG, not by compression %u",
                    number(file, tag_compression));
    tiff.SetField(file, tag_jpeg_colours, 1);
    f->meaning = rgb;
  }
  const uint16_t colours = f->meaning == rgb ? 3 : f->meaning == cmyk ? 4 : 1;
  if (f->meaning > palette && f->meaning != cmyk)
    return refuse(decoded, "colours of kind %u are not read", f->meaning);
  if (f->samples < colours || f->samples > colours + 1)
    return refuse(decoded, "%u channels do not fit its colours", f->samples);
  if (f->bits < 8 && f->samples > 1)
    return refuse(decoded, "colours of %u bits are not read", f->bits);
  if (f->meaning == cmyk && f->bits != 8)
    return refuse(decoded, "CMYK of %u bits is not read", f->bits);
  if (f->samples > colours) {
    uint16_t count = 0, *kinds = NULL;
    if (tiff.GetFieldDefaulted(file, tag_extra, &count, &kinds) && count && kinds)
      f->extra = kinds[0];
  }
  if (f->meaning == palette) {
    uint16_t *red = NULL, *green = NULL, *blue = NULL;
    if (f->bits > 8 || f->samples != 1
        || !tiff.GetFieldDefaulted(file, tag_palette, &red, &green, &blue) || !red || !green
        || !blue)
      return refuse(decoded, "a palette for %u bits is missing", f->bits);
    f->red = red, f->green = green, f->blue = blue;
  }
  decoded->orientation = (uint8_t)number(file, tag_orientation);
  decoded->reduced = f->bits == 16;
  return ZooPictureDone;
}

// Samples of one row from packed bits to numbers of 16 bits.
static void unpack(const uint8_t *row, uint16_t bits, size_t count, uint16_t *numbers) {
  for (size_t i = 0; i < count; i++) {
    if (bits == 16)
      memcpy(&numbers[i], row + 2 * i, 2);
    else if (bits == 8)
      numbers[i] = row[i];
    else
      numbers[i] = row[i * bits / 8] >> (8 - bits - i * bits % 8) & ((1 << bits) - 1);
  }
}

// All samples in memory, pixel by pixel, as numbers.
static bool read_samples(TIFF *file, const Format *f, uint16_t *numbers) {
  const int planes = f->is_planar ? f->samples : 1;
  const size_t inside = f->is_planar ? 1 : f->samples;
  const bool is_tiled = tiff.IsTiled(file);
  const uint32_t tile_width = is_tiled ? length(file, tag_tile_width) : f->width;
  const uint32_t tile_height = is_tiled ? length(file, tag_tile_length) : 1;
  const tmsize_t bytes = is_tiled ? tiff.TileSize(file) : tiff.ScanlineSize(file);
  const tmsize_t apart = is_tiled ? tiff.TileRowSize(file) : bytes;
  // A tile may be larger than the picture, but not without limit: a picture of four million pixels may
  // have one of that size.
  const uint64_t area = (uint64_t)tile_width * tile_height;
  if (!tile_width || !tile_height || bytes <= 0 || apart <= 0
      || (area > (uint64_t)f->width * f->height && area > (uint64_t)1 << 22)
      || (uint64_t)apart < ((uint64_t)tile_width * inside * f->bits + 7) / 8
      || (uint64_t)bytes < (uint64_t)apart * tile_height)
    return false;
  uint8_t *buffer = calloc(1, (size_t)bytes);
  uint16_t *line = calloc((size_t)tile_width * inside, sizeof *line);
  bool works = buffer && line;
  for (int plane = 0; works && plane < planes; plane++)
    for (uint64_t top = 0; works && top < f->height; top += tile_height)
      for (uint64_t left = 0; works && left < f->width; left += tile_width) {
        works = is_tiled
            ? tiff.ReadTile(file, buffer, (uint32_t)left, (uint32_t)top, 0, (uint16_t)plane) >= 0
            : tiff.ReadScanline(file, buffer, (uint32_t)top, (uint16_t)plane) >= 0;
        const uint64_t rows = f->height - top < tile_height ? f->height - top : tile_height;
        const uint64_t columns = f->width - left < tile_width ? f->width - left : tile_width;
        for (uint64_t y = 0; works && y < rows; y++) {
          unpack(buffer + y * (uint64_t)apart, f->bits, columns * inside, line);
          uint16_t *target = numbers + ((top + y) * f->width + left) * f->samples + plane;
          for (uint64_t x = 0; x < columns; x++)
            for (size_t c = 0; c < inside; c++)
              target[x * f->samples + c] = line[x * inside + c];
        }
      }
  free(buffer);
  free(line);
  return works;
}

static bool has_colours(const Format *f) {
  for (int i = 0; i < 1 << f->bits; i++)
    if (f->red[i] >> 8 != f->green[i] >> 8 || f->green[i] >> 8 != f->blue[i] >> 8) return true;
  return false;
}

static inline uint8_t product(uint32_t a, uint32_t b) {
  const uint32_t sum = a * b + 128;
  return (uint8_t)((sum + (sum >> 8)) >> 8);
}

// From numbers to a picture of 8 bits, as Pillow converts them.
static ZooPictureStatus convert(
    const Format *f, uint16_t *numbers, bool wants_numbers, ZooDecoded *decoded) {
  const size_t count = (size_t)f->width * f->height;
  const bool is_index = wants_numbers && f->meaning == palette && has_colours(f);
  const bool is_number = wants_numbers && f->meaning <= black_is_zero && f->samples == 1;
  if (is_number && f->bits == 16) {
    bool is_low = true, is_twice = true;
    for (size_t i = 0; i < count; i++) {
      is_low = is_low && numbers[i] < 256;
      is_twice = is_twice && numbers[i] >> 8 == (numbers[i] & 255);
    }
    if (!is_low && !is_twice)
      return refuse(decoded, "numbers of %u bits are above 255", f->bits);
    for (size_t i = 0; i < count; i++) numbers[i] &= 255;
  } else if (f->bits == 16) {
    for (size_t i = 0; i < count * f->samples; i++) numbers[i] >>= 8;
  } else if (f->bits < 8 && f->meaning != palette) {
    const unsigned most = (1u << f->bits) - 1;
    for (size_t i = 0; i < count; i++) numbers[i] = (uint16_t)(numbers[i] * 255 / most);
  }
  const bool is_grey = f->meaning <= black_is_zero;
  const bool has_alpha = (is_grey ? f->samples == 2 : f->samples == 4 && f->meaning == rgb)
      && f->extra != 0;
  decoded->channels = has_alpha ? 4 : is_index || is_grey ? 1 : 3;
  uint8_t *to = decoded->pixels = malloc(count * decoded->channels);
  if (!to) return ZooPictureNoMemory;
  for (size_t i = 0; i < count; i++, to += decoded->channels) {
    const uint16_t *from = numbers + i * f->samples;
    if (is_index) {
      to[0] = (uint8_t)from[0];
    } else if (f->meaning == palette) {
      to[0] = (uint8_t)(f->red[from[0]] >> 8);
      to[1] = (uint8_t)(f->green[from[0]] >> 8);
      to[2] = (uint8_t)(f->blue[from[0]] >> 8);
    } else if (f->meaning == cmyk) {
      for (int c = 0; c < 3; c++)
        to[c] = (uint8_t)(255 - from[3] - product(from[c], 255u - from[3]));
    } else {
      const int colours = has_alpha ? 3 : (int)decoded->channels;
      const unsigned alpha = has_alpha ? from[f->samples - 1] : 255;
      for (int c = 0; c < colours; c++) {
        unsigned value = from[is_grey ? 0 : c];
        if (f->meaning == white_is_zero) value = 255 - value;
        if (has_alpha && f->extra == 1 && alpha < 255) {
          value = alpha ? value * 255 / alpha : 0;
          if (value > 255) value = 255;
        }
        to[c] = (uint8_t)value;
      }
      if (has_alpha) to[3] = (uint8_t)alpha;
    }
  }
  return ZooPictureDone;
}

static ZooPictureStatus decode(
    const uint8_t *bytes, size_t count, uint64_t pixel_limit, bool numbers, ZooDecoded *decoded) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, load);
  if (!is_loaded) return ZooPictureNoLibrary;
  Source source = {.bytes = bytes, .count = count, .message = decoded->message};
  current = &source;
  ZooPictureStatus status = ZooPictureDamaged;
  // Read, without memory mapping.
  TIFF *file = tiff.ClientOpen(
      "", "rm", &source, read_bytes, write_bytes, seek, close_source, size_of, map, unmap);
  if (file) {
    Format format = {0};
    status = describe(file, &format, pixel_limit, decoded);
    uint16_t *samples = NULL;
    if (status == ZooPictureDone) {
      const size_t values = (size_t)format.width * format.height * format.samples;
      samples = calloc(values, sizeof *samples);
      source.warnings_count = true;
      source.has_failed = false;
      if (!samples)
        status = ZooPictureNoMemory;
      else if (!read_samples(file, &format, samples) || source.has_failed)
        status = ZooPictureDamaged;
      else
        status = convert(&format, samples, numbers, decoded);
    }
    free(samples);
    tiff.Close(file);
  }
  current = NULL;
  if (status == ZooPictureDamaged && source.is_cut) status = ZooPictureTruncated;
  if (status == ZooPictureDamaged && !decoded->message[0])
    snprintf(decoded->message, sizeof decoded->message, "its pixels cannot be read");
  if (status != ZooPictureDone) {
    free(decoded->pixels);
    decoded->pixels = NULL;
  }
  return status;
}

ZooPictureStatus zoo_tiff_decode(
    const uint8_t *bytes, size_t count, uint64_t pixel_limit, ZooDecoded *decoded) {
  return decode(bytes, count, pixel_limit, false, decoded);
}

ZooPictureStatus zoo_tiff_decode_numbers(
    const uint8_t *bytes, size_t count, uint64_t pixel_limit, ZooDecoded *decoded) {
  return decode(bytes, count, pixel_limit, true, decoded);
}
