// Runs only in the child, because libhdf5 1.10 crashes on some malformed files.
//
// The index is a sequence of records, with integers in the machine's byte order:
//   'G' path                                          a group
//   'D' path type element_size rank sizes… content    a data set
//   'A' name type rank sizes… content                 an attribute of the preceding record
// and a last byte: 'E', or 'X' after a reason and its length. Texts and paths are a length and
// bytes. The parent trusts none of it and checks every number against the file again.

#include "hdf5_library.h"
#include "hdf5_walk.h"
#include "zoo_hdf5.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_DEPTH = 24, MAX_PATH = 4096, MAX_OBJECTS = 100000, MAX_CHUNKS = 8192 };

typedef struct Walk {
  int sink;
  uint64_t room;
  unsigned objects;
  int depth;
  haddr_t ancestors[MAX_DEPTH];
  char path[MAX_PATH];
  size_t length;
  size_t filled;
  unsigned char buffer[1 << 16];
} Walk;

// Writing the index

static void drain(Walk *walk) {
  size_t done = 0;
  while (done < walk->filled) {
    ssize_t written = write(walk->sink, walk->buffer + done, walk->filled - done);
    if (written > 0) {
      done += (size_t)written;
    } else if (errno != EINTR) {
      _exit(2);
    }
  }
  walk->filled = 0;
}

static void append(Walk *walk, const void *bytes, size_t count) {
  const unsigned char *next = bytes;
  while (count > 0) {
    size_t part = sizeof walk->buffer - walk->filled;
    if (part > count) part = count;
    memcpy(walk->buffer + walk->filled, next, part);
    walk->filled += part;
    next += part;
    count -= part;
    if (walk->filled == sizeof walk->buffer) drain(walk);
  }
}

__attribute__((format(printf, 2, 3)))
static _Noreturn void refuse(Walk *walk, const char *format, ...) {
  char reason[512];
  va_list list;
  va_start(list, format);
  int wanted = vsnprintf(reason, sizeof reason, format, list);
  va_end(list);
  uint32_t length = wanted < 0 ? 0 : (uint32_t)strlen(reason);
  append(walk, reason, length);
  append(walk, &length, sizeof length);
  append(walk, "X", 1);
  drain(walk);
  _exit(0);
}

/// libhdf5 reports an error; the parent's message is sufficient.
static _Noreturn void damaged(void) { _exit(1); }

static hid_t valid(hid_t id) {
  if (id < 0) damaged();
  return id;
}

static void put(Walk *walk, const void *bytes, size_t count) {
  if (count > walk->room) refuse(walk, "its names, attributes and texts are too large to read");
  walk->room -= count;
  append(walk, bytes, count);
}

static void put8(Walk *walk, uint8_t value) { put(walk, &value, 1); }
static void put32(Walk *walk, uint32_t value) { put(walk, &value, 4); }
static void put64(Walk *walk, uint64_t value) { put(walk, &value, 8); }

static void put_text(Walk *walk, const char *text, size_t length) {
  put32(walk, (uint32_t)length);
  put(walk, text, length);
}

// Types and spaces

static hid_t float16(size_t exponent, size_t mantissa, size_t bias) {
  hid_t type = valid(h5.Tcopy(*h5.T_IEEE_F32LE_g));
  if (h5.Tset_fields(type, 15, mantissa, exponent, 0, mantissa) < 0 || h5.Tset_size(type, 2) < 0 ||
      h5.Tset_ebias(type, bias) < 0)
    damaged();
  return type;
}

static uint8_t float_type(hid_t type) {
  if (h5.Tequal(type, *h5.T_IEEE_F32LE_g) > 0) return ZOO_FLOAT32;
  if (h5.Tequal(type, *h5.T_IEEE_F64LE_g) > 0) return ZOO_FLOAT64;
  if (h5.Tequal(type, float16(5, 10, 15)) > 0) return ZOO_FLOAT16;
  if (h5.Tequal(type, float16(8, 7, 127)) > 0) return ZOO_BFLOAT16;
  return h5.Tget_order(type) == H5T_ORDER_BE ? ZOO_BIG_ENDIAN : ZOO_OTHER;
}

static uint8_t integer_type(hid_t type) {
  const hid_t exact[] = {
      *h5.T_STD_I64LE_g, *h5.T_STD_I32LE_g, *h5.T_STD_I16LE_g, *h5.T_STD_I8LE_g,
      *h5.T_STD_U64LE_g, *h5.T_STD_U32LE_g, *h5.T_STD_U16LE_g, *h5.T_STD_U8LE_g,
  };
  const uint8_t codes[] = {
      ZOO_INT64, ZOO_INT32, ZOO_INT16, ZOO_INT8, ZOO_UINT64, ZOO_UINT32, ZOO_UINT16, ZOO_UINT8,
  };
  for (size_t i = 0; i < sizeof codes; i++)
    if (h5.Tequal(type, exact[i]) > 0) return codes[i];
  return h5.Tget_order(type) == H5T_ORDER_BE && h5.Tget_size(type) > 1 ? ZOO_BIG_ENDIAN : ZOO_OTHER;
}

