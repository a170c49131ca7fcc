// Winograd convolutions: Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks" (2015,
// arXiv:1509.09308): F(4×4, 3×3), F(3×3, 3×3), F(2×2, 3×3) and F(2×2, 5×5).
//
// A tile of 4×4 outputs needs 36 products of transformed inputs (6×6) with transformed kernels,
// where direct convolution needs 144. For all channels of many tiles these are 36 matrix products,
// one per point of the transformed tile. A work item is a range of tiles and of output channels: it
// transforms its inputs, multiplies, and transforms back, in memory that stays in its core's cache.
#include "CKernels.h"

#if defined(__x86_64__)
#include "product.h"

/// Points of a transformed row; equal to the number of inputs it is made from.
INLINE int side_of(zoo_winograd_way way) {
  return way == zoo_winograd_2_3 ? 4 : way == zoo_winograd_3_3 ? 5 : 6;
}
/// Outputs of a row.
INLINE int reach_of(zoo_winograd_way way) {
  return way == zoo_winograd_4_3 ? 4 : way == zoo_winograd_3_3 ? 3 : 2;
}
INLINE int taps_of(zoo_winograd_way way) { return way == zoo_winograd_2_5 ? 5 : 3; }

enum { most_side = 6, most_reach = 4, most_taps = 5 };

// MARK: Transforms

/// Bᵀ·d for one row or column. The 6 points 0, ±1, ±2 and ∞ serve both kernels.
INLINE void transform_input(zoo_winograd_way way, const vector *d, vector *t) {
  if (way == zoo_winograd_2_3) {
    t[0] = _mm512_sub_ps(d[2], d[0]);
    t[1] = _mm512_add_ps(d[2], d[1]);
    t[2] = _mm512_sub_ps(d[2], d[1]);
    t[3] = _mm512_sub_ps(d[3], d[1]);
    return;
  }
  if (way == zoo_winograd_3_3) {
    const vector two = _mm512_set1_ps(2), three = _mm512_set1_ps(3);
    const vector far = _mm512_sub_ps(d[3], d[1]);
    t[0] = _mm512_fmadd_ps(two, _mm512_sub_ps(d[0], d[2]), far);
    t[1] = _mm512_fnmadd_ps(two, d[1], _mm512_sub_ps(d[3], d[2]));
    t[2] = _mm512_fmadd_ps(two, d[1], _mm512_fnmadd_ps(three, d[2], d[3]));
    t[3] = far;
    t[4] = _mm512_fnmadd_ps(two, far, _mm512_sub_ps(d[4], d[2]));
    return;
  }
  const vector two = _mm512_set1_ps(2), four = _mm512_set1_ps(4), five = _mm512_set1_ps(5);
  const vector a = _mm512_fnmadd_ps(four, d[2], d[4]), b = _mm512_fnmadd_ps(four, d[1], d[3]);
  const vector c = _mm512_sub_ps(d[4], d[2]), e = _mm512_mul_ps(two, _mm512_sub_ps(d[3], d[1]));
  t[0] = _mm512_fmadd_ps(four, d[0], _mm512_fnmadd_ps(five, d[2], d[4]));
  t[1] = _mm512_add_ps(a, b);
  t[2] = _mm512_sub_ps(a, b);
  t[3] = _mm512_add_ps(c, e);
  t[4] = _mm512_sub_ps(c, e);
  t[5] = _mm512_fmadd_ps(four, d[1], _mm512_fnmadd_ps(five, d[3], d[5]));
}

