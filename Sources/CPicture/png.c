#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "CPicture.h"

// State of libpng's callbacks: the input, and the message of an error.
typedef struct Source {
  const uint8_t *bytes;
  size_t left;
  ZooPictureStatus status;
  char *message;
} Source;

static _Noreturn void leave(png_structp png, ZooPictureStatus status) {
  ((Source *)png_get_error_ptr(png))->status = status;
  png_longjmp(png, 1);
}

static _Noreturn void fail(png_structp png, png_const_charp why) {
  Source *source = png_get_error_ptr(png);
  snprintf(source->message, sizeof((ZooDecoded){0}.message), "%s", why);
  leave(png, ZooPictureDamaged);
}

// libpng only warns about oddities outside of the picture; damage to the picture is an error.
static void warn(png_structp png, png_const_charp why) {}

static void read_bytes(png_structp png, png_bytep bytes, size_t count) {
  Source *source = png_get_io_ptr(png);
  if (count > source->left) leave(png, ZooPictureTruncated);
  memcpy(bytes, source->bytes, count);
  source->bytes += count;
  source->left -= count;
}

static void keep_exif(png_structp png, png_infop info, ZooDecoded *decoded) {
  png_uint_32 count = 0;
  png_bytep exif = NULL;
  if (!png_get_eXIf_1(png, info, &count, &exif) || !count) return;
  if (!(decoded->exif = malloc(count))) return;
  memcpy(decoded->exif, exif, count);
  decoded->exif_count = count;
}

// A palette of greys is a grey picture stored as a palette.
static bool has_colours(png_structp png, png_infop info) {
  png_colorp palette = NULL;
  int colours = 0;
  if (!png_get_PLTE(png, info, &palette, &colours)) return false;
  for (int i = 0; i < colours; i++)
    if (palette[i].red != palette[i].green || palette[i].green != palette[i].blue) return true;
  return false;
}

// Reduces samples of two bytes, high byte first, to one byte in place.
static void narrow(png_structp png, uint8_t *pixels, size_t count) {
  bool is_low = true, is_twice = true;
  for (size_t i = 0; i < count; i++) {
    is_low = is_low && !pixels[2 * i];
    is_twice = is_twice && pixels[2 * i] == pixels[2 * i + 1];
  }
  if (!is_low && !is_twice) png_error(png, "numbers of 16 bits are above 255");
  for (size_t i = 0; i < count; i++) pixels[i] = pixels[2 * i + 1];
}

static ZooPictureStatus decode(
    const uint8_t *bytes, size_t count, uint64_t pixel_limit, bool numbers, ZooDecoded *decoded) {
  Source source = {.bytes = bytes, .left = count, .message = decoded->message};
  png_infop info = NULL;
  png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &source, fail, warn);
  if (!png) return ZooPictureNoMemory;
  if (!(info = png_create_info_struct(png))) {
    png_destroy_read_struct(&png, NULL, NULL);
    return ZooPictureNoMemory;
  }
  if (setjmp(png_jmpbuf(png))) {
    png_destroy_read_struct(&png, &info, NULL);
    free(decoded->pixels);
    free(decoded->exif);
    decoded->pixels = decoded->exif = NULL;
    return source.status;
  }

  png_set_read_fn(png, &source, read_bytes);
  // The product of the sizes is checked below. Of the other chunks only the orientation is kept.
  // Texts and colour profiles, which can unpack to any size, are skipped.
  png_set_user_limits(png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
  png_set_chunk_cache_max(png, 16);
  png_set_chunk_malloc_max(png, 1 << 20);
  png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, NULL, -1);
  png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_AS_DEFAULT, (png_const_bytep) "eXIf", 1);
  png_read_info(png, info);

  decoded->width = png_get_image_width(png, info);
  decoded->height = png_get_image_height(png, info);
  if ((uint64_t)decoded->width * decoded->height > pixel_limit)
    leave(png, ZooPictureTooLarge);
  // Deflate compresses at most 1032 to 1, so the file must be large enough for the size in its
  // header.
  if (png_get_rowbytes(png, info) * (uint64_t)decoded->height / 1032 > count)
    leave(png, ZooPictureTruncated);

  decoded->reduced = png_get_bit_depth(png, info) == 16;
  png_byte colour = png_get_color_type(png, info);
  bool is_index = numbers && colour == PNG_COLOR_TYPE_PALETTE && has_colours(png, info);
  bool is_wide = numbers && decoded->reduced && colour == PNG_COLOR_TYPE_GRAY;
  if (is_index) {
    png_set_packing(png);
  } else if (!is_wide) {
    if (decoded->reduced) png_set_strip_16(png);
    png_set_expand(png);
    // Two channels are not supported: grey with alpha becomes RGBA.
    if (colour == PNG_COLOR_TYPE_GRAY_ALPHA || png_get_valid(png, info, PNG_INFO_tRNS))
      png_set_gray_to_rgb(png);
  }
  int passes = png_set_interlace_handling(png);
  png_read_update_info(png, info);
  decoded->channels = png_get_channels(png, info);
  size_t row_bytes = (size_t)decoded->width * decoded->channels * (is_wide ? 2 : 1);
  if (png_get_rowbytes(png, info) != row_bytes) png_error(png, "an unknown kind of pixel");

  // Cleared, because an interlaced picture is read and written in place.
  decoded->pixels = calloc(decoded->height, row_bytes);
  if (!decoded->pixels) leave(png, ZooPictureNoMemory);
  for (int pass = 0; pass < passes; pass++)
    for (uint32_t y = 0; y < decoded->height; y++)
      png_read_row(png, decoded->pixels + y * row_bytes, NULL);
  png_read_end(png, info);
  if (is_wide) narrow(png, decoded->pixels, (size_t)decoded->width * decoded->height);
  keep_exif(png, info, decoded);
  png_destroy_read_struct(&png, &info, NULL);
  return ZooPictureDone;
}

