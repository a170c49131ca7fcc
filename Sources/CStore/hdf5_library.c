#include "hdf5_library.h"
#include "zoo_hdf5.h"

#include <dlfcn.h>
#include <stddef.h>

zoo_hdf5_library h5;
static const char *loaded;

/// The library under this name, if its minor version is that of the headers.
static void *library(const char *name) {
  void *handle = dlopen(name, RTLD_NOW | RTLD_LOCAL);
  if (!handle) return NULL;
  h5.get_libversion = dlsym(handle, "H5get_libversion");
  unsigned major = 0, minor = 0, release = 0;
  if (h5.get_libversion && h5.get_libversion(&major, &minor, &release) >= 0 &&
      major == H5_VERS_MAJOR && minor == H5_VERS_MINOR)
    return handle;
  dlclose(handle);
  return NULL;
}

int zoo_hdf5_load(void) {
  if (loaded) return 1;
  // 1.10, 1.12 and 1.14; Debian has serial and parallel builds.
  static const char *const names[] = {
      "libhdf5_serial.so.103", "libhdf5_serial.so.200", "libhdf5_serial.so.310",
      "libhdf5.so.103", "libhdf5.so.200", "libhdf5.so.310",
      "libhdf5_serial.so", "libhdf5.so", NULL};
  const char *const *name = names;
  void *handle = NULL;
  while (*name && !(handle = library(*name))) name++;
  if (!handle) return 0;
// Some names are macros for a versioned name.
#define TEXT(name) TEXT_(name)
#define TEXT_(name) #name
#define F(name) \
  if (!(h5.name = dlsym(handle, TEXT(H5##name)))) return 0;
  ZOO_HDF5_FUNCTIONS(F)
  ZOO_HDF5_HANDLES(F)
#undef F
  if (h5.open() < 0 || h5.Eset_auto2(H5E_DEFAULT, NULL, NULL) < 0) return 0;
  loaded = *name;
  return 1;
}

const char *zoo_hdf5_library_name(void) {
  zoo_hdf5_lock();
  zoo_hdf5_load();
  zoo_hdf5_unlock();
  return loaded;
}