/// Aᵀ·m for one row or column.
INLINE void transform_output(zoo_winograd_way way, const vector *m, vector *t) {
  const vector a = _mm512_add_ps(m[1], m[2]), b = _mm512_sub_ps(m[1], m[2]);
  if (way == zoo_winograd_2_3) {
    t[0] = _mm512_add_ps(m[0], a);
    t[1] = _mm512_add_ps(b, m[3]);
    return;
  }
  if (way == zoo_winograd_3_3) {
    t[0] = _mm512_add_ps(_mm512_add_ps(m[0], a), m[3]);
    t[1] = _mm512_fmadd_ps(_mm512_set1_ps(2), m[3], b);
    t[2] = _mm512_add_ps(_mm512_fmadd_ps(_mm512_set1_ps(4), m[3], a), m[4]);
    return;
  }
  const vector two = _mm512_set1_ps(2), four = _mm512_set1_ps(4), eight = _mm512_set1_ps(8);
  const vector c = _mm512_add_ps(m[3], m[4]), d = _mm512_sub_ps(m[3], m[4]);
  t[0] = _mm512_add_ps(_mm512_add_ps(m[0], a), c);
  t[1] = _mm512_fmadd_ps(two, d, b);
  if (way == zoo_winograd_2_5) {
    t[1] = _mm512_add_ps(t[1], m[5]);
    return;
  }
  t[2] = _mm512_fmadd_ps(four, c, a);
  t[3] = _mm512_add_ps(_mm512_fmadd_ps(eight, d, b), m[5]);
}

INLINE vector times(float factor, vector value) {
  return _mm512_mul_ps(_mm512_set1_ps(factor), value);
}

/// G·g for one row or column.
INLINE void transform_kernel(zoo_winograd_way way, const vector *g, vector *t) {
  const int taps = taps_of(way);
  vector even = _mm512_add_ps(g[0], g[2]), odd = g[1];
  if (way == zoo_winograd_2_3) {
    t[0] = times(-1, g[0]);
    t[1] = times(0.5f, _mm512_add_ps(even, odd));
    t[2] = times(0.5f, _mm512_sub_ps(even, odd));
    t[3] = g[2];
    return;
  }
  if (way == zoo_winograd_3_3) {
    t[0] = times(0.5f, g[0]);
    t[1] = times(-0.5f, _mm512_add_ps(even, odd));
    t[2] = times(-1.0f / 6, _mm512_sub_ps(even, odd));
    t[3] = times(1.0f / 6, _mm512_add_ps(g[0], _mm512_add_ps(times(2, g[1]), times(4, g[2]))));
    t[4] = g[2];
    return;
  }
  // For the point 2, times 24.
  vector far = _mm512_add_ps(g[0], times(4, g[2])), middle = times(2, g[1]);
  if (taps == 5) {
    even = _mm512_add_ps(even, g[4]), odd = _mm512_add_ps(odd, g[3]);
    far = _mm512_add_ps(far, times(16, g[4])), middle = _mm512_add_ps(middle, times(8, g[3]));
  }
  t[0] = times(0.25f, g[0]);
  t[1] = times(-1.0f / 6, _mm512_add_ps(even, odd));
  t[2] = times(-1.0f / 6, _mm512_sub_ps(even, odd));
  t[3] = times(1.0f / 24, _mm512_add_ps(far, middle));
  t[4] = times(1.0f / 24, _mm512_sub_ps(far, middle));
  t[5] = g[taps - 1];
}

int64_t zoo_winograd_group(const zoo_winograd *w) { return vectors_at_once(w->outputs); }

int zoo_winograd_works(void) { return __builtin_cpu_supports("avx512f"); }

VECTORS static int64_t points_of(const zoo_winograd *w) {
  return side_of(w->way) * side_of(w->way);
}

size_t zoo_winograd_weights(const zoo_winograd *w) {
  return (size_t)(points_of(w) * (w->inputs * w->outputs + lanes));
}