static uint8_t type_code(hid_t type) {
  switch (h5.Tget_class(type)) {
    case H5T_FLOAT: return float_type(type);
    case H5T_INTEGER: return integer_type(type);
    case H5T_STRING: return ZOO_TEXT;
    case H5T_OPAQUE: return h5.Tget_size(type) == 2 ? ZOO_OPAQUE16 : ZOO_OTHER;
    case H5T_ENUM:  // h5py's bool
      return h5.Tget_nmembers(type) == 2 &&
                     h5.Tequal(valid(h5.Tget_super(type)), *h5.T_STD_I8LE_g) > 0
                 ? ZOO_BOOL : ZOO_OTHER;
    case H5T_NO_CLASS: damaged();
    default: return ZOO_OTHER;
  }
}

/// Writes rank and sizes and returns the number of elements; a null space is an empty list.
static uint64_t put_space(Walk *walk, hid_t space) {
  hsize_t sizes[H5S_MAX_RANK] = {0};
  int rank = 1;
  if (h5.Sget_simple_extent_type(space) != H5S_NULL) {
    rank = h5.Sget_simple_extent_ndims(space);
    if (rank < 0 || rank > H5S_MAX_RANK) damaged();
    if (h5.Sget_simple_extent_dims(space, sizes, NULL) < 0) damaged();
  }
  uint64_t count = 1;
  put8(walk, (uint8_t)rank);
  for (int axis = 0; axis < rank; axis++) {
    put64(walk, sizes[axis]);
    if (__builtin_mul_overflow(count, sizes[axis], &count))
      refuse(walk, "%s declares more elements than can be addressed", walk->path);
  }
  return count;
}

// Content

typedef struct Source {
  hid_t id;
  bool attribute;
} Source;

static void fetch(Source source, hid_t type, void *values) {
  herr_t failed = source.attribute
                      ? h5.Aread(source.id, type, values)
                      : h5.Dread(source.id, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values);
  if (failed < 0) damaged();
}

static void *memory(Walk *walk, uint64_t count, uint64_t size) {
  uint64_t bytes;
  if (__builtin_mul_overflow(count, size, &bytes) || bytes > walk->room)
    refuse(walk, "%s is too large to read", walk->path);
  void *memory = calloc(bytes ? bytes : 1, 1);
  if (!memory) refuse(walk, "%s is too large to read", walk->path);
  return memory;
}

static void put_strings(Walk *walk, Source source, hid_t type, uint64_t count) {
  if (count == 0) return;
  if (h5.Tis_variable_str(type) > 0) {
    char **texts = memory(walk, count, sizeof(char *));
    hid_t in_memory = valid(h5.Tcopy(*h5.T_C_S1_g));
    if (h5.Tset_size(in_memory, H5T_VARIABLE) < 0 ||
        h5.Tset_cset(in_memory, h5.Tget_cset(type)) < 0)
      damaged();
    fetch(source, in_memory, texts);
    for (uint64_t i = 0; i < count; i++) {
      put_text(walk, texts[i] ? texts[i] : "", texts[i] ? strlen(texts[i]) : 0);
      h5.free_memory(texts[i]);
    }
    free(texts);
    return;
  }
  size_t size = h5.Tget_size(type);
  if (size == 0) damaged();
  H5T_str_t padding = h5.Tget_strpad(type);
  char *texts = memory(walk, count, size);
  fetch(source, type, texts);
  for (uint64_t i = 0; i < count; i++) {
    const char *text = texts + i * size;
    size_t length = padding == H5T_STR_NULLTERM ? strnlen(text, size) : size;
    char pad = padding == H5T_STR_SPACEPAD ? ' ' : '\0';
    while (length > 0 && text[length - 1] == pad) length--;
    put_text(walk, text, length);
  }
  free(texts);
}

static void put_values(Walk *walk, Source source, hid_t type, uint64_t count) {
  size_t size = h5.Tget_size(type);
  void *values = memory(walk, count, size);
  if (count > 0) fetch(source, type, values);
  put64(walk, count * size);
  put(walk, values, count * size);
  free(values);
}

