// Parallel loops beside oneDNN's own operations.
#ifndef ZOO_DNN_PARALLEL_H
#define ZOO_DNN_PARALLEL_H

#include <stdint.h>

typedef void (*zoo_loop)(const void *context, int64_t first, int64_t last);

/// Runs the loop over 0..<count, divided evenly and in order among at most `threads` threads: fewer
/// if the loop touches too few floats to be worth waking them.
///
/// oneDNN's own operations run on the same threads, so idle threads of one never spin against the
/// other's.
void zoo_share(
    int64_t count, int64_t floats, int threads, zoo_loop loop, const void *context);

#endif
