// HDF5 without trust: reading by a child process that may crash, writing into memory.
#ifndef ZOO_HDF5_H
#define ZOO_HDF5_H

#include <stddef.h>
#include <stdint.h>

/// What an element is, in the index and for the writer.
enum {
  ZOO_FLOAT64 = 1, ZOO_FLOAT32, ZOO_FLOAT16, ZOO_BFLOAT16,
  ZOO_INT64, ZOO_INT32, ZOO_INT16, ZOO_INT8, ZOO_UINT8, ZOO_BOOL,
  ZOO_UINT64, ZOO_UINT32, ZOO_UINT16, ZOO_OPAQUE16,
  ZOO_TEXT, ZOO_BIG_ENDIAN, ZOO_OTHER,
};

enum { ZOO_CONTIGUOUS = 1, ZOO_CHUNKED, ZOO_COMPACT };
enum { ZOO_DEFLATE = 1, ZOO_SHUFFLE = 2, ZOO_FLETCHER32 = 3 };

/// How the child ended.
enum ZooIndexing {
  ZOO_INDEXED,
  /// The child refused the file; the index ends with its reason.
  ZOO_REFUSED,
  /// libhdf5 crashed, gave up, ran out of memory or of time.
  ZOO_DAMAGED,
  /// Someone else ended the child.
  ZOO_INTERRUPTED,
  /// There is no child: the system gave no process, pipe, memory or time.
  ZOO_NO_CHILD,
  /// libhdf5 is not installed, or of another version than the headers.
  ZOO_NO_HDF5,
};

/// Lets a short-lived child with little memory and time walk the open file with libhdf5 and gives
/// what it wrote: the layout is in hdf5_walk.c. The caller frees `index`.
enum ZooIndexing zoo_hdf5_index(
    int file, uint64_t file_size, unsigned char **index, size_t *count);

/// One thread at a time inside libhdf5: a fork while another holds its lock would leave the child
/// waiting for ever.
void zoo_hdf5_lock(void);
void zoo_hdf5_unlock(void);

/// The libhdf5 that this process loads, or null where there is none of the headers' version.
const char *zoo_hdf5_library_name(void);

/// An HDF5 file in memory, in which the numbers of contiguous data sets have their place but take
/// no room: its owner writes them to the same offsets of the real file. Between the two locks
/// only. Each call gives 0, or −1 after which only `zoo_hdf5_end` makes sense.
typedef struct ZooHDF5Image ZooHDF5Image;

ZooHDF5Image *zoo_hdf5_begin(void);
int zoo_hdf5_group(ZooHDF5Image *image, const char *path);
/// `text_size` is the length of each string where the type is text. With `chunk`, shuffled,
/// deflated and written from `values`; with `values` alone, written; with neither, only placed.
int zoo_hdf5_dataset(
    ZooHDF5Image *image, const char *path, int type, size_t text_size, int rank,
    const uint64_t *sizes, const uint64_t *chunk, const void *values, uint64_t *offset);
/// A scalar where `rank` is 0, else a list of `count`.
int zoo_hdf5_attribute(
    ZooHDF5Image *image, const char *path, const char *name, int type, size_t text_size, int rank,
    uint64_t count, const void *values);
/// Completes the image; then `zoo_hdf5_page` gives its pages, null where nothing was written.
int zoo_hdf5_complete(ZooHDF5Image *image, uint64_t *size, size_t *page_size);
const void *zoo_hdf5_page(const ZooHDF5Image *image, size_t page);
void zoo_hdf5_end(ZooHDF5Image *image);

#endif
