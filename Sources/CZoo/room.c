// Asks for address space before it is needed. It is C because the limits have names of enumerations
// that differ between C libraries, and because a trial must not allocate.
//
// Much code beside ours cannot bear a failed allocation: OpenBLAS tries again forever, libdispatch
// waits forever for a thread that cannot start, and Swift's own containers end the process.
#define _GNU_SOURCE
#include "zoo_room.h"
#include "zoo_cpu.h"

#include <pthread.h>
#include <sys/mman.h>
#include <sys/resource.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

enum { MEGABYTE = 1 << 20, STACK = 1 << 20 };

size_t zoo_room_limit(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return 0;
  return limit.rlim_cur;
}

int zoo_has_room(size_t bytes) {
  if (zoo_room_limit() == 0) return 1;
  // libdispatch and OpenMP each have a thread for every processor.
  size_t reserve = (size_t)(16 + 2 * zoo_cpu_count()) * MEGABYTE, wanted;
  if (__builtin_add_overflow(bytes, reserve, &wanted)) return 0;
  void *trial = mmap(NULL, wanted, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (trial == MAP_FAILED) return 0;
  munmap(trial, wanted);
  return 1;
}

void zoo_room_save(void) {
#ifdef __GLIBC__
  if (zoo_room_limit() == 0) return;
  mallopt(M_ARENA_MAX, 1);
  pthread_attr_t less;
  if (pthread_attr_init(&less) != 0) return;
  if (pthread_attr_setstacksize(&less, STACK) == 0) pthread_setattr_default_np(&less);
  pthread_attr_destroy(&less);
#endif
}
