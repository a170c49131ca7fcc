// Queries to the processor and the loader that Swift cannot make.
#ifndef ZOO_CPU_H
#define ZOO_CPU_H

/// Whether the processor has AVX-512 F, CD, BW, DQ and VL and the system saves its registers.
int zoo_cpu_has_avx512(void);

/// The number of processors this process may run on; at least 1.
int zoo_cpu_count(void);

/// Chooses OpenBLAS' kernels before it is loaded, and says why.
const char *zoo_blas_core(void);

/// Under a limit on address space, lets OpenBLAS take a buffer for each thread now: where it gets none
/// at a product, it tries again forever.
void zoo_blas_take_buffers(void *library, int threads);

/// The file of the shared library that contains an address; null if there is none.
const char *zoo_library_path(const void *address);

#endif
