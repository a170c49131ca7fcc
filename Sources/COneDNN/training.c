#define _GNU_SOURCE
#include "COneDNNTraining.h"
#include "library.h"

#include <stddef.h>

#ifdef ZOO_DNN_HERE
#include <stdlib.h>
#include <string.h>

struct zoo_dnn_learner {
  dnnl_primitive_desc_t hint, description;
  dnnl_primitive_t primitive;
  dnnl_memory_t memories[zoo_dnn_part_count];
};

static const int arguments[zoo_dnn_part_count] = {
    [zoo_dnn_of_source] = DNNL_ARG_SRC,
    [zoo_dnn_of_target] = DNNL_ARG_DST,
    [zoo_dnn_of_weights] = DNNL_ARG_WEIGHTS,
    [zoo_dnn_of_bias] = DNNL_ARG_BIAS,
    [zoo_dnn_of_workspace] = DNNL_ARG_WORKSPACE,
    [zoo_dnn_of_scratch] = DNNL_ARG_SCRATCHPAD,
    [zoo_dnn_gradient_of_source] = DNNL_ARG_DIFF_SRC,
    [zoo_dnn_gradient_of_target] = DNNL_ARG_DIFF_DST,
    [zoo_dnn_gradient_of_weights] = DNNL_ARG_DIFF_WEIGHTS,
    [zoo_dnn_gradient_of_bias] = DNNL_ARG_DIFF_BIAS,
};

typedef union {
  dnnl_convolution_desc_t convolution;
  dnnl_inner_product_desc_t dense;
  dnnl_pooling_desc_t pool;
  dnnl_lrn_desc_t lrn;
  dnnl_eltwise_desc_t function;
  dnnl_resampling_desc_t resampling;
} descriptor;