INLINE void pack(
    zoo_winograd_way way, const zoo_winograd *w, const float *kernels, float *packed,
    int64_t from, int64_t to) {
  const int side = side_of(way), taps = taps_of(way);
  const int64_t wide = zoo_winograd_group(w) * lanes, inputs = w->inputs;
  const int64_t apart = inputs * w->outputs + lanes;
  for (int64_t first = from * lanes; first < to * lanes; first += lanes) {
    for (int64_t input = 0; input < inputs; input++) {
      float tap[most_taps * most_taps][lanes];
      for (int64_t lane = 0; lane < lanes; lane++) {
        const float *kernel = kernels + ((first + lane) * inputs + input) * taps * taps;
        for (int t = 0; t < taps * taps; t++) tap[t][lane] = kernel[t];
      }
      vector columns[most_side][most_taps];
      for (int y = 0; y < taps; y++) {
        vector row[most_taps], t[most_side];
        for (int x = 0; x < taps; x++) row[x] = _mm512_loadu_ps(tap[taps * y + x]);
        transform_kernel(way, row, t);
        for (int x = 0; x < side; x++) columns[x][y] = t[x];
      }
      // Point, output group, input, output within the group.
      float *at = packed + (first / wide * inputs + input) * wide + first % wide;
      for (int x = 0; x < side; x++) {
        vector t[most_side];
        transform_kernel(way, columns[x], t);
        for (int y = 0; y < side; y++) _mm512_store_ps(at + (y * side + x) * apart, t[y]);
      }
    }
  }
}

VECTORS void zoo_winograd_pack(
    const zoo_winograd *w, const float *kernels, float *packed, int64_t from, int64_t to) {
  switch (w->way) {
  case zoo_winograd_4_3: return pack(zoo_winograd_4_3, w, kernels, packed, from, to);
  case zoo_winograd_3_3: return pack(zoo_winograd_3_3, w, kernels, packed, from, to);
  case zoo_winograd_2_3: return pack(zoo_winograd_2_3, w, kernels, packed, from, to);
  case zoo_winograd_2_5: return pack(zoo_winograd_2_5, w, kernels, packed, from, to);
  }
}

// MARK: Tiles

typedef struct {
  int64_t item, y, x;
} place;

/// The start of a tile's outputs.
INLINE place place_of(const zoo_winograd *w, int64_t tile) {
  const int reach = reach_of(w->way);
  const int64_t across = (w->out_width + reach - 1) / reach;
  const int64_t down = (w->out_height + reach - 1) / reach;
  return (place){tile / (across * down), tile / across % down * reach, tile % across * reach};
}

VECTORS int64_t zoo_winograd_tiles(const zoo_winograd *w) {
  const int reach = reach_of(w->way);
  return w->batch * ((w->out_width + reach - 1) / reach) * ((w->out_height + reach - 1) / reach);
}

/// Sixteen channels of a map, converted if it is bfloat16.
INLINE vector load_map(const zoo_winograd *w, const void *map, int64_t at) {
  if (!w->bfloat16) return _mm512_loadu_ps((const float *)map + at);
  const __m256i halves = _mm256_loadu_si256((const void *)((const uint16_t *)map + at));
  return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(halves), 16));
}

/// Rounds to nearest, ties to even; keeps NaN.
INLINE void store_map(const zoo_winograd *w, void *map, int64_t at, vector value) {
  if (!w->bfloat16) {
    _mm512_storeu_ps((float *)map + at, value);
    return;
  }
  const __m512i bits = _mm512_castps_si512(value);
  const __m512i odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
  const __m512i near = _mm512_add_epi32(bits, _mm512_add_epi32(odd, _mm512_set1_epi32(0x7fff)));
  const __mmask16 none = _mm512_cmp_ps_mask(value, value, _CMP_UNORD_Q);
  const __m512i rounded = _mm512_mask_mov_epi32(near, none, _mm512_set1_epi32(0x7fc00000));
  _mm256_storeu_si256(
      (void *)((uint16_t *)map + at), _mm512_cvtepi32_epi16(_mm512_srli_epi32(rounded, 16)));
}

