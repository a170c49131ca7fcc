#define _GNU_SOURCE
#include "zoo_section.h"

#include <dlfcn.h>
#include <link.h>
#include <stddef.h>

// The linker defines these if at least one object has the section.
extern const ZooRegistration __start_zoo_plugins[] __attribute__((weak));
extern const ZooRegistration __stop_zoo_plugins[] __attribute__((weak));

const ZooRegistration *zoo_plugins_begin(void) { return __start_zoo_plugins; }
const ZooRegistration *zoo_plugins_end(void) { return __stop_zoo_plugins; }

// A library has no symbols for the bounds of its section unless one of its objects refers to them.
// The section table has the bounds, as addresses before relocation.
const ZooRegistration *zoo_plugins_at(void *library, uintptr_t address) {
  struct link_map *map = NULL;
  if (dlinfo(library, RTLD_DI_LINKMAP, &map) != 0 || !map) return NULL;
  return (const ZooRegistration *)(map->l_addr + address);
}

// dlsym searches the library and its dependencies. If none of them contains a host, the library
// uses this program's or needs none.
int zoo_plugins_share_host(void *library) {
  void *begin = dlsym(library, "zoo_plugins_begin");
  return !begin || begin == (void *)zoo_plugins_begin;
}