static dnnl_status_t describe(
    descriptor *wanted, const zoo_dnn_lesson *l, zoo_dnn_direction direction) {
  const dnnl_prop_kind_t training = dnnl_forward_training;
  const dnnl_memory_desc_t *source = &l->source->description;
  const dnnl_memory_desc_t *target = &l->target->description;
  const dnnl_memory_desc_t *weights = l->weights ? &l->weights->description : NULL;
  const dnnl_memory_desc_t *bias = l->bias ? &l->bias->description : NULL;
  const dnnl_dims_t kernel = {l->kernel[0], l->kernel[1]};
  const dnnl_dims_t stride = {l->stride[0], l->stride[1]};
  const dnnl_dims_t dilation = {l->dilation[0] - 1, l->dilation[1] - 1};
  const dnnl_dims_t before = {l->before[0], l->before[1]};
  const dnnl_dims_t after = {l->after[0], l->after[1]};
  const int isAhead = direction == zoo_dnn_ahead;
  dnnl_alg_kind_t kind;
  switch (l->kind) {
  case zoo_dnn_convolution:
  case zoo_dnn_winograd:
    kind = l->kind == zoo_dnn_winograd ? dnnl_convolution_winograd : dnnl_convolution_direct;
    if (isAhead)
      return zoo_dnn.dilated_convolution_forward_desc_init(
          &wanted->convolution, training, kind, source, weights, bias, target, stride, dilation,
          before, after);
    if (direction == zoo_dnn_back_to_source)
      return zoo_dnn.dilated_convolution_backward_data_desc_init(
          &wanted->convolution, kind, source, weights, target, stride, dilation, before, after);
    return zoo_dnn.dilated_convolution_backward_weights_desc_init(
        &wanted->convolution, kind, source, weights, bias, target, stride, dilation, before,
        after);
  case zoo_dnn_transposed_convolution:
    kind = dnnl_deconvolution_direct;
    if (isAhead)
      return zoo_dnn.dilated_deconvolution_forward_desc_init(
          &wanted->convolution, training, kind, source, weights, bias, target, stride, dilation,
          before, after);
    if (direction == zoo_dnn_back_to_source)
      return zoo_dnn.dilated_deconvolution_backward_data_desc_init(
          &wanted->convolution, kind, source, weights, target, stride, dilation, before, after);
    return zoo_dnn.dilated_deconvolution_backward_weights_desc_init(
        &wanted->convolution, kind, source, weights, bias, target, stride, dilation, before,
        after);
  case zoo_dnn_dense:
    if (isAhead)
      return zoo_dnn.inner_product_forward_desc_init(
          &wanted->dense, training, source, weights, bias, target);
    if (direction == zoo_dnn_back_to_source)
      return zoo_dnn.inner_product_backward_data_desc_init(
          &wanted->dense, source, weights, target);
    return zoo_dnn.inner_product_backward_weights_desc_init(
        &wanted->dense, source, weights, bias, target);
  case zoo_dnn_max_pool:
  case zoo_dnn_average_pool:
  case zoo_dnn_average_pool_inside:
    kind = l->kind == zoo_dnn_max_pool       ? dnnl_pooling_max
           : l->kind == zoo_dnn_average_pool ? dnnl_pooling_avg_include_padding
                                             : dnnl_pooling_avg_exclude_padding;
    if (isAhead)
      return zoo_dnn.pooling_forward_desc_init(
          &wanted->pool, training, kind, source, target, stride, kernel, before, after);
    return zoo_dnn.pooling_backward_desc_init(
        &wanted->pool, kind, source, target, stride, kernel, before, after);
  case zoo_dnn_lrn:
    if (isAhead)
      return zoo_dnn.lrn_forward_desc_init(
          &wanted->lrn, training, dnnl_lrn_across_channels, source, l->size, l->alpha, l->beta,
          l->k);
    return zoo_dnn.lrn_backward_desc_init(
        &wanted->lrn, dnnl_lrn_across_channels, target, source, l->size, l->alpha, l->beta, l->k);
  case zoo_dnn_elementwise:
    switch (l->function) {
    case zoo_dnn_logistic: kind = dnnl_eltwise_logistic; break;
    case zoo_dnn_tanh: kind = dnnl_eltwise_tanh; break;
    case zoo_dnn_swish: kind = dnnl_eltwise_swish; break;
    case zoo_dnn_mish: kind = dnnl_eltwise_mish; break;
    default: return dnnl_invalid_arguments;
    }
    if (isAhead)
      return zoo_dnn.eltwise_forward_desc_init(
          &wanted->function, training, kind, source, l->alpha, l->beta);
    return zoo_dnn.eltwise_backward_desc_init(
        &wanted->function, kind, target, source, l->alpha, l->beta);
  case zoo_dnn_resize_nearest:
  case zoo_dnn_resize_linear:
    kind = l->kind == zoo_dnn_resize_nearest ? dnnl_resampling_nearest : dnnl_resampling_linear;
    if (isAhead)
      return zoo_dnn.resampling_forward_desc_init(
          &wanted->resampling, training, kind, NULL, source, target);
    return zoo_dnn.resampling_backward_desc_init(&wanted->resampling, kind, NULL, source, target);
  default: return dnnl_invalid_arguments;
  }
}

static dnnl_status_t compile(
    zoo_dnn_learner *learner, dnnl_primitive_attr_t attributes, const zoo_dnn_lesson *lesson) {
  descriptor wanted;
  dnnl_status_t status = describe(&wanted, lesson, zoo_dnn_ahead);
  if (status != dnnl_success) return status;
  if (lesson->direction == zoo_dnn_ahead) {
    dnnl_post_ops_t riders = NULL;
    if (lesson->rectifies) {
      status = zoo_dnn.post_ops_create(&riders);
      if (status == dnnl_success)
        status = zoo_dnn.post_ops_append_eltwise(riders, 1, dnnl_eltwise_relu, 0, 0);
      if (status == dnnl_success)
        status = zoo_dnn.primitive_attr_set_post_ops(attributes, riders);
      if (riders) zoo_dnn.post_ops_destroy(riders);
      if (status != dnnl_success) return status;
    }
    return zoo_dnn.primitive_desc_create(
        &learner->description, &wanted, attributes, zoo_dnn.engine, NULL);
  }
  // The way back takes after the way ahead.
  status = zoo_dnn.primitive_desc_create(&learner->hint, &wanted, NULL, zoo_dnn.engine, NULL);
  if (status == dnnl_success) status = describe(&wanted, lesson, lesson->direction);
  if (status != dnnl_success) return status;
  return zoo_dnn.primitive_desc_create(
      &learner->description, &wanted, attributes, zoo_dnn.engine, learner->hint);
}

