/* libperiodic in the main loop of a GLib program, beside a timeout of the program's. */
#include <periodic/periodic_glib.h>

#include "squares.h"

struct program {
  struct squares squares;
  periodic_glib host;
  GMainLoop *main;
  int code;
};

/* After each step: libperiodic has done what there was to do. */
static void turn(void *user, int code) {
  struct program *program = user;
  program->code = code < 0 ? code : squares_turn(&program->squares);
  if (program->code != 0) g_main_loop_quit(program->main);
}

static gboolean tick(gpointer user) {
  (void)user; /* the program's own work */
  return G_SOURCE_CONTINUE;
}

int main(void) {
  struct program program = {0};
  program.main = g_main_loop_new(NULL, FALSE);

  program.code = squares_start(&program.squares);
  if (program.code == 0) /* NULL: the default context */
    program.code = periodic_glib_attach(&program.host, NULL, program.squares.loop, turn, &program);
  if (program.code == 0) {
    guint timer = g_timeout_add(1, tick, NULL);
    g_main_loop_run(program.main);
    g_source_remove(timer);
    periodic_glib_detach(&program.host);
  }
  g_main_loop_unref(program.main);
  return squares_end(&program.squares, program.code);
}
