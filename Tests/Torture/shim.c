// Faults for the real program: LD_PRELOAD=shim.so ZOO_FAULT=KIND:K zoo …
//
//   write:K, sync:K, rename:K, open:K    the K-th call fails with no space left, and so do later ones
//   malloc:K                             the K-th request for 64 kB or more gets nothing
//   kill-before:K, kill-after:K          SIGKILL around the K-th rename
//   socket                               names every socket on standard error
//   count                                prints the number of calls of each kind at the end
//
// Only calls of the process itself count, from 0; those of its children do not.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

enum { WRITE, SYNC, RENAME, OPEN, MALLOC, KINDS };
static const char *const names[KINDS] = {"write", "sync", "rename", "open", "malloc"};
static atomic_long calls[KINDS];
static int kind = -1, counts, sockets, before, after;
static long wanted = -1;
static pid_t owner;

static void report(void) {
  if (getpid() != owner) return;
  for (int i = 0; i < KINDS; i++) dprintf(2, "shim: %s %ld\n", names[i], atomic_load(&calls[i]));
}

__attribute__((constructor)) static void start(void) {
  const char *fault = getenv("ZOO_FAULT");
  owner = getpid();
  if (!fault) return;
  const char *colon = strchr(fault, ':');
  size_t length = colon ? (size_t)(colon - fault) : strlen(fault);
  if (colon) wanted = atol(colon + 1);
  for (int i = 0; i < KINDS; i++)
    if (strlen(names[i]) == length && !strncmp(fault, names[i], length)) kind = i;
  before = !strncmp(fault, "kill-before", length) && length == 11;
  after = !strncmp(fault, "kill-after", length) && length == 10;
  sockets = !strcmp(fault, "socket");
  counts = !strcmp(fault, "count");
  if (counts) atexit(report);
}

/// Counts a call and says whether it fails. A full disk stays full; memory may come back.
static int strikes(int what) {
  if (getpid() != owner) return 0;
  long number = atomic_fetch_add(&calls[what], 1);
  if (kind != what || wanted < 0) return 0;
  return what == MALLOC ? number == wanted : number >= wanted;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define FULL(what, name, ...) \
  if (strikes(what)) { errno = ENOSPC; return -1; } \
  return REAL(name)(__VA_ARGS__)

ssize_t pwrite(int file, const void *bytes, size_t count, off_t at) { FULL(WRITE, pwrite, file, bytes, count, at); }
ssize_t pwrite64(int file, const void *bytes, size_t count, off64_t at) { FULL(WRITE, pwrite64, file, bytes, count, at); }
int fsync(int file) { FULL(SYNC, fsync, file); }

int rename(const char *old, const char *new) {
  long number = getpid() == owner ? atomic_load(&calls[RENAME]) : -1;
  if (before && number == wanted) kill(owner, SIGKILL);
  if (strikes(RENAME)) {
    errno = ENOSPC;
    return -1;
  }
  int result = REAL(rename)(old, new);
  if (after && number == wanted) kill(owner, SIGKILL);
  return result;
}

static int opened(int folder, const char *path, int flags, mode_t mode) {
  if (flags & (O_CREAT | O_WRONLY) && strikes(OPEN)) {
    errno = ENOSPC;
    return -1;
  }
  return REAL(openat)(folder, path, flags, mode);
}

#define OPENED(folder) \
  va_list list; \
  va_start(list, flags); \
  mode_t mode = flags & O_CREAT ? va_arg(list, mode_t) : 0; \
  va_end(list); \
  return opened(folder, path, flags, mode)

int open(const char *path, int flags, ...) { OPENED(AT_FDCWD); }
int open64(const char *path, int flags, ...) { OPENED(AT_FDCWD); }

int posix_memalign(void **memory, size_t alignment, size_t size) {
  if (size >= 1 << 16 && strikes(MALLOC)) return ENOMEM;
  return REAL(posix_memalign)(memory, alignment, size);
}

// Asking for `malloc` allocates, so the C library's own name is called.
extern void *__libc_malloc(size_t);
void *malloc(size_t size) {
  if (size >= 1 << 16 && strikes(MALLOC)) {
    errno = ENOMEM;
    return NULL;
  }
  return __libc_malloc(size);
}

int socket(int domain, int type, int protocol) {
  if (sockets && getpid() == owner) dprintf(2, "shim: socket of domain %d\n", domain);
  return REAL(socket)(domain, type, protocol);
}
