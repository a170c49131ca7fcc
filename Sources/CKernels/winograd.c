// Convolution with 3×3 kernels after Winograd: Lavin and Gray, "Fast Algorithms for Convolutional
// Neural Networks" (2015, arXiv:1509.09308), F(4×4, 3×3).
//
// A tile of 4×4 outputs takes 36 products of sums of 6×6 inputs with sums of the kernel, where the
// plain way takes 144. For all channels of many tiles these are 36 products of matrices, one per
// point of the transformed tile. An item of work is a range of tiles and of output channels: it
// transforms its inputs, multiplies, and transforms back, in memory that stays in its core's cache.
#include "CKernels.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define VECTORS __attribute__((target("avx512f")))
#define INLINE VECTORS static inline __attribute__((always_inline))

/// Written out: what is summed stays in registers.
#define EACH _Pragma("clang loop unroll(full)")

enum { lanes = 16, side = 6, points = side * side, reach = 4 };

typedef __m512 vector;

// MARK: Transforms

/// Bᵀ·d for one row or column of six.
INLINE void transform_input(const vector d[side], vector t[side]) {
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

/// Aᵀ·m for one row or column of six.
INLINE void transform_output(const vector m[side], vector t[reach]) {
  const vector two = _mm512_set1_ps(2), four = _mm512_set1_ps(4), eight = _mm512_set1_ps(8);
  const vector a = _mm512_add_ps(m[1], m[2]), b = _mm512_sub_ps(m[1], m[2]);
  const vector c = _mm512_add_ps(m[3], m[4]), d = _mm512_sub_ps(m[3], m[4]);
  t[0] = _mm512_add_ps(_mm512_add_ps(m[0], a), c);
  t[1] = _mm512_fmadd_ps(two, d, b);
  t[2] = _mm512_fmadd_ps(four, c, a);
  t[3] = _mm512_add_ps(_mm512_fmadd_ps(eight, d, b), m[5]);
}

/// G·g for one row or column of three.
INLINE void transform_kernel(const vector g[3], vector t[side]) {
  const vector even = _mm512_add_ps(g[0], g[2]), sixth = _mm512_set1_ps(-1.0f / 6);
  const vector far = _mm512_fmadd_ps(
      g[0], _mm512_set1_ps(1.0f / 24), _mm512_mul_ps(g[2], _mm512_set1_ps(1.0f / 6)));
  const vector middle = _mm512_mul_ps(g[1], _mm512_set1_ps(1.0f / 12));
  t[0] = _mm512_mul_ps(g[0], _mm512_set1_ps(0.25f));
  t[1] = _mm512_mul_ps(_mm512_add_ps(even, g[1]), sixth);
  t[2] = _mm512_mul_ps(_mm512_sub_ps(even, g[1]), sixth);
  t[3] = _mm512_add_ps(far, middle);
  t[4] = _mm512_sub_ps(far, middle);
  t[5] = g[2];
}

/// Outputs that are multiplied together: as many vectors as keep the registers full.
int64_t zoo_winograd_group(const zoo_winograd *w) {
  return w->outputs % (4 * lanes) == 0 ? 4 : w->outputs % (2 * lanes) == 0 ? 2 : 1;
}

int zoo_winograd_works(void) { return __builtin_cpu_supports("avx512f"); }

size_t zoo_winograd_weights(const zoo_winograd *w) {
  return (size_t)(points * (w->inputs * w->outputs + lanes));
}

VECTORS void zoo_winograd_pack(
    const zoo_winograd *w, const float *kernels, float *packed, int64_t from, int64_t to) {
  const int64_t wide = zoo_winograd_group(w) * lanes, inputs = w->inputs;
  const int64_t apart = inputs * w->outputs + lanes;
  for (int64_t first = from * lanes; first < to * lanes; first += lanes) {
    for (int64_t input = 0; input < inputs; input++) {
      float taps[9][lanes];
      for (int64_t lane = 0; lane < lanes; lane++) {
        const float *kernel = kernels + ((first + lane) * inputs + input) * 9;
        for (int tap = 0; tap < 9; tap++) taps[tap][lane] = kernel[tap];
      }
      vector columns[side][3];
      for (int y = 0; y < 3; y++) {
        vector row[3], t[side];
        for (int x = 0; x < 3; x++) row[x] = _mm512_loadu_ps(taps[3 * y + x]);
        transform_kernel(row, t);
        for (int x = 0; x < side; x++) columns[x][y] = t[x];
      }
      // Point, group of outputs, input, output of the group.
      float *at = packed + (first / wide * inputs + input) * wide + first % wide;
      for (int x = 0; x < side; x++) {
        vector t[side];
        transform_kernel(columns[x], t);
        for (int y = 0; y < side; y++)
          _mm512_store_ps(at + (y * side + x) * apart, t[y]);
      }
    }
  }
}

// MARK: Tiles

typedef struct {
  int64_t item, y, x;
} place;

/// Where the outputs of a tile begin.
static place place_of(const zoo_winograd *w, int64_t tile) {
  const int64_t across = (w->out_width + reach - 1) / reach;
  const int64_t down = (w->out_height + reach - 1) / reach;
  return (place){tile / (across * down), tile / across % down * reach, tile % across * reach};
}

int64_t zoo_winograd_tiles(const zoo_winograd *w) {
  return w->batch * ((w->out_width + reach - 1) / reach) * ((w->out_height + reach - 1) / reach);
}

/// One tile of sixteen channels from blocks of sixteen, every point `stride` floats after another.
VECTORS static void load_tile(
    const zoo_winograd *w, const float *source, place at, float *points_, int64_t stride) {
  vector rows[side][side];
  const int64_t top = at.y - w->top, left = at.x - w->left;
  if (top >= 0 && left >= 0 && top + side <= w->height && left + side <= w->width) {
    for (int y = 0; y < side; y++) {
      vector d[side];
      const float *row = source + ((top + y) * w->width + left) * lanes;
      for (int x = 0; x < side; x++) d[x] = _mm512_loadu_ps(row + x * lanes);
      transform_input(d, rows[y]);
    }
  } else {
    for (int y = 0; y < side; y++) {
      vector d[side];
      const int64_t v = top + y;
      for (int x = 0; x < side; x++) {
        const int64_t u = left + x;
        d[x] = v >= 0 && v < w->height && u >= 0 && u < w->width
                   ? _mm512_loadu_ps(source + (v * w->width + u) * lanes)
                   : _mm512_setzero_ps();
      }
      transform_input(d, rows[y]);
    }
  }
  for (int x = 0; x < side; x++) {
    vector d[side], t[side];
    for (int y = 0; y < side; y++) d[y] = rows[y][x];
    transform_input(d, t);
    for (int y = 0; y < side; y++) _mm512_store_ps(points_ + (y * side + x) * stride, t[y]);
  }
}

VECTORS static void store_tile(
    const zoo_winograd *w, const float *points_, int64_t stride, place at, const float *bias,
    const float *shortcut, float *target) {
  vector rows[reach][side];
  for (int x = 0; x < side; x++) {
    vector m[side], t[reach];
    for (int y = 0; y < side; y++) m[y] = _mm512_load_ps(points_ + (y * side + x) * stride);
    transform_output(m, t);
    for (int y = 0; y < reach; y++) rows[y][x] = t[y];
  }
  const vector offset = bias ? _mm512_loadu_ps(bias) : _mm512_setzero_ps();
  const vector least = _mm512_set1_ps(w->relu ? 0 : -__builtin_inff());
  const int64_t down = w->out_height - at.y, across = w->out_width - at.x;
  for (int y = 0; y < reach && y < down; y++) {
    vector t[reach];
    transform_output(rows[y], t);
    const int64_t begin = ((at.y + y) * w->out_width + at.x) * lanes;
    for (int x = 0; x < reach && x < across; x++) {
      vector value = _mm512_add_ps(t[x], offset);
      if (shortcut) value = _mm512_add_ps(value, _mm512_loadu_ps(shortcut + begin + x * lanes));
      _mm512_storeu_ps(target + begin + x * lanes, _mm512_max_ps(value, least));
    }
  }
}

// MARK: Products

/// `tiles` rows of sums over all inputs, each `vectors` registers wide. `a` has a vector of inputs
/// for every tile, `tiles_apart` floats from one sixteen to the next. What `soon` and `sooner` point
/// to is fetched meanwhile, a line for each input.
INLINE void multiply(
    const int tiles, const int vectors, const float *a, int64_t tiles_apart, const float *b,
    int64_t inputs, float *c, int64_t outputs_apart, const float *soon, const float *sooner) {
  vector sums[12][4];
  EACH for (int t = 0; t < tiles; t++)
    EACH for (int v = 0; v < vectors; v++) sums[t][v] = _mm512_setzero_ps();
  for (int64_t block = 0; block < inputs; block += lanes, a += tiles_apart) {
    for (int input = 0; input < lanes; input++) {
      _mm_prefetch((const char *)soon, _MM_HINT_T1);
      _mm_prefetch((const char *)sooner, _MM_HINT_T1);
      vector factors[4];
      EACH for (int v = 0; v < vectors; v++) factors[v] = _mm512_load_ps(b + v * lanes);
      EACH for (int t = 0; t < tiles; t++) {
        const vector value = _mm512_set1_ps(a[t * lanes + input]);
        EACH for (int v = 0; v < vectors; v++)
          sums[t][v] = _mm512_fmadd_ps(value, factors[v], sums[t][v]);
      }
      b += vectors * lanes, soon += vectors * lanes, sooner += vectors * lanes;
    }
  }
  EACH for (int t = 0; t < tiles; t++)
    EACH for (int v = 0; v < vectors; v++)
      _mm512_store_ps(c + v * outputs_apart + t * lanes, sums[t][v]);
}

#define KERNEL(tiles, vectors)                                                                  \
  VECTORS static void multiply_##tiles##_##vectors(                                             \
      const float *a, int64_t tiles_apart, const float *b, int64_t inputs, float *c,            \
      int64_t outputs_apart, const float *soon, const float *sooner) {                          \
    multiply(                                                                                   \
        tiles, vectors, a, tiles_apart, b, inputs, c, outputs_apart, soon, sooner);             \
  }
