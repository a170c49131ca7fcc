// Catalog.json inside the binary, so that an installed program knows every checkpoint.
#ifndef CCATALOG_H
#define CCATALOG_H

#include <stddef.h>

/// The first byte of the text, which is not zero-terminated.
const unsigned char *zoo_catalog(void);
size_t zoo_catalog_size(void);

#endif
