// Work in parts, for loops beside oneDNN's own operations.
#ifndef ZOO_DNN_PARALLEL_H
#define ZOO_DNN_PARALLEL_H

/// Runs the body once for each part, on the threads that oneDNN's own operations run on, so that
/// nobody's idle threads spin in the other's way.
void zoo_share_parts(int parts, void (*body)(void *context, int part), void *context);

#endif
