// What OpenBLAS needs before it is used. It is C because it calls functions that dlsym finds, and is
// done before Swift may allocate.
#include "zoo_cpu.h"
#include "zoo_room.h"

#include <dlfcn.h>
#include <stdlib.h>

// An OpenBLAS older than the processor does not know it and falls back to AVX2 kernels; on a Zen 5
// the AVX-512 kernels of Skylake-X are twice as fast.
const char *zoo_blas_core(void) {
  int has_avx512 = zoo_cpu_has_avx512();
  if (getenv("OPENBLAS_CORETYPE"))
    return has_avx512
               ? "the environment sets OPENBLAS_CORETYPE, although the processor has AVX-512"
               : "the environment sets OPENBLAS_CORETYPE";
  if (!has_avx512) return "no AVX-512 on this machine; OpenBLAS chose its kernels";
  setenv("OPENBLAS_CORETYPE", "SKYLAKEX", 0);
  return "the processor has AVX-512 F, CD, BW, DQ and VL";
}

void zoo_blas_take_buffers(void *library, int threads) {
  if (zoo_room_limit() == 0 || threads > 256) return;
  void *(*take)(int) = dlsym(library, "blas_memory_alloc");
  void (*give)(void *) = dlsym(library, "blas_memory_free");
  if (!take || !give) return;
  void *buffers[256];
  for (int i = 0; i < threads; i++) buffers[i] = take(0);
  for (int i = 0; i < threads; i++) give(buffers[i]);
}
