// The registrations that plugins leave in the section `zoo_plugins`, and its bounds.
#ifndef ZOO_SECTION_H
#define ZOO_SECTION_H

/// What a registration receives: the registry, opaque to C.
typedef struct ZooRegistrar {
  void *registry;
} ZooRegistrar;

typedef void (*ZooRegistration)(ZooRegistrar);

/// The first registration of this image and the one past the last; null where there is none.
const ZooRegistration *zoo_plugins_begin(void);
const ZooRegistration *zoo_plugins_end(void);

#endif