static herr_t put_attribute(hid_t owner, const char *name, const H5A_info_t *info, void *context) {
  (void)info;
  Walk *walk = context;
  hid_t attribute = valid(h5.Aopen(owner, name, H5P_DEFAULT));
  hid_t type = valid(h5.Aget_type(attribute));
  hid_t space = valid(h5.Aget_space(attribute));
  uint8_t code = type_code(type);
  put(walk, "A", 1);
  put_text(walk, name, strlen(name));
  put8(walk, code);
  uint64_t count = put_space(walk, space);
  Source source = {attribute, true};
  if (code == ZOO_TEXT) {
    put_strings(walk, source, type, count);
  } else if (code < ZOO_TEXT) {
    put_values(walk, source, type, count);
  }
  h5.Sclose(space);
  h5.Tclose(type);
  h5.Aclose(attribute);
  return 0;
}

static void put_attributes(Walk *walk, hid_t owner) {
  hsize_t next = 0;
  if (h5.Aiterate2(owner, H5_INDEX_NAME, H5_ITER_INC, &next, put_attribute, walk) < 0) damaged();
}

static void put_chunks(Walk *walk, hid_t dataset, hid_t creation, hid_t space, size_t size) {
  hsize_t sizes[H5S_MAX_RANK], start[H5S_MAX_RANK], count = 0;
  int rank = h5.Sget_simple_extent_ndims(space);
  if (rank < 1 || h5.Pget_chunk(creation, H5S_MAX_RANK, sizes) != rank) damaged();
  for (int axis = 0; axis < rank; axis++) put64(walk, sizes[axis]);

  int filters = h5.Pget_nfilters(creation);
  if (filters < 0 || filters > 8) damaged();
  put8(walk, (uint8_t)filters);
  for (int i = 0; i < filters; i++) {
    unsigned flags, parameters[8] = {0};
    size_t parameter_count = 8;
    H5Z_filter_t filter = h5.Pget_filter2(
        creation, (unsigned)i, &flags, &parameter_count, parameters, 0, NULL, NULL);
    put8(walk, (uint8_t)filter);
    if (filter == H5Z_FILTER_SHUFFLE && (parameter_count < 1 || parameters[0] != size))
      refuse(walk, "%s is shuffled for elements of another size", walk->path);
  }

  if (h5.Dget_num_chunks(dataset, space, &count) < 0) damaged();
  if (count > MAX_CHUNKS)
    refuse(walk, "%s is cut into %llu chunks, at most %d can be read", walk->path,
           (unsigned long long)count, MAX_CHUNKS);
  put64(walk, count);
  for (hsize_t i = 0; i < count; i++) {
    unsigned mask = 0;
    haddr_t address = HADDR_UNDEF;
    hsize_t stored = 0;
    if (h5.Dget_chunk_info(dataset, space, i, start, &mask, &address, &stored) < 0) damaged();
    for (int axis = 0; axis < rank; axis++) put64(walk, start[axis]);
    put64(walk, address);
    put64(walk, stored);
    put32(walk, mask);
  }
}

/// Rejects everything that could open another file before the space is requested, because an
/// unlimited virtual data set opens its sources in that call.
static void check_creation(Walk *walk, hid_t creation) {
  int external = h5.Pget_external_count(creation);
  if (external < 0) damaged();
  if (external > 0) refuse(walk, "%s keeps its numbers in another file", walk->path);
  H5D_layout_t layout = h5.Pget_layout(creation);
  if (layout == H5D_VIRTUAL) refuse(walk, "%s is a virtual data set", walk->path);
  if (layout != H5D_CONTIGUOUS && layout != H5D_CHUNKED && layout != H5D_COMPACT) damaged();
  int filters = h5.Pget_nfilters(creation);
  if (filters < 0) damaged();
  for (int i = 0; i < filters; i++) {
    unsigned flags;
    size_t none = 0;
    H5Z_filter_t filter =
        h5.Pget_filter2(creation, (unsigned)i, &flags, &none, NULL, 0, NULL, NULL);
    if (filter < 0) damaged();
    if (filter != H5Z_FILTER_DEFLATE && filter != H5Z_FILTER_SHUFFLE &&
        filter != H5Z_FILTER_FLETCHER32)
      refuse(walk, "%s is packed by filter %d; only deflate, shuffle and fletcher32 are read",
             walk->path, (int)filter);
  }
}

