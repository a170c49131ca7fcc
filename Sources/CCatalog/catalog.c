#include "CCatalog.h"

#pragma clang diagnostic ignored "-Wc23-extensions"

static const unsigned char text[] = {
#embed "../../Catalog.json"
};

const unsigned char *zoo_catalog(void) { return text; }
size_t zoo_catalog_size(void) { return sizeof text; }
