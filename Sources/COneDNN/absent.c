// COneDNN.h without the library's headers: nothing can be created, and zoo_dnn_open says why. It is
// C like the files that it replaces.
#include "library.h"

#ifndef ZOO_DNN_MAJOR
#include "COneDNN.h"

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
zoo_dnn_operation *zoo_dnn_operation_copy(const zoo_dnn_operation *operation) {
  (void)operation;
  return NULL;
}
int zoo_dnn_operation_run(const zoo_dnn_operation *operation) {
  (void)operation;
  return 0;
}

#endif
