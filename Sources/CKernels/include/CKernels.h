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

// MARK: Winograd's convolution

/// The side of a tile of outputs and that of the kernel.
typedef enum {
  zoo_winograd_4_3,
  zoo_winograd_3_3,
  zoo_winograd_2_3,
  zoo_winograd_2_5
} zoo_winograd_way;

/// A convolution with a stride of 1 over maps in blocks of 16 channels; counts of channels are
/// multiples of 16. Needs AVX-512.
typedef struct {
  zoo_winograd_way way;
  /// Maps, and a shortcut, are in bfloat16; sums and weights are not.
  int bfloat16;
  int64_t batch, inputs, outputs;
  int64_t height, width, out_height, out_width;
  /// Zeros before the map.
  int64_t top, left;
  /// Negative results are multiplied by it: 1 leaves them, 0 makes them zero.
  float slope;
} zoo_winograd;

typedef struct {
  const void *source;
  /// As zoo_winograd_pack left them, on a 64-byte boundary.
  const float *weights;
  /// Null is zero.
  const float *bias;
  /// Added to the result, in the target's layout; null is zero. May be the target.
  const void *shortcut;
  void *target;
  /// Elements from one item of the batch to the next.
  int64_t source_apart, shortcut_apart, target_apart;
} zoo_winograd_arguments;

int zoo_winograd_works(void);
/// The size of packed weights in floats.
size_t zoo_winograd_weights(const zoo_winograd *w);
/// Transforms the kernels (outputs, inputs, taps, taps) of the sixteens of outputs in a range.
void zoo_winograd_pack(
    const zoo_winograd *w, const float *kernels, float *packed, int64_t from, int64_t to);
/// How many tiles of outputs there are.
int64_t zoo_winograd_tiles(const zoo_winograd *w);
/// Outputs are computed in groups of so many sixteens.
int64_t zoo_winograd_group(const zoo_winograd *w);
/// The memory in floats that so many tiles at once take, 64-byte aligned.
size_t zoo_winograd_scratch(const zoo_winograd *w, int64_t tiles);
/// The tiles in a range for the sixteens of outputs in a range that begins and ends with a group.
void zoo_winograd_run(
    const zoo_winograd *w, const zoo_winograd_arguments *arguments, int64_t first, int64_t last,
    int64_t from, int64_t to, float *scratch);

// MARK: Convolutions of one place

/// A convolution with a 1×1 kernel over maps in blocks of 16 channels; counts of channels are
/// multiples of 16. Needs AVX-512.
typedef struct {
  int64_t batch, inputs, outputs;
  /// The outputs' places are those before they are spread.
  int64_t height, width, out_height, out_width, stride;
  /// Each place becomes a square of spread × spread, each of whose places has a kernel of its own:
  /// a transposed convolution whose kernels do not overlap. With more than 1 there is no norm, no
  /// stride and no shortcut.
  int64_t spread;
  /// The target lies place after place of one output after another, and has only so many outputs;
  /// there is no shortcut. With 0 it lies in blocks of 16 outputs.
  int64_t plain;
  /// It takes max(0, scale·x + shift) of the inputs.
  int norms;
  /// It takes the mean over squares of stride × stride inputs, after the norm; else their first.
  int pools;
  /// Negative results are multiplied by it: 1 leaves them, 0 makes them zero.
  float slope;
} zoo_pointwise;

typedef struct {
  const float *source;
  /// One for each input; null without norms.
  const float *scale, *shift;
  /// As zoo_pointwise_pack left them, on a 64-byte boundary.
  const float *weights;
  const float *bias;
  /// Added to the result, in the target's layout; null is zero. May be the target.
  const float *shortcut;
  float *target;
  /// Floats from one item of the batch to the next.
  int64_t source_apart, shortcut_apart, target_apart;
} zoo_pointwise_arguments;

int zoo_pointwise_works(void);
/// The size of packed weights in floats.
size_t zoo_pointwise_weights(const zoo_pointwise *p);
/// Packs the kernels (places of a square, outputs, inputs) of the sixteens of outputs in a range.
void zoo_pointwise_pack(
    const zoo_pointwise *p, const float *kernels, float *packed, int64_t from, int64_t to);
/// Outputs are computed in groups of so many sixteens.
int64_t zoo_pointwise_group(const zoo_pointwise *p);
/// The memory in floats that so many places at once take, 64-byte aligned.
size_t zoo_pointwise_scratch(const zoo_pointwise *p, int64_t places);
/// The places in a range, counted through the batch, for the sixteens of outputs in a range that
/// begins and ends with a group. Sixteens are counted through the places of a square.
void zoo_pointwise_run(
    const zoo_pointwise *p, const zoo_pointwise_arguments *arguments, int64_t first, int64_t last,
    int64_t from, int64_t to, float *scratch);

#endif
