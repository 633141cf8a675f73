/* libperiodic on the event_base of a libevent program, beside a timer of the program's. */
#include <periodic/periodic_event.h>

#include "squares.h"

struct program {
  struct squares squares;
  periodic_event host;
  struct event_base *base;
  int code;
};

/* After each step: libperiodic has done what there was to do. */
static void turn(void *user, int code) {
  struct program *program = user;
  program->code = code < 0 ? code : squares_turn(&program->squares);
  if (program->code != 0) event_base_loopbreak(program->base);
}

static void tick(evutil_socket_t fd, short what, void *user) {
  (void)fd, (void)what, (void)user; /* the program's own work */
}

int main(void) {
  struct program program = {0};
  struct timeval millisecond = {0, 1000};
  program.base = event_base_new();

  program.code = squares_start(&program.squares);
  if (program.code == 0)
    program.code =
        periodic_event_attach(&program.host, program.base, program.squares.loop, turn, &program);
  if (program.code == 0) {
    struct event *timer = event_new(program.base, -1, EV_PERSIST, tick, NULL);
    event_add(timer, &millisecond);
    event_base_dispatch(program.base);
    event_free(timer);
    periodic_event_detach(&program.host);
  }
  event_base_free(program.base);
  return squares_end(&program.squares, program.code);
}
