#include "COneDNN.h"
#include "library.h"

#ifdef ZOO_DNN_HERE
#include <stdlib.h>

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
  dnnl_format_tag_t order = tag(rank, format);
  zoo_dnn_layout *layout = malloc(sizeof *layout);
  if (layout && order != dnnl_format_tag_undef
      && zoo_dnn.memory_desc_init_by_tag(&layout->description, rank, sizes, dnnl_f32, order)
          == dnnl_success)
    return layout;
  free(layout);
  return NULL;
}

zoo_dnn_layout *zoo_dnn_layout_strided(int rank, const int64_t *sizes, const int64_t *strides) {
  zoo_dnn_layout *layout = malloc(sizeof *layout);
  if (layout
      && zoo_dnn.memory_desc_init_by_strides(&layout->description, rank, sizes, dnnl_f32, strides)
          == dnnl_success)
    return layout;
  free(layout);
  return NULL;
}

void zoo_dnn_layout_free(zoo_dnn_layout *layout) { free(layout); }

zoo_dnn_layout *zoo_dnn_layout_of_type(const zoo_dnn_layout *layout, zoo_dnn_type type) {
  zoo_dnn_layout *other = malloc(sizeof *other);
  if (!other) return NULL;
  *other = *layout;
  other->description.data_type = type == zoo_dnn_bfloat16 ? dnnl_bf16 : dnnl_f32;
  return other;
}

zoo_dnn_type zoo_dnn_layout_type(const zoo_dnn_layout *layout) {
  return layout->description.data_type == dnnl_bf16 ? zoo_dnn_bfloat16 : zoo_dnn_float32;
}

int zoo_dnn_layout_equal(const zoo_dnn_layout *a, const zoo_dnn_layout *b) {
  return zoo_dnn.memory_desc_equal(&a->description, &b->description);
}

size_t zoo_dnn_layout_bytes(const zoo_dnn_layout *layout) {
  return zoo_dnn.memory_desc_get_size(&layout->description);
}

#endif