/// Loads one tile of sixteen channels in blocked layout; points are `stride` floats apart.
INLINE void load_tile(
    zoo_winograd_way way, const zoo_winograd *w, const void *source, int64_t origin, place at,
    float *points, int64_t stride) {
  const int side = side_of(way);
  vector rows[most_side][most_side];
  const int64_t top = at.y - w->top, left = at.x - w->left;
  if (top >= 0 && left >= 0 && top + side <= w->height && left + side <= w->width) {
    EACH for (int y = 0; y < side; y++) {
      vector d[most_side];
      const int64_t row = origin + ((top + y) * w->width + left) * lanes;
      EACH for (int x = 0; x < side; x++) d[x] = load_map(w, source, row + x * lanes);
      transform_input(way, d, rows[y]);
    }
  } else {
    for (int y = 0; y < side; y++) {
      vector d[most_side];
      const int64_t v = top + y;
      for (int x = 0; x < side; x++) {
        const int64_t u = left + x;
        d[x] = v >= 0 && v < w->height && u >= 0 && u < w->width
                   ? load_map(w, source, origin + (v * w->width + u) * lanes)
                   : _mm512_setzero_ps();
      }
      transform_input(way, d, rows[y]);
    }
  }
  EACH for (int x = 0; x < side; x++) {
    vector d[most_side], t[most_side];
    EACH for (int y = 0; y < side; y++) d[y] = rows[y][x];
    transform_input(way, d, t);
    EACH for (int y = 0; y < side; y++) _mm512_store_ps(points + (y * side + x) * stride, t[y]);
  }
}

INLINE void store_tile(
    zoo_winograd_way way, const zoo_winograd *w, const float *points, int64_t stride, place at,
    const zoo_winograd_arguments *arguments, const float *bias, int64_t origin) {
  const int side = side_of(way), reach = reach_of(way);
  vector rows[most_reach][most_side];
  EACH for (int x = 0; x < side; x++) {
    vector m[most_side], t[most_reach];
    EACH for (int y = 0; y < side; y++) m[y] = _mm512_load_ps(points + (y * side + x) * stride);
    transform_output(way, m, t);
    EACH for (int y = 0; y < reach; y++) rows[y][x] = t[y];
  }
  const vector offset = bias ? _mm512_loadu_ps(bias) : _mm512_setzero_ps();
  const int64_t down = w->out_height - at.y, across = w->out_width - at.x;
  for (int y = 0; y < reach && y < down; y++) {
    vector t[most_reach];
    transform_output(way, rows[y], t);
    const int64_t begin = origin + ((at.y + y) * w->out_width + at.x) * lanes;
    const int64_t target = at.item * arguments->target_apart + begin;
    const int64_t shortcut = at.item * arguments->shortcut_apart + begin;
    for (int x = 0; x < reach && x < across; x++) {
      vector value = _mm512_add_ps(t[x], offset);
      if (arguments->shortcut)
        value = _mm512_add_ps(value, load_map(w, arguments->shortcut, shortcut + x * lanes));
      store_map(w, arguments->target, target + x * lanes, rectified(value, w->slope));
    }
  }
}

// MARK: Items

PRODUCT_TABLE(products, 0)

VECTORS size_t zoo_winograd_scratch(const zoo_winograd *w, int64_t tiles) {
  return (size_t)(points_of(w) * ((w->inputs + w->outputs) * tiles + 2 * lanes));
}

