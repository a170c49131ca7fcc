#include "zoo_cairo.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stddef.h>

static ZooCairo cairo;
static const ZooCairo *loaded;

static void load(void) {
  void *library = dlopen("libcairo.so.2", RTLD_NOW | RTLD_LOCAL);
  if (!library) return;
#define F(result, name, arguments)                                                               \
  if (!(*(void **)&cairo.name = dlsym(library, "cairo_" #name))) return;
  ZOO_CAIRO(F)
#undef F
  loaded = &cairo;
}

const ZooCairo *zoo_cairo(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, load);
  return loaded;
}

void zoo_cairo_read(void *pixels, const uint8_t *rgb, long stride, long width, long height) {
  uint32_t *pixel = pixels;
  for (long y = 0; y < height; y++)
    for (const uint8_t *from = rgb + y * stride, *end = from + 3 * width; from < end; from += 3)
      *pixel++ = (uint32_t)from[0] << 16 | (uint32_t)from[1] << 8 | from[2];
}

void zoo_cairo_write(const void *pixels, uint8_t *rgb, long stride, long width, long height) {
  const uint32_t *pixel = pixels;
  for (long y = 0; y < height; y++)
    for (uint8_t *to = rgb + y * stride, *end = to + 3 * width; to < end; to += 3, pixel++) {
      to[0] = *pixel >> 16;
      to[1] = *pixel >> 8;
      to[2] = *pixel;
    }
}
