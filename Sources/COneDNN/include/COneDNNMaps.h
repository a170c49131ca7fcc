// Loops over maps in blocks of 16 channels that oneDNN lacks, forward and backward: norms fused
// with the sum and the rectifier behind them, sums, copies and parts of maps.
#ifndef CONEDNN_MAPS_H
#define CONEDNN_MAPS_H

#include <stdint.h>

/// N × C/16 × positions × 16 floats; items may be parts of larger ones.
typedef struct {
  float *base;
  /// Floats from one item to the next.
  int64_t item;
} zoo_map;

/// How a gradient passes a rectifier: plain, guided backpropagation, or deconvnet.
typedef enum { zoo_rule_plain, zoo_rule_guided, zoo_rule_deconvnet } zoo_rule;

/// A norm with the sum and rectifier behind it, y = relu(norm(x) + other), and its gradients.
typedef struct {
  int64_t items, channels, plane;
  zoo_map x, y;
  /// Added to the normalised map, if it has a base.
  zoo_map other;
  int rectifies;
  /// The rectifier's slope below zero.
  float slope;
  /// Uses the batch's statistics and updates the running ones.
  int trains;
  float epsilon, momentum;
  const float *weight, *bias;
  float *running_mean, *running_variance;
  /// The batch's μ and 1 / √(σ² + ε), one for each channel of whole blocks.
  float *mean, *factor;

  /// The gradient of y is the sum of one or two maps. If `masked` has a base, the sum is written
  /// there once it has passed the rectifier; it may overlap either.
  zoo_map arriving, arriving_too, masked;
  /// The gradient of x; no base if none is wanted.
  zoo_map dx;
  /// Adds to `dx` instead of overwriting it.
  int accumulates;
  zoo_rule rule;
  /// Overwritten, one for each channel; null if not wanted.
  float *dweight, *dbias;
} zoo_norm;

void zoo_norm_forward(const zoo_norm *norm, int threads);
void zoo_norm_backward(const zoo_norm *norm, int threads);

/// to = a + b, or a alone without b; rectified if wanted. `to` may overlap either.
void zoo_sum_forward(
    const float *a, const float *b, float *to, int64_t count, int rectifies, int threads);
/// to = a + b where y lets it pass, or everywhere without y; b may be null. `to` may overlap
/// either.
void zoo_sum_backward(
    const float *a, const float *b, const float *y, float *to, int64_t count, zoo_rule rule,
    int threads);
/// Copies or adds `count` floats of every item.
void zoo_copy_items(
    zoo_map from, zoo_map to, int64_t items, int64_t count, int adds, int threads);

/// Copies channels from one batch of maps to another, wherever in a block they begin. The target's
/// other channels stay as they are.
void zoo_move_channels(
    zoo_map from, int64_t from_first, zoo_map to, int64_t to_first, int64_t channels,
    int64_t items, int64_t plane, int threads);

/// Positions of a larger map, `step` apart, as a smaller map.
typedef struct {
  int64_t items, blocks;
  /// Height and width.
  int64_t large[2], small[2], first[2], step[2];
} zoo_places;

void zoo_take_places(const zoo_places *places, zoo_map large, zoo_map small, int threads);
/// Its gradient: zero where nothing was taken.
void zoo_put_places(const zoo_places *places, zoo_map small, zoo_map large, int threads);

#endif
