// Writing: libhdf5 builds the file's structure in memory, through a driver that stores only pages
// that were written. The numbers of a contiguous data set have an offset but are never written
// here. So an image of 500 MB takes a few hundred kilobytes, and no call of libhdf5 can encounter a
// full disk, after which 1.10 crashes at exit.

#include "hdf5_library.h"
#include "zoo_hdf5.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { PAGE_BITS = 16, PAGE = 1 << PAGE_BITS };

struct ZooHDF5Image {
  unsigned char **pages;
  size_t page_count;
  haddr_t size;
  hid_t driver;
  hid_t file;
};

// The driver

typedef struct Handle {
  H5FD_t head;
  ZooHDF5Image *image;
  haddr_t allocated;
} Handle;

/// The page of an address, created if necessary; null without memory.
static unsigned char *page(ZooHDF5Image *image, haddr_t address) {
  size_t index = (size_t)(address >> PAGE_BITS);
  if (index >= image->page_count) {
    size_t count = index + 1 + index / 2;
    unsigned char **pages = realloc(image->pages, count * sizeof *pages);
    if (!pages) return NULL;
    memset(pages + image->page_count, 0, (count - image->page_count) * sizeof *pages);
    image->pages = pages;
    image->page_count = count;
  }
  if (!image->pages[index]) image->pages[index] = calloc(1, PAGE);
  return image->pages[index];
}

static H5FD_t *open_image(const char *name, unsigned flags, hid_t access, haddr_t max) {
  (void)name, (void)flags, (void)max;
  ZooHDF5Image *const *image = h5.Pget_driver_info(access);
  Handle *handle = calloc(1, sizeof *handle);
  if (!image || !handle) {
    free(handle);
    return NULL;
  }
  handle->image = *image;
  return &handle->head;
}

static herr_t close_image(H5FD_t *file) {
  Handle *handle = (Handle *)file;
  if (handle->allocated > handle->image->size) handle->image->size = handle->allocated;
  free(handle);
  return 0;
}

static herr_t query(const H5FD_t *file, unsigned long *flags) {
  (void)file;
  *flags = H5FD_FEAT_AGGREGATE_METADATA;
  return 0;
}

static haddr_t get_allocated(const H5FD_t *file, H5FD_mem_t type) {
  (void)type;
  return ((const Handle *)file)->allocated;
}

static herr_t set_allocated(H5FD_t *file, H5FD_mem_t type, haddr_t address) {
  (void)type;
  ((Handle *)file)->allocated = address;
  return 0;
}

static haddr_t get_size(const H5FD_t *file, H5FD_mem_t type) {
  (void)type;
  return ((const Handle *)file)->image->size;
}

static herr_t read_image(
    H5FD_t *file, H5FD_mem_t type, hid_t transfer, haddr_t address, size_t size, void *buffer) {
  (void)type, (void)transfer;
  const ZooHDF5Image *image = ((Handle *)file)->image;
  unsigned char *next = buffer;
  while (size > 0) {
    size_t within = address % PAGE, part = PAGE - within < size ? PAGE - within : size;
    size_t index = (size_t)(address >> PAGE_BITS);
    if (index < image->page_count && image->pages[index]) {
      memcpy(next, image->pages[index] + within, part);
    } else {
      memset(next, 0, part);
    }
    next += part, address += part, size -= part;
  }
  return 0;
}

static herr_t write_image(
    H5FD_t *file, H5FD_mem_t type, hid_t transfer, haddr_t address, size_t size,
    const void *buffer) {
  (void)type, (void)transfer;
  ZooHDF5Image *image = ((Handle *)file)->image;
  const unsigned char *next = buffer;
  while (size > 0) {
    size_t within = address % PAGE, part = PAGE - within < size ? PAGE - within : size;
    unsigned char *bytes = page(image, address);
    if (!bytes) return -1;
    memcpy(bytes + within, next, part);
    next += part, address += part, size -= part;
  }
  if (address > image->size) image->size = address;
  return 0;
}

