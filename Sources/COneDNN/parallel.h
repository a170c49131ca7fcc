// Work in parts, for loops beside oneDNN's own operations.
#ifndef ZOO_DNN_PARALLEL_H
#define ZOO_DNN_PARALLEL_H

#include <stdint.h>

typedef void (*zoo_loop)(const void *context, int64_t first, int64_t last);

/// Runs the loop over 0..<count, divided evenly and in order among at most `threads` threads: fewer
/// where the loop touches so few floats that it is not worth waking them.
///
/// These are the threads that oneDNN's own operations run on, so that nobody's idle threads spin in
/// the other's way.
void zoo_share(
    int64_t count, int64_t floats, int threads, zoo_loop loop, const void *context);

#endif
