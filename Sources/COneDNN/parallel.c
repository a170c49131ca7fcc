// Divides a loop among the library's threads. It is C because the loops, those of maps.c, are.
#include "parallel.h"

#include "COneDNN.h"

typedef struct {
  int64_t count;
  int parts;
  zoo_loop loop;
  const void *context;
} job;

// OpenMP may provide fewer threads than requested.
static void some_parts(void *context, int thread, int threads) {
  const job *wanted = context;
  for (int part = thread; part < wanted->parts; part += threads)
    wanted->loop(
        wanted->context, wanted->count * part / wanted->parts,
        wanted->count * (part + 1) / wanted->parts);
}

void zoo_share(
    int64_t count, int64_t floats, int threads, zoo_loop loop, const void *context) {
  const int64_t worth = floats / 16384;
  job wanted = {
      count, worth < 2 ? 1 : worth < threads ? (int)worth : threads, loop, context};
  if (wanted.parts < 2 || !zoo_dnn_parallel(wanted.parts, some_parts, &wanted))
    some_parts(&wanted, 0, 1);
}
