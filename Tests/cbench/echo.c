/* What is left of inproc.c without a task system: CPU time of an item from a caller through a queue to the loop,
 * which takes what is there when it is woken, and to a callback; in batches of 64, on one thread, over libuv.
 *   echo [ITEMS] */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "clock.h"

enum { BATCH = 64, WORKLOAD = 32 };

typedef struct {
  void (*callback)(void *user, int name, const char *workload, size_t length);
  void *user;
  int name;
  char workload[WORKLOAD];
} item;

static struct {
  item items[BATCH];
  size_t first, count;
} queue;

static void handle(void *user, int name, const char *workload, size_t length) {
  long *sum = user;
  *sum += name + workload[length - 1];
}

/* Not inlined, since a call of a library's is not either. */
__attribute__((noinline)) static void put(void *user, int name, const char *workload) {
  item *place = &queue.items[(queue.first + queue.count++) % BATCH];
  place->callback = handle;
  place->user = user;
  place->name = name;
  memcpy(place->workload, workload, WORKLOAD);
}

static void take(uv_async_t *waker) {
  (void)waker;
  while (queue.count > 0) {
    item *next = &queue.items[queue.first];
    queue.first = (queue.first + 1) % BATCH;
    queue.count--;
    next->callback(next->user, next->name, next->workload, WORKLOAD);
  }
}

int main(int count, char **arguments) {
  static const char workload[WORKLOAD];
  uv_loop_t *loop = uv_default_loop();
  uv_async_t waker;
  int items = count > 1 ? atoi(arguments[1]) : 1000000;
  long sum = 0, expected = 0;
  items -= items % BATCH;
  if (uv_async_init(loop, &waker, take) != 0) return 1;
  double cpu = cpu_ns(), wall = wall_ns();
  for (int done = 0; done < items; done += BATCH) {
    for (int i = 0; i < BATCH; i++) put(&sum, done + i, workload);
    uv_async_send(&waker);
    while (queue.count > 0) uv_run(loop, UV_RUN_ONCE);
  }
  printf("echo: %.0f ns CPU, %.0f ns an item\n", (cpu_ns() - cpu) / items, (wall_ns() - wall) / items);
  for (int name = 0; name < items; name++) expected += name;
  return sum != expected;
}
