#include "parallel.h"

#include "COneDNN.h"

typedef struct {
  int parts;
  void (*body)(void *context, int part);
  void *context;
} job;

// A team may be smaller than it was asked to be.
static void every_so_many(void *context, int thread, int threads) {
  const job *todo = context;
  for (int part = thread; part < todo->parts; part += threads) todo->body(todo->context, part);
}

void zoo_share_parts(int parts, void (*body)(void *context, int part), void *context) {
  job todo = {parts, body, context};
  if (parts < 2 || !zoo_dnn_parallel(parts, every_so_many, &todo)) every_so_many(&todo, 0, 1);
}
