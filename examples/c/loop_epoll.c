/* libperiodic inside a program's own loop of epoll(7), which has work of its own every millisecond. */
#include <periodic/periodic_poll.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "squares.h"

struct program {
  struct squares squares;
  periodic_poll host;
  int code; /* 0 while it goes on */
};

/* After each step: libperiodic has done what there was to do. */
static void turn(void *user, int code) {
  struct program *program = user;
  program->code = code < 0 ? code : squares_turn(&program->squares);
}

int main(void) {
  struct program program = {0};
  struct epoll_event event = {0};
  int set = epoll_create1(0), ticks = 0, fd;

  program.code = squares_start(&program.squares);
  if (program.code < 0) return squares_end(&program.squares, program.code);

  fd = periodic_poll_attach(&program.host, program.squares.loop, turn, &program);
  event.events = EPOLLIN; /* level-triggered */
  event.data.fd = fd;
  epoll_ctl(set, EPOLL_CTL_ADD, fd, &event);

  while (program.code == 0) {
    /* The program's own descriptors would be in the set, too; its own time is 1 ms. */
    int count = epoll_wait(set, &event, 1, periodic_poll_timeout(&program.host, 1));
    if (count == 0) ticks++; /* the program's own work */
    periodic_poll_work(&program.host, count == 1 && event.data.fd == fd);
  }

  epoll_ctl(set, EPOLL_CTL_DEL, fd, NULL);
  periodic_poll_detach(&program.host);
  close(set);
  return squares_end(&program.squares, program.code);
}
