// Loads oneDNN, of any major version, and lends out its threads. It is C because it calls function
// pointers from dlsym: the library is loaded on first use, so one binary runs with and without it.
#define _GNU_SOURCE
#include "library.h"
#include "watched.h"

#ifdef ZOO_DNN_MAJOR
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

static zoo_dnn_library library;
static void (*set_threads)(int);
/// GCC's OpenMP, which the library uses: its kernels and ours share one set of threads.
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
  // OpenMP's threads spin between two kernels: about as long as the next one takes to arrive. The
  // default of 300,000 turns takes the processor from the thread that the others wait for: on a
  // busy machine a network of 12 ms then takes hundreds.
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
  // Builds without OpenMP use all processors.
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
  ACQUIRE(context);
  const call *wanted = context;
  wanted->body(wanted->context, openmp.thread(), openmp.threads());
  RELEASE(context);
}

int zoo_dnn_parallel(int count, void (*body)(void *, int, int), void *context) {
  if (!openmp.parallel || !openmp.thread || !openmp.threads) return 0;
  call wanted = {body, context};
  RELEASE(&wanted);
  openmp.parallel(on_each_thread, &wanted, (unsigned)count, 0);
  ACQUIRE(&wanted);
  return 1;
}

#endif
