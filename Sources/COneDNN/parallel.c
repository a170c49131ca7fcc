#define _GNU_SOURCE
#include "parallel.h"

#include <dlfcn.h>
#include <pthread.h>

#include "COneDNN.h"

// The pool of a build on OpenMP is reached by the entry that GCC's compiled code calls, which
// LLVM's library has too. Other builds of oneDNN have no pool to share; their parts run in turn.

static void (*fork_team)(void (*)(void *), void *, unsigned, unsigned);
static int (*team_size)(void);
static int (*member)(void);
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void find(void) {
  if (zoo_dnn_open().missing) return;
  void *handle = dlopen(zoo_dnn_open().path, RTLD_NOW | RTLD_LOCAL);
  if (!handle) return;
  fork_team = dlsym(handle, "GOMP_parallel");
  team_size = dlsym(handle, "omp_get_num_threads");
  member = dlsym(handle, "omp_get_thread_num");
  if (!team_size || !member) fork_team = NULL;
}

typedef struct {
  int parts;
  void (*body)(void *, int);
  void *context;
} job;

static void work(void *context) {
  job *todo = context;
  // A team may be smaller than it was asked to be.
  for (int part = member(); part < todo->parts; part += team_size())
    todo->body(todo->context, part);
}

void zoo_share_parts(int parts, void (*body)(void *context, int part), void *context) {
  pthread_once(&once, find);
  if (parts > 1 && fork_team) {
    job todo = {parts, body, context};
    fork_team(work, &todo, parts, 0);
    return;
  }
  for (int part = 0; part < parts; part++) body(context, part);
}
