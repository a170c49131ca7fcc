#include <math.h>
#include <stddef.h>
#include <string.h>

#include "COneDNNTraining.h"
#include "parallel.h"

// A block of 16 channels lies together over all positions, so a vector holds one position and no
// sum crosses lanes. A thread takes whole blocks: results do not depend on how many threads there
// are, and the second look at a block finds it in the cache.

typedef float lanes __attribute__((vector_size(64)));
/// Where an array begins anywhere.
typedef float loose __attribute__((vector_size(64), aligned(4)));
typedef int32_t signs __attribute__((vector_size(64)));
typedef double wide __attribute__((vector_size(128)));

enum { width = 16, chunk = 64 };

#if defined(__x86_64__) && defined(__linux__)
#define CLONED __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define CLONED
#endif
#define INLINE static inline __attribute__((always_inline))

#define WIDE(v) __builtin_convertvector(v, wide)
#define ALL(x) ((lanes){} + (x))

/// What is not above zero becomes zero; not a number stays, as everywhere else.
#define KEPT(v, condition) ((lanes)((signs)(v) & (signs)(condition)))
#define RECTIFIED(v) KEPT(v, ~((v) < ALL(0)))

INLINE int64_t start(int64_t count, int part, int parts) { return count * part / parts; }

/// What the channels of a block need: scale·x + shift is the norm.
typedef struct {
  lanes mean, factor, scale, shift;
} block_constants;

/// A block of a vector with one number for each channel; the rest is `padding`.
#define LOADED(target, vector, first, count, padding)                     \
  do {                                                                    \
    (target) = ALL(padding);                                              \
    for (int lane = 0; lane < (count); lane++)                            \
      ((float *)&(target))[lane] = (vector)[(first) + lane];              \
  } while (0)

#define BLOCK(map, block, position_count) \
  (lanes *)((map).base + (block) * (position_count) * width)
#define ITEM(map, block, plane, i) \
  (lanes *)((map).base + (i) * (map).item + (block) * (plane) * width)

typedef struct {
  const zoo_norm *norm;
  int parts;
} norm_job;

CLONED static void norm_forward_blocks(const zoo_norm *n, int64_t first, int64_t last) {
  const int64_t plane = n->plane;
  const double count = (double)n->items * (double)plane;
  for (int64_t block = first; block < last; block++) {
    const int64_t channel = block * width;
    const int live = n->channels - channel < width ? (int)(n->channels - channel) : width;
    lanes mean, factor, weight, bias;
    if (n->trains) {
      // Sums of what is above the first value: differences keep their digits.
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
      LOADED(mean, n->running_mean, channel, live, 0);
      for (int lane = 0; lane < width; lane++)
        factor[lane] =
            lane < live
                ? (float)(1 / sqrt((double)n->running_variance[channel + lane] + n->epsilon))
                : 0;
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
            y[p] = RECTIFIED(v);
          }
        } else {
          for (int64_t p = 0; p < plane; p++) y[p] = x[p] * scale + shift + other[p];
        }
      } else if (n->rectifies) {
        for (int64_t p = 0; p < plane; p++) {
          const lanes v = x[p] * scale + shift;
          y[p] = RECTIFIED(v);
        }
      } else {
        for (int64_t p = 0; p < plane; p++) y[p] = x[p] * scale + shift;
      }
    }
  }
}

/// The gradient behind the rectifier.
#define PASSED(g, sign, rule)                                                         \
  ((rule) == zoo_rule_plain                                                           \
       ? KEPT(g, (sign) > ALL(0))                                                     \
       : (rule) == zoo_rule_guided ? KEPT(g, ((sign) > ALL(0)) & ((g) > ALL(0)))      \
                                   : KEPT(g, (g) > ALL(0)))