static const dnnl_memory_desc_t *description_of(
    const zoo_dnn_learner *learner, zoo_dnn_part part) {
  const dnnl_memory_desc_t *description = zoo_dnn.primitive_desc_query_md(
      learner->description, dnnl_query_exec_arg_md, arguments[part]);
  return description && description->ndims > 0 ? description : NULL;
}

zoo_dnn_learner *zoo_dnn_learner_make(const zoo_dnn_lesson *lesson) {
  zoo_dnn_learner *learner = calloc(1, sizeof *learner);
  dnnl_primitive_attr_t attributes = NULL;
  if (!learner || zoo_dnn.primitive_attr_create(&attributes) != dnnl_success
      || zoo_dnn.primitive_attr_set_scratchpad_mode(attributes, dnnl_scratchpad_mode_user)
          != dnnl_success
      || compile(learner, attributes, lesson) != dnnl_success
      || strncmp(zoo_dnn_learner_name(learner), "ref", 3) == 0
      || zoo_dnn.primitive_create(&learner->primitive, learner->description) != dnnl_success)
    goto failed;
  for (int part = 0; part < zoo_dnn_part_count; part++) {
    const dnnl_memory_desc_t *description = description_of(learner, part);
    if (description
        && zoo_dnn.memory_create(
               &learner->memories[part], description, zoo_dnn.engine, DNNL_MEMORY_NONE)
            != dnnl_success)
      goto failed;
  }
  zoo_dnn.primitive_attr_destroy(attributes);
  return learner;

failed:
  if (attributes) zoo_dnn.primitive_attr_destroy(attributes);
  zoo_dnn_learner_free(learner);
  return NULL;
}

void zoo_dnn_learner_free(zoo_dnn_learner *learner) {
  if (!learner) return;
  for (int part = 0; part < zoo_dnn_part_count; part++)
    if (learner->memories[part]) zoo_dnn.memory_destroy(learner->memories[part]);
  if (learner->primitive) zoo_dnn.primitive_destroy(learner->primitive);
  if (learner->description) zoo_dnn.primitive_desc_destroy(learner->description);
  if (learner->hint) zoo_dnn.primitive_desc_destroy(learner->hint);
  free(learner);
}

const char *zoo_dnn_learner_name(const zoo_dnn_learner *learner) {
  const char *name = NULL;
  if (zoo_dnn.primitive_desc_query(learner->description, dnnl_query_impl_info_str, 0, &name)
      != dnnl_success)
    return "";
  return name ? name : "";
}

zoo_dnn_layout *zoo_dnn_learner_layout(const zoo_dnn_learner *learner, zoo_dnn_part part) {
  const dnnl_memory_desc_t *description = description_of(learner, part);
  zoo_dnn_layout *layout = description ? malloc(sizeof *layout) : NULL;
  if (layout) layout->description = *description;
  return layout;
}

int zoo_dnn_learner_run(zoo_dnn_learner *learner, void *const memory[zoo_dnn_part_count]) {
  dnnl_exec_arg_t handed[zoo_dnn_part_count];
  int count = 0;
  for (int part = 0; part < zoo_dnn_part_count; part++) {
    if (!learner->memories[part]) continue;
    if (!memory[part]
        || zoo_dnn.memory_set_data_handle(learner->memories[part], memory[part]) != dnnl_success)
      return 0;
    handed[count].arg = arguments[part];
    handed[count++].memory = learner->memories[part];
  }
  return zoo_dnn.primitive_execute(learner->primitive, zoo_dnn.stream, count, handed)
          == dnnl_success
      && zoo_dnn.stream_wait(zoo_dnn.stream) == dnnl_success;
}

#else

zoo_dnn_learner *zoo_dnn_learner_make(const zoo_dnn_lesson *lesson) {
  (void)lesson;
  return NULL;
}
void zoo_dnn_learner_free(zoo_dnn_learner *learner) { (void)learner; }
const char *zoo_dnn_learner_name(const zoo_dnn_learner *learner) {
  (void)learner;
  return "";
}
zoo_dnn_layout *zoo_dnn_learner_layout(const zoo_dnn_learner *learner, zoo_dnn_part part) {
  (void)learner, (void)part;
  return NULL;
}
int zoo_dnn_learner_run(zoo_dnn_learner *learner, void *const memory[zoo_dnn_part_count]) {
  (void)learner, (void)memory;
  return 0;
}

#endif
