// What the thread sanitizer must be told. It does not see the barriers of OpenMP's library, and its run
// time is not there yet when the loader chooses among the clones of a function.
#ifndef ZOO_WATCHED_H
#define ZOO_WATCHED_H

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define WATCHED
#endif
#endif

#ifdef WATCHED
void __tsan_acquire(void *);
void __tsan_release(void *);
#define ACQUIRE(x) __tsan_acquire(x)
#define RELEASE(x) __tsan_release(x)
#else
#define ACQUIRE(x)
#define RELEASE(x)
#endif

#endif
