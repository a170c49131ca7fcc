// The functions of oneDNN 2, looked up when the program runs: it starts without the library.
#ifndef ZOO_DNN_LIBRARY_H
#define ZOO_DNN_LIBRARY_H

#if !defined(ZOO_NO_ONEDNN) && __has_include(<oneapi/dnnl/dnnl.h>)
#include <oneapi/dnnl/dnnl.h>
#if DNNL_VERSION_MAJOR == 2
#define ZOO_DNN_HERE 1
#endif
#endif

#ifdef ZOO_DNN_HERE

#define ZOO_DNN_FUNCTIONS(F)                   \
  F(version)                                   \
  F(get_effective_cpu_isa)                     \
  F(engine_create)                             \
  F(stream_create)                             \
  F(stream_wait)                               \
  F(memory_desc_init_by_tag)                   \
  F(memory_desc_init_by_strides)               \
  F(memory_desc_equal)                         \
  F(memory_desc_get_size)                      \
  F(memory_create)                             \
  F(memory_set_data_handle)                    \
  F(memory_destroy)                            \
  F(post_ops_create)                           \
  F(post_ops_destroy)                          \
  F(post_ops_append_sum)                       \
  F(post_ops_append_eltwise)                   \
  F(primitive_attr_create)                     \
  F(primitive_attr_destroy)                    \
  F(primitive_attr_set_post_ops)               \
  F(primitive_attr_set_scratchpad_mode)        \
  F(primitive_desc_create)                     \
  F(primitive_desc_destroy)                    \
  F(primitive_desc_query)                      \
  F(primitive_desc_query_md)                   \
  F(primitive_create)                          \
  F(primitive_destroy)                         \
  F(primitive_execute)                         \
  F(dilated_convolution_forward_desc_init)     \
  F(dilated_convolution_backward_data_desc_init) \
  F(dilated_convolution_backward_weights_desc_init) \
  F(dilated_deconvolution_forward_desc_init)   \
  F(dilated_deconvolution_backward_data_desc_init) \
  F(dilated_deconvolution_backward_weights_desc_init) \
  F(inner_product_forward_desc_init)           \
  F(inner_product_backward_data_desc_init)     \
  F(inner_product_backward_weights_desc_init)  \
  F(pooling_forward_desc_init)                 \
  F(pooling_backward_desc_init)                \
  F(batch_normalization_forward_desc_init)     \
  F(lrn_forward_desc_init)                     \
  F(lrn_backward_desc_init)                    \
  F(softmax_forward_desc_init)                 \
  F(eltwise_forward_desc_init)                 \
  F(eltwise_backward_desc_init)                \
  F(binary_desc_init)                          \
  F(resampling_forward_desc_init)              \
  F(resampling_backward_desc_init)             \
  F(concat_primitive_desc_create)              \
  F(reorder_primitive_desc_create)

typedef struct {
#define F(name) __typeof__(dnnl_##name) *name;
  ZOO_DNN_FUNCTIONS(F)
#undef F
  dnnl_engine_t engine;
  dnnl_stream_t stream;
} zoo_dnn_functions;

/// Filled by zoo_dnn_open, which everyone calls first.
extern zoo_dnn_functions zoo_dnn;

struct zoo_dnn_layout {
  dnnl_memory_desc_t description;
};

#endif
#endif
