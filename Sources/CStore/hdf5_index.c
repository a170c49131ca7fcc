#define _GNU_SOURCE
#include "zoo_hdf5.h"
#include "hdf5_library.h"
#include "hdf5_walk.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#if __has_include(<sys/single_threaded.h>)
#include <sys/single_threaded.h>
#else
static const char __libc_single_threaded = 0;
#endif
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

// A child that hangs in a file uses up its processor seconds. The wall-clock limit is only for a
// child that waits for something else, and it is long, because on a busy machine a valid file takes
// its time.
enum { WALL_MS = 30000, CPU_SECONDS = 4 };
#define MEGABYTE ((uint64_t)1 << 20)

static pthread_mutex_t inside = PTHREAD_MUTEX_INITIALIZER;

void zoo_hdf5_lock(void) { pthread_mutex_lock(&inside); }
void zoo_hdf5_unlock(void) { pthread_mutex_unlock(&inside); }

static uint64_t smaller(uint64_t a, uint64_t b) { return a < b ? a : b; }

static void limit(int resource, uint64_t wanted) {
  struct rlimit now;
  if (getrlimit(resource, &now) != 0) _exit(2);
  struct rlimit less = {smaller(wanted, now.rlim_max), smaller(wanted, now.rlim_max)};
  if (setrlimit(resource, &less) != 0) _exit(2);
}

/// The process's mapped memory in bytes, because the child starts with all of its parent's.
static uint64_t mapped(void) {
  char text[64] = {0};
  int file = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
  if (file < 0 || read(file, text, sizeof text - 1) <= 0) _exit(2);
  close(file);
  return strtoull(text, NULL, 10) * (uint64_t)sysconf(_SC_PAGESIZE);
}

static _Noreturn void child(int file, int sink, uint64_t extra, uint64_t room) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  // The parent's handlers would run here and report a crash for every damaged file.
  const int signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS,
                         SIGXCPU, SIGPIPE, SIGINT, SIGTERM, SIGHUP, SIGQUIT};
  for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) signal(signals[i], SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  // malloc prints its findings on standard error before it aborts.
  int null = open("/dev/null", O_RDWR);
  if (null >= 0) {
    dup2(null, STDOUT_FILENO);
    dup2(null, STDERR_FILENO);
  }
  // Loaded before the limits are set, because the file is not open yet.
  if (!zoo_hdf5_load()) _exit(3);
  limit(RLIMIT_CORE, 0);
  limit(RLIMIT_CPU, CPU_SECONDS);
  limit(RLIMIT_AS, mapped() + extra);
  char path[32];
  snprintf(path, sizeof path, "/proc/self/fd/%d", file);
  zoo_hdf5_walk(path, sink, room);
}

static int64_t now_ms(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

/// Reads until the child closes its end; −1 if it sends too much, −2 without memory or on timeout.
static int collect(int source, uint64_t cap, unsigned char **index, size_t *count) {
  int64_t deadline = now_ms() + WALL_MS;
  size_t capacity = 0;
  for (;;) {
    if (*count == capacity) {
      size_t larger = capacity ? capacity * 2 : 1 << 16;
      unsigned char *memory = realloc(*index, larger);
      if (!memory) return -2;
      *index = memory;
      capacity = larger;
    }
    int64_t left = deadline - now_ms();
    struct pollfd ready = {source, POLLIN, 0};
    int polled = left > 0 ? poll(&ready, 1, (int)left) : 0;
    if (polled == 0) return -2;
    if (polled < 0 && errno == EINTR) continue;
    ssize_t got = read(source, *index + *count, capacity - *count);
    if (got == 0) return 0;
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 || *count + (size_t)got > cap) return -1;
    *count += (size_t)got;
  }
}

static enum ZooIndexing ending(int status, const unsigned char *index, size_t count) {
  if (WIFSIGNALED(status)) {
    switch (WTERMSIG(status)) {
      case SIGINT: case SIGTERM: case SIGHUP: case SIGQUIT: return ZOO_INTERRUPTED;
      default: return ZOO_DAMAGED;
    }
  }
  if (WEXITSTATUS(status) == 2) return ZOO_NO_CHILD;
  if (WEXITSTATUS(status) == 3) return ZOO_NO_HDF5;
  if (WEXITSTATUS(status) != 0 || count == 0) return ZOO_DAMAGED;
  switch (index[count - 1]) {
    case 'E': return ZOO_INDEXED;
    case 'X': return ZOO_REFUSED;
    default: return ZOO_DAMAGED;
  }
}

enum ZooIndexing zoo_hdf5_index(
    int file, uint64_t file_size, unsigned char **index, size_t *count) {
  *index = NULL;
  *count = 0;
  uint64_t room = 16 * MEGABYTE + smaller(file_size, 48 * MEGABYTE);
  uint64_t extra = 64 * MEGABYTE + smaller(file_size, 192 * MEGABYTE);
  int ends[2];
  // The write end must not be inherited by another thread's child, or we would not notice when our
  // child closes it.
  zoo_hdf5_lock();
  if (pipe2(ends, O_CLOEXEC) != 0) {
    zoo_hdf5_unlock();
    return ZOO_NO_CHILD;
  }
  // A child must not load while another thread was loading: the loader's lists would be half
  // written.
  if (!__libc_single_threaded) zoo_hdf5_load();
  // Not _Fork, which would leave the child with any malloc lock that another thread held.
  pid_t pid = fork();
  if (pid == 0) child(file, ends[1], extra, room);
  close(ends[1]);
  zoo_hdf5_unlock();
  if (pid < 0) {
    close(ends[0]);
    return ZOO_NO_CHILD;
  }
  int failed = collect(ends[0], room + 4096, index, count);
  if (failed) kill(pid, SIGKILL);
  close(ends[0]);
  int status = 0;
  while (waitpid(pid, &status, 0) < 0) {
    // If the host ignores SIGCHLD there is no status; the last byte still tells.
    if (errno != EINTR) break;
  }
  if (failed) return failed == -1 ? ZOO_DAMAGED : ZOO_NO_CHILD;
  return ending(status, *index, *count);
}
