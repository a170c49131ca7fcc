#define _GNU_SOURCE
#include "zoo_section.h"

#include <dlfcn.h>
#include <link.h>
#include <stddef.h>

// The linker defines these where at least one object has the section.
extern const ZooRegistration __start_zoo_plugins[] __attribute__((weak));
extern const ZooRegistration __stop_zoo_plugins[] __attribute__((weak));

const ZooRegistration *zoo_plugins_begin(void) { return __start_zoo_plugins; }
const ZooRegistration *zoo_plugins_end(void) { return __stop_zoo_plugins; }

// A library's file holds no symbols for its own section's bounds unless an object of it asks for
// them; the section table does, as addresses before the library was placed.
const ZooRegistration *zoo_plugins_at(void *library, uintptr_t address) {
  struct link_map *map = NULL;
  if (dlinfo(library, RTLD_DI_LINKMAP, &map) != 0 || !map) return NULL;
  return (const ZooRegistration *)(map->l_addr + address);
}

// dlsym looks through the library and what it is linked with. Without a host among them the
// library takes what it needs from this program, or needs nothing.
int zoo_plugins_share_host(void *library) {
  void *begin = dlsym(library, "zoo_plugins_begin");
  return !begin || begin == (void *)zoo_plugins_begin;
}
