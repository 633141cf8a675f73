/*
 * A periodic_loop on a GMainContext, as a GSource.
 *
 *   periodic_glib_attach(&host, NULL, loop, turn, user);    NULL is the default context
 *   g_main_loop_run(main);
 *   periodic_glib_detach(&host);    in `turn`, or in any callback of the context
 *
 * `turn` is called after each step, outside of it: take there what has come, with timeouts of 0
 * (periodic_worker_next(), periodic_request_next()). `code` is 0; or why the step failed, and nothing is
 * watched any more then: detach. What is done with the loop in other callbacks of the context needs no
 * word here: before each wait the loop is asked anew.
 *
 * The struct is the program's, and must stay where it is until it is detached; if that is in `turn`,
 * until `turn` has returned. The thread that runs the context is the loop's owner thread; all functions
 * are for it.
 */
#ifndef PERIODIC_GLIB_H
#define PERIODIC_GLIB_H

#include <glib.h>
#include <periodic.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef void (*periodic_glib_turn_cb)(void *user, int code);

typedef struct periodic_glib {
  periodic_loop *loop;
  GSource *source; /* NULL while nothing is attached */
  gpointer tag;    /* of the descriptor in the source */
  periodic_glib_turn_cb turn;
  void *user;
} periodic_glib;

typedef struct periodic_glib_source_ {
  GSource source;
  periodic_glib *host;
} periodic_glib_source_;

static inline periodic_glib *periodic_glib_host_(GSource *source) {
  return ((periodic_glib_source_ *)source)->host;
}

/* The one place that drives the loop. */
static inline int periodic_glib_step_(periodic_glib *host) {
  int code = periodic_loop_step(host->loop, -1);
  return code < 0 ? code : 0;
}

static inline gboolean periodic_glib_prepare_(GSource *source, gint *timeout_ms) {
  int wanted = periodic_loop_timeout_ms(periodic_glib_host_(source)->loop);
  *timeout_ms = wanted;
  return wanted != -1 && wanted <= 0; /* of an error the step will say why */
}

static inline gboolean periodic_glib_check_(GSource *source) {
  gint timeout_ms;
  if (g_source_query_unix_fd(source, periodic_glib_host_(source)->tag) != 0) return TRUE;
  return periodic_glib_prepare_(source, &timeout_ms);
}

static inline gboolean periodic_glib_dispatch_(GSource *source, GSourceFunc callback, gpointer user) {
  periodic_glib *host = periodic_glib_host_(source);
  int code = periodic_glib_step_(host);
  (void)callback;
  (void)user;
  if (host->turn != NULL) host->turn(host->user, code);
  return code < 0 ? G_SOURCE_REMOVE : G_SOURCE_CONTINUE;
}

/* Begins. `turn` may be NULL. Returns 0, or what periodic_loop_fd() refused with. */
static inline int periodic_glib_attach(periodic_glib *host, GMainContext *context, periodic_loop *loop,
                                       periodic_glib_turn_cb turn, void *user) {
  static GSourceFuncs functions = {
      periodic_glib_prepare_, periodic_glib_check_, periodic_glib_dispatch_, NULL, NULL, NULL};
  int fd = periodic_loop_fd(loop);
  host->source = NULL;
  if (fd < 0) return fd;
  host->loop = loop;
  host->turn = turn;
  host->user = user;
  host->source = g_source_new(&functions, sizeof(periodic_glib_source_));
  ((periodic_glib_source_ *)host->source)->host = host;
  host->tag = g_source_add_unix_fd(host->source, fd, G_IO_IN);
  g_source_attach(host->source, context);
  return 0;
}

/* Ends; the periodic_loop can be freed. Nothing is done if nothing is attached. */
static inline void periodic_glib_detach(periodic_glib *host) {
  if (host->source == NULL) return;
  g_source_destroy(host->source);
  g_source_unref(host->source);
  host->source = NULL;
}

#ifdef __cplusplus
}
#endif

#endif
