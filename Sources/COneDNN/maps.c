// Loops over maps in blocks of 16 channels. It is C for vectors of 16 floats and for target_clones,
// which compiles a function once for each instruction set and picks the processor's.
//
// A block holds its 16 channels for all positions, so a vector is one position and no sum crosses
// lanes. A thread takes whole blocks: results do not depend on the number of threads, and the
// second pass over a block finds it in the cache.
#include "COneDNNMaps.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

#include "parallel.h"
#include "watched.h"

typedef float lanes __attribute__((vector_size(64)));
/// The same without alignment.
typedef float loose __attribute__((vector_size(64), aligned(4)));
typedef int32_t signs __attribute__((vector_size(64)));
typedef double wide __attribute__((vector_size(128)));

enum { width = 16, chunk = 64 };

#if defined(__x86_64__) && defined(__linux__) && !defined(WATCHED)
#define CLONED __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define CLONED
#endif

#define WIDE(v) __builtin_convertvector(v, wide)
#define ALL(x) ((lanes){} + (x))

/// Negative numbers become zero; NaN stays, as everywhere else.
#define KEPT(v, condition) ((lanes)((signs)(v) & (signs)(condition)))
#define RECTIFIED(v) KEPT(v, ~((v) < ALL(0)))
#define CHOSEN(condition, a, b) \
  ((lanes)(((signs)(a) & (signs)(condition)) | ((signs)(b) & ~(signs)(condition))))
/// The same with a slope below zero. A slope of zero is apart: zero times infinity is NaN.
#define BENT(v, slope) \
  ((slope) == 0 ? RECTIFIED(v) : CHOSEN((v) > ALL(0), v, (v) * ALL(slope)))

/// One block of a vector that has a number for each channel; missing channels are `padding`.
#define LOADED(target, vector, first, count, padding)                     \
  do {                                                                    \
    (target) = ALL(padding);                                              \
    for (int lane = 0; lane < (count); lane++)                            \
      ((float *)&(target))[lane] = (vector)[(first) + lane];              \
  } while (0)

/// Fixed statistics, as a mean and the factor for centred values.
#define RUNNING(n, channel, live, mean, factor)                                            \
  do {                                                                                     \
    LOADED(mean, (n)->running_mean, channel, live, 0);                                     \
    (factor) = ALL(0);                                                                     \
    for (int lane = 0; lane < (live); lane++)                                              \
      ((float *)&(factor))[lane] =                                                         \
          (float)(1 / sqrt((double)(n)->running_variance[(channel) + lane] + (n)->epsilon)); \
  } while (0)

#define ITEM(map, block, plane, i) \
  (lanes *)((map).base + (i) * (map).item + (block) * (plane) * width)

CLONED static void norm_forward_blocks(const void *context, int64_t first, int64_t last) {
  const zoo_norm *n = context;
  const int64_t plane = n->plane;
  const double count = (double)n->items * (double)plane;
  for (int64_t block = first; block < last; block++) {
    const int64_t channel = block * width;
    const int live = n->channels - channel < width ? (int)(n->channels - channel) : width;
    lanes mean, factor, weight, bias;
    if (n->trains) {
      // Sums of differences from the first value keep more digits.
      const lanes origin = *ITEM(n->x, block, plane, 0);
      wide total = {}, squares = {};
      for (int64_t i = 0; i < n->items; i++) {
        const lanes *x = ITEM(n->x, block, plane, i);
        for (int64_t begin = 0; begin < plane; begin += chunk) {
          const int64_t end = begin + chunk < plane ? begin + chunk : plane;
          lanes t0 = {}, t1 = {}, s0 = {}, s1 = {};
          int64_t p = begin;
          for (; p + 2 <= end; p += 2) {
            const lanes a = x[p] - origin, b = x[p + 1] - origin;
            t0 += a, t1 += b;
            s0 += a * a, s1 += b * b;
          }
          for (; p < end; p++) {
            const lanes a = x[p] - origin;
            t0 += a;
            s0 += a * a;
          }
          total += WIDE(t0 + t1);
          squares += WIDE(s0 + s1);
        }
      }
      for (int lane = 0; lane < width; lane++) {
        const double shift = total[lane] / count;
        const double spread = squares[lane] / count - shift * shift;
        const double variance = spread > 0 || spread != spread ? spread : 0;
        mean[lane] = (float)(origin[lane] + shift);
        factor[lane] = (float)(1 / sqrt(variance + n->epsilon));
        if (lane < live) {
          float *running = &n->running_mean[channel + lane];
          *running += n->momentum * (mean[lane] - *running);
          running = &n->running_variance[channel + lane];
          *running += n->momentum * ((float)(variance * count / (count - 1)) - *running);
        }
      }
      memcpy(n->mean + channel, &mean, sizeof mean);
      memcpy(n->factor + channel, &factor, sizeof factor);
    } else {
      RUNNING(n, channel, live, mean, factor);
    }
    LOADED(weight, n->weight, channel, live, 0);
    LOADED(bias, n->bias, channel, live, 0);
    const lanes scale = weight * factor, shift = bias - mean * scale;
    for (int64_t i = 0; i < n->items; i++) {
      const lanes *x = ITEM(n->x, block, plane, i);
      lanes *y = ITEM(n->y, block, plane, i);
      if (n->other.base) {
        const lanes *other = ITEM(n->other, block, plane, i);
        if (n->rectifies) {
          for (int64_t p = 0; p < plane; p++) {
            const lanes v = x[p] * scale + shift + other[p];
            y[p] = BENT(v, n->slope);
          }
        } else {
          for (int64_t p = 0; p < plane; p++) y[p] = x[p] * scale + shift + other[p];
        }
      } else if (n->rectifies) {
        for (int64_t p = 0; p < plane; p++) {
          const lanes v = x[p] * scale + shift;
          y[p] = BENT(v, n->slope);
        }
      } else {
        for (int64_t p = 0; p < plane; p++) y[p] = x[p] * scale + shift;
      }
    }
  }
}

