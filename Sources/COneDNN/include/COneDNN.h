// oneDNN as Swift sees it: layouts, and operations on them in every direction. None of its own types
// appear, so the interface is the same whichever version is installed, or none.
#ifndef CONEDNN_H
#define CONEDNN_H

#include <stddef.h>
#include <stdint.h>

// MARK: The library

typedef struct {
  /// Null where the library can be used, else why not, in one line.
  const char *missing;
  int version[3];
  /// The instruction set of the kernels it compiles, as the library numbers them.
  int isa;
  /// The file that was loaded.
  const char *path;
} zoo_dnn_library;

/// Loads the library when it is first asked for.
zoo_dnn_library zoo_dnn_open(void);
/// For operations that this thread makes and runs from now on.
void zoo_dnn_set_threads(int count);
/// Calls the body once on each of at most `count` of the library's own threads, with the thread's
/// number and how many there are. False where the library has no threads to lend.
int zoo_dnn_parallel(
    int count, void (*body)(void *context, int thread, int threads), void *context);

// MARK: Layouts

/// How an array of up to five axes lies in memory; of float32 unless it is said otherwise.
typedef struct zoo_dnn_layout zoo_dnn_layout;

typedef enum {
  /// Outermost axis first.
  zoo_dnn_plain,
  /// N, H, W, C.
  zoo_dnn_channels_last,
  /// N, C/8, H, W, 8 channels; and with 16. Four axes.
  zoo_dnn_blocks_of_8,
  zoo_dnn_blocks_of_16,
  /// The operation decides.
  zoo_dnn_any,
} zoo_dnn_format;

/// Null where the format does not go with the axes.
zoo_dnn_layout *zoo_dnn_layout_make(int rank, const int64_t *sizes, zoo_dnn_format format);
zoo_dnn_layout *zoo_dnn_layout_strided(int rank, const int64_t *sizes, const int64_t *strides);
void zoo_dnn_layout_free(zoo_dnn_layout *layout);
typedef enum { zoo_dnn_float32, zoo_dnn_bfloat16 } zoo_dnn_type;
/// The same axes in the same order, of another type.
zoo_dnn_layout *zoo_dnn_layout_of_type(const zoo_dnn_layout *layout, zoo_dnn_type type);
zoo_dnn_type zoo_dnn_layout_type(const zoo_dnn_layout *layout);
int zoo_dnn_layout_equal(const zoo_dnn_layout *a, const zoo_dnn_layout *b);
size_t zoo_dnn_layout_bytes(const zoo_dnn_layout *layout);

// MARK: Operations

typedef enum {
  zoo_dnn_relu,  // alpha: the slope of what is negative
  zoo_dnn_clip,  // between alpha and beta
  zoo_dnn_logistic,
  zoo_dnn_tanh,
  zoo_dnn_swish,  // x·σ(alpha·x)
  zoo_dnn_mish,
  zoo_dnn_hardswish,
  zoo_dnn_linear,  // alpha·x + beta
  /// Adds what the target held before.
  zoo_dnn_sum,
} zoo_dnn_function;

/// One step of an epilogue: what is done to every element of a result before it is written.
typedef struct {
  zoo_dnn_function function;
  float alpha, beta;
} zoo_dnn_post_op;

typedef enum {
  // In every direction.

  zoo_dnn_convolution,
  zoo_dnn_winograd,
  zoo_dnn_transposed_convolution,
  zoo_dnn_dense,

  // In every direction but backward to weights, which they have none of.

  zoo_dnn_max_pool,
  zoo_dnn_average_pool,
  zoo_dnn_average_pool_inside,
  /// Across `size` channels; alpha, beta, k.
  zoo_dnn_lrn,
  /// The first function of the epilogue; backward, one that reads its source.
  zoo_dnn_elementwise,
  zoo_dnn_resize_nearest,
  zoo_dnn_resize_linear,

  // In inference only.

  /// With running statistics; alpha: epsilon. It takes zoo_dnn_relu along by itself.
  zoo_dnn_norm,
  /// Along axis 1.
  zoo_dnn_softmax,
  zoo_dnn_sum_of_two,
  zoo_dnn_product_of_two,
  /// Along axis 1.
  zoo_dnn_concatenate,
  zoo_dnn_reorder,
} zoo_dnn_kind;

typedef enum {
  zoo_dnn_inference,
  /// Forward, leaving in a workspace what a backward pass may read.
  zoo_dnn_training,
  /// From the target's gradient to the source's.
  zoo_dnn_backward_data,
  /// From the target's gradient to those of weights and bias.
  zoo_dnn_backward_weights,
} zoo_dnn_direction;

typedef struct {
  zoo_dnn_kind kind;
  zoo_dnn_direction direction;
  /// Of the forward pass, in every direction; a gradient lies as its value does.
  const zoo_dnn_layout *const *sources;
  int source_count;
  const zoo_dnn_layout *weights, *bias, *target;
  /// Height and width; dilation 1 is none.
  int64_t kernel[2], stride[2], dilation[2], before[2], after[2];
  int64_t size;
  float alpha, beta, k;
  /// Of a forward pass; backward only of zoo_dnn_elementwise.
  const zoo_dnn_post_op *epilogue;
  int epilogue_count;
} zoo_dnn_request;

/// A compiled operation with the places of its arguments.
typedef struct zoo_dnn_operation zoo_dnn_operation;

typedef enum {
  zoo_dnn_source,
  zoo_dnn_target,
  zoo_dnn_weights,
  zoo_dnn_bias,
  zoo_dnn_mean,
  zoo_dnn_variance,
  zoo_dnn_scale,
  zoo_dnn_shift,
  zoo_dnn_workspace,
  zoo_dnn_scratch,
  zoo_dnn_source_gradient,
  zoo_dnn_target_gradient,
  zoo_dnn_weights_gradient,
  zoo_dnn_bias_gradient,
  zoo_dnn_role_count,
} zoo_dnn_role;

/// Null where the library has no such operation, or only its slow reference for it.
zoo_dnn_operation *zoo_dnn_operation_make(const zoo_dnn_request *request);
void zoo_dnn_operation_free(zoo_dnn_operation *operation);
/// The kernel that was chosen, as the library calls it.
const char *zoo_dnn_operation_name(const zoo_dnn_operation *operation);
/// The layout that an argument must have; null where it has none or no memory is left.
zoo_dnn_layout *zoo_dnn_operation_layout(
    const zoo_dnn_operation *operation, zoo_dnn_role role, int index);
/// Where an argument lies, until it is bound again; only sources have an index other than 0. False
/// where there is no such argument.
int zoo_dnn_operation_bind(
    zoo_dnn_operation *operation, zoo_dnn_role role, int index, void *memory);
/// False where the library failed, or where an argument was never bound.
int zoo_dnn_operation_run(const zoo_dnn_operation *operation);

#include "COneDNNMaps.h"

#endif
