// Loops over vectors that Swift cannot write: instructions chosen when the program runs.
#ifndef CKERNELS_H
#define CKERNELS_H

#include <stddef.h>
#include <stdint.h>

/// Multiplies and adds in registers, as fast as the processor can, so many rounds; returns the
/// number of operations. The sum is written so that nobody optimises it away.
uint64_t zoo_peak_arithmetic(uint64_t rounds, float *sum);

/// The sum of an array, read once from memory as fast as one thread can.
float zoo_peak_reading(const float *values, size_t count);

#endif
