// WebP by libwebp, which is loaded with the first such file. It is C because the library is called through
// pointers from dlsym. Its interface has been the same since version 0.2, so it is declared here and
// nothing is needed where the program is built.
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "CPicture.h"

// The start of libwebp's WebPBitstreamFeatures, and room for what it appends.
typedef struct Features {
  int width, height, has_alpha, has_animation, format;
  uint32_t reserved[16];
} Features;

// The interface that Features belongs to. The library checks the high byte.
enum { interface_version = 0x0208 };
enum { status_ok = 0, status_no_memory = 1, status_truncated = 7 };

static int (*get_features)(const uint8_t *, size_t, Features *, int);
static uint8_t *(*decode_rgb)(const uint8_t *, size_t, uint8_t *, size_t, int);
static uint8_t *(*decode_rgba)(const uint8_t *, size_t, uint8_t *, size_t, int);

static void load(void) {
  void *library = dlopen("libwebp.so.7", RTLD_NOW | RTLD_LOCAL);
  if (!library) return;
  *(void **)&get_features = dlsym(library, "WebPGetFeaturesInternal");
  *(void **)&decode_rgb = dlsym(library, "WebPDecodeRGBInto");
  *(void **)&decode_rgba = dlsym(library, "WebPDecodeRGBAInto");
}

static uint32_t little(const uint8_t *bytes) {
  return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

// The chunk with the orientation, which follows the picture.
static void keep_exif(const uint8_t *bytes, size_t count, ZooDecoded *decoded) {
  static const char name[6] = "Exif\0";
  for (size_t place = 12; count - place >= 8;) {
    const uint8_t *chunk = bytes + place;
    size_t size = little(chunk + 4);
    if (size > count - place - 8) return;
    if (!memcmp(chunk, "EXIF", 4)) {
      const uint8_t *start = chunk + 8;
      if (size > sizeof name && !memcmp(start, name, sizeof name))
        start += sizeof name, size -= sizeof name;
      if (!size || !(decoded->exif = malloc(size))) return;
      memcpy(decoded->exif, start, size);
      decoded->exif_count = size;
      return;
    }
    size += size & 1;
    if (size > count - place - 8) return;
    place += 8 + size;
  }
}

ZooPictureStatus zoo_webp_decode(
    const uint8_t *bytes, size_t count, uint64_t pixel_limit, ZooDecoded *decoded) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, load);
  if (!get_features || !decode_rgb || !decode_rgba) return ZooPictureNoLibrary;
  // The container states its size, after which nothing counts.
  if (count < 12 || (uint64_t)little(bytes + 4) + 8 > count) return ZooPictureTruncated;
  count = (size_t)little(bytes + 4) + 8;
  if (count < 12) return ZooPictureTruncated;
  Features features = {0};
  switch (get_features(bytes, count, &features, interface_version)) {
  case status_ok: break;
  case status_truncated: return ZooPictureTruncated;
  case status_no_memory: return ZooPictureNoMemory;
  default:
    snprintf(decoded->message, sizeof decoded->message, "its header is not WebP's");
    return ZooPictureDamaged;
  }
  if (features.width <= 0 || features.height <= 0) return ZooPictureTruncated;
  decoded->width = (uint32_t)features.width;
  decoded->height = (uint32_t)features.height;
  if ((uint64_t)decoded->width * decoded->height > pixel_limit) return ZooPictureTooLarge;
  if (features.has_animation) {
    snprintf(decoded->message, sizeof decoded->message, "an animation; only still WebP is read");
    return ZooPictureDamaged;
  }
  decoded->channels = features.has_alpha ? 4 : 3;
  const size_t row = (size_t)decoded->width * decoded->channels;
  if (!(decoded->pixels = malloc(row * decoded->height))) return ZooPictureNoMemory;
  if (!(features.has_alpha ? decode_rgba : decode_rgb)(
          bytes, count, decoded->pixels, row * decoded->height, (int)row)) {
    free(decoded->pixels);
    decoded->pixels = NULL;
    snprintf(decoded->message, sizeof decoded->message, "its pixels cannot be read");
    return ZooPictureDamaged;
  }
  keep_exif(bytes, count, decoded);
  return ZooPictureDone;
}
