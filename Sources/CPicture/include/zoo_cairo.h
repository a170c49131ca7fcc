// Cairo, which is loaded when the first picture is drawn on. Its interface has been the same since
// version 1.0, so it is declared here and nothing is needed where the program is built.
#ifndef ZOO_CAIRO_H
#define ZOO_CAIRO_H

#include <stdint.h>

struct ZooCairoMatrix {
  double xx, yx, xy, yy, x0, y0;
};

struct ZooCairoTextExtents {
  double x_bearing, y_bearing, width, height, x_advance, y_advance;
};

enum {
  zoo_cairo_success = 0,
  zoo_cairo_format_rgb24 = 1,
  zoo_cairo_antialias_grey = 2,
  zoo_cairo_hint_style_slight = 2,
  zoo_cairo_hint_metrics_on = 2,
};

struct ZooCairoSurface;
struct ZooCairoContext;
struct ZooCairoFace;
struct ZooCairoOptions;
struct ZooCairoFont;

// Every function of the library's that is used here: result, name, arguments.
#define ZOO_CAIRO(F)                                                                             \
  F(struct ZooCairoSurface *, image_surface_create_for_data,                                     \
    (void *bytes, int format, int width, int height, int stride))                                \
  F(void, surface_flush, (struct ZooCairoSurface *))                                             \
  F(void, surface_destroy, (struct ZooCairoSurface *))                                           \
  F(struct ZooCairoContext *, create, (struct ZooCairoSurface *))                                \
  F(void, destroy, (struct ZooCairoContext *))                                                   \
  F(int, status, (struct ZooCairoContext *))                                                     \
  F(const char *, status_to_string, (int))                                                       \
  F(void, set_source_rgba,                                                                       \
    (struct ZooCairoContext *, double red, double green, double blue, double alpha))             \
  F(void, set_line_width, (struct ZooCairoContext *, double))                                    \
  F(void, new_path, (struct ZooCairoContext *))                                                  \
  F(void, arc,                                                                                   \
    (struct ZooCairoContext *, double x, double y, double radius, double from, double to))       \
  F(void, close_path, (struct ZooCairoContext *))                                                \
  F(void, fill, (struct ZooCairoContext *))                                                      \
  F(void, stroke, (struct ZooCairoContext *))                                                    \
  F(void, move_to, (struct ZooCairoContext *, double x, double y))                               \
  F(void, set_scaled_font, (struct ZooCairoContext *, struct ZooCairoFont *))                    \
  F(void, show_text, (struct ZooCairoContext *, const char *))                                   \
  F(struct ZooCairoFace *, toy_font_face_create, (const char *family, int slant, int weight))    \
  F(void, font_face_destroy, (struct ZooCairoFace *))                                            \
  F(struct ZooCairoOptions *, font_options_create, (void))                                       \
  F(void, font_options_set_antialias, (struct ZooCairoOptions *, int))                           \
  F(void, font_options_set_hint_style, (struct ZooCairoOptions *, int))                          \
  F(void, font_options_set_hint_metrics, (struct ZooCairoOptions *, int))                        \
  F(void, font_options_destroy, (struct ZooCairoOptions *))                                      \
  F(struct ZooCairoFont *, scaled_font_create,                                                   \
    (struct ZooCairoFace *, const struct ZooCairoMatrix *font,                                   \
      const struct ZooCairoMatrix *canvas, const struct ZooCairoOptions *))                      \
  F(int, scaled_font_status, (struct ZooCairoFont *))                                            \
  F(void, scaled_font_text_extents,                                                              \
    (struct ZooCairoFont *, const char *text, struct ZooCairoTextExtents *))                     \
  F(void, scaled_font_destroy, (struct ZooCairoFont *))

typedef struct ZooCairo {
#define F(result, name, arguments) result(*name) arguments;
  ZOO_CAIRO(F)
#undef F
} ZooCairo;

/// Null where there is no libcairo.so.2, or one that lacks a function.
const ZooCairo *zoo_cairo(void);

/// RGB, three bytes a pixel, from and to the 32-bit pixels that Cairo draws on. The stride is the
/// distance of rows in bytes; the 32-bit pixels have none between them.
void zoo_cairo_read(void *pixels, const uint8_t *rgb, long stride, long width, long height);
void zoo_cairo_write(const void *pixels, uint8_t *rgb, long stride, long width, long height);

#endif
