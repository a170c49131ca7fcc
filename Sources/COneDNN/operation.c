#include "COneDNN.h"
#include "library.h"

#ifdef ZOO_DNN_HERE
#include <stdlib.h>
#include <string.h>

enum { most_sources = 64, most_arguments = most_sources + 16 };

struct zoo_dnn_operation {
  dnnl_primitive_desc_t description;
  dnnl_primitive_t primitive;
  dnnl_exec_arg_t *arguments;
  int argument_count;
  int takes_many;
};

// MARK: Making

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

/// Riders that the kind takes as post-operations; the library copies them.
static dnnl_status_t set_riders(dnnl_primitive_attr_t attributes, const zoo_dnn_request *request) {
  dnnl_post_ops_t riders;
  dnnl_status_t status = zoo_dnn.post_ops_create(&riders);
  if (status != dnnl_success) return status;
  for (int i = 0; i < request->rider_count && status == dnnl_success; i++) {
    const zoo_dnn_rider *rider = &request->riders[i];
    if (rider->function == zoo_dnn_sum)
      status = zoo_dnn.post_ops_append_sum(riders, 1);
    else
      status = zoo_dnn.post_ops_append_eltwise(
          riders, 1, algorithm(rider->function), rider->alpha, rider->beta);
  }
  if (status == dnnl_success) status = zoo_dnn.primitive_attr_set_post_ops(attributes, riders);
  zoo_dnn.post_ops_destroy(riders);
  return status;
}

/// What the library calls an operation descriptor.
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

static dnnl_status_t describe(descriptor *wanted, const zoo_dnn_request *r) {
  const dnnl_prop_kind_t inference = dnnl_forward_inference;
  const dnnl_memory_desc_t *source = &r->sources[0]->description;
  const dnnl_memory_desc_t *target = r->target ? &r->target->description : NULL;
  const dnnl_memory_desc_t *weights = r->weights ? &r->weights->description : NULL;
  const dnnl_memory_desc_t *bias = r->bias ? &r->bias->description : NULL;
  const dnnl_dims_t kernel = {r->kernel[0], r->kernel[1]};
  const dnnl_dims_t stride = {r->stride[0], r->stride[1]};
  const dnnl_dims_t dilation = {r->dilation[0] - 1, r->dilation[1] - 1};
  const dnnl_dims_t before = {r->before[0], r->before[1]};
  const dnnl_dims_t after = {r->after[0], r->after[1]};
  dnnl_alg_kind_t kind;
  switch (r->kind) {
  case zoo_dnn_convolution:
  case zoo_dnn_winograd:
    kind = r->kind == zoo_dnn_winograd ? dnnl_convolution_winograd : dnnl_convolution_direct;
    return zoo_dnn.dilated_convolution_forward_desc_init(
        &wanted->convolution, inference, kind, source, weights, bias, target, stride, dilation,
        before, after);
  case zoo_dnn_transposed_convolution:
    return zoo_dnn.dilated_deconvolution_forward_desc_init(
        &wanted->convolution, inference, dnnl_deconvolution_direct, source, weights, bias, target,
        stride, dilation, before, after);
  case zoo_dnn_dense:
    return zoo_dnn.inner_product_forward_desc_init(
        &wanted->dense, inference, source, weights, bias, target);
  case zoo_dnn_max_pool:
  case zoo_dnn_average_pool:
  case zoo_dnn_average_pool_inside:
    kind = r->kind == zoo_dnn_max_pool       ? dnnl_pooling_max
           : r->kind == zoo_dnn_average_pool ? dnnl_pooling_avg_include_padding
                                             : dnnl_pooling_avg_exclude_padding;
    return zoo_dnn.pooling_forward_desc_init(
        &wanted->pool, inference, kind, source, target, stride, kernel, before, after);
  case zoo_dnn_norm: {
    unsigned flags = dnnl_use_global_stats | dnnl_use_scale | dnnl_use_shift;
    if (r->rider_count > 0) flags |= dnnl_fuse_norm_relu;
    return zoo_dnn.batch_normalization_forward_desc_init(
        &wanted->norm, inference, source, r->alpha, flags);
  }
  case zoo_dnn_lrn:
    return zoo_dnn.lrn_forward_desc_init(
        &wanted->lrn, inference, dnnl_lrn_across_channels, source, r->size, r->alpha, r->beta,
        r->k);
  case zoo_dnn_softmax:
    return zoo_dnn.softmax_forward_desc_init(&wanted->softmax, inference, source, 1);
  case zoo_dnn_elementwise:
    return zoo_dnn.eltwise_forward_desc_init(
        &wanted->elementwise, inference, algorithm(r->riders[0].function), source,
        r->riders[0].alpha, r->riders[0].beta);
  case zoo_dnn_sum_of_two:
  case zoo_dnn_product_of_two:
    kind = r->kind == zoo_dnn_sum_of_two ? dnnl_binary_add : dnnl_binary_mul;
    return zoo_dnn.binary_desc_init(
        &wanted->binary, kind, source, &r->sources[1]->description, target);
  case zoo_dnn_resize_nearest:
  case zoo_dnn_resize_linear:
    kind = r->kind == zoo_dnn_resize_nearest ? dnnl_resampling_nearest : dnnl_resampling_linear;
    return zoo_dnn.resampling_forward_desc_init(
        &wanted->resampling, inference, kind, NULL, source, target);
  case zoo_dnn_reorder:
  case zoo_dnn_concatenate: break;
  }
  return dnnl_invalid_arguments;
}

