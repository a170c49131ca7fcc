// oneDNN through a keyhole: layouts, operations on them, and nothing of the library's own types, so
// that Swift sees the same interface whichever version is installed, or none.
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
/// Calls the body once on each of at most so many of the library's own threads, with the thread's
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

/// What is done to every element of a result before it is written.
typedef struct {
  zoo_dnn_function function;
  float alpha, beta;
} zoo_dnn_rider;

typedef enum {
  zoo_dnn_reorder,
  zoo_dnn_convolution,
  zoo_dnn_winograd,
  zoo_dnn_transposed_convolution,
  zoo_dnn_dense,
  zoo_dnn_max_pool,
  zoo_dnn_average_pool,
  zoo_dnn_average_pool_inside,
  /// With running statistics; alpha: epsilon. A rider zoo_dnn_relu is its own.
  zoo_dnn_norm,
  /// Across `size` channels; alpha, beta, k.
  zoo_dnn_lrn,
  /// Along axis 1.
  zoo_dnn_softmax,
  /// The function of the first rider.
  zoo_dnn_elementwise,
  zoo_dnn_sum_of_two,
  zoo_dnn_product_of_two,
  /// Along axis 1.
  zoo_dnn_concatenate,
  zoo_dnn_resize_nearest,
  zoo_dnn_resize_linear,
} zoo_dnn_kind;

typedef struct {
  zoo_dnn_kind kind;
  const zoo_dnn_layout *const *sources;
  int source_count;
  const zoo_dnn_layout *weights, *bias, *target;
  /// Height and width; dilation 1 is none.
  int64_t kernel[2], stride[2], dilation[2], before[2], after[2];
  int64_t size;
  float alpha, beta, k;
  const zoo_dnn_rider *riders;
  int rider_count;
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
  zoo_dnn_scratch,
} zoo_dnn_role;

/// Null where the library has no such operation, or only its slow reference for it.
zoo_dnn_operation *zoo_dnn_operation_make(const zoo_dnn_request *request);
void zoo_dnn_operation_free(zoo_dnn_operation *operation);
/// The kernel that was chosen, as the library calls it.
const char *zoo_dnn_operation_name(const zoo_dnn_operation *operation);
/// The layout that an argument must have; null where it has none or no memory is left.
zoo_dnn_layout *zoo_dnn_operation_layout(
    const zoo_dnn_operation *operation, zoo_dnn_role role, int index);
/// Where an argument lies until it is said otherwise; only sources have an index other
/// than 0. False where there is no such argument.
int zoo_dnn_operation_bind(
    zoo_dnn_operation *operation, zoo_dnn_role role, int index, void *memory);
/// False where the library failed.
int zoo_dnn_operation_run(const zoo_dnn_operation *operation);

#include "COneDNNTraining.h"

#endif