static const H5FD_class_t sparse = {
#ifdef H5FD_CLASS_VERSION
    .version = H5FD_CLASS_VERSION,
    .value = (H5FD_class_value_t)512,
#endif
    .name = "zoo-image",
    .maxaddr = (haddr_t)1 << 48,
    .fc_degree = H5F_CLOSE_STRONG,
    .fapl_size = sizeof(ZooHDF5Image *),
    .open = open_image,
    .close = close_image,
    .query = query,
    .get_eoa = get_allocated,
    .set_eoa = set_allocated,
    .get_eof = get_size,
    .read = read_image,
    .write = write_image,
    .fl_map = H5FD_FLMAP_DICHOTOMY,
};

// The file

static hid_t create_file(ZooHDF5Image *image) {
  hid_t access = h5.Pcreate(*h5.P_CLS_FILE_ACCESS_ID_g);
  hid_t creation = h5.Pcreate(*h5.P_CLS_FILE_CREATE_ID_g), file = -1;
  // Format 1.8 has checksums for all structures; the first format has none.
  if (h5.Pset_driver(access, image->driver, &image) >= 0 &&
      h5.Pset_libver_bounds(access, H5F_LIBVER_V18, H5F_LIBVER_V18) >= 0 &&
      h5.Pset_alignment(access, 1, 64) >= 0 &&
      h5.Pset_link_creation_order(creation, H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED) >= 0 &&
      h5.Pset_obj_track_times(creation, false) >= 0)
    file = h5.Fcreate("image", H5F_ACC_TRUNC, creation, access);
  h5.Pclose(creation);
  h5.Pclose(access);
  return file;
}

ZooHDF5Image *zoo_hdf5_begin(void) {
  ZooHDF5Image *image = calloc(1, sizeof *image);
  if (!image) return NULL;
  image->driver = image->file = -1;
  if (zoo_hdf5_load() && (image->driver = h5.FDregister(&sparse)) >= 0 &&
      (image->file = create_file(image)) >= 0)
    return image;
  zoo_hdf5_end(image);
  return NULL;
}

int zoo_hdf5_complete(ZooHDF5Image *image, uint64_t *size, size_t *page_size) {
  herr_t failed = h5.Fclose(image->file);
  image->file = -1;
  *size = image->size;
  *page_size = PAGE;
  return failed < 0 ? -1 : 0;
}

const void *zoo_hdf5_page(const ZooHDF5Image *image, size_t page) {
  return page < image->page_count ? image->pages[page] : NULL;
}

void zoo_hdf5_end(ZooHDF5Image *image) {
  if (image->file >= 0) h5.Fclose(image->file);
  if (image->driver >= 0) h5.FDunregister(image->driver);
  for (size_t i = 0; i < image->page_count; i++) free(image->pages[i]);
  free(image->pages);
  free(image);
}

// The contents

static hid_t float16(size_t exponent, size_t mantissa, size_t bias) {
  hid_t type = h5.Tcopy(*h5.T_IEEE_F32LE_g);
  if (h5.Tset_fields(type, 15, mantissa, exponent, 0, mantissa) >= 0 &&
      h5.Tset_size(type, 2) >= 0 && h5.Tset_ebias(type, bias) >= 0)
    return type;
  h5.Tclose(type);
  return -1;
}

static hid_t text(size_t size) {
  hid_t type = h5.Tcopy(*h5.T_C_S1_g);
  if (h5.Tset_size(type, size) >= 0 && h5.Tset_strpad(type, H5T_STR_NULLPAD) >= 0 &&
      h5.Tset_cset(type, H5T_CSET_UTF8) >= 0)
    return type;
  h5.Tclose(type);
  return -1;
}

static hid_t element(int type, size_t text_size) {
  switch (type) {
    case ZOO_FLOAT64: return h5.Tcopy(*h5.T_IEEE_F64LE_g);
    case ZOO_FLOAT32: return h5.Tcopy(*h5.T_IEEE_F32LE_g);
    case ZOO_FLOAT16: return float16(5, 10, 15);
    case ZOO_BFLOAT16: return float16(8, 7, 127);
    case ZOO_INT64: return h5.Tcopy(*h5.T_STD_I64LE_g);
    case ZOO_INT32: return h5.Tcopy(*h5.T_STD_I32LE_g);
    case ZOO_INT16: return h5.Tcopy(*h5.T_STD_I16LE_g);
    case ZOO_INT8: return h5.Tcopy(*h5.T_STD_I8LE_g);
    case ZOO_UINT8: case ZOO_BOOL: return h5.Tcopy(*h5.T_STD_U8LE_g);
    case ZOO_TEXT: return text(text_size);
    default: return -1;
  }
}

