#include "zoo_section.h"

// The linker defines these where at least one object has the section.
extern const ZooRegistration __start_zoo_plugins[] __attribute__((weak));
extern const ZooRegistration __stop_zoo_plugins[] __attribute__((weak));

const ZooRegistration *zoo_plugins_begin(void) { return __start_zoo_plugins; }
const ZooRegistration *zoo_plugins_end(void) { return __stop_zoo_plugins; }
