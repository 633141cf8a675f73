/* Drives a loop by one adapter and checks what it promises.
 * Ends with 0 if all of it holds, and prints how busy the host was while nothing came. */
#include <periodic.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "hosts.h"

#define CHECK(what) \
  do { \
    if (!(what)) { \
      fprintf(stderr, "line %d: %s\n", __LINE__, #what); \
      exit(1); \
    } \
  } while (0)

static periodic_server *server;
static periodic_client *client;
static periodic_worker *worker;
static periodic_request *request;
static int turns, last_code, outcome, detach_in_turn;

static void turn(void *user, int code) {
  periodic_job *job;
  CHECK(user == &host);
  turns++;
  last_code = code;
  if (code < 0) return;
  while (worker != NULL && periodic_worker_next(worker, &job, 0) == 0)
    CHECK(periodic_job_done(job, "yes", 3) == 0);
  if (request != NULL) outcome = periodic_request_next(request, NULL, NULL, 0);
  if (detach_in_turn) host_detach();
}

/* Runs the host until the request has ended; returns its code. */
static int ended(void) {
  outcome = PERIODIC_EAGAIN;
  host_update();
  while (outcome == PERIODIC_EAGAIN) host_once();
  periodic_request_free(request);
  request = NULL;
  return outcome;
}

static int run_one(const char *name) {
  periodic_job_fields job = PERIODIC_JOB_FIELDS_INIT;
  job.function = "f", job.function_length = 1;
  job.name = name, job.name_length = strlen(name);
  CHECK(periodic_client_start_run(client, &job, &request, 10000) == 0);
  return ended();
}

static void *take_over(void *user) {
  (void)user;
  CHECK(periodic_loop_adopt(loop) == 0);
  return NULL;
}

int main(void) {
  char address[64];
  struct timespec before, after;
  pthread_t thread;
  double passed;
  alarm(30);
  host_begin();
  CHECK(periodic_loop_new(&loop) == 0 && periodic_server_new(loop, NULL, &server) == 0);
  CHECK(periodic_server_listen(server, "tcp://127.0.0.1:0", address, sizeof address) > 0);
  CHECK(periodic_client_new(loop, address, NULL, &client) == 0);
  CHECK(periodic_worker_new(loop, address, 4, NULL, &worker) == 0);
  CHECK(periodic_worker_can_do(worker, "f", 1, 5000) == 0);

  /* A call between two turns is noticed; input is. */
  CHECK(host_attach() == 0);
  CHECK(run_one("a") == 0 && run_one("b") == 0);

  /* A deadline of the loop ends a wait, at its time. */
  turns = 0;
  clock_gettime(CLOCK_MONOTONIC, &before);
  CHECK(periodic_client_start_receive_data(client, "f", 1, "n", 1, 60, &request, 200) == 0);
  CHECK(ended() == PERIODIC_ETIMEDOUT);
  clock_gettime(CLOCK_MONOTONIC, &after);
  passed = (double)(after.tv_sec - before.tv_sec) + (double)(after.tv_nsec - before.tv_nsec) / 1e9;
  CHECK(passed > 0.15 && passed < 5);
  printf("turns in 200 ms of silence: %d\n", turns);

  /* Once detached, nothing of it is driven; attached again, it goes on. In a turn, too. */
  detach_in_turn = 1;
  turns = 0;
  periodic_loop_wake(loop);
  while (turns == 0) host_once();
  detach_in_turn = 0;
  CHECK(host_attach() == 0 && run_one("c") == 0);

  /* A step that fails is told once, and nothing is watched any more. */
  CHECK(pthread_create(&thread, NULL, take_over, NULL) == 0 && pthread_join(thread, NULL) == 0);
  host_update();
  turns = 0;
  while (turns == 0) host_once();
  CHECK(turns == 1 && last_code == PERIODIC_ETHREAD);
  host_detach();
  CHECK(host_attach() == PERIODIC_ETHREAD || host_attach() == 1);
  CHECK(periodic_loop_adopt(loop) == 0 && host_attach() == 0 && run_one("d") == 0);

  /* Everything can be freed at once. */
  host_detach();
  CHECK(periodic_worker_free(worker) == 0 && periodic_client_free(client) == 0);
  CHECK(periodic_server_free(server) == 0 && periodic_loop_free(loop) == 0);
  host_end();
  return 0;
}
