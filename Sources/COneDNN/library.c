// Loads oneDNN and lends out its threads. C, for the library is found by dlopen when it is first
// asked for, so that one binary runs with and without it. Whatever its version: no type of its own
// is known here.
#define _GNU_SOURCE
#include "library.h"

#ifdef ZOO_DNN_MAJOR
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

static zoo_dnn_library library;
static void (*set_threads)(int);
/// GCC's OpenMP, which the library is built on: one set of threads for its kernels and ours.
static struct {
  void (*parallel)(void (*body)(void *), void *context, unsigned threads, unsigned flags);
  int (*thread)(void);
  int (*threads)(void);
} openmp;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static char reason[256];

static void missing(const char *what, const char *detail) {
  snprintf(reason, sizeof reason, "%s%s", what, detail);
  library.missing = reason;
}

static void load(void) {
  char name[32];
  snprintf(name, sizeof name, "libdnnl.so.%d", ZOO_DNN_MAJOR);
  const char *wanted = getenv("ZOO_ONEDNN_LIBRARY");
  // OpenMP's threads spin between two kernels: long enough for the time from one to the next, and
  // no longer. Its own 300,000 turns take the processor from whoever the last thread waits for: on
  // a busy machine a network of 12 ms then takes hundreds.
  setenv("GOMP_SPINCOUNT", "4000", 0);
  void *handle = dlopen(wanted ? wanted : name, RTLD_NOW | RTLD_LOCAL);
  if (!handle && wanted) {
    missing("ZOO_ONEDNN_LIBRARY names no library that can be loaded: ", wanted);
    return;
  }
  if (!handle) {
    missing("oneDNN is not installed (Debian and Ubuntu: apt install libdnnl2): no ", name);
    return;
  }
  // A build on OpenMP counts as OpenMP does; any other takes all processors.
  set_threads = dlsym(handle, "omp_set_num_threads");

  openmp.parallel = dlsym(handle, "GOMP_parallel");
  openmp.thread = dlsym(handle, "omp_get_thread_num");
  openmp.threads = dlsym(handle, "omp_get_num_threads");

  Dl_info info;
  void *function = dlsym(handle, "dnnl_version");
  library.path = function && dladdr(function, &info) ? info.dli_fname : "libdnnl";
  const char *problem = zoo_dnn_connect(handle, &library);
  if (problem) missing(name, problem);
}

zoo_dnn_library zoo_dnn_open(void) {
  pthread_once(&once, load);
  return library;
}

void zoo_dnn_set_threads(int count) {
  if (set_threads) set_threads(count);
}

typedef struct {
  void (*body)(void *, int, int);
  void *context;
} call;

static void on_each_thread(void *context) {
  const call *wanted = context;
  wanted->body(wanted->context, openmp.thread(), openmp.threads());
}

int zoo_dnn_parallel(int count, void (*body)(void *, int, int), void *context) {
  if (!openmp.parallel || !openmp.thread || !openmp.threads) return 0;
  call wanted = {body, context};
  openmp.parallel(on_each_thread, &wanted, (unsigned)count, 0);
  return 1;
}

#endif
