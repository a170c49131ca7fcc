#define _GNU_SOURCE
#include "library.h"

#include "COneDNN.h"

#ifdef ZOO_DNN_HERE
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

zoo_dnn_functions zoo_dnn;

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
  snprintf(name, sizeof name, "libdnnl.so.%d", DNNL_VERSION_MAJOR);
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
#define F(function)                                             \
  zoo_dnn.function = dlsym(handle, "dnnl_" #function);          \
  if (!zoo_dnn.function) {                                      \
    missing(name, " has no dnnl_" #function);                   \
    return;                                                     \
  }
  ZOO_DNN_FUNCTIONS(F)
#undef F
  // A build on OpenMP counts as OpenMP does; any other takes all processors.
  set_threads = dlsym(handle, "omp_set_num_threads");

  openmp.parallel = dlsym(handle, "GOMP_parallel");
  openmp.thread = dlsym(handle, "omp_get_thread_num");
  openmp.threads = dlsym(handle, "omp_get_num_threads");

  const dnnl_version_t *version = zoo_dnn.version();
  library.version[0] = version->major;
  library.version[1] = version->minor;
  library.version[2] = version->patch;
  library.isa = zoo_dnn.get_effective_cpu_isa();
  Dl_info info;
  library.path = dladdr((void *)zoo_dnn.version, &info) ? info.dli_fname : "libdnnl";
  if (version->major != DNNL_VERSION_MAJOR) {
    missing(name, " is of another major version than the headers this was built with");
  } else if (
      zoo_dnn.engine_create(&zoo_dnn.engine, dnnl_cpu, 0) != dnnl_success
      || zoo_dnn.stream_create(&zoo_dnn.stream, zoo_dnn.engine, dnnl_stream_default_flags)
          != dnnl_success) {
    missing(name, " finds no processor to run on");
  }
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

#else

// Built where the headers are not: nothing can be made, and who asks is told why.

zoo_dnn_library zoo_dnn_open(void) {
  zoo_dnn_library library = {
      .missing = "built without oneDNN 2 (Debian and Ubuntu: apt install libdnnl-dev, and build)"};
  return library;
}
void zoo_dnn_set_threads(int count) { (void)count; }
int zoo_dnn_parallel(int count, void (*body)(void *, int, int), void *context) {
  (void)count, (void)body, (void)context;
  return 0;
}

zoo_dnn_layout *zoo_dnn_layout_make(int rank, const int64_t *sizes, zoo_dnn_format format) {
  (void)rank, (void)sizes, (void)format;
  return NULL;
}
zoo_dnn_layout *zoo_dnn_layout_strided(int rank, const int64_t *sizes, const int64_t *strides) {
  (void)rank, (void)sizes, (void)strides;
  return NULL;
}
void zoo_dnn_layout_free(zoo_dnn_layout *layout) { (void)layout; }
zoo_dnn_layout *zoo_dnn_layout_of_type(const zoo_dnn_layout *layout, zoo_dnn_type type) {
  (void)layout, (void)type;
  return NULL;
}
zoo_dnn_type zoo_dnn_layout_type(const zoo_dnn_layout *layout) {
  (void)layout;
  return zoo_dnn_float32;
}
int zoo_dnn_layout_equal(const zoo_dnn_layout *a, const zoo_dnn_layout *b) { return a == b; }
size_t zoo_dnn_layout_bytes(const zoo_dnn_layout *layout) {
  (void)layout;
  return 0;
}
zoo_dnn_operation *zoo_dnn_operation_make(const zoo_dnn_request *request) {
  (void)request;
  return NULL;
}
void zoo_dnn_operation_free(zoo_dnn_operation *operation) { (void)operation; }
const char *zoo_dnn_operation_name(const zoo_dnn_operation *operation) {
  (void)operation;
  return "";
}
zoo_dnn_layout *zoo_dnn_operation_layout(
    const zoo_dnn_operation *operation, zoo_dnn_role role, int index) {
  (void)operation, (void)role, (void)index;
  return NULL;
}
int zoo_dnn_operation_bind(
    zoo_dnn_operation *operation, zoo_dnn_role role, int index, void *memory) {
  (void)operation, (void)role, (void)index, (void)memory;
  return 0;
}
int zoo_dnn_operation_run(const zoo_dnn_operation *operation) {
  (void)operation;
  return 0;
}

#endif