static dnnl_status_t compile(
    dnnl_primitive_desc_t *description, dnnl_primitive_attr_t attributes,
    const zoo_dnn_request *r) {
  if (r->kind == zoo_dnn_reorder)
    return zoo_dnn.reorder_primitive_desc_create(
        description, &r->sources[0]->description, zoo_dnn.engine, &r->target->description,
        zoo_dnn.engine, attributes);
  if (r->kind == zoo_dnn_concatenate) {
    dnnl_memory_desc_t sources[most_sources];
    for (int i = 0; i < r->source_count; i++) sources[i] = r->sources[i]->description;
    return zoo_dnn.concat_primitive_desc_create(
        description, &r->target->description, r->source_count, 1, sources, attributes,
        zoo_dnn.engine);
  }
  if (r->kind != zoo_dnn_norm && r->kind != zoo_dnn_elementwise) {
    dnnl_status_t status = set_riders(attributes, r);
    if (status != dnnl_success) return status;
  }
  descriptor wanted;
  dnnl_status_t status = describe(&wanted, r);
  if (status != dnnl_success) return status;
  return zoo_dnn.primitive_desc_create(description, &wanted, attributes, zoo_dnn.engine, NULL);
}

zoo_dnn_operation *zoo_dnn_operation_make(const zoo_dnn_request *request) {
  if (request->source_count < 1 || request->source_count > most_sources) return NULL;
  zoo_dnn_operation *operation = calloc(1, sizeof *operation);
  dnnl_primitive_attr_t attributes = NULL;
  if (!operation || zoo_dnn.primitive_attr_create(&attributes) != dnnl_success) goto failed;
  operation->takes_many = request->kind == zoo_dnn_concatenate;
  operation->arguments = calloc(most_arguments, sizeof *operation->arguments);
  if (!operation->arguments
      || zoo_dnn.primitive_attr_set_scratchpad_mode(attributes, dnnl_scratchpad_mode_user)
          != dnnl_success
      || compile(&operation->description, attributes, request) != dnnl_success
      || strncmp(zoo_dnn_operation_name(operation), "ref", 3) == 0
      || zoo_dnn.primitive_create(&operation->primitive, operation->description) != dnnl_success)
    goto failed;
  zoo_dnn.primitive_attr_destroy(attributes);
  return operation;

failed:
  if (attributes) zoo_dnn.primitive_attr_destroy(attributes);
  zoo_dnn_operation_free(operation);
  return NULL;
}

void zoo_dnn_operation_free(zoo_dnn_operation *operation) {
  if (!operation) return;
  for (int i = 0; i < operation->argument_count; i++)
    zoo_dnn.memory_destroy(operation->arguments[i].memory);
  if (operation->primitive) zoo_dnn.primitive_destroy(operation->primitive);
  if (operation->description) zoo_dnn.primitive_desc_destroy(operation->description);
  free(operation->arguments);
  free(operation);
}

const char *zoo_dnn_operation_name(const zoo_dnn_operation *operation) {
  const char *name = NULL;
  if (zoo_dnn.primitive_desc_query(operation->description, dnnl_query_impl_info_str, 0, &name)
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
  case zoo_dnn_scratch: return DNNL_ARG_SCRATCHPAD;
  }
  return 0;
}

static const dnnl_memory_desc_t *description_of(const zoo_dnn_operation *operation, int argument) {
  const dnnl_memory_desc_t *description = zoo_dnn.primitive_desc_query_md(
      operation->description, dnnl_query_exec_arg_md, argument);
  return description && description->ndims > 0 ? description : NULL;
}

zoo_dnn_layout *zoo_dnn_operation_layout(
    const zoo_dnn_operation *operation, zoo_dnn_role role, int index) {
  const dnnl_memory_desc_t *description =
      description_of(operation, argument(operation, role, index));
  zoo_dnn_layout *layout = description ? malloc(sizeof *layout) : NULL;
  if (layout) layout->description = *description;
  return layout;
}

int zoo_dnn_operation_bind(
    zoo_dnn_operation *operation, zoo_dnn_role role, int index, void *memory) {
  int wanted = argument(operation, role, index);
  dnnl_exec_arg_t *arguments = operation->arguments;
  for (int i = 0; i < operation->argument_count; i++)
    if (arguments[i].arg == wanted)
      return zoo_dnn.memory_set_data_handle(arguments[i].memory, memory) == dnnl_success;

  const dnnl_memory_desc_t *description = description_of(operation, wanted);
  dnnl_exec_arg_t *next = &arguments[operation->argument_count];
  if (!description || operation->argument_count == most_arguments
      || zoo_dnn.memory_create(&next->memory, description, zoo_dnn.engine, memory)
          != dnnl_success)
    return 0;
  next->arg = wanted;
  operation->argument_count++;
  return 1;
}

int zoo_dnn_operation_run(const zoo_dnn_operation *operation) {
  return zoo_dnn.primitive_execute(
             operation->primitive, zoo_dnn.stream, operation->argument_count,
             operation->arguments)
      == dnnl_success
      && zoo_dnn.stream_wait(zoo_dnn.stream) == dnnl_success;
}

#endif
