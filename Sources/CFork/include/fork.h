#ifndef PERIODIC_FORK_H
#define PERIODIC_FORK_H

/* Locks that a forked child finds free: fork() waits until no thread has one, and takes all of them for its
 * own length. A thread that has one may only ask for those below it. */
enum periodic_fork_lock {
  PERIODIC_LOCK_FIRST_USE,
  PERIODIC_LOCK_STORES,
  PERIODIC_LOCK_HANDLES,
  PERIODIC_LOCK_NAMES,
  PERIODIC_LOCKS
};

void periodic_fork_lock(enum periodic_fork_lock lock);
void periodic_fork_unlock(enum periodic_fork_lock lock);

/* How often this process has come out of a fork as the child, since it was a program's first. It is written
 * between fork() and its return in the child, when there is one thread. */
extern unsigned periodic_forks_so_far;
static inline unsigned periodic_forks(void) { return periodic_forks_so_far; }

/* Whether forks are noticed at all, which takes some memory when the library is loaded. */
int periodic_forks_are_watched(void);

#endif