INLINE void run(
    zoo_winograd_way way, const zoo_winograd *w, const zoo_winograd_arguments *arguments,
    int64_t first, int64_t last, int64_t from, int64_t to, float *scratch) {
  const int64_t points = side_of(way) * side_of(way);
  const int64_t vectors = zoo_winograd_group(w), count = last - first, inputs = w->inputs;
  const int64_t area = w->height * w->width, out_area = w->out_height * w->out_width;
  // Point, block of sixteen channels, tile, channel. Here and in the weights, points are one line
  // further apart than necessary: at powers of two they would map to the same few cache sets.
  const int64_t point_in = inputs * count + lanes;
  const int64_t point_out = (to - from) * lanes * count + lanes;
  const int64_t apart = inputs * w->outputs + lanes, panel = vectors * lanes * inputs;
  float *in = scratch, *out = scratch + points * point_in;

  for (int64_t channel = 0; channel < inputs; channel += lanes)
    for (int64_t tile = 0; tile < count; tile++) {
      const place at = place_of(w, first + tile);
      load_tile(
          way, w, arguments->source, at.item * arguments->source_apart + channel * area, at,
          in + channel * count + tile * lanes, point_in);
    }

  const int64_t most = rows_at_once(vectors);
  const int64_t strips = (count + most - 1) / most;
  const product *kernels = products[vectors == 4 ? 2 : vectors - 1];
  for (int64_t point = 0; point < points; point++) {
    const float *b = arguments->weights + point * apart + from * lanes * inputs;
    for (int64_t output = from; output < to; output += vectors, b += panel) {
      // The next operands are prefetched meanwhile; each strip requests its share of the lines.
      const int is_last = output + vectors >= to;
      const float *next = !is_last             ? b + panel
                          : point + 1 < points ? b + panel + apart - (to - from) * lanes * inputs
                                               : b;
      float *c = out + point * point_out + (output - from) * lanes * count;
      for (int64_t strip = 0; strip < strips; strip++) {
        const int64_t begin = count * strip / strips, end = count * (strip + 1) / strips;
        kernels[end - begin - 1](
            in + point * point_in + begin * lanes, count * lanes, b, inputs, c + begin * lanes,
            count * lanes, lanes, next + strip % vectors * lanes,
            next + (strip + strips) % vectors * lanes, NULL);
      }
    }
  }

  for (int64_t output = from; output < to; output++)
    for (int64_t tile = 0; tile < count; tile++) {
      const place at = place_of(w, first + tile);
      store_tile(
          way, w, out + (output - from) * lanes * count + tile * lanes, point_out, at, arguments,
          arguments->bias ? arguments->bias + output * lanes : NULL,
          output * lanes * out_area);
    }
}

VECTORS void zoo_winograd_run(
    const zoo_winograd *w, const zoo_winograd_arguments *arguments, int64_t first, int64_t last,
    int64_t from, int64_t to, float *scratch) {
  switch (w->way) {
  case zoo_winograd_4_3:
    return run(zoo_winograd_4_3, w, arguments, first, last, from, to, scratch);
  case zoo_winograd_3_3:
    return run(zoo_winograd_3_3, w, arguments, first, last, from, to, scratch);
  case zoo_winograd_2_3:
    return run(zoo_winograd_2_3, w, arguments, first, last, from, to, scratch);
  case zoo_winograd_2_5:
    return run(zoo_winograd_2_5, w, arguments, first, last, from, to, scratch);
  }
}

#else

// Not called where zoo_winograd_works returns 0.

int zoo_winograd_works(void) { return 0; }
size_t zoo_winograd_weights(const zoo_winograd *w) { return w ? 0 : 0; }
void zoo_winograd_pack(
    const zoo_winograd *w, const float *kernels, float *packed, int64_t from, int64_t to) {
  (void)w, (void)kernels, (void)packed, (void)from, (void)to;
}
int64_t zoo_winograd_tiles(const zoo_winograd *w) { return w ? 0 : 0; }
int64_t zoo_winograd_group(const zoo_winograd *w) { return w ? 1 : 1; }
size_t zoo_winograd_scratch(const zoo_winograd *w, int64_t tiles) { return w && tiles ? 0 : 0; }
void zoo_winograd_run(
    const zoo_winograd *w, const zoo_winograd_arguments *arguments, int64_t first, int64_t last,
    int64_t from, int64_t to, float *scratch) {
  (void)w, (void)arguments, (void)first, (void)last, (void)from, (void)to, (void)scratch;
}

#endif