CLONED static void norm_backward_blocks(const zoo_norm *n, int64_t first, int64_t last) {
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
      LOADED(mean, n->running_mean, channel, live, 0);
      for (int lane = 0; lane < width; lane++)
        factor[lane] =
            lane < live
                ? (float)(1 / sqrt((double)n->running_variance[channel + lane] + n->epsilon))
                : 0;
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
              d = PASSED(d, sign, n->rule);
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
          d = PASSED(d, sign, n->rule);
        }
        const lanes value = scale * d + (b * x[p] + c);
        dx[p] = n->accumulates ? dx[p] + value : value;
      }
    }
  }
}

static int64_t blocks_of(const zoo_norm *n) { return (n->channels + width - 1) / width; }

static void norm_forward_part(void *context, int part) {
  const norm_job *job = context;
  const int64_t blocks = blocks_of(job->norm);
  norm_forward_blocks(
      job->norm, start(blocks, part, job->parts), start(blocks, part + 1, job->parts));
}

static void norm_backward_part(void *context, int part) {
  const norm_job *job = context;
  const int64_t blocks = blocks_of(job->norm);
  norm_backward_blocks(
      job->norm, start(blocks, part, job->parts), start(blocks, part + 1, job->parts));
}

/// A short loop is not worth waking a thread.
static int parts_for(int64_t floats, int threads) {
  const int64_t worth = floats / 16384;
  return worth < 2 ? 1 : worth < threads ? (int)worth : threads;
}

void zoo_norm_forward(const zoo_norm *norm, int threads) {
  norm_job job = {norm, parts_for(norm->items * norm->channels * norm->plane, threads)};
  zoo_share_parts(job.parts, norm_forward_part, &job);
}

void zoo_norm_backward(const zoo_norm *norm, int threads) {
  norm_job job = {norm, parts_for(norm->items * norm->channels * norm->plane, threads)};
  zoo_share_parts(job.parts, norm_backward_part, &job);
}

// MARK: Sums and copies

typedef struct {
  const float *a, *b, *y;
  float *to;
  int64_t count;
  int rectifies;
  zoo_rule rule;
  int parts;
} sum_job;

#define NUMBER_PASSED(g, sign, rule) \
  ((rule) == zoo_rule_plain    ? (sign) > 0 ? (g) : 0              \
   : (rule) == zoo_rule_guided ? (sign) > 0 && (g) > 0 ? (g) : 0   \
                               : (g) > 0 ? (g) : 0)

/// Whole vectors; what is left over comes number by number.
CLONED static void sum_stretch(const sum_job *job, int64_t first, int64_t last) {
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

static void sum_part(void *context, int part) {
  const sum_job *job = context;
  const int64_t rows = (job->count + width - 1) / width;
  const int64_t last = start(rows, part + 1, job->parts) * width;
  sum_stretch(
      job, start(rows, part, job->parts) * width, last < job->count ? last : job->count);
}

void zoo_sum_forward(
    const float *a, const float *b, float *to, int64_t count, int rectifies, int threads) {
  sum_job job = {
      .a = a, .b = b, .to = to, .count = count, .rectifies = rectifies,
      .parts = parts_for(count, threads)};
  zoo_share_parts(job.parts, sum_part, &job);
}

void zoo_sum_backward(
    const float *a, const float *b, const float *y, float *to, int64_t count, zoo_rule rule,
    int threads) {
  sum_job job = {
      .a = a, .b = b, .y = y, .to = to, .count = count, .rule = rule,
      .parts = parts_for(count, threads)};
  zoo_share_parts(job.parts, sum_part, &job);
}

typedef struct {
  zoo_map from, to;
  int64_t items, count;
  int adds, parts;
} copy_job;

static void copy_part(void *context, int part) {
  const copy_job *job = context;
  // In rows, so that few items are shared out too.
  const int64_t row_width = job->count % width ? 1 : width;
  const int64_t rows = job->count / row_width, all = rows * job->items;
  const int64_t last = start(all, part + 1, job->parts);
  for (int64_t row = start(all, part, job->parts); row < last;) {
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
  copy_job job = {from, to, items, count, adds, parts_for(items * count, threads)};
  zoo_share_parts(job.parts, copy_part, &job);
}
