/*
 * A periodic_loop on an event_base of libevent (2.0 and later).
 *
 *   periodic_event_attach(&host, base, loop, turn, user);
 *   event_base_dispatch(base);
 *   periodic_event_detach(&host);    in `turn`, or in any callback of the base
 *
 * `turn` is called after each step, outside of it: take there what has come, with timeouts of 0
 * (periodic_worker_next(), periodic_request_next()). `code` is 0; or why the step failed, and nothing is
 * watched any more then: detach. libevent does not ask how long to wait: after a call to the loop, or to
 * what is on it, elsewhere than in `turn`, call periodic_event_update().
 *
 * The struct is the program's, and must stay where it is until it is detached; if that is in `turn`,
 * until `turn` has returned. The thread that runs the base is the loop's owner thread; all functions are
 * for it.
 */
#ifndef PERIODIC_EVENT_H
#define PERIODIC_EVENT_H

#include <event2/event.h>
#include <periodic.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef void (*periodic_event_turn_cb)(void *user, int code);

typedef struct periodic_event {
  periodic_loop *loop;
  struct event *event; /* NULL while nothing is attached */
  periodic_event_turn_cb turn;
  void *user;
} periodic_event;

/* The one place that drives the loop. */
static inline int periodic_event_step_(periodic_event *host) {
  int code = periodic_loop_step(host->loop, -1);
  return code < 0 ? code : 0;
}

/* Waits no longer than the loop wants by now. Returns 0, or PERIODIC_EIO if libevent refuses. */
static inline int periodic_event_update(periodic_event *host) {
  struct timeval wait = {0, 0};
  int wanted;
  if (host->event == NULL) return 0;
  wanted = periodic_loop_timeout_ms(host->loop);
  if (wanted > 0) { /* of an error the step will say why */
    wait.tv_sec = wanted / 1000;
    wait.tv_usec = wanted % 1000 * 1000;
  }
  event_del(host->event);
  return event_add(host->event, wanted == -1 ? NULL : &wait) == 0 ? 0 : PERIODIC_EIO;
}

static inline void periodic_event_on_event_(evutil_socket_t fd, short what, void *user) {
  periodic_event *host = (periodic_event *)user;
  int code = periodic_event_step_(host);
  (void)fd;
  (void)what;
  /* The event is for one time, so after a failure nothing is watched. */
  if (host->turn != NULL) host->turn(host->user, code);
  if (code == 0) periodic_event_update(host);
}

/* Begins. `turn` may be NULL. Returns 0, what periodic_loop_fd() refused with, or PERIODIC_EIO if
 * libevent does not take the descriptor. */
static inline int periodic_event_attach(periodic_event *host, struct event_base *base,
                                        periodic_loop *loop, periodic_event_turn_cb turn, void *user) {
  int fd = periodic_loop_fd(loop), code;
  host->event = NULL;
  if (fd < 0) return fd;
  host->loop = loop;
  host->turn = turn;
  host->user = user;
  host->event = event_new(base, fd, EV_READ, periodic_event_on_event_, host);
  code = host->event == NULL ? PERIODIC_EIO : periodic_event_update(host);
  if (code != 0 && host->event != NULL) {
    event_free(host->event);
    host->event = NULL;
  }
  return code;
}

/* Ends; the periodic_loop can be freed. Nothing is done if nothing is attached. */
static inline void periodic_event_detach(periodic_event *host) {
  if (host->event == NULL) return;
  event_free(host->event);
  host->event = NULL;
}

#ifdef __cplusplus
}
#endif

#endif