static void put_dataset(Walk *walk, hid_t parent, const char *name) {
  hid_t dataset = valid(h5.Dopen2(parent, name, H5P_DEFAULT));
  hid_t creation = valid(h5.Dget_create_plist(dataset));
  check_creation(walk, creation);
  hid_t type = valid(h5.Dget_type(dataset));
  hid_t space = valid(h5.Dget_space(dataset));
  size_t size = h5.Tget_size(type);
  uint8_t code = type_code(type);
  put(walk, "D", 1);
  put_text(walk, walk->path, walk->length);
  put8(walk, code);
  put64(walk, size);
  uint64_t count = put_space(walk, space);
  Source source = {dataset, false};
  if (code == ZOO_TEXT) {
    put_strings(walk, source, type, count);
  } else if (code < ZOO_TEXT) {
    switch (h5.Pget_layout(creation)) {
      case H5D_CONTIGUOUS:
        put8(walk, ZOO_CONTIGUOUS);
        put64(walk, h5.Dget_offset(dataset));
        put64(walk, h5.Dget_storage_size(dataset));
        break;
      case H5D_CHUNKED:
        put8(walk, ZOO_CHUNKED);
        put_chunks(walk, dataset, creation, space, size);
        break;
      default:
        put8(walk, ZOO_COMPACT);
        put_values(walk, source, type, count);
    }
  }
  put_attributes(walk, dataset);
  h5.Sclose(space);
  h5.Tclose(type);
  h5.Pclose(creation);
  h5.Dclose(dataset);
}

// The walk

static void put_group(Walk *walk, hid_t group);

static herr_t put_link(hid_t parent, const char *name, const H5L_info_t *link, void *context) {
  Walk *walk = context;
  size_t before = walk->length, length = strlen(name);
  if (length == 0 || strchr(name, '/') || strcmp(name, ".") == 0)
    refuse(walk, "it has a link of the name “%s”", name);
  if (before + 1 + length >= MAX_PATH) refuse(walk, "%s has a name too long to read", walk->path);
  walk->path[before] = '/';
  memcpy(walk->path + before + 1, name, length + 1);
  walk->length = before + 1 + length;

  if (link->type == H5L_TYPE_SOFT) refuse(walk, "%s is a soft link; only real objects are read", walk->path);
  if (link->type != H5L_TYPE_HARD) refuse(walk, "%s is a link out of the file", walk->path);
  if (++walk->objects > MAX_OBJECTS) refuse(walk, "it has more than %d objects", MAX_OBJECTS);

  H5O_info_t info;
  if (h5.Oget_info_by_name2(parent, name, &info, H5O_INFO_BASIC, H5P_DEFAULT) < 0) damaged();
  if (info.type == H5O_TYPE_GROUP) {
    if (walk->depth == MAX_DEPTH)
      refuse(walk, "%s is nested more than %d groups deep", walk->path, MAX_DEPTH);
    for (int i = 0; i < walk->depth; i++)
      if (walk->ancestors[i] == info.addr) refuse(walk, "%s links back to itself", walk->path);
    walk->ancestors[walk->depth++] = info.addr;
    hid_t group = valid(h5.Gopen2(parent, name, H5P_DEFAULT));
    put_group(walk, group);
    h5.Gclose(group);
    walk->depth--;
  } else if (info.type == H5O_TYPE_DATASET) {
    put_dataset(walk, parent, name);
  }
  walk->length = before;
  walk->path[before] = '\0';
  return 0;
}

static void put_group(Walk *walk, hid_t group) {
  put(walk, "G", 1);
  put_text(walk, walk->path, walk->length);
  put_attributes(walk, group);
  unsigned order = 0;
  hid_t creation = valid(h5.Gget_create_plist(group));
  if (h5.Pget_link_creation_order(creation, &order) < 0) damaged();
  h5.Pclose(creation);
  H5_index_t by = order & H5P_CRT_ORDER_TRACKED ? H5_INDEX_CRT_ORDER : H5_INDEX_NAME;
  hsize_t next = 0;
  if (h5.Literate(group, by, H5_ITER_INC, &next, put_link, walk) < 0) damaged();
}

_Noreturn void zoo_hdf5_walk(const char *path, int sink, uint64_t room) {
  static Walk walk;
  walk.sink = sink;
  walk.room = room;
  // No plugin code, no other files.
  if (h5.PLset_loading_state(0) < 0 || h5.Lunregister(H5L_TYPE_EXTERNAL) < 0) damaged();
  // Reading needs no locks, which some file systems lack.
  hid_t access = valid(h5.Pcreate(*h5.P_CLS_FILE_ACCESS_ID_g));
  if (h5.Pset_file_locking(access, false, true) < 0) damaged();
  hid_t file = valid(h5.Fopen(path, H5F_ACC_RDONLY, access));
  hid_t root = valid(h5.Gopen2(file, "/", H5P_DEFAULT));
  H5O_info_t info;
  if (h5.Oget_info2(root, &info, H5O_INFO_BASIC) < 0) damaged();
  walk.ancestors[walk.depth++] = info.addr;
  put_group(&walk, root);
  append(&walk, "E", 1);
  drain(&walk);
  _exit(0);
}
