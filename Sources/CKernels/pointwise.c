// 1×1 convolutions: matrix products over blocks of sixteen channels. A preceding norm and
// rectifier, as in networks that normalise first (He et al. 2016, arXiv:1603.05027), are applied
// while the input is loaded into the cache, so their result is never written to memory.
#include "CKernels.h"

#if defined(__x86_64__)
#include "product.h"

int zoo_pointwise_works(void) { return __builtin_cpu_supports("avx512f"); }

int64_t zoo_pointwise_group(const zoo_pointwise *p) { return vectors_at_once(p->outputs); }

size_t zoo_pointwise_weights(const zoo_pointwise *p) {
  return (size_t)(p->inputs * p->outputs * p->spread * p->spread);
}

void zoo_pointwise_pack(
    const zoo_pointwise *p, const float *kernels, float *packed, int64_t from, int64_t to) {
  const int64_t wide = vectors_at_once(p->outputs) * lanes, inputs = p->inputs;
  for (int64_t first = from * lanes; first < to * lanes; first += lanes) {
    // Output group, input, output within the group.
    float *at = packed + first / wide * inputs * wide + first % wide;
    for (int64_t input = 0; input < inputs; input++)
      for (int64_t lane = 0; lane < lanes; lane++)
        at[input * wide + lane] = kernels[(first + lane) * inputs + input];
  }
}

/// Maps that are read in place need no scratch memory.
static int gathers(const zoo_pointwise *p) { return p->norms || p->stride != 1; }

size_t zoo_pointwise_scratch(const zoo_pointwise *p, int64_t places) {
  return gathers(p) ? (size_t)(p->inputs * places) : 0;
}

/// Gathers a range of positions, all of one item, in blocks of sixteen channels.
VECTORS static void gather(
    const zoo_pointwise *p, const zoo_pointwise_arguments *arguments, const float *source,
    int64_t first, int64_t last, float *in) {
  const int64_t area = p->height * p->width;
  for (int64_t channel = 0; channel < p->inputs; channel += lanes, source += area * lanes) {
    vector scale = _mm512_setzero_ps(), shift = scale;
    const vector zero = scale;
    if (p->norms) {
      scale = _mm512_loadu_ps(arguments->scale + channel);
      shift = _mm512_loadu_ps(arguments->shift + channel);
    }
    if (p->stride == 1) {
      for (int64_t place = first; place < last; place++, in += lanes) {
        const vector value = _mm512_loadu_ps(source + place * lanes);
        _mm512_storeu_ps(in, _mm512_max_ps(zero, _mm512_fmadd_ps(value, scale, shift)));
      }
      continue;
    }
    const int64_t window = p->pools ? p->stride : 1;
    const vector share = _mm512_set1_ps(1 / (float)(window * window));
    int64_t y = first / p->out_width, x = first % p->out_width;
    for (int64_t place = first; place < last; place++, in += lanes) {
      const float *corner = source + (y * p->width + x) * p->stride * lanes;
      vector sum = zero;
      for (int64_t v = 0; v < window; v++)
        for (int64_t u = 0; u < window; u++) {
          vector value = _mm512_loadu_ps(corner + (v * p->width + u) * lanes);
          if (p->norms) value = _mm512_max_ps(zero, _mm512_fmadd_ps(value, scale, shift));
          sum = _mm512_add_ps(sum, value);
        }
      _mm512_storeu_ps(in, _mm512_mul_ps(sum, share));
      if (++x == p->out_width) x = 0, y++;
    }
  }
}

PRODUCT_TABLE(products, 1)

/// The maximum number of rows times vectors in a product.
enum { most_sums = 24 };

/// Stores rows of sums, each a few registers wide, in the plain layout.
VECTORS static void store_plain(
    const float *sums, int64_t rows, int64_t outputs, float *target, int64_t apart) {
  for (int64_t output = 0; output < outputs; output++)
    for (int64_t row = 0; row < rows; row++)
      target[output * apart + row] =
          sums[(output / lanes * rows + row) * lanes + output % lanes];
}

