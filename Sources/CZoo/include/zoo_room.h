// Address space under a limit (ulimit -v, RLIMIT_AS). Without a limit there is always room, and
// nothing here changes anything.
#ifndef ZOO_ROOM_H
#define ZOO_ROOM_H

#include <stddef.h>

/// The limit in bytes; 0 if there is none.
size_t zoo_room_limit(void);

/// Whether this much can be mapped, beside a reserve for threads and for what is too small to be
/// asked for.
int zoo_has_room(size_t bytes);

/// Lets threads take less: one heap for all of them, and small stacks. Call it before the first.
void zoo_room_save(void);

#endif