/// The gradient past the rectifier; only rectifiers without a slope know other rules.
#define BENT_BACK(g, sign, slope, rule) \
  ((slope) == 0 ? PASSED(g, sign, rule) : CHOSEN((sign) > ALL(0), g, (g) * ALL(slope)))
#define PASSED(g, sign, rule)                                                         \
  ((rule) == zoo_rule_plain                                                           \
       ? KEPT(g, (sign) > ALL(0))                                                     \
       : (rule) == zoo_rule_guided ? KEPT(g, ((sign) > ALL(0)) & ((g) > ALL(0)))      \
                                   : KEPT(g, (g) > ALL(0)))

CLONED static void norm_backward_blocks(const void *context, int64_t first, int64_t last) {
  const zoo_norm *n = context;
  const int64_t plane = n->plane;
  const double count = (double)n->items * (double)plane;
  const int looks = n->trains || n->dweight || n->dbias || n->masked.base;
  for (int64_t block = first; block < last; block++) {
    const int64_t channel = block * width;
    const int live = n->channels - channel < width ? (int)(n->channels - channel) : width;
    lanes mean, factor, weight, bias;
    if (n->trains) {
      memcpy(&mean, n->mean + channel, sizeof mean);
      memcpy(&factor, n->factor + channel, sizeof factor);
    } else {
      RUNNING(n, channel, live, mean, factor);
    }
    LOADED(weight, n->weight, channel, live, 0);
    LOADED(bias, n->bias, channel, live, 0);
    const lanes scale = weight * factor, shift = bias - mean * scale;

    wide total = {}, along = {};
    if (looks)
      for (int64_t i = 0; i < n->items; i++) {
        const lanes *x = ITEM(n->x, block, plane, i);
        const lanes *y = n->y.base ? ITEM(n->y, block, plane, i) : NULL;
        const lanes *g = ITEM(n->arriving, block, plane, i);
        const lanes *h = n->arriving_too.base ? ITEM(n->arriving_too, block, plane, i) : NULL;
        lanes *masked = n->masked.base ? ITEM(n->masked, block, plane, i) : NULL;
        for (int64_t begin = 0; begin < plane; begin += chunk) {
          const int64_t end = begin + chunk < plane ? begin + chunk : plane;
          lanes t = {}, s = {};
          for (int64_t p = begin; p < end; p++) {
            lanes d = g[p];
            if (h) d += h[p];
            if (n->rectifies) {
              const lanes sign = y ? y[p] : x[p] * scale + shift;
              d = BENT_BACK(d, sign, n->slope, n->rule);
            }
            if (masked) masked[p] = d;
            t += d;
            s += d * (x[p] - mean);
          }
          total += WIDE(t);
          along += WIDE(s);
        }
      }
    for (int lane = 0; lane < live; lane++) {
      if (n->dweight) n->dweight[channel + lane] = (float)(along[lane] * factor[lane]);
      if (n->dbias) n->dbias[channel + lane] = (float)total[lane];
    }
    if (!n->dx.base) continue;
    // dx = w/σ · (dy − mean dy − x̂ · mean(dy·x̂)); the means vanish for constant statistics.
    lanes b = {}, c = {};
    if (n->trains)
      for (int lane = 0; lane < live; lane++) {
        const double f = factor[lane], a = f * weight[lane];
        const double slope = -a * f * f * along[lane] / count;
        b[lane] = (float)slope;
        c[lane] = (float)(-a * total[lane] / count - slope * mean[lane]);
      }
    for (int64_t i = 0; i < n->items; i++) {
      const lanes *x = ITEM(n->x, block, plane, i);
      lanes *dx = ITEM(n->dx, block, plane, i);
      if (n->masked.base) {
        const lanes *g = ITEM(n->masked, block, plane, i);
        if (n->accumulates)
          for (int64_t p = 0; p < plane; p++) dx[p] += scale * g[p] + (b * x[p] + c);
        else
          for (int64_t p = 0; p < plane; p++) dx[p] = scale * g[p] + (b * x[p] + c);
        continue;
      }
      const lanes *y = n->y.base ? ITEM(n->y, block, plane, i) : NULL;
      const lanes *g = ITEM(n->arriving, block, plane, i);
      const lanes *h = n->arriving_too.base ? ITEM(n->arriving_too, block, plane, i) : NULL;
      for (int64_t p = 0; p < plane; p++) {
        lanes d = g[p];
        if (h) d += h[p];
        if (n->rectifies) {
          const lanes sign = y ? y[p] : x[p] * scale + shift;
          d = BENT_BACK(d, sign, n->slope, n->rule);
        }
        const lanes value = scale * d + (b * x[p] + c);
        dx[p] = n->accumulates ? dx[p] + value : value;
      }
    }
  }
}

