// Untrusted HDF5: read by a child process that may crash; written into memory.
#ifndef ZOO_HDF5_H
#define ZOO_HDF5_H

#include <stddef.h>
#include <stdint.h>

/// Element types, in the index and for the writer.
enum {
  ZOO_FLOAT64 = 1, ZOO_FLOAT32, ZOO_FLOAT16, ZOO_BFLOAT16,
  ZOO_INT64, ZOO_INT32, ZOO_INT16, ZOO_INT8, ZOO_UINT8, ZOO_BOOL,
  ZOO_UINT64, ZOO_UINT32, ZOO_UINT16, ZOO_OPAQUE16,
  ZOO_TEXT, ZOO_BIG_ENDIAN, ZOO_OTHER,
};

enum { ZOO_CONTIGUOUS = 1, ZOO_CHUNKED, ZOO_COMPACT };
enum { ZOO_DEFLATE = 1, ZOO_SHUFFLE = 2, ZOO_FLETCHER32 = 3 };

/// The outcome of the child.
enum ZooIndexing {
  ZOO_INDEXED,
  /// The child rejected the file; the index ends with its reason.
  ZOO_REFUSED,
  /// libhdf5 crashed, reported an error, or exceeded memory or time.
  ZOO_DAMAGED,
  /// Another process killed the child.
  ZOO_INTERRUPTED,
  /// The child could not run: no process, pipe, memory or time.
  ZOO_NO_CHILD,
  /// libhdf5 is not installed, or not in the headers' version.
  ZOO_NO_HDF5,
};

/// Runs a short-lived child with limited memory and time, which walks the open file with libhdf5,
/// and returns its output; hdf5_walk.c describes the format. The caller frees `index`.
enum ZooIndexing zoo_hdf5_index(
    int file, uint64_t file_size, unsigned char **index, size_t *count);

/// Allows one thread at a time inside libhdf5: a fork while another thread holds its lock would
/// leave the child waiting for ever.
void zoo_hdf5_lock(void);
void zoo_hdf5_unlock(void);

/// The libhdf5 that this process loads; null if there is none of the headers' version.
const char *zoo_hdf5_library_name(void);

/// An HDF5 file in memory, in which the numbers of contiguous data sets have offsets but take no
/// memory; the caller writes them to the same offsets of the real file. Use only between the two
/// locks. Each call returns 0, or −1, after which only `zoo_hdf5_end` may be called.
typedef struct ZooHDF5Image ZooHDF5Image;

ZooHDF5Image *zoo_hdf5_begin(void);
int zoo_hdf5_group(ZooHDF5Image *image, const char *path);
/// `text_size` is the length of each string if the type is text. With `chunk`, the values are
/// shuffled, deflated and written; with `values` alone, written; with neither, only space is
/// allocated.
int zoo_hdf5_dataset(
    ZooHDF5Image *image, const char *path, int type, size_t text_size, int rank,
    const uint64_t *sizes, const uint64_t *chunk, const void *values, uint64_t *offset);
/// A scalar if `rank` is 0, else a list of `count`.
int zoo_hdf5_attribute(
    ZooHDF5Image *image, const char *path, const char *name, int type, size_t text_size, int rank,
    uint64_t count, const void *values);
/// Completes the image. Then `zoo_hdf5_page` returns its pages, null for those never written.
int zoo_hdf5_complete(ZooHDF5Image *image, uint64_t *size, size_t *page_size);
const void *zoo_hdf5_page(const ZooHDF5Image *image, size_t page);
void zoo_hdf5_end(ZooHDF5Image *image);

#endif
