#ifndef CZOO_H
#define CZOO_H

#include "zoo_cpu.h"
#include "zoo_interface.h"
#include "zoo_memory.h"
#include "zoo_room.h"
#include "zoo_section.h"

#endif
