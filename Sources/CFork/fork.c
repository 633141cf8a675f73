/* In C, because it has to be there before anything that Swift makes at its first use, under locks of its own. */
#include "fork.h"

#include <pthread.h>

unsigned periodic_forks_so_far;
static int is_watched;
static pthread_mutex_t locks[PERIODIC_LOCKS] = {
    PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER};

void periodic_fork_lock(enum periodic_fork_lock lock) { pthread_mutex_lock(&locks[lock]); }
void periodic_fork_unlock(enum periodic_fork_lock lock) { pthread_mutex_unlock(&locks[lock]); }
int periodic_forks_are_watched(void) { return is_watched; }

static void before(void) {
  for (int lock = 0; lock < PERIODIC_LOCKS; lock++) pthread_mutex_lock(&locks[lock]);
}

static void in_parent(void) {
  for (int lock = PERIODIC_LOCKS; lock-- > 0;) pthread_mutex_unlock(&locks[lock]);
}

static void in_child(void) {
  periodic_forks_so_far++;
  in_parent();
}

__attribute__((constructor)) static void watch(void) {
  is_watched = pthread_atfork(before, in_parent, in_child) == 0;
}
