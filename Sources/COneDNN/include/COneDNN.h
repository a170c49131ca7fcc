// oneDNN as Swift sees it: layouts, and operations on them in every direction. None of its own
// types appear, so the interface is the same whichever version is installed, or none.
#ifndef CONEDNN_H
#define CONEDNN_H

#include <stddef.h>
#include <stdint.h>

// MARK: The library

typedef struct {
  /// Null if the library can be used, else why not, in one line.
  const char *missing;
  int version[3];
  /// The instruction set of its kernels, in the library's own numbers.
  int isa;
  /// The file that was loaded.
  const char *path;
} zoo_dnn_library;

/// Loads the library on first use.
zoo_dnn_library zoo_dnn_open(void);
/// Applies to operations that this thread creates and runs from now on.
void zoo_dnn_set_threads(int count);
/// Calls the body once on each of at most `count` of the library's own threads, with the thread's
/// number and their total. False if the library has no threads to lend.
int zoo_dnn_parallel(
    int count, void (*body)(void *context, int thread, int threads), void *context);

// MARK: Layouts

/// The memory layout of an array of up to five axes, float32 by default.
typedef struct zoo_dnn_layout zoo_dnn_layout;

typedef enum {
  /// Outermost axis first.
  zoo_dnn_plain,
  /// N, H, W, C.
  zoo_dnn_channels_last,
  /// N, C/8, H, W, 8 channels; and with 16. Four axes.
  zoo_dnn_blocks_of_8,
  zoo_dnn_blocks_of_16,
  /// The library chooses when it creates the operation.
  zoo_dnn_any,
} zoo_dnn_format;

/// Null if the format does not fit the number of axes.
zoo_dnn_layout *zoo_dnn_layout_make(int rank, const int64_t *sizes, zoo_dnn_format format);
zoo_dnn_layout *zoo_dnn_layout_strided(int rank, const int64_t *sizes, const int64_t *strides);
void zoo_dnn_layout_free(zoo_dnn_layout *layout);
typedef enum { zoo_dnn_float32, zoo_dnn_bfloat16 } zoo_dnn_type;
/// The same layout with another element type.
zoo_dnn_layout *zoo_dnn_layout_of_type(const zoo_dnn_layout *layout, zoo_dnn_type type);
zoo_dnn_type zoo_dnn_layout_type(const zoo_dnn_layout *layout);
int zoo_dnn_layout_equal(const zoo_dnn_layout *a, const zoo_dnn_layout *b);
size_t zoo_dnn_layout_bytes(const zoo_dnn_layout *layout);

// MARK: Operations

typedef enum {
  zoo_dnn_relu,  // alpha: the slope of negative numbers
  zoo_dnn_clip,  // between alpha and beta
  zoo_dnn_logistic,
  zoo_dnn_tanh,
  zoo_dnn_swish,  // x·σ(alpha·x)
  zoo_dnn_mish,
  zoo_dnn_hardswish,
  zoo_dnn_linear,  // alpha·x + beta
  /// Adds the target's previous values.
  zoo_dnn_sum,
} zoo_dnn_function;

/// One step of an epilogue, applied to every element of a result before it is written.
typedef struct {
  zoo_dnn_function function;
  float alpha, beta;
} zoo_dnn_post_op;

typedef enum {
  // For every direction.

  zoo_dnn_convolution,
  zoo_dnn_winograd,
  zoo_dnn_transposed_convolution,
  zoo_dnn_dense,

  // For every direction but backward_weights.

  zoo_dnn_max_pool,
  zoo_dnn_average_pool,
  zoo_dnn_average_pool_inside,
  /// Across `size` channels; alpha, beta, k.
  zoo_dnn_lrn,
  /// The first function of the epilogue. Backward: one whose gradient is computed from the source.
  zoo_dnn_elementwise,
  zoo_dnn_resize_nearest,
  zoo_dnn_resize_linear,

  // For inference only.

  /// With running statistics; alpha: epsilon. Its epilogue may be one zoo_dnn_relu.
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
  /// Forward, with a workspace for the backward pass.
  zoo_dnn_training,
  /// From the target's gradient to the source's.
  zoo_dnn_backward_data,
  /// From the target's gradient to those of weights and bias.
  zoo_dnn_backward_weights,
} zoo_dnn_direction;

typedef struct {
  zoo_dnn_kind kind;
  zoo_dnn_direction direction;
  /// The forward pass's layouts, in every direction: a gradient shares its value's layout.
  const zoo_dnn_layout *const *sources;
  int source_count;
  const zoo_dnn_layout *weights, *bias, *target;
  /// Height and width; dilation 1 is none.
  int64_t kernel[2], stride[2], dilation[2], before[2], after[2];
  int64_t size;
  float alpha, beta, k;
  /// Forward only, except for zoo_dnn_elementwise.
  const zoo_dnn_post_op *epilogue;
  int epilogue_count;
} zoo_dnn_request;

/// A compiled operation with the addresses of its arguments.
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

/// Null if the library lacks the operation or has only a slow reference implementation.
zoo_dnn_operation *zoo_dnn_operation_make(const zoo_dnn_request *request);
void zoo_dnn_operation_free(zoo_dnn_operation *operation);
/// The same operation with arguments of its own, at first the original's, so that two threads can run
/// it at once. It must be freed before the original. Null if there is no memory left.
zoo_dnn_operation *zoo_dnn_operation_copy(const zoo_dnn_operation *operation);
/// The library's name for the chosen kernel.
const char *zoo_dnn_operation_name(const zoo_dnn_operation *operation);
/// The layout that an argument must have; null if there is no such argument or no memory left.
zoo_dnn_layout *zoo_dnn_operation_layout(
    const zoo_dnn_operation *operation, zoo_dnn_role role, int index);
/// Sets an argument's address until it is bound again; only sources have an index other than 0.
/// False if there is no such argument.
int zoo_dnn_operation_bind(
    zoo_dnn_operation *operation, zoo_dnn_role role, int index, void *memory);
/// False if the library fails, or if an argument was never bound.
int zoo_dnn_operation_run(const zoo_dnn_operation *operation);

#include "COneDNNMaps.h"

#endif
