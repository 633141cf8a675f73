/*
 * A periodic_loop on a libuv loop. libuv watches the descriptor and waits no longer than the loop wants.
 *
 *   periodic_uv_attach(&host, uv_default_loop(), loop, turn, user);
 *   uv_run(uv_default_loop(), UV_RUN_DEFAULT);
 *   periodic_uv_detach(&host, closed);    in `turn`, or in any callback of libuv
 *
 * `turn` is called after each step, outside of it: take there what has come, with timeouts of 0
 * (periodic_worker_next(), periodic_request_next()). `code` is 0; or why the step failed, and nothing is
 * watched any more then: detach. What is done with the loop in other callbacks of libuv needs no word
 * here: before each wait the loop is asked anew.
 *
 * The struct is the program's, and must stay where it is until `closed` has been called. The thread that
 * runs the libuv loop is the periodic_loop's owner thread; all functions are for it.
 */
#ifndef PERIODIC_UV_H
#define PERIODIC_UV_H

#include <periodic.h>
#include <uv.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef void (*periodic_uv_turn_cb)(void *user, int code);
typedef void (*periodic_uv_closed_cb)(void *user);

typedef struct periodic_uv {
  periodic_loop *loop; /* NULL while nothing is attached */
  periodic_uv_turn_cb turn;
  periodic_uv_closed_cb closed;
  void *user;
  int open; /* handles that are not closed */
  uv_poll_t poll;
  uv_timer_t timer;
  uv_prepare_t prepare;
} periodic_uv;

/* The one place that drives the loop. */
static inline int periodic_uv_step_(periodic_uv *host) {
  int code = periodic_loop_step(host->loop, -1);
  return code < 0 ? code : 0;
}

static inline void periodic_uv_work_(periodic_uv *host, int code) {
  if (code == 0) code = periodic_uv_step_(host);
  if (code < 0) {
    uv_poll_stop(&host->poll);
    uv_timer_stop(&host->timer);
    uv_prepare_stop(&host->prepare);
  }
  if (host->turn != NULL) host->turn(host->user, code);
}

static inline void periodic_uv_on_poll_(uv_poll_t *poll, int status, int events) {
  (void)events;
  periodic_uv_work_((periodic_uv *)poll->data, status < 0 ? PERIODIC_EIO : 0);
}

static inline void periodic_uv_on_timer_(uv_timer_t *timer) {
  periodic_uv_work_((periodic_uv *)timer->data, 0);
}

/* Right before libuv waits. */
static inline void periodic_uv_on_prepare_(uv_prepare_t *prepare) {
  periodic_uv *host = (periodic_uv *)prepare->data;
  int wanted = periodic_loop_timeout_ms(host->loop);
  if (wanted == -1)
    uv_timer_stop(&host->timer);
  else /* of an error the step will say why */
    uv_timer_start(&host->timer, periodic_uv_on_timer_, wanted < 0 ? 0 : (uint64_t)wanted, 0);
}

static inline void periodic_uv_on_close_(uv_handle_t *handle) {
  periodic_uv *host = (periodic_uv *)handle->data;
  if (--host->open == 0 && host->closed != NULL) host->closed(host->user);
}

/* Begins. `turn` may be NULL. Returns 0, what periodic_loop_fd() refused with, or PERIODIC_EIO if libuv
 * does not take the descriptor. */
static inline int periodic_uv_attach(periodic_uv *host, uv_loop_t *uv, periodic_loop *loop,
                                     periodic_uv_turn_cb turn, void *user) {
  int fd = periodic_loop_fd(loop);
  host->loop = NULL;
  if (fd < 0) return fd;
  if (uv_poll_init(uv, &host->poll, fd) != 0) return PERIODIC_EIO;
  uv_timer_init(uv, &host->timer);
  uv_prepare_init(uv, &host->prepare);
  host->poll.data = host->timer.data = host->prepare.data = host;
  host->loop = loop;
  host->turn = turn;
  host->user = user;
  host->open = 3;
  uv_poll_start(&host->poll, UV_READABLE, periodic_uv_on_poll_);
  uv_prepare_start(&host->prepare, periodic_uv_on_prepare_);
  return 0;
}

/* Ends; the periodic_loop can be freed at once, the struct once `closed`, which may be NULL, has been
 * called with `user`, on a later turn of the libuv loop. Nothing is done if nothing is attached. */
static inline void periodic_uv_detach(periodic_uv *host, periodic_uv_closed_cb closed) {
  if (host->loop == NULL) return;
  host->loop = NULL;
  host->closed = closed;
  uv_close((uv_handle_t *)&host->poll, periodic_uv_on_close_);
  uv_close((uv_handle_t *)&host->timer, periodic_uv_on_close_);
  uv_close((uv_handle_t *)&host->prepare, periodic_uv_on_close_);
}

#ifdef __cplusplus
}
#endif

#endif
