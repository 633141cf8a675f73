/* CPU time a job takes from submit to done inside one process, in batches of 64, with the memory store.
 *   inproc one|two [JOBS [ADDRESS]]   one thread, or a client on a thread of its own
 *   inproc same [JOBS]                one thread, in virtual time and with a fixed source of chance */
#include <periodic.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"

enum { BATCH = 64, WORKLOAD = 32 };

static const char *address = "inproc:bench";
static int jobs = 1000000;

static void must(int code, const char *what) {
  if (code >= 0) return;
  fprintf(stderr, "%s: %s\n", what, periodic_errname(code));
  exit(1);
}

/* SplitMix64 from a fixed seed. */
static uint64_t draw(void *state) {
  uint64_t value = *(uint64_t *)state += 0x9e3779b97f4a7c15;
  value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9;
  value = (value ^ value >> 27) * 0x94d049bb133111eb;
  return value ^ value >> 31;
}

static void submit(periodic_client *client, int first) {
  static __thread int names[BATCH];
  static char workload[WORKLOAD];
  periodic_job_fields fields[BATCH];
  memset(fields, 0, sizeof fields);
  for (int i = 0; i < BATCH; i++) {
    fields[i].size = sizeof fields[i];
    fields[i].function = "f";
    fields[i].function_length = 1;
    names[i] = first + i;
    fields[i].name = &names[i];
    fields[i].name_length = sizeof names[i];
    fields[i].workload = workload;
    fields[i].workload_length = WORKLOAD;
  }
  must(periodic_client_submit_many(client, fields, BATCH, NULL, -1), "submit");
}

static void work(periodic_worker *worker, int count) {
  while (count > 0) {
    periodic_job *taken[BATCH];
    int got = periodic_worker_next_many(worker, taken, BATCH, -1);
    must(got, "next");
    must(periodic_worker_done_many(worker, taken, got), "done");
    count -= got;
  }
}

static void *other_thread(void *unused) {
  periodic_loop *loop;
  periodic_client *client;
  must(periodic_loop_new(&loop), "loop");
  must(periodic_client_new(loop, address, NULL, &client), "client");
  for (int done = 0; done < jobs; done += BATCH) submit(client, done);
  must(periodic_client_free(client) | periodic_loop_free(loop), "free");
  return unused;
}

int main(int count, char **arguments) {
  periodic_loop *loop;
  periodic_server *server;
  periodic_client *client;
  periodic_worker *worker;
  char bound[200];
  int one = count < 2 || strcmp(arguments[1], "two") != 0;
  if (count > 2) jobs = atoi(arguments[2]);
  if (count > 3) address = arguments[3];
  jobs -= jobs % BATCH;
  must(periodic_loop_new(&loop), "loop");
  if (count > 1 && strcmp(arguments[1], "same") == 0) {
    static uint64_t state;
    static const periodic_time start = {.monotonic_ms = 1000, .wall_ms = 1700000000000};
    must(periodic_loop_set_random(loop, draw, &state, NULL), "random");
    must(periodic_loop_set_virtual_clock(loop, &start), "virtual clock");
  }
  must(periodic_server_new(loop, NULL, &server), "server");
  must(periodic_server_listen(server, address, bound, sizeof bound), "listen");
  address = bound;
  must(periodic_client_new(loop, address, NULL, &client), "client");
  must(periodic_worker_new(loop, address, BATCH, NULL, &worker), "worker");
  must(periodic_worker_can_do(worker, "f", 1, 5000), "can do");
  must(periodic_client_ping(client, 5000), "ping");
  double cpu = cpu_ns(), wall = wall_ns();
  if (one) {
    for (int done = 0; done < jobs; done += BATCH) {
      submit(client, done);
      work(worker, BATCH);
    }
  } else {
    pthread_t thread;
    pthread_create(&thread, NULL, other_thread, NULL);
    work(worker, jobs);
    pthread_join(thread, NULL);
  }
  printf("%s, %s: %.0f ns CPU, %.0f ns a job\n", one ? "one thread" : "two threads", address,
         (cpu_ns() - cpu) / jobs, (wall_ns() - wall) / jobs);
  must(periodic_worker_free(worker) | periodic_client_free(client) | periodic_server_free(server), "free");
  return periodic_loop_free(loop);
}