VECTORS void zoo_pointwise_run(
    const zoo_pointwise *p, const zoo_pointwise_arguments *arguments, int64_t first, int64_t last,
    int64_t from, int64_t to, float *scratch) {
  const int64_t vectors = vectors_at_once(p->outputs), most = rows_at_once(vectors);
  const int64_t inputs = p->inputs, panel = vectors * lanes * inputs;
  const int64_t area = p->height * p->width, out_area = p->out_height * p->out_width;
  const int64_t width = p->out_width, spread = p->spread, all_area = out_area * spread * spread;
  const product *kernels = products[vectors == 4 ? 2 : vectors - 1];
  finish end = {.slope = p->slope};
  float sums[most_sums * lanes] __attribute__((aligned(64)));

  while (first < last) {
    const int64_t item = first / out_area, begin = first % out_area;
    const int64_t count = (last - first < out_area - begin ? last - first : out_area - begin);
    const float *a = arguments->source + item * arguments->source_apart;
    int64_t apart = area * lanes;
    if (gathers(p)) {
      gather(p, arguments, a, begin, begin + count, scratch);
      a = scratch, apart = count * lanes;
    } else {
      a += begin * lanes;
    }
    float *whole = arguments->target + item * arguments->target_apart;
    const float *b = arguments->weights + from * lanes * inputs;
    for (int64_t output = from; output < to; output += vectors, b += panel) {
      const float *next = output + vectors < to ? b + panel : b;
      const int64_t square = output * lanes / p->outputs, map = output % (p->outputs / lanes);
      const int64_t left = p->plain - map * lanes;
      end.bias = arguments->bias + map * lanes;
      // Spread positions are stored row by row of the map, because the rows between belong to other
      // kernels.
      for (int64_t done = 0, along; done < count; done += along) {
        const int64_t place = begin + done;
        along = count - done;
        int64_t at = place;
        if (spread > 1) {
          if (along > width - place % width) along = width - place % width;
          at = (place / width * spread + square / spread) * width * spread +
               place % width * spread + square % spread;
        }
        float *target = p->plain ? whole + map * lanes * out_area + at
                                 : whole + (map * all_area + at) * lanes;
        const float *shortcut = arguments->shortcut
                                    ? arguments->shortcut + item * arguments->shortcut_apart +
                                          (map * all_area + at) * lanes
                                    : NULL;
        const int64_t strips = (along + most - 1) / most;
        for (int64_t strip = 0; strip < strips; strip++) {
          const int64_t top = along * strip / strips, bottom = along * (strip + 1) / strips;
          end.shortcut = shortcut ? shortcut + top * lanes : NULL;
          kernels[bottom - top - 1](
              a + (done + top) * lanes, apart, b, inputs,
              p->plain ? sums : target + top * spread * lanes,
              p->plain ? (bottom - top) * lanes : all_area * lanes,
              p->plain ? lanes : spread * lanes, next + strip % vectors * lanes,
              next + (strip + strips) % vectors * lanes, &end);
          if (p->plain)
            store_plain(
                sums, bottom - top, left < vectors * lanes ? left : vectors * lanes, target + top,
                out_area);
        }
      }
    }
    first += count;
  }
}

#else

// Not called where zoo_pointwise_works returns 0.

int zoo_pointwise_works(void) { return 0; }
int64_t zoo_pointwise_group(const zoo_pointwise *p) { return p ? 1 : 1; }
size_t zoo_pointwise_weights(const zoo_pointwise *p) { return p ? 0 : 0; }
void zoo_pointwise_pack(
    const zoo_pointwise *p, const float *kernels, float *packed, int64_t from, int64_t to) {
  (void)p, (void)kernels, (void)packed, (void)from, (void)to;
}
size_t zoo_pointwise_scratch(const zoo_pointwise *p, int64_t places) { return p && places ? 0 : 0; }
void zoo_pointwise_run(
    const zoo_pointwise *p, const zoo_pointwise_arguments *arguments, int64_t first, int64_t last,
    int64_t from, int64_t to, float *scratch) {
  (void)p, (void)arguments, (void)first, (void)last, (void)from, (void)to, (void)scratch;
}

#endif
