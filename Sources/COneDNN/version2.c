// The layouts and operations of COneDNN.h by oneDNN 2. It is C because the library's interface is,
// with macros that Swift cannot import. Nothing else includes dnnl.h: another major version takes
// another file like this one, and a line in library.h.
#include "library.h"

#if ZOO_DNN_MAJOR == 2
#include <dlfcn.h>
#include <oneapi/dnnl/dnnl.h>
#include <stdlib.h>
#include <string.h>

#define FUNCTIONS(F)                                \
  F(version)                                        \
  F(get_effective_cpu_isa)                          \
  F(engine_create)                                  \
  F(stream_create)                                  \
  F(stream_wait)                                    \
  F(memory_desc_init_by_tag)                        \
  F(memory_desc_init_by_strides)                    \
  F(memory_desc_equal)                              \
  F(memory_desc_get_size)                           \
  F(memory_create)                                  \
  F(memory_set_data_handle)                         \
  F(memory_get_data_handle)                         \
  F(memory_destroy)                                 \
  F(post_ops_create)                                \
  F(post_ops_destroy)                               \
  F(post_ops_append_sum)                            \
  F(post_ops_append_eltwise)                        \
  F(primitive_attr_create)                          \
  F(primitive_attr_destroy)                         \
  F(primitive_attr_set_post_ops)                    \
  F(primitive_attr_set_scratchpad_mode)             \
  F(primitive_desc_create)                          \
  F(primitive_desc_destroy)                         \
  F(primitive_desc_query)                           \
  F(primitive_desc_query_md)                        \
  F(primitive_create)                               \
  F(primitive_destroy)                              \
  F(primitive_execute)                              \
  F(dilated_convolution_forward_desc_init)          \
  F(dilated_convolution_backward_data_desc_init)    \
  F(dilated_convolution_backward_weights_desc_init) \
  F(dilated_deconvolution_forward_desc_init)        \
  F(dilated_deconvolution_backward_data_desc_init)  \
  F(dilated_deconvolution_backward_weights_desc_init) \
  F(inner_product_forward_desc_init)                \
  F(inner_product_backward_data_desc_init)          \
  F(inner_product_backward_weights_desc_init)       \
  F(pooling_forward_desc_init)                      \
  F(pooling_backward_desc_init)                     \
  F(batch_normalization_forward_desc_init)          \
  F(lrn_forward_desc_init)                          \
  F(lrn_backward_desc_init)                         \
  F(softmax_forward_desc_init)                      \
  F(eltwise_forward_desc_init)                      \
  F(eltwise_backward_desc_init)                     \
  F(binary_desc_init)                               \
  F(resampling_forward_desc_init)                   \
  F(resampling_backward_desc_init)                  \
  F(concat_primitive_desc_create)                   \
  F(reorder_primitive_desc_create)

static struct {
#define F(name) __typeof__(dnnl_##name) *name;
  FUNCTIONS(F)
#undef F
} dnnl;

static dnnl_engine_t engine;
static dnnl_stream_t stream;

