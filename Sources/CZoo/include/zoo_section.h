// The registrations that plugins place in the section `zoo_plugins`, and how to find them.
#ifndef ZOO_SECTION_H
#define ZOO_SECTION_H

#include <stdint.h>

/// The argument of a registration: the registry, opaque to C.
typedef struct ZooRegistrar {
  void *registry;
} ZooRegistrar;

typedef void (*ZooRegistration)(ZooRegistrar);

/// The first registration of this image and the one past the last; null if there is none.
const ZooRegistration *zoo_plugins_begin(void);
const ZooRegistration *zoo_plugins_end(void);

/// The registration at an address of a library's file, once `dlopen` has loaded it; null if the
/// loader does not tell.
const ZooRegistration *zoo_plugins_at(void *library, uintptr_t address);

/// Whether a library loaded by `dlopen` uses this image's host; 0 if it contains its own.
int zoo_plugins_share_host(void *library);

#endif