int zoo_hdf5_group(ZooHDF5Image *image, const char *path) {
  hid_t creation = h5.Pcreate(*h5.P_CLS_GROUP_CREATE_ID_g), group = -1;
  if (h5.Pset_link_creation_order(creation, H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED) >= 0 &&
      h5.Pset_obj_track_times(creation, false) >= 0)
    group = h5.Gcreate2(image->file, path, H5P_DEFAULT, creation, H5P_DEFAULT);
  h5.Pclose(creation);
  return group >= 0 && h5.Gclose(group) >= 0 ? 0 : -1;
}

static int set_layout(hid_t creation, int rank, const hsize_t *chunk) {
  if (h5.Pset_obj_track_times(creation, false) < 0) return -1;
  if (chunk)
    return h5.Pset_chunk(creation, rank, chunk) < 0 || h5.Pset_shuffle(creation) < 0 ||
                   h5.Pset_deflate(creation, 6) < 0 ? -1 : 0;
  // The space is allocated at once, but nothing is written to it.
  return h5.Pset_layout(creation, H5D_CONTIGUOUS) < 0 ||
                 h5.Pset_alloc_time(creation, H5D_ALLOC_TIME_EARLY) < 0 ||
                 h5.Pset_fill_time(creation, H5D_FILL_TIME_NEVER) < 0 ? -1 : 0;
}

int zoo_hdf5_dataset(
    ZooHDF5Image *image, const char *path, int type, size_t text_size, int rank,
    const uint64_t *sizes, const uint64_t *chunk, const void *values, uint64_t *offset) {
  hsize_t extents[H5S_MAX_RANK], pieces[H5S_MAX_RANK];
  if (rank < 0 || rank > H5S_MAX_RANK) return -1;
  for (int axis = 0; axis < rank; axis++) {
    extents[axis] = sizes[axis];
    if (chunk) pieces[axis] = chunk[axis];
  }
  hid_t stored = element(type, text_size);
  hid_t space = rank == 0 ? h5.Screate(H5S_SCALAR) : h5.Screate_simple(rank, extents, NULL);
  hid_t creation = h5.Pcreate(*h5.P_CLS_DATASET_CREATE_ID_g), dataset = -1;
  int failed = -1;
  if (stored >= 0 && space >= 0 && set_layout(creation, rank, chunk ? pieces : NULL) == 0) {
    dataset = h5.Dcreate2(image->file, path, stored, space, H5P_DEFAULT, creation, H5P_DEFAULT);
    if (dataset >= 0)
      failed = values && h5.Dwrite(dataset, stored, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) < 0;
    *offset = failed || chunk ? 0 : h5.Dget_offset(dataset);
  }
  if (dataset >= 0 && h5.Dclose(dataset) < 0) failed = -1;
  h5.Pclose(creation);
  if (space >= 0) h5.Sclose(space);
  if (stored >= 0) h5.Tclose(stored);
  return failed ? -1 : 0;
}

int zoo_hdf5_attribute(
    ZooHDF5Image *image, const char *path, const char *name, int type, size_t text_size, int rank,
    uint64_t count, const void *values) {
  hsize_t extent = count;
  hid_t stored = element(type, text_size);
  hid_t space = rank == 0 ? h5.Screate(H5S_SCALAR) : h5.Screate_simple(1, &extent, NULL);
  hid_t attribute = -1;
  int failed = -1;
  if (stored >= 0 && space >= 0) {
    attribute = h5.Acreate_by_name(
        image->file, path, name, stored, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    if (attribute >= 0) failed = count > 0 && h5.Awrite(attribute, stored, values) < 0;
  }
  if (attribute >= 0 && h5.Aclose(attribute) < 0) failed = -1;
  if (space >= 0) h5.Sclose(space);
  if (stored >= 0) h5.Tclose(stored);
  return failed ? -1 : 0;
}