ZooPictureStatus zoo_png_decode(
    const uint8_t *bytes, size_t count, uint64_t pixel_limit, ZooDecoded *decoded) {
  return decode(bytes, count, pixel_limit, false, decoded);
}

ZooPictureStatus zoo_png_decode_numbers(
    const uint8_t *bytes, size_t count, uint64_t pixel_limit, ZooDecoded *decoded) {
  return decode(bytes, count, pixel_limit, true, decoded);
}

static void write_bytes(png_structp png, png_bytep bytes, size_t count) {
  ZooEncoded *encoded = png_get_io_ptr(png);
  if (encoded->capacity - encoded->count < count) {
    size_t capacity = (encoded->count + count) * 2;
    uint8_t *larger = realloc(encoded->bytes, capacity);
    if (!larger) leave(png, ZooPictureNoMemory);
    encoded->bytes = larger;
    encoded->capacity = capacity;
  }
  memcpy(encoded->bytes + encoded->count, bytes, count);
  encoded->count += count;
}

static void flush(png_structp png) {}

ZooPictureStatus zoo_png_encode(
    const uint8_t *pixels, uint32_t width, uint32_t height, uint32_t channels,
    const uint8_t *palette, uint32_t colours, ZooEncoded *encoded) {
  Source source = {.message = encoded->message};
  png_infop info = NULL;
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &source, fail, warn);
  if (!png) return ZooPictureNoMemory;
  if (!(info = png_create_info_struct(png))) {
    png_destroy_write_struct(&png, NULL);
    return ZooPictureNoMemory;
  }
  if (setjmp(png_jmpbuf(png))) {
    png_destroy_write_struct(&png, &info);
    return source.status;
  }
  png_set_write_fn(png, encoded, write_bytes, flush);
  int colour = colours         ? PNG_COLOR_TYPE_PALETTE
               : channels == 1 ? PNG_COLOR_TYPE_GRAY
               : channels == 3 ? PNG_COLOR_TYPE_RGB
                               : PNG_COLOR_TYPE_RGB_ALPHA;
  png_set_user_limits(png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
  png_set_IHDR(
      png, info, width, height, 8, colour, PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
      PNG_FILTER_TYPE_DEFAULT);
  // A third of the default's time on photographs, and a smaller file.
  png_set_compression_level(png, 3);
  // Neighbouring indices are either equal or unrelated.
  png_set_filter(
      png, PNG_FILTER_TYPE_BASE,
      colours ? PNG_FILTER_NONE : PNG_FILTER_NONE | PNG_FILTER_SUB | PNG_FILTER_UP);
  if (colours) {
    png_color entries[256];
    for (uint32_t index = 0; index < colours && index < 256; index++)
      entries[index] = (png_color){
          palette[3 * index], palette[3 * index + 1], palette[3 * index + 2]};
    png_set_PLTE(png, info, entries, colours < 256 ? (int)colours : 256);
  }
  png_write_info(png, info);
  for (uint32_t y = 0; y < height; y++)
    png_write_row(png, pixels + (size_t)y * width * channels);
  png_write_end(png, NULL);
  png_destroy_write_struct(&png, &info);
  return ZooPictureDone;
}