#define KERNELS(vectors)                                                                        \
  KERNEL(1, vectors) KERNEL(2, vectors) KERNEL(3, vectors)                                      \
  KERNEL(4, vectors) KERNEL(5, vectors) KERNEL(6, vectors)
KERNELS(1) KERNELS(2) KERNELS(4)
#define WIDE(vectors)                                                                           \
  KERNEL(7, vectors) KERNEL(8, vectors) KERNEL(9, vectors)                                      \
  KERNEL(10, vectors) KERNEL(11, vectors) KERNEL(12, vectors)
WIDE(1) WIDE(2)

typedef void (*product)(
    const float *, int64_t, const float *, int64_t, float *, int64_t, const float *,
    const float *);
#define ROW(vectors)                                                                            \
  multiply_1_##vectors, multiply_2_##vectors, multiply_3_##vectors, multiply_4_##vectors,       \
      multiply_5_##vectors, multiply_6_##vectors
#define WIDE_ROW(vectors)                                                                       \
  multiply_7_##vectors, multiply_8_##vectors, multiply_9_##vectors, multiply_10_##vectors,      \
      multiply_11_##vectors, multiply_12_##vectors
static const product products[3][12] = {
    {ROW(1), WIDE_ROW(1)}, {ROW(2), WIDE_ROW(2)}, {ROW(4)}};

