// libjpeg's header needs size_t and FILE defined before it.
#include <stdio.h>

#include <jerror.h>
#include <jpeglib.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include "CPicture.h"

// Every scan is a pass over all coefficients, however few bytes it has.
enum { scan_limit = 100 };

typedef struct Landing {
  struct jpeg_error_mgr errors;  // first, because libjpeg finds the landing by this address
  jmp_buf place;
  ZooPictureStatus status;
  char *message;
} Landing;

static _Noreturn void leave(Landing *landing, ZooPictureStatus status) {
  landing->status = status;
  longjmp(landing->place, 1);
}

static _Noreturn void fail(j_common_ptr common) {
  Landing *landing = (Landing *)common->err;
  switch (common->err->msg_code) {
    case JWRN_JPEG_EOF:
    case JERR_INPUT_EOF:
    case JERR_INPUT_EMPTY:
      leave(landing, ZooPictureTruncated);
    case JERR_OUT_OF_MEMORY:
      leave(landing, ZooPictureNoMemory);
    default: {
      char text[JMSG_LENGTH_MAX];
      common->err->format_message(common, text);
      snprintf(landing->message, sizeof((ZooDecoded){0}.message), "%s", text);
      leave(landing, ZooPictureDamaged);
    }
  }
}

static _Noreturn void refuse(Landing *landing, const char *why) {
  snprintf(landing->message, sizeof((ZooDecoded){0}.message), "%s", why);
  leave(landing, ZooPictureDamaged);
}

// After a warning, libjpeg guesses damaged data, and a guess should not be classified.
static void warn(j_common_ptr common, int level) {
  if (level < 0) fail(common);
}

static void count_scans(j_common_ptr common) {
  if (((j_decompress_ptr)common)->input_scan_number > scan_limit)
    refuse((Landing *)common->err, "more than 100 scans");
}

// A Huffman-coded block takes at least one bit in some scan. A header that promises more blocks
// than the file has bits is rejected before anything is allocated for it.
static bool can_hold_all_blocks(const struct jpeg_decompress_struct *jpeg, size_t bytes) {
  uint64_t blocks = 0;
  for (int i = 0; i < jpeg->num_components; i++)
    blocks +=
        (uint64_t)jpeg->comp_info[i].width_in_blocks * jpeg->comp_info[i].height_in_blocks;
  return blocks / 8 <= bytes;
}

// The Exif segments, joined as one TIFF structure.
static void keep_exif(const struct jpeg_decompress_struct *jpeg, ZooDecoded *decoded) {
  static const char name[6] = "Exif\0";
  size_t count = 0;
  for (jpeg_saved_marker_ptr m = jpeg->marker_list; m; m = m->next)
    if (m->data_length > sizeof name && !memcmp(m->data, name, sizeof name))
      count += m->data_length - sizeof name;
  if (!count || !(decoded->exif = malloc(count))) return;
  for (jpeg_saved_marker_ptr m = jpeg->marker_list; m; m = m->next)
    if (m->data_length > sizeof name && !memcmp(m->data, name, sizeof name)) {
      size_t part = m->data_length - sizeof name;
      memcpy(decoded->exif + decoded->exif_count, m->data + sizeof name, part);
      decoded->exif_count += part;
    }
}

// a·b / 255, rounded.
static inline uint8_t scaled(uint32_t a, uint32_t b) {
  uint32_t product = a * b + 128;
  return (uint8_t)((product + (product >> 8)) >> 8);
}

// Adobe writes inverted CMYK, 255 for no ink, so a channel is already its complement.
static void rgb_from_inverted_cmyk(const uint8_t *cmyk, uint8_t *rgb, size_t pixels) {
  for (; pixels; pixels--, cmyk += 4, rgb += 3)
    for (int c = 0; c < 3; c++) rgb[c] = cmyk[3] - scaled(255 - cmyk[c], cmyk[3]);
}

