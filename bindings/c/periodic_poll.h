/*
 * A periodic_loop beside other descriptors in a loop of poll(2) or epoll(7). Each round:
 *
 *   with poll(2)   poll(slots, count, periodic_poll_prepare(&host, &slots[0], my_timeout_ms));
 *                  periodic_poll_dispatch(&host, &slots[0]);
 *   with epoll(7)  the descriptor that periodic_poll_attach() returns is in the set, for EPOLLIN;
 *                  epoll_wait(set, events, most, periodic_poll_timeout(&host, my_timeout_ms));
 *                  periodic_poll_work(&host, whether an event was that descriptor's);
 *
 * `turn` is called after each step, outside of it: take there what has come, with timeouts of 0
 * (periodic_worker_next(), periodic_request_next()). `code` is 0; or why the step failed, and the loop
 * is not attached any more then. What else is done with the loop between two rounds needs no word here:
 * each round asks anew.
 *
 * The struct is the program's, belongs to the loop's owner thread, and must stay where it is until it
 * is detached. All functions are for that thread.
 */
#ifndef PERIODIC_POLL_H
#define PERIODIC_POLL_H

#include <periodic.h>
#include <poll.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef void (*periodic_poll_turn_cb)(void *user, int code);

typedef struct periodic_poll {
  periodic_loop *loop; /* NULL while nothing is attached */
  int fd;
  periodic_poll_turn_cb turn;
  void *user;
} periodic_poll;

/* The one place that drives the loop. */
static inline int periodic_poll_step_(periodic_poll *host) {
  int code = periodic_loop_step(host->loop, -1);
  return code < 0 ? code : 0;
}

/* Begins. `turn` may be NULL. Returns the descriptor to watch, level-triggered, or a negative code. */
static inline int periodic_poll_attach(periodic_poll *host, periodic_loop *loop,
                                       periodic_poll_turn_cb turn, void *user) {
  host->fd = periodic_loop_fd(loop);
  host->loop = host->fd < 0 ? NULL : loop;
  host->turn = turn;
  host->user = user;
  return host->fd;
}

/* Ends; the loop can be freed or driven otherwise. Take the descriptor out of an epoll set before. */
static inline void periodic_poll_detach(periodic_poll *host) { host->loop = NULL; }

/* How long to wait, if the program itself would wait `timeout_ms` (-1: for ever). */
static inline int periodic_poll_timeout(periodic_poll *host, int timeout_ms) {
  int wanted;
  if (host->loop == NULL) return timeout_ms;
  wanted = periodic_loop_timeout_ms(host->loop);
  if (wanted == -1) return timeout_ms;
  if (wanted < 0) return 0; /* the step will say why */
  return timeout_ms < 0 || wanted < timeout_ms ? wanted : timeout_ms;
}

/* Works, if the descriptor is readable or the loop's time is over; after each wait. */
static inline void periodic_poll_work(periodic_poll *host, int readable) {
  int code, wanted;
  if (host->loop == NULL) return;
  wanted = readable ? 0 : periodic_loop_timeout_ms(host->loop);
  if (wanted > 0 || wanted == -1) return;
  code = periodic_poll_step_(host);
  if (code < 0) host->loop = NULL;
  if (host->turn != NULL) host->turn(host->user, code);
}

/* Fills in a slot for poll(2), and returns how long to wait as periodic_poll_timeout() does. */
static inline int periodic_poll_prepare(periodic_poll *host, struct pollfd *slot, int timeout_ms) {
  slot->fd = host->loop == NULL ? -1 : host->fd; /* poll(2) passes over -1 */
  slot->events = POLLIN;
  slot->revents = 0;
  return periodic_poll_timeout(host, timeout_ms);
}

/* Works if there is something to do; after each poll(2). */
static inline void periodic_poll_dispatch(periodic_poll *host, const struct pollfd *slot) {
  periodic_poll_work(host, slot->revents != 0);
}

#ifdef __cplusplus
}
#endif

#endif
