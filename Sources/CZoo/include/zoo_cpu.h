// What the processor and the loader say, where Swift has no words to ask them.
#ifndef ZOO_CPU_H
#define ZOO_CPU_H

/// The processor has AVX-512 F, CD, BW, DQ and VL and the system saves its registers.
int zoo_cpu_has_avx512(void);

/// How many processors this process may run on; at least 1.
int zoo_cpu_count(void);

/// The file of the shared library that holds an address; null where none does.
const char *zoo_library_path(const void *address);

#endif