static void share_blocks(const zoo_norm *norm, int threads, zoo_loop loop) {
  zoo_share(
      (norm->channels + width - 1) / width, norm->items * norm->channels * norm->plane, threads,
      loop, norm);
}

void zoo_norm_forward(const zoo_norm *norm, int threads) {
  share_blocks(norm, threads, norm_forward_blocks);
}

void zoo_norm_backward(const zoo_norm *norm, int threads) {
  share_blocks(norm, threads, norm_backward_blocks);
}

// MARK: Sums and copies

typedef struct {
  const float *a, *b, *y;
  float *to;
  int64_t count;
  int rectifies;
  zoo_rule rule;
} sum_job;

#define NUMBER_PASSED(g, sign, rule) \
  ((rule) == zoo_rule_plain    ? (sign) > 0 ? (g) : 0              \
   : (rule) == zoo_rule_guided ? (sign) > 0 && (g) > 0 ? (g) : 0   \
                               : (g) > 0 ? (g) : 0)

/// Whole vectors, then the rest number by number.
CLONED static void sum_rows(const void *context, int64_t first_row, int64_t last_row) {
  const sum_job *job = context;
  const int64_t first = first_row * width;
  const int64_t last = last_row * width < job->count ? last_row * width : job->count;
  const float *a = job->a, *b = job->b, *y = job->y;
  float *to = job->to;
  const int rectifies = job->rectifies;
  const zoo_rule rule = job->rule;
  const int64_t whole = first + (last - first) / width * width;
#define VECTOR(array) ((lanes)*(const loose *)((array) + i))
#define EACH(expression) \
  for (int64_t i = first; i < whole; i += width) *(loose *)(to + i) = (expression)
  if (y) {
    if (b && rule == zoo_rule_plain)
      EACH(KEPT(VECTOR(a) + VECTOR(b), VECTOR(y) > ALL(0)));
    else if (rule == zoo_rule_plain)
      EACH(KEPT(VECTOR(a), VECTOR(y) > ALL(0)));
    else if (b)
      EACH(PASSED(VECTOR(a) + VECTOR(b), VECTOR(y), rule));
    else
      EACH(PASSED(VECTOR(a), VECTOR(y), rule));
  } else if (b && rectifies)
    EACH(RECTIFIED(VECTOR(a) + VECTOR(b)));
  else if (b)
    EACH(VECTOR(a) + VECTOR(b));
  else if (rectifies)
    EACH(RECTIFIED(VECTOR(a)));
  else if (a != to)
    memcpy(to + first, a + first, (size_t)(whole - first) * sizeof *to);
  for (int64_t i = whole; i < last; i++) {
    const float v = b ? a[i] + b[i] : a[i];
    to[i] = y ? NUMBER_PASSED(v, y[i], rule) : rectifies && v < 0 ? 0 : v;
  }
}

static void share_rows(const sum_job *job, int threads) {
  zoo_share((job->count + width - 1) / width, job->count, threads, sum_rows, job);
}

void zoo_sum_forward(
    const float *a, const float *b, float *to, int64_t count, int rectifies, int threads) {
  const sum_job job = {.a = a, .b = b, .to = to, .count = count, .rectifies = rectifies};
  share_rows(&job, threads);
}

