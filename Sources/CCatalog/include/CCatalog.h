// Catalog.json, inside the binary: a program without its folder still knows every checkpoint.
#ifndef CCATALOG_H
#define CCATALOG_H

#include <stddef.h>

/// The first byte of the text, which has no final zero.
const unsigned char *zoo_catalog(void);
size_t zoo_catalog_size(void);

#endif
