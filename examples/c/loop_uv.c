/* libperiodic on the libuv loop of a program, beside a timer of the program's. */
#include <periodic/periodic_uv.h>

#include "squares.h"

struct program {
  struct squares squares;
  periodic_uv host;
  uv_timer_t timer;
  int code;
};

/* After each step: libperiodic has done what there was to do. */
static void turn(void *user, int code) {
  struct program *program = user;
  program->code = code < 0 ? code : squares_turn(&program->squares);
  if (program->code == 0) return;
  /* Nothing of libperiodic is watched any more; with the timer gone too, uv_run() returns. */
  periodic_uv_detach(&program->host, NULL);
  uv_close((uv_handle_t *)&program->timer, NULL);
}

static void tick(uv_timer_t *timer) { (void)timer; /* the program's own work */ }

int main(void) {
  struct program program = {0};
  uv_loop_t uv;
  uv_loop_init(&uv);

  program.code = squares_start(&program.squares);
  if (program.code == 0)
    program.code = periodic_uv_attach(&program.host, &uv, program.squares.loop, turn, &program);
  if (program.code == 0) {
    uv_timer_init(&uv, &program.timer);
    uv_timer_start(&program.timer, tick, 1, 1);
    uv_run(&uv, UV_RUN_DEFAULT);
  }
  uv_loop_close(&uv);
  return squares_end(&program.squares, program.code);
}