const char *zoo_dnn_connect(void *loaded, zoo_dnn_library *library) {
#define F(function)                                   \
  dnnl.function = dlsym(loaded, "dnnl_" #function);   \
  if (!dnnl.function) return " has no dnnl_" #function;
  FUNCTIONS(F)
#undef F
  const dnnl_version_t *version = dnnl.version();
  library->version[0] = version->major;
  library->version[1] = version->minor;
  library->version[2] = version->patch;
  library->isa = dnnl.get_effective_cpu_isa();
  if (version->major != DNNL_VERSION_MAJOR)
    return " is of another major version than the headers this was built with";
  if (dnnl.engine_create(&engine, dnnl_cpu, 0) != dnnl_success
      || dnnl.stream_create(&stream, engine, dnnl_stream_default_flags) != dnnl_success)
    return " finds no processor to run on";
  return NULL;
}

// MARK: Layouts

struct zoo_dnn_layout {
  dnnl_memory_desc_t description;
};

/// Null if there is no description, or no memory left.
static zoo_dnn_layout *layout_of(const dnnl_memory_desc_t *description) {
  zoo_dnn_layout *layout = description ? malloc(sizeof *layout) : NULL;
  if (layout) layout->description = *description;
  return layout;
}

static dnnl_format_tag_t tag(int rank, zoo_dnn_format format) {
  static const dnnl_format_tag_t plain[] = {dnnl_a, dnnl_ab, dnnl_abc, dnnl_abcd, dnnl_abcde};
  switch (format) {
  case zoo_dnn_plain: return rank >= 1 && rank <= 5 ? plain[rank - 1] : dnnl_format_tag_undef;
  case zoo_dnn_any: return dnnl_format_tag_any;
  case zoo_dnn_channels_last: return rank == 4 ? dnnl_nhwc : dnnl_format_tag_undef;
  case zoo_dnn_blocks_of_8: return rank == 4 ? dnnl_nChw8c : dnnl_format_tag_undef;
  case zoo_dnn_blocks_of_16: return rank == 4 ? dnnl_nChw16c : dnnl_format_tag_undef;
  }
  return dnnl_format_tag_undef;
}

zoo_dnn_layout *zoo_dnn_layout_make(int rank, const int64_t *sizes, zoo_dnn_format format) {
  dnnl_memory_desc_t description;
  const dnnl_format_tag_t order = tag(rank, format);
  if (order == dnnl_format_tag_undef
      || dnnl.memory_desc_init_by_tag(&description, rank, sizes, dnnl_f32, order) != dnnl_success)
    return NULL;
  return layout_of(&description);
}

zoo_dnn_layout *zoo_dnn_layout_strided(int rank, const int64_t *sizes, const int64_t *strides) {
  dnnl_memory_desc_t description;
  if (dnnl.memory_desc_init_by_strides(&description, rank, sizes, dnnl_f32, strides)
      != dnnl_success)
    return NULL;
  return layout_of(&description);
}

void zoo_dnn_layout_free(zoo_dnn_layout *layout) { free(layout); }

zoo_dnn_layout *zoo_dnn_layout_of_type(const zoo_dnn_layout *layout, zoo_dnn_type type) {
  zoo_dnn_layout *other = layout_of(&layout->description);
  if (other) other->description.data_type = type == zoo_dnn_bfloat16 ? dnnl_bf16 : dnnl_f32;
  return other;
}

zoo_dnn_type zoo_dnn_layout_type(const zoo_dnn_layout *layout) {
  return layout->description.data_type == dnnl_bf16 ? zoo_dnn_bfloat16 : zoo_dnn_float32;
}

int zoo_dnn_layout_equal(const zoo_dnn_layout *a, const zoo_dnn_layout *b) {
  return dnnl.memory_desc_equal(&a->description, &b->description);
}

size_t zoo_dnn_layout_bytes(const zoo_dnn_layout *layout) {
  return dnnl.memory_desc_get_size(&layout->description);
}

// MARK: Descriptors

static dnnl_alg_kind_t algorithm(zoo_dnn_function function) {
  switch (function) {
  case zoo_dnn_relu: return dnnl_eltwise_relu;
  case zoo_dnn_clip: return dnnl_eltwise_clip;
  case zoo_dnn_logistic: return dnnl_eltwise_logistic;
  case zoo_dnn_tanh: return dnnl_eltwise_tanh;
  case zoo_dnn_swish: return dnnl_eltwise_swish;
  case zoo_dnn_mish: return dnnl_eltwise_mish;
  case zoo_dnn_hardswish: return dnnl_eltwise_hardswish;
  case zoo_dnn_linear: return dnnl_eltwise_linear;
  case zoo_dnn_sum: break;
  }
  return dnnl_alg_kind_undef;
}

typedef union {
  dnnl_convolution_desc_t convolution;
  dnnl_inner_product_desc_t dense;
  dnnl_pooling_desc_t pool;
  dnnl_batch_normalization_desc_t norm;
  dnnl_lrn_desc_t lrn;
  dnnl_softmax_desc_t softmax;
  dnnl_eltwise_desc_t elementwise;
  dnnl_binary_desc_t binary;
  dnnl_resampling_desc_t resampling;
} descriptor;

static const dnnl_memory_desc_t *description_of(const zoo_dnn_layout *layout) {
  return layout ? &layout->description : NULL;
}

/// Whether COneDNN.h offers the kind in this direction.
static int exists(zoo_dnn_kind kind, zoo_dnn_direction direction) {
  switch (kind) {
  case zoo_dnn_convolution:
  case zoo_dnn_winograd:
  case zoo_dnn_transposed_convolution:
  case zoo_dnn_dense: return 1;
  case zoo_dnn_max_pool:
  case zoo_dnn_average_pool:
  case zoo_dnn_average_pool_inside:
  case zoo_dnn_lrn:
  case zoo_dnn_elementwise:
  case zoo_dnn_resize_nearest:
  case zoo_dnn_resize_linear: return direction != zoo_dnn_backward_weights;
  default: return direction == zoo_dnn_inference;
  }
}

static dnnl_status_t describe(
    descriptor *wanted, const zoo_dnn_request *r, zoo_dnn_direction direction) {
  const int is_forward = direction == zoo_dnn_inference || direction == zoo_dnn_training;
  const int is_data = direction == zoo_dnn_backward_data;
  const dnnl_prop_kind_t forward =
      direction == zoo_dnn_inference ? dnnl_forward_inference : dnnl_forward_training;
  const dnnl_memory_desc_t *source = &r->sources[0]->description;
  const dnnl_memory_desc_t *target = description_of(r->target);
  const dnnl_memory_desc_t *weights = description_of(r->weights);
  // The source's gradient does not depend on the bias.
  const dnnl_memory_desc_t *bias =
      r->direction == zoo_dnn_backward_data ? NULL : description_of(r->bias);
  const dnnl_dims_t kernel = {r->kernel[0], r->kernel[1]};
  const dnnl_dims_t stride = {r->stride[0], r->stride[1]};
  const dnnl_dims_t dilation = {r->dilation[0] - 1, r->dilation[1] - 1};
  const dnnl_dims_t before = {r->before[0], r->before[1]};
  const dnnl_dims_t after = {r->after[0], r->after[1]};
  dnnl_alg_kind_t kind;
  switch (r->kind) {
  case zoo_dnn_convolution:
  case zoo_dnn_winograd:
  case zoo_dnn_transposed_convolution: {
    const int is_transposed = r->kind == zoo_dnn_transposed_convolution;
    kind = is_transposed                  ? dnnl_deconvolution_direct
           : r->kind == zoo_dnn_winograd ? dnnl_convolution_winograd
                                          : dnnl_convolution_direct;
    if (is_forward)
      return (is_transposed ? dnnl.dilated_deconvolution_forward_desc_init
                            : dnnl.dilated_convolution_forward_desc_init)(
          &wanted->convolution, forward, kind, source, weights, bias, target, stride, dilation,
          before, after);
    if (is_data)
      return (is_transposed ? dnnl.dilated_deconvolution_backward_data_desc_init
                            : dnnl.dilated_convolution_backward_data_desc_init)(
          &wanted->convolution, kind, source, weights, target, stride, dilation, before, after);
    return (is_transposed ? dnnl.dilated_deconvolution_backward_weights_desc_init
                          : dnnl.dilated_convolution_backward_weights_desc_init)(
        &wanted->convolution, kind, source, weights, bias, target, stride, dilation, before,
        after);
  }
  case zoo_dnn_dense:
    if (is_forward)
      return dnnl.inner_product_forward_desc_init(
          &wanted->dense, forward, source, weights, bias, target);
    if (is_data)
      return dnnl.inner_product_backward_data_desc_init(&wanted->dense, source, weights, target);
    return dnnl.inner_product_backward_weights_desc_init(
        &wanted->dense, source, weights, bias, target);
  case zoo_dnn_max_pool:
  case zoo_dnn_average_pool:
  case zoo_dnn_average_pool_inside:
    kind = r->kind == zoo_dnn_max_pool       ? dnnl_pooling_max
           : r->kind == zoo_dnn_average_pool ? dnnl_pooling_avg_include_padding
                                             : dnnl_pooling_avg_exclude_padding;
    if (is_forward)
      return dnnl.pooling_forward_desc_init(
          &wanted->pool, forward, kind, source, target, stride, kernel, before, after);
    return dnnl.pooling_backward_desc_init(
        &wanted->pool, kind, source, target, stride, kernel, before, after);
  case zoo_dnn_lrn:
    kind = dnnl_lrn_across_channels;
    if (is_forward)
      return dnnl.lrn_forward_desc_init(
          &wanted->lrn, forward, kind, source, r->size, r->alpha, r->beta, r->k);
    return dnnl.lrn_backward_desc_init(
        &wanted->lrn, kind, target, source, r->size, r->alpha, r->beta, r->k);
  case zoo_dnn_elementwise:
    kind = algorithm(r->epilogue[0].function);
    if (is_forward)
      return dnnl.eltwise_forward_desc_init(
          &wanted->elementwise, forward, kind, source, r->epilogue[0].alpha,
          r->epilogue[0].beta);
    return dnnl.eltwise_backward_desc_init(
        &wanted->elementwise, kind, target, source, r->epilogue[0].alpha, r->epilogue[0].beta);
  case zoo_dnn_resize_nearest:
  case zoo_dnn_resize_linear:
    kind = r->kind == zoo_dnn_resize_nearest ? dnnl_resampling_nearest : dnnl_resampling_linear;
    if (is_forward)
      return dnnl.resampling_forward_desc_init(
          &wanted->resampling, forward, kind, NULL, source, target);
    return dnnl.resampling_backward_desc_init(&wanted->resampling, kind, NULL, source, target);
  case zoo_dnn_norm: {
    unsigned flags = dnnl_use_global_stats | dnnl_use_scale | dnnl_use_shift;
    if (r->epilogue_count > 0) flags |= dnnl_fuse_norm_relu;
    return dnnl.batch_normalization_forward_desc_init(
        &wanted->norm, forward, source, r->alpha, flags);
  }
  case zoo_dnn_softmax:
    return dnnl.softmax_forward_desc_init(&wanted->softmax, forward, source, 1);
  case zoo_dnn_sum_of_two:
  case zoo_dnn_product_of_two:
    kind = r->kind == zoo_dnn_sum_of_two ? dnnl_binary_add : dnnl_binary_mul;
    return dnnl.binary_desc_init(
        &wanted->binary, kind, source, &r->sources[1]->description, target);
  case zoo_dnn_reorder:
  case zoo_dnn_concatenate: break;
  }
  return dnnl_invalid_arguments;
}

/// Norms and elementwise functions carry their epilogue in the descriptor instead.
static dnnl_status_t set_epilogue(
    dnnl_primitive_attr_t attributes, const zoo_dnn_request *request) {
  if (request->epilogue_count == 0 || request->kind == zoo_dnn_norm
      || request->kind == zoo_dnn_elementwise)
    return dnnl_success;
  dnnl_post_ops_t steps;
  dnnl_status_t status = dnnl.post_ops_create(&steps);
  if (status != dnnl_success) return status;
  for (int i = 0; i < request->epilogue_count && status == dnnl_success; i++) {
    const zoo_dnn_post_op *step = &request->epilogue[i];
    status = step->function == zoo_dnn_sum
        ? dnnl.post_ops_append_sum(steps, 1)
        : dnnl.post_ops_append_eltwise(
              steps, 1, algorithm(step->function), step->alpha, step->beta);
  }
  // The attributes keep a copy.
  if (status == dnnl_success) status = dnnl.primitive_attr_set_post_ops(attributes, steps);
  dnnl.post_ops_destroy(steps);
  return status;
}

// MARK: Operations

enum { most_sources = 64 };

struct zoo_dnn_operation {
  /// The forward pass that a backward one belongs to.
  dnnl_primitive_desc_t hint;
  dnnl_primitive_desc_t description;
  dnnl_primitive_t primitive;
  /// The three above belong to another operation, which outlives this one.
  int is_copy;
  int takes_many;
  int argument_count, most_arguments;
  dnnl_exec_arg_t arguments[];
};

static dnnl_status_t compile(
    zoo_dnn_operation *operation, dnnl_primitive_attr_t attributes, const zoo_dnn_request *r) {
  if (r->kind == zoo_dnn_reorder)
    return dnnl.reorder_primitive_desc_create(
        &operation->description, &r->sources[0]->description, engine, &r->target->description,
        engine, attributes);
  if (r->kind == zoo_dnn_concatenate) {
    dnnl_memory_desc_t sources[most_sources];
    for (int i = 0; i < r->source_count; i++) sources[i] = r->sources[i]->description;
    return dnnl.concat_primitive_desc_create(
        &operation->description, &r->target->description, r->source_count, 1, sources, attributes,
        engine);
  }
  descriptor wanted;
  dnnl_status_t status;
  if (r->direction == zoo_dnn_backward_data || r->direction == zoo_dnn_backward_weights) {
    status = describe(&wanted, r, zoo_dnn_training);
    if (status == dnnl_success)
      status = dnnl.primitive_desc_create(&operation->hint, &wanted, NULL, engine, NULL);
  } else {
    status = set_epilogue(attributes, r);
  }
  if (status == dnnl_success) status = describe(&wanted, r, r->direction);
  if (status != dnnl_success) return status;
  return dnnl.primitive_desc_create(
      &operation->description, &wanted, attributes, engine, operation->hint);
}

zoo_dnn_operation *zoo_dnn_operation_make(const zoo_dnn_request *request) {
  if (request->source_count < 1 || request->source_count > most_sources
      || !exists(request->kind, request->direction))
    return NULL;
  const int most = request->source_count + zoo_dnn_role_count;
  zoo_dnn_operation *operation =
      calloc(1, sizeof *operation + (size_t)most * sizeof *operation->arguments);
  if (!operation) return NULL;
  operation->takes_many = request->kind == zoo_dnn_concatenate;
  operation->most_arguments = most;
  dnnl_primitive_attr_t attributes = NULL;
  const int works = dnnl.primitive_attr_create(&attributes) == dnnl_success
      && dnnl.primitive_attr_set_scratchpad_mode(attributes, dnnl_scratchpad_mode_user)
          == dnnl_success
      && compile(operation, attributes, request) == dnnl_success
      && strncmp(zoo_dnn_operation_name(operation), "ref", 3) != 0
      && dnnl.primitive_create(&operation->primitive, operation->description) == dnnl_success;
  if (attributes) dnnl.primitive_attr_destroy(attributes);
  if (works) return operation;
  zoo_dnn_operation_free(operation);
  return NULL;
}

void zoo_dnn_operation_free(zoo_dnn_operation *operation) {
  if (!operation) return;
  for (int i = 0; i < operation->argument_count; i++)
    dnnl.memory_destroy(operation->arguments[i].memory);
  if (!operation->is_copy) {
    if (operation->primitive) dnnl.primitive_destroy(operation->primitive);
    if (operation->description) dnnl.primitive_desc_destroy(operation->description);
    if (operation->hint) dnnl.primitive_desc_destroy(operation->hint);
  }
  free(operation);
}

const char *zoo_dnn_operation_name(const zoo_dnn_operation *operation) {
  const char *name = NULL;
  if (dnnl.primitive_desc_query(operation->description, dnnl_query_impl_info_str, 0, &name)
      != dnnl_success)
    return "";
  return name ? name : "";
}

// MARK: Arguments

static int argument(const zoo_dnn_operation *operation, zoo_dnn_role role, int index) {
  switch (role) {
  case zoo_dnn_source:
    return operation->takes_many ? DNNL_ARG_MULTIPLE_SRC + index : DNNL_ARG_SRC_0 + index;
  case zoo_dnn_target: return DNNL_ARG_DST;
  case zoo_dnn_weights: return DNNL_ARG_WEIGHTS;
  case zoo_dnn_bias: return DNNL_ARG_BIAS;
  case zoo_dnn_mean: return DNNL_ARG_MEAN;
  case zoo_dnn_variance: return DNNL_ARG_VARIANCE;
  case zoo_dnn_scale: return DNNL_ARG_SCALE;
  case zoo_dnn_shift: return DNNL_ARG_SHIFT;
  case zoo_dnn_workspace: return DNNL_ARG_WORKSPACE;
  case zoo_dnn_scratch: return DNNL_ARG_SCRATCHPAD;
  case zoo_dnn_source_gradient: return DNNL_ARG_DIFF_SRC;
  case zoo_dnn_target_gradient: return DNNL_ARG_DIFF_DST;
  case zoo_dnn_weights_gradient: return DNNL_ARG_DIFF_WEIGHTS;
  case zoo_dnn_bias_gradient: return DNNL_ARG_DIFF_BIAS;
  case zoo_dnn_role_count: break;
  }
  return 0;
}

static const dnnl_memory_desc_t *description_at(const zoo_dnn_operation *operation, int argument) {
  const dnnl_memory_desc_t *description =
      dnnl.primitive_desc_query_md(operation->description, dnnl_query_exec_arg_md, argument);
  return description && description->ndims > 0 ? description : NULL;
}

zoo_dnn_layout *zoo_dnn_operation_layout(
    const zoo_dnn_operation *operation, zoo_dnn_role role, int index) {
  return layout_of(description_at(operation, argument(operation, role, index)));
}

int zoo_dnn_operation_bind(
    zoo_dnn_operation *operation, zoo_dnn_role role, int index, void *memory) {
  const int wanted = argument(operation, role, index);
  dnnl_exec_arg_t *arguments = operation->arguments;
  for (int i = 0; i < operation->argument_count; i++)
    if (arguments[i].arg == wanted)
      return dnnl.memory_set_data_handle(arguments[i].memory, memory) == dnnl_success;

  const dnnl_memory_desc_t *description = description_at(operation, wanted);
  dnnl_exec_arg_t *next = &arguments[operation->argument_count];
  if (!description || operation->argument_count == operation->most_arguments
      || dnnl.memory_create(&next->memory, description, engine, memory) != dnnl_success)
    return 0;
  next->arg = wanted;
  operation->argument_count++;
  return 1;
}

zoo_dnn_operation *zoo_dnn_operation_copy(const zoo_dnn_operation *operation) {
  const size_t bytes = (size_t)operation->most_arguments * sizeof *operation->arguments;
  zoo_dnn_operation *copy = malloc(sizeof *copy + bytes);
  if (!copy) return NULL;
  *copy = *operation;
  copy->is_copy = 1;
  copy->argument_count = 0;
  for (int i = 0; i < operation->argument_count; i++) {
    const dnnl_exec_arg_t *from = &operation->arguments[i];
    dnnl_exec_arg_t *to = &copy->arguments[i];
    void *memory;
    const dnnl_memory_desc_t *description = description_at(operation, from->arg);
    if (!description || dnnl.memory_get_data_handle(from->memory, &memory) != dnnl_success
        || dnnl.memory_create(&to->memory, description, engine, memory) != dnnl_success) {
      zoo_dnn_operation_free(copy);
      return NULL;
    }
    to->arg = from->arg;
    copy->argument_count++;
  }
  return copy;
}

int zoo_dnn_operation_run(const zoo_dnn_operation *operation) {
  return dnnl.primitive_execute(
             operation->primitive, stream, operation->argument_count, operation->arguments)
      == dnnl_success
      && dnnl.stream_wait(stream) == dnnl_success;
}

#endif
