/* The host of adapters.c and two_servers.c: HOST_poll, HOST_epoll, HOST_uv, HOST_glib or HOST_event. After each
 * step it calls turn(). */
#include <periodic.h>
#include <stdlib.h>

static void turn(void *user, int code);
static periodic_loop *loop;

#if defined(HOST_poll)
#include <periodic/periodic_poll.h>
static periodic_poll host;
static void host_begin(void) {}
static int host_attach(void) { return periodic_poll_attach(&host, loop, turn, &host) < 0; }
static void host_update(void) {}
static void host_once(void) {
  struct pollfd slot;
  int timeout_ms = periodic_poll_prepare(&host, &slot, -1);
  poll(&slot, 1, timeout_ms);
  periodic_poll_dispatch(&host, &slot);
}
static void host_detach(void) { periodic_poll_detach(&host); }
static void host_end(void) {}
#elif defined(HOST_epoll)
#include <periodic/periodic_poll.h>
#include <sys/epoll.h>
#include <unistd.h>
static periodic_poll host;
static int set, watched = -1;
static void host_begin(void) { set = epoll_create1(EPOLL_CLOEXEC); }
static int host_attach(void) {
  struct epoll_event event = {0};
  int fd = periodic_poll_attach(&host, loop, turn, &host);
  if (fd < 0) return fd;
  watched = fd;
  event.events = EPOLLIN;
  return epoll_ctl(set, EPOLL_CTL_ADD, fd, &event);
}
static void host_update(void) {}
static void host_once(void) {
  struct epoll_event event;
  int count = epoll_wait(set, &event, 1, periodic_poll_timeout(&host, -1));
  periodic_poll_work(&host, count == 1);
}
static void host_detach(void) {
  epoll_ctl(set, EPOLL_CTL_DEL, watched, NULL);
  periodic_poll_detach(&host);
}
static void host_end(void) { close(set); }
#elif defined(HOST_uv)
#include <periodic/periodic_uv.h>
static periodic_uv host;
static uv_loop_t uv;
static int closed;
static void on_closed(void *user) { closed = user == &host; }
static void host_begin(void) { uv_loop_init(&uv); }
static int host_attach(void) { return periodic_uv_attach(&host, &uv, loop, turn, &host); }
static void host_update(void) {}
static void host_once(void) { uv_run(&uv, UV_RUN_ONCE); }
static void host_detach(void) {
  closed = 0;
  periodic_uv_detach(&host, on_closed);
  periodic_uv_detach(&host, on_closed);
  uv_run(&uv, UV_RUN_DEFAULT);
  if (!closed) exit(3);
}
static void host_end(void) {
  if (uv_loop_close(&uv) != 0) exit(3);
}
#elif defined(HOST_glib)
#include <periodic/periodic_glib.h>
static periodic_glib host;
static void host_begin(void) {}
static int host_attach(void) { return periodic_glib_attach(&host, NULL, loop, turn, &host); }
static void host_update(void) {}
static void host_once(void) { g_main_context_iteration(NULL, TRUE); }
static void host_detach(void) { periodic_glib_detach(&host); }
static void host_end(void) {}
#else
#include <periodic/periodic_event.h>
static periodic_event host;
static struct event_base *base;
static void host_begin(void) { base = event_base_new(); }
static int host_attach(void) { return periodic_event_attach(&host, base, loop, turn, &host); }
static void host_update(void) { periodic_event_update(&host); }
static void host_once(void) { event_base_loop(base, EVLOOP_ONCE); }
static void host_detach(void) { periodic_event_detach(&host); }
static void host_end(void) { event_base_free(base); }
#endif
