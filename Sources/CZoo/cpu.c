#define _GNU_SOURCE
#include "zoo_cpu.h"

#include <dlfcn.h>
#include <sched.h>
#include <unistd.h>

#if defined(__x86_64__)
#include <cpuid.h>

int zoo_cpu_has_avx512(void) {
  const unsigned osxsave = 1u << 27;
  // Leaf 7: F is bit 16, DQ 17, CD 28, BW 30, VL 31.
  const unsigned wanted = 1u << 16 | 1u << 17 | 1u << 28 | 1u << 30 | 1u << 31;
  // The SSE, AVX, mask and upper 512-bit state that the system must save.
  const unsigned saved = 0xE6;
  unsigned a, b, c, d;
  if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & osxsave)) return 0;
  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || (b & wanted) != wanted) return 0;
  unsigned low, high;
  __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return (low & saved) == saved;
}
#else
int zoo_cpu_has_avx512(void) { return 0; }
#endif

int zoo_cpu_count(void) {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) return CPU_COUNT(&set);
  long online = sysconf(_SC_NPROCESSORS_ONLN);
  return online > 0 ? (int)online : 1;
}

const char *zoo_library_path(const void *address) {
  Dl_info info;
  return dladdr(address, &info) ? info.dli_fname : NULL;
}
