// A matrix product in registers, shared by the convolution kernels.
#ifndef ZOO_PRODUCT_H
#define ZOO_PRODUCT_H

#include <immintrin.h>
#include <stdint.h>

#define VECTORS __attribute__((target("avx512f")))
#define INLINE VECTORS static inline __attribute__((always_inline))

/// Fully unrolled, so that sums stay in registers.
#define EACH _Pragma("clang loop unroll(full)")

enum { lanes = 16 };

typedef __m512 vector;

/// The epilogue of sums before they are stored; null means none.
typedef struct {
  /// For the current outputs.
  const float *bias;
  /// Added to the sums; has the target's layout.
  const float *shortcut;
  float slope;
} finish;

/// Keeps NaN.
INLINE vector rectified(vector value, float slope) {
  const vector zero = _mm512_setzero_ps();
  if (slope == 1) return value;
  if (slope == 0) return _mm512_max_ps(zero, value);
  const __mmask16 negative = _mm512_cmp_ps_mask(value, zero, _CMP_LT_OQ);
  return _mm512_mask_mul_ps(value, negative, value, _mm512_set1_ps(slope));
}

/// `rows` rows of sums over all inputs, each `vectors` registers wide. `a` has a vector of inputs
/// for every row, `blocks_apart` floats from one block of sixteen to the next. In `c`, rows are
/// `rows_apart` and registers `outputs_apart` from one another. The memory at `soon` and `sooner`
/// is prefetched meanwhile, a line per input.
INLINE void multiply(
    const int rows, const int vectors, const float *a, int64_t blocks_apart, const float *b,
    int64_t inputs, float *c, int64_t outputs_apart, int64_t rows_apart, const float *soon,
    const float *sooner, const int finishes, const finish *end) {
  vector sums[12][4];
  EACH for (int r = 0; r < rows; r++)
    EACH for (int v = 0; v < vectors; v++)
      sums[r][v] = finishes ? _mm512_loadu_ps(end->bias + v * lanes) : _mm512_setzero_ps();
  for (int64_t block = 0; block < inputs; block += lanes, a += blocks_apart) {
    for (int input = 0; input < lanes; input++) {
      _mm_prefetch((const char *)soon, _MM_HINT_T1);
      _mm_prefetch((const char *)sooner, _MM_HINT_T1);
      vector factors[4];
      EACH for (int v = 0; v < vectors; v++) factors[v] = _mm512_load_ps(b + v * lanes);
      EACH for (int r = 0; r < rows; r++) {
        const vector value = _mm512_set1_ps(a[r * lanes + input]);
        EACH for (int v = 0; v < vectors; v++)
          sums[r][v] = _mm512_fmadd_ps(value, factors[v], sums[r][v]);
      }
      b += vectors * lanes, soon += vectors * lanes, sooner += vectors * lanes;
    }
  }
  if (finishes && end->shortcut) {
    EACH for (int r = 0; r < rows; r++)
      EACH for (int v = 0; v < vectors; v++)
        sums[r][v] = _mm512_add_ps(
            sums[r][v], _mm512_loadu_ps(end->shortcut + v * outputs_apart + r * rows_apart));
  }
  EACH for (int r = 0; r < rows; r++)
    EACH for (int v = 0; v < vectors; v++)
      _mm512_storeu_ps(
          c + v * outputs_apart + r * rows_apart,
          finishes ? rectified(sums[r][v], end->slope) : sums[r][v]);
}

typedef void (*product)(
    const float *a, int64_t blocks_apart, const float *b, int64_t inputs, float *c,
    int64_t outputs_apart, int64_t rows_apart, const float *soon, const float *sooner,
    const finish *end);

#define PRODUCT(rows, vectors, finishes)                                                        \
  VECTORS static void multiply_##rows##_##vectors##_##finishes(                                 \
      const float *a, int64_t blocks_apart, const float *b, int64_t inputs, float *c,           \
      int64_t outputs_apart, int64_t rows_apart, const float *soon, const float *sooner,        \
      const finish *end) {                                                                      \
    multiply(                                                                                   \
        rows, vectors, a, blocks_apart, b, inputs, c, outputs_apart, rows_apart, soon, sooner,  \
        finishes, end);                                                                         \
  }
#define PRODUCTS_6(vectors, finishes)                                                           \
  PRODUCT(1, vectors, finishes)                                                                 \
  PRODUCT(2, vectors, finishes)                                                                 \
  PRODUCT(3, vectors, finishes)                                                                 \
  PRODUCT(4, vectors, finishes)                                                                 \
  PRODUCT(5, vectors, finishes)                                                                 \
  PRODUCT(6, vectors, finishes)
#define PRODUCTS_12(vectors, finishes)                                                          \
  PRODUCTS_6(vectors, finishes)                                                                 \
  PRODUCT(7, vectors, finishes)                                                                 \
  PRODUCT(8, vectors, finishes)                                                                 \
  PRODUCT(9, vectors, finishes)                                                                 \
  PRODUCT(10, vectors, finishes)                                                                \
  PRODUCT(11, vectors, finishes)                                                                \
  PRODUCT(12, vectors, finishes)
#define ROW_6(vectors, finishes)                                                                \
  multiply_1_##vectors##_##finishes, multiply_2_##vectors##_##finishes,                         \
      multiply_3_##vectors##_##finishes, multiply_4_##vectors##_##finishes,                     \
      multiply_5_##vectors##_##finishes, multiply_6_##vectors##_##finishes
#define ROW_12(vectors, finishes)                                                               \
  ROW_6(vectors, finishes), multiply_7_##vectors##_##finishes,                                  \
      multiply_8_##vectors##_##finishes, multiply_9_##vectors##_##finishes,                     \
      multiply_10_##vectors##_##finishes, multiply_11_##vectors##_##finishes,                   \
      multiply_12_##vectors##_##finishes

/// The products of 1, 2 … rows by 1, 2 and 4 vectors, as many as fit the registers.
#define PRODUCT_TABLE(name, finishes)                                                           \
  PRODUCTS_12(1, finishes) PRODUCTS_12(2, finishes) PRODUCTS_6(4, finishes)                     \
  static const product name[3][12] = {                                                          \
      {ROW_12(1, finishes)}, {ROW_12(2, finishes)}, {ROW_6(4, finishes)}};

/// The number of vectors of outputs that are multiplied together: as many as fill the registers.
static inline int64_t vectors_at_once(int64_t outputs) {
  return outputs % (4 * lanes) == 0 ? 4 : outputs % (2 * lanes) == 0 ? 2 : 1;
}
/// The matching number of rows.
static inline int64_t rows_at_once(int64_t vectors) { return vectors == 4 ? 6 : 12; }

#endif
