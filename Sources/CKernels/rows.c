// Products of one vector with many rows in bfloat16: the first pass of an exact search, which is as
// fast as memory.
#include "CKernels.h"

#include <string.h>

typedef float floats __attribute__((vector_size(64)));
typedef uint32_t words __attribute__((vector_size(64)));
typedef uint16_t halves __attribute__((vector_size(32)));

enum { lanes = 16, rows_at_once = 4 };

/// A bfloat16 is the upper half of a float.
#define DOTS(name, attribute)                                                                   \
  attribute static void name(                                                                   \
      const uint16_t *rows, int64_t count, int64_t width, const float *query, float *dots) {    \
    for (int64_t row = 0; row < count; row += rows_at_once) {                                   \
      floats sums[rows_at_once] = {0};                                                          \
      const uint16_t *starts[rows_at_once];                                                     \
      for (int r = 0; r < rows_at_once; r++)                                                    \
        starts[r] = rows + (row + r < count ? row + r : count - 1) * width;                     \
      for (int64_t i = 0; i < width; i += lanes) {                                              \
        floats factors;                                                                         \
        memcpy(&factors, query + i, sizeof factors);                                            \
        _Pragma("clang loop unroll(full)") for (int r = 0; r < rows_at_once; r++) {             \
          halves stored;                                                                        \
          memcpy(&stored, starts[r] + i, sizeof stored);                                        \
          sums[r] += factors * (floats)(__builtin_convertvector(stored, words) << 16);          \
        }                                                                                       \
      }                                                                                         \
      for (int r = 0; r < rows_at_once && row + r < count; r++) {                               \
        float sum = 0;                                                                          \
        for (int lane = 0; lane < lanes; lane++) sum += sums[r][lane];                          \
        dots[row + r] = sum;                                                                    \
      }                                                                                         \
    }                                                                                           \
  }

DOTS(plain, )
#if defined(__x86_64__)
DOTS(dots256, __attribute__((target("avx2,fma"))))
DOTS(dots512, __attribute__((target("avx512f"))))
#endif

void zoo_bfloat16_dots(
    const uint16_t *rows, int64_t count, int64_t width, const float *query, float *dots) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f")) return dots512(rows, count, width, query, dots);
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    return dots256(rows, count, width, query, dots);
#endif
  plain(rows, count, width, query, dots);
}