// MARK: Items

size_t zoo_winograd_scratch(const zoo_winograd *w, int64_t tiles) {
  return (size_t)(points * ((w->inputs + w->outputs) * tiles + 2 * lanes));
}

void zoo_winograd_run(
    const zoo_winograd *w, const zoo_winograd_arguments *arguments, int64_t first, int64_t last,
    int64_t from, int64_t to, float *scratch) {
  const int64_t vectors = zoo_winograd_group(w), count = last - first, inputs = w->inputs;
  const int64_t area = w->height * w->width, out_area = w->out_height * w->out_width;
  // Point, sixteen channels, tile, channel. Points lie a line further apart than they must, here
  // and in the weights: at powers of two they would fall into the same few sets of the cache.
  const int64_t point_in = inputs * count + lanes;
  const int64_t point_out = (to - from) * lanes * count + lanes;
  const int64_t apart = inputs * w->outputs + lanes, panel = vectors * lanes * inputs;
  float *in = scratch, *out = scratch + points * point_in;

  for (int64_t channel = 0; channel < inputs; channel += lanes)
    for (int64_t tile = 0; tile < count; tile++) {
      const place at = place_of(w, first + tile);
      load_tile(
          w, arguments->source + (at.item * inputs + channel) * area, at,
          in + channel * count + tile * lanes, point_in);
    }

  const int64_t most = vectors == 4 ? 6 : 12;
  const int64_t strips = (count + most - 1) / most;
  const product *kernels = products[vectors == 4 ? 2 : vectors - 1];
  for (int point = 0; point < points; point++) {
    const float *b = arguments->weights + point * apart + from * lanes * inputs;
    for (int64_t output = from; output < to; output += vectors, b += panel) {
      // What is multiplied next comes from memory meanwhile, each strip asking for its lines of it.
      const int is_last = output + vectors >= to;
      const float *next = !is_last               ? b + panel
                          : point + 1 < points ? b + panel + apart - (to - from) * lanes * inputs
                                               : b;
      float *c = out + point * point_out + (output - from) * lanes * count;
      for (int64_t strip = 0; strip < strips; strip++) {
        const int64_t begin = count * strip / strips, end = count * (strip + 1) / strips;
        kernels[end - begin - 1](
            in + point * point_in + begin * lanes, count * lanes, b, inputs, c + begin * lanes,
            count * lanes, next + strip % vectors * lanes,
            next + (strip + strips) % vectors * lanes);
      }
    }
  }

  for (int64_t output = from; output < to; output++)
    for (int64_t tile = 0; tile < count; tile++) {
      const place at = place_of(w, first + tile);
      const int64_t map = (at.item * w->outputs + output * lanes) * out_area;
      store_tile(
          w, out + (output - from) * lanes * count + tile * lanes, point_out, at,
          arguments->bias ? arguments->bias + output * lanes : NULL,
          arguments->shortcut ? arguments->shortcut + map : NULL, arguments->target + map);
    }
}

#else

// Nobody asks where zoo_winograd_works says no.

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