void zoo_sum_backward(
    const float *a, const float *b, const float *y, float *to, int64_t count, zoo_rule rule,
    int threads) {
  const sum_job job = {.a = a, .b = b, .y = y, .to = to, .count = count, .rule = rule};
  share_rows(&job, threads);
}

typedef struct {
  zoo_map from, to;
  /// Rows divide evenly even if there are few items.
  int64_t rows, row_width;
  int adds;
} copy_job;

static void copy_rows(const void *context, int64_t first, int64_t last) {
  const copy_job *job = context;
  const int64_t rows = job->rows, row_width = job->row_width;
  for (int64_t row = first; row < last;) {
    const int64_t item = row / rows, offset = row % rows;
    const int64_t left = rows - offset < last - row ? rows - offset : last - row;
    const float *from = job->from.base + item * job->from.item + offset * row_width;
    float *to = job->to.base + item * job->to.item + offset * row_width;
    if (job->adds)
      for (int64_t i = 0; i < left * row_width; i++) to[i] += from[i];
    else
      memcpy(to, from, (size_t)(left * row_width) * sizeof *to);
    row += left;
  }
}

void zoo_copy_items(
    zoo_map from, zoo_map to, int64_t items, int64_t count, int adds, int threads) {
  const int64_t row_width = count % width ? 1 : width;
  const copy_job job = {from, to, count / row_width, row_width, adds};
  zoo_share(job.rows * items, items * count, threads, copy_rows, &job);
}

// MARK: Parts of maps

typedef struct {
  zoo_map from, to;
  int64_t from_first, to_first, channels, plane;
  /// Lanes that lie together in both, and how often.
  int64_t together, rows;
} move_job;

static void move_rows(const void *context, int64_t first, int64_t last) {
  const move_job *job = context;
  const int64_t together = job->together, rows = job->rows;
  for (int64_t row = first; row < last; row++) {
    const int64_t item = row / rows, channel = row % rows * together;
    const int64_t left = job->channels - channel, count = left < together ? left : together;
    const int64_t a = job->from_first + channel, b = job->to_first + channel;
    const float *from =
        job->from.base + item * job->from.item + a / width * width * job->plane + a % width;
    float *to = job->to.base + item * job->to.item + b / width * width * job->plane + b % width;
    if (count == width)
      memcpy(to, from, (size_t)(width * job->plane) * sizeof *to);
    else
      for (int64_t p = 0; p < job->plane; p++)
        memcpy(to + p * width, from + p * width, (size_t)count * sizeof *to);
  }
}

void zoo_move_channels(
    zoo_map from, int64_t from_first, zoo_map to, int64_t to_first, int64_t channels,
    int64_t items, int64_t plane, int threads) {
  int64_t together = width;
  while (from_first % together || to_first % together) together /= 2;
  const int64_t rows = (channels + together - 1) / together;
  const move_job job = {from, to, from_first, to_first, channels, plane, together, rows};
  zoo_share(rows * items, items * channels * plane, threads, move_rows, &job);
}

typedef struct {
  const zoo_places *places;
  zoo_map large, small;
  int puts;
} places_job;

static void places_blocks(const void *context, int64_t first, int64_t last) {
  const places_job *job = context;
  const zoo_places *s = job->places;
  const int64_t plane = s->large[0] * s->large[1];
  for (int64_t map = first; map < last; map++) {
    const int64_t item = map / s->blocks, block = map % s->blocks;
    float *large = job->large.base + item * job->large.item + block * plane * width;
    float *small =
        job->small.base + item * job->small.item + block * s->small[0] * s->small[1] * width;
    if (job->puts) memset(large, 0, (size_t)(plane * width) * sizeof *large);
    for (int64_t row = 0; row < s->small[0]; row++)
      for (int64_t column = 0; column < s->small[1]; column++) {
        float *a = large
            + ((s->first[0] + row * s->step[0]) * s->large[1] + s->first[1]
               + column * s->step[1])
                * width;
        float *b = small + (row * s->small[1] + column) * width;
        memcpy(job->puts ? a : b, job->puts ? b : a, width * sizeof *a);
      }
  }
}

static void share_places(const places_job *job, int threads) {
  const zoo_places *s = job->places;
  const int64_t blocks = s->items * s->blocks;
  zoo_share(blocks, blocks * s->large[0] * s->large[1] * width, threads, places_blocks, job);
}

void zoo_take_places(const zoo_places *places, zoo_map large, zoo_map small, int threads) {
  const places_job job = {places, large, small, .puts = 0};
  share_places(&job, threads);
}

void zoo_put_places(const zoo_places *places, zoo_map small, zoo_map large, int threads) {
  const places_job job = {places, large, small, .puts = 1};
  share_places(&job, threads);
}
