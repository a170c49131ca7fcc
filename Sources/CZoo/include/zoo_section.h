// The registrations that plugins leave in the section `zoo_plugins`, and where to find them.
#ifndef ZOO_SECTION_H
#define ZOO_SECTION_H

#include <stdint.h>

/// What a registration receives: the registry, opaque to C.
typedef struct ZooRegistrar {
  void *registry;
} ZooRegistrar;

typedef void (*ZooRegistration)(ZooRegistrar);

/// The first registration of this image and the one past the last; null where there is none.
const ZooRegistration *zoo_plugins_begin(void);
const ZooRegistration *zoo_plugins_end(void);

/// What stands at an address of a library's file, now that `dlopen` has placed it; null where the
/// loader does not say.
const ZooRegistration *zoo_plugins_at(void *library, uintptr_t address);

/// Whether a library that `dlopen` gave uses this image's host; 0 where it brought its own.
int zoo_plugins_share_host(void *library);

#endif
