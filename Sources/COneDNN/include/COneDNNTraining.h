// What training needs of oneDNN, and loops over maps in blocks of 16 channels that it has not.
#ifndef CONEDNN_TRAINING_H
#define CONEDNN_TRAINING_H

#include <stdint.h>

#include "COneDNN.h"

// MARK: Operations that have a way back

typedef enum {
  zoo_dnn_ahead,
  /// From the target's gradient to the source's.
  zoo_dnn_back_to_source,
  /// From the target's gradient to those of weights and bias.
  zoo_dnn_back_to_weights,
} zoo_dnn_direction;

typedef struct {
  /// A convolution, transposed or not, dense layer, pooling, LRN, resizing or function.
  zoo_dnn_kind kind;
  zoo_dnn_direction direction;
  const zoo_dnn_layout *source, *weights, *bias, *target;
  /// Height and width; dilation 1 is none.
  int64_t kernel[2], stride[2], dilation[2], before[2], after[2];
  int64_t size;
  float alpha, beta, k;
  /// Of zoo_dnn_elementwise: one that reads its source on the way back.
  zoo_dnn_function function;
  /// Ahead, rectifies what a convolution or dense layer gives.
  int rectifies;
} zoo_dnn_lesson;

/// A compiled operation; its arguments are handed over when it runs.
typedef struct zoo_dnn_learner zoo_dnn_learner;

typedef enum {
  zoo_dnn_of_source,
  zoo_dnn_of_target,
  zoo_dnn_of_weights,
  zoo_dnn_of_bias,
  zoo_dnn_of_workspace,
  zoo_dnn_of_scratch,
  zoo_dnn_gradient_of_source,
  zoo_dnn_gradient_of_target,
  zoo_dnn_gradient_of_weights,
  zoo_dnn_gradient_of_bias,
  zoo_dnn_part_count,
} zoo_dnn_part;

/// Null where the library has no such operation, or only its slow reference for it.
zoo_dnn_learner *zoo_dnn_learner_make(const zoo_dnn_lesson *lesson);
void zoo_dnn_learner_free(zoo_dnn_learner *learner);
/// The kernel that was chosen, as the library calls it.
const char *zoo_dnn_learner_name(const zoo_dnn_learner *learner);
/// The layout that an argument must have; null where it has none or no memory is left.
zoo_dnn_layout *zoo_dnn_learner_layout(const zoo_dnn_learner *learner, zoo_dnn_part part);
/// Runs on the memory of every part, null where there is none. False where the library failed.
int zoo_dnn_learner_run(zoo_dnn_learner *learner, void *const memory[zoo_dnn_part_count]);

// MARK: Maps in blocks of 16 channels

/// N × C/16 × positions × 16 floats; an item may be part of a larger one.
typedef struct {
  float *base;
  /// Floats from one item to the next.
  int64_t item;
} zoo_map;

/// How a gradient passes a rectifier.
typedef enum { zoo_rule_plain, zoo_rule_guided, zoo_rule_deconvnet } zoo_rule;

/// A norm with what comes after it: y = relu(norm(x) + other), and its way back.
typedef struct {
  int64_t items, channels, plane;
  zoo_map x, y;
  /// Added to the normalised map; no base where nothing is.
  zoo_map other;
  int rectifies;
  /// Of what is not above zero, where it rectifies.
  float slope;
  /// With statistics of the batch, which move the running ones.
  int trains;
  float epsilon, momentum;
  const float *weight, *bias;
  float *running_mean, *running_variance;
  /// Of the batch, one for each channel of whole blocks: μ and 1 / √(σ² + ε).
  float *mean, *factor;

  /// What arrives is the sum of one or two maps; `masked` takes it as it is behind the rectifier
  /// where it has a base, and may lie over either.
  zoo_map arriving, arriving_too, masked;
  /// Where the gradient of x goes; no base where none is wanted.
  zoo_map dx;
  /// Adds to what is there.
  int accumulates;
  zoo_rule rule;
  /// One for each channel, written; null where they are not wanted.
  float *dweight, *dbias;
} zoo_norm;

void zoo_norm_forward(const zoo_norm *norm, int threads);
void zoo_norm_backward(const zoo_norm *norm, int threads);

/// to = a + b, rectified if asked for; without b, a alone. `to` may lie over either.
void zoo_sum_forward(
    const float *a, const float *b, float *to, int64_t count, int rectifies, int threads);
/// to = a + b where y passes it, or everywhere without y; b may be null. `to` may lie over either.
void zoo_sum_backward(
    const float *a, const float *b, const float *y, float *to, int64_t count, zoo_rule rule,
    int threads);
/// Copies `count` floats of every item, or adds them.
void zoo_copy_items(
    zoo_map from, zoo_map to, int64_t items, int64_t count, int adds, int threads);

/// Moves channels from one batch of maps to another, wherever in their blocks they begin; what is
/// not moved stays as it is.
void zoo_move_channels(
    zoo_map from, int64_t from_first, zoo_map to, int64_t to_first, int64_t channels,
    int64_t items, int64_t plane, int threads);

/// Every so many places of a larger map, as a smaller one.
typedef struct {
  int64_t items, blocks;
  /// Height and width.
  int64_t large[2], small[2], first[2], step[2];
} zoo_places;

void zoo_take_places(const zoo_places *places, zoo_map large, zoo_map small, int threads);
/// The way back: zero where nothing was taken.
void zoo_put_places(const zoo_places *places, zoo_map small, zoo_map large, int threads);

#endif