ZooPictureStatus zoo_jpeg_decode(
    const uint8_t *bytes, size_t count, uint64_t pixel_limit, ZooDecoded *decoded) {
  struct jpeg_decompress_struct jpeg;
  struct jpeg_progress_mgr progress = {.progress_monitor = count_scans};
  Landing landing = {.message = decoded->message};
  jpeg.err = jpeg_std_error(&landing.errors);
  landing.errors.error_exit = fail;
  landing.errors.emit_message = warn;
  // A half-built decoder may be destroyed as long as it has no memory manager.
  jpeg.mem = NULL;
  if (setjmp(landing.place)) {
    jpeg_destroy_decompress(&jpeg);
    free(decoded->pixels);
    free(decoded->exif);
    decoded->pixels = decoded->exif = NULL;
    return landing.status;
  }

  jpeg_create_decompress(&jpeg);
  jpeg.progress = &progress;
  jpeg_mem_src(&jpeg, bytes, count);
  jpeg_save_markers(&jpeg, JPEG_APP0 + 1, 0xFFFF);
  jpeg_read_header(&jpeg, TRUE);

  decoded->width = jpeg.image_width;
  decoded->height = jpeg.image_height;
  if ((uint64_t)jpeg.image_width * jpeg.image_height > pixel_limit)
    leave(&landing, ZooPictureTooLarge);
  if (jpeg.arith_code) refuse(&landing, "arithmetic coding is not read");
  if (!can_hold_all_blocks(&jpeg, count)) leave(&landing, ZooPictureTruncated);
  switch (jpeg.num_components) {
    case 1: jpeg.out_color_space = JCS_GRAYSCALE; break;
    case 3: jpeg.out_color_space = JCS_RGB; break;
    case 4: jpeg.out_color_space = JCS_CMYK; break;
    default: refuse(&landing, "neither 1, 3 nor 4 channels");
  }
  keep_exif(&jpeg, decoded);

  jpeg_start_decompress(&jpeg);
  decoded->channels = jpeg.num_components == 1 ? 1 : 3;
  size_t row_bytes = (size_t)jpeg.output_width * decoded->channels;
  decoded->pixels = malloc(row_bytes * jpeg.output_height);
  if (!decoded->pixels) leave(&landing, ZooPictureNoMemory);
  JSAMPARRAY cmyk = NULL;
  if (jpeg.num_components == 4)
    cmyk = jpeg.mem->alloc_sarray((j_common_ptr)&jpeg, JPOOL_IMAGE, jpeg.output_width * 4, 1);
  while (jpeg.output_scanline < jpeg.output_height) {
    JSAMPROW row = decoded->pixels + row_bytes * jpeg.output_scanline;
    jpeg_read_scanlines(&jpeg, cmyk ? cmyk : &row, 1);
    if (cmyk) rgb_from_inverted_cmyk(cmyk[0], row, jpeg.output_width);
  }
  jpeg_finish_decompress(&jpeg);
  jpeg_destroy_decompress(&jpeg);
  return ZooPictureDone;
}

// The bytes of a file as they grow. libjpeg's own would lose them if encoding fails.
typedef struct Growing {
  struct jpeg_destination_mgr manager;  // first, because libjpeg finds it by this address
  ZooEncoded *encoded;
} Growing;

static void make_room(j_compress_ptr jpeg, size_t used) {
  Growing *growing = (Growing *)jpeg->dest;
  ZooEncoded *encoded = growing->encoded;
  size_t capacity = used ? used * 2 : 1 << 14;
  uint8_t *bytes = capacity > used ? realloc(encoded->bytes, capacity) : NULL;
  if (!bytes) leave((Landing *)jpeg->err, ZooPictureNoMemory);
  encoded->bytes = bytes;
  encoded->capacity = capacity;
  growing->manager.next_output_byte = bytes + used;
  growing->manager.free_in_buffer = capacity - used;
}

static void begin_bytes(j_compress_ptr jpeg) { make_room(jpeg, 0); }

// Called when the room is full.
static boolean more_bytes(j_compress_ptr jpeg) {
  make_room(jpeg, ((Growing *)jpeg->dest)->encoded->capacity);
  return TRUE;
}

static void end_bytes(j_compress_ptr jpeg) {
  Growing *growing = (Growing *)jpeg->dest;
  growing->encoded->count = growing->encoded->capacity - growing->manager.free_in_buffer;
}

ZooPictureStatus zoo_jpeg_encode(
    const uint8_t *pixels, uint32_t width, uint32_t height, uint32_t channels, int quality,
    ZooEncoded *encoded) {
  struct jpeg_compress_struct jpeg;
  Landing landing = {.message = encoded->message};
  Growing growing = {
      .manager = {
          .init_destination = begin_bytes,
          .empty_output_buffer = more_bytes,
          .term_destination = end_bytes},
      .encoded = encoded};
  jpeg.err = jpeg_std_error(&landing.errors);
  landing.errors.error_exit = fail;
  landing.errors.emit_message = warn;
  jpeg.mem = NULL;
  if (setjmp(landing.place)) {
    jpeg_destroy_compress(&jpeg);
    return landing.status;
  }
  jpeg_create_compress(&jpeg);
  jpeg.dest = &growing.manager;
  jpeg.image_width = width;
  jpeg.image_height = height;
  jpeg.input_components = (int)channels;
  jpeg.in_color_space = channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
  jpeg_set_defaults(&jpeg);
  jpeg_set_quality(&jpeg, quality, TRUE);
  jpeg.optimize_coding = TRUE;
  jpeg_start_compress(&jpeg, TRUE);
  while (jpeg.next_scanline < height) {
    JSAMPROW row = (JSAMPROW)(pixels + (size_t)jpeg.next_scanline * width * channels);
    jpeg_write_scanlines(&jpeg, &row, 1);
  }
  jpeg_finish_compress(&jpeg);
  jpeg_destroy_compress(&jpeg);
  return ZooPictureDone;
}
