// Vectorised loops that cannot be written in Swift: the instruction set is chosen at run time.
#ifndef CKERNELS_H
#define CKERNELS_H

#include <stddef.h>
#include <stdint.h>

/// Multiplies and adds in registers as fast as the processor can, for this many rounds; returns the
/// number of operations. The sum is returned so that the compiler cannot remove the loop.
uint64_t zoo_peak_arithmetic(uint64_t rounds, float *sum);

/// The sum of an array, read once from memory as fast as one thread can.
float zoo_peak_reading(const float *values, size_t count);

// MARK: Winograd convolutions

/// The output tile's side and the kernel's side.
typedef enum {
  zoo_winograd_4_3,
  zoo_winograd_3_3,
  zoo_winograd_2_3,
  zoo_winograd_2_5
} zoo_winograd_way;

/// A convolution with stride 1 over maps in blocks of 16 channels; channel counts are multiples of
/// 16. Needs AVX-512.
typedef struct {
  zoo_winograd_way way;
  /// Whether maps and shortcut are bfloat16; sums and weights never are.
  int bfloat16;
  int64_t batch, inputs, outputs;
  int64_t height, width, out_height, out_width;
  /// Zero padding before the map.
  int64_t top, left;
  /// Negative results are multiplied by it: 1 keeps them, 0 is a rectifier.
  float slope;
} zoo_winograd;

typedef struct {
  const void *source;
  /// From zoo_winograd_pack, on a 64-byte boundary.
  const float *weights;
  /// Null means zero.
  const float *bias;
  /// Added to the result, in the target's layout; null means zero. May be the target.
  const void *shortcut;
  void *target;
  /// Elements between items of the batch.
  int64_t source_apart, shortcut_apart, target_apart;
} zoo_winograd_arguments;

int zoo_winograd_works(void);
/// The size of packed weights in floats.
size_t zoo_winograd_weights(const zoo_winograd *w);
/// Transforms the kernels (outputs, inputs, taps, taps) for a range of output blocks.
void zoo_winograd_pack(
    const zoo_winograd *w, const float *kernels, float *packed, int64_t from, int64_t to);
/// The number of output tiles.
int64_t zoo_winograd_tiles(const zoo_winograd *w);
/// The number of output blocks that are computed together.
int64_t zoo_winograd_group(const zoo_winograd *w);
/// The scratch size in floats for this many tiles at once, 64-byte aligned.
size_t zoo_winograd_scratch(const zoo_winograd *w, int64_t tiles);
/// Computes a range of tiles for a range of output blocks that starts and ends at a group.
void zoo_winograd_run(
    const zoo_winograd *w, const zoo_winograd_arguments *arguments, int64_t first, int64_t last,
    int64_t from, int64_t to, float *scratch);

// MARK: 1×1 convolutions

/// A convolution with a 1×1 kernel over maps in blocks of 16 channels; channel counts are multiples
/// of 16. Needs AVX-512.
typedef struct {
  int64_t batch, inputs, outputs;
  /// The output size is that before spreading.
  int64_t height, width, out_height, out_width, stride;
  /// Each position becomes a square of spread × spread positions, each with its own kernel: a
  /// transposed convolution whose kernels do not overlap. With more than 1 there is no norm, no
  /// stride and no shortcut.
  int64_t spread;
  /// The number of outputs of a target in the plain layout, one output's positions after another's,
  /// without a shortcut. 0 means blocks of 16 outputs.
  int64_t plain;
  /// Applies max(0, scale·x + shift) to the inputs.
  int norms;
  /// Averages squares of stride × stride inputs, after the norm; else takes the first of each.
  int pools;
  /// Negative results are multiplied by it: 1 keeps them, 0 is a rectifier.
  float slope;
} zoo_pointwise;

typedef struct {
  const float *source;
  /// One per input; null without norms.
  const float *scale, *shift;
  /// From zoo_pointwise_pack, on a 64-byte boundary.
  const float *weights;
  const float *bias;
  /// Added to the result, in the target's layout; null means zero. May be the target.
  const float *shortcut;
  float *target;
  /// Floats between items of the batch.
  int64_t source_apart, shortcut_apart, target_apart;
} zoo_pointwise_arguments;

int zoo_pointwise_works(void);
/// The size of packed weights in floats.
size_t zoo_pointwise_weights(const zoo_pointwise *p);
/// Packs the kernels (positions of a square, outputs, inputs) for a range of output blocks.
void zoo_pointwise_pack(
    const zoo_pointwise *p, const float *kernels, float *packed, int64_t from, int64_t to);
/// The number of output blocks that are computed together.
int64_t zoo_pointwise_group(const zoo_pointwise *p);
/// The scratch size in floats for this many positions at once, 64-byte aligned.
size_t zoo_pointwise_scratch(const zoo_pointwise *p, int64_t places);
/// Computes a range of positions, counted through the batch, for a range of output blocks that
/// starts and ends at a group. Blocks are counted through the positions of a square.
void zoo_pointwise_run(
    const zoo_pointwise *p, const zoo_pointwise_arguments *arguments, int64_t first, int64_t last,
    int64_t from, int64_t to, float *scratch);

// MARK: Search

/// The product of a vector with each of many rows in bfloat16. The width is a multiple of 16, and sums
/// are added in 16 lanes and then together: width / 16 + 16 additions one after another.
void zoo_bfloat16_dots(
    const uint16_t *rows, int64_t count, int64_t width, const float *query, float *dots);

#endif
