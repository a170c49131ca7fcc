// The peak performance of one thread of this machine, as reference for a profile.
#include "CKernels.h"

#if defined(__x86_64__)
#include <immintrin.h>

enum { lanes512 = 16, lanes256 = 8, chains = 12 };

__attribute__((target("avx512f"))) static uint64_t arithmetic512(uint64_t rounds, float *sum) {
  __m512 x[chains];
  for (int i = 0; i < chains; i++) x[i] = _mm512_set1_ps(0.001f * (float)i);
  const __m512 a = _mm512_set1_ps(0.999f), b = _mm512_set1_ps(0.0001f);
  for (uint64_t round = 0; round < rounds; round++) {
#pragma clang loop unroll(full)
    for (int i = 0; i < chains; i++) x[i] = _mm512_fmadd_ps(x[i], a, b);
  }
  for (int i = 1; i < chains; i++) x[0] = _mm512_add_ps(x[0], x[i]);
  *sum = _mm512_reduce_add_ps(x[0]);
  return rounds * chains * lanes512 * 2;
}

__attribute__((target("avx2,fma"))) static uint64_t arithmetic256(uint64_t rounds, float *sum) {
  __m256 x[chains];
  for (int i = 0; i < chains; i++) x[i] = _mm256_set1_ps(0.001f * (float)i);
  const __m256 a = _mm256_set1_ps(0.999f), b = _mm256_set1_ps(0.0001f);
  for (uint64_t round = 0; round < rounds; round++) {
#pragma clang loop unroll(full)
    for (int i = 0; i < chains; i++) x[i] = _mm256_fmadd_ps(x[i], a, b);
  }
  for (int i = 1; i < chains; i++) x[0] = _mm256_add_ps(x[0], x[i]);
  *sum = x[0][0] + x[0][7];
  return rounds * chains * lanes256 * 2;
}

__attribute__((target("avx512f"))) static float reading512(const float *values, size_t count) {
  __m512 sums[8];
  for (int i = 0; i < 8; i++) sums[i] = _mm512_setzero_ps();
  size_t at = 0;
  for (; at + 128 <= count; at += 128) {
#pragma clang loop unroll(full)
    for (int i = 0; i < 8; i++)
      sums[i] = _mm512_add_ps(sums[i], _mm512_loadu_ps(values + at + 16 * i));
  }
  for (int i = 1; i < 8; i++) sums[0] = _mm512_add_ps(sums[0], sums[i]);
  float sum = _mm512_reduce_add_ps(sums[0]);
  for (; at < count; at++) sum += values[at];
  return sum;
}
#endif

static uint64_t arithmetic(uint64_t rounds, float *sum) {
  float x[8] = {0};
  for (uint64_t round = 0; round < rounds; round++)
    for (int i = 0; i < 8; i++) x[i] = x[i] * 0.999f + 0.0001f;
  *sum = x[0] + x[7];
  return rounds * 8 * 2;
}

static float reading(const float *values, size_t count) {
  float sums[16] = {0};
  size_t at = 0;
  for (; at + 16 <= count; at += 16)
    for (int i = 0; i < 16; i++) sums[i] += values[at + (size_t)i];
  for (int i = 1; i < 16; i++) sums[0] += sums[i];
  for (; at < count; at++) sums[0] += values[at];
  return sums[0];
}

uint64_t zoo_peak_arithmetic(uint64_t rounds, float *sum) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f")) return arithmetic512(rounds, sum);
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    return arithmetic256(rounds, sum);
#endif
  return arithmetic(rounds, sum);
}

float zoo_peak_reading(const float *values, size_t count) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f")) return reading512(values, count);
#endif
  return reading(values, count);
}
