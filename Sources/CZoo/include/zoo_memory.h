// Settings of the C library's allocator that its module does not expose to Swift.
#ifndef ZOO_MEMORY_H
#define ZOO_MEMORY_H

#include <stddef.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

/// Makes blocks of at least this size return to the system when they are freed.
static inline int zoo_give_back_from(size_t bytes) {
#ifdef __GLIBC__
  return mallopt(M_MMAP_THRESHOLD, (int)bytes);
#else
  return bytes > 0;
#endif
}

#endif
