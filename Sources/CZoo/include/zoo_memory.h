// What the system's library for memory can be told, and its module does not show to Swift.
#ifndef ZOO_MEMORY_H
#define ZOO_MEMORY_H

#include <stddef.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

/// Blocks from so many bytes on go back to the system when they are freed.
static inline int zoo_give_back_from(size_t bytes) {
#ifdef __GLIBC__
  return mallopt(M_MMAP_THRESHOLD, (int)bytes);
#else
  return bytes > 0;
#endif
}

#endif
