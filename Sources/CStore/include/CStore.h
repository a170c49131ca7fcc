#ifndef CSTORE_H
#define CSTORE_H

#include "zoo_hdf5.h"
#include "zoo_sha256.h"

#endif
