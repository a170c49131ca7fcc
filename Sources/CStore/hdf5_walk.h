#ifndef HDF5_WALK_H
#define HDF5_WALK_H

#include <stdint.h>

/// Walks the file at `path` and writes its index, at most `room` bytes, to `sink`. Ends the
/// process. The library must be loaded.
_Noreturn void zoo_hdf5_walk(const char *path, int sink, uint64_t room);

#endif
