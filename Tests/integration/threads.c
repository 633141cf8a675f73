/* Loops on several threads, with one server between them: handles come and go on all at once, workers are
 * handed from thread to thread, a loop is woken by others and by a signal handler, and a file store has its
 * thread. For the thread sanitizer, and for the rule that other threads are refused.
 *   threads FILE [JOBS] */
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "program.h"

enum { CLIENTS = 3 };

static int jobs = 300;
static const char *address = "inproc:threads";

static void nudge(int number) {
  (void)number;
  periodic_loop_wake(loop);
}

static void destroy(void *user) { ++*(int *)user; }

static void told(void *user, periodic_request *request, int code) {
  MUST(code == 0 && periodic_request_free(request) == 0);
  ++*(int *)user;
}

/* Submits jobs fifty at a time, and waits for each fifty; one of each is none. */
static void submit_together(periodic_client *client, const char *function) {
  enum { TOGETHER = 50 };
  static char names[TOGETHER + 1][16];
  periodic_job_fields fields[TOGETHER + 1];
  int results[TOGETHER + 1];
  for (int first = 0; first < jobs; first += TOGETHER) {
    for (int i = 0; i <= TOGETHER; i++) {
      periodic_job_fields job = PERIODIC_JOB_FIELDS_INIT;
      job.function = function;
      job.function_length = 1;
      job.name = names[i];
      job.name_length = i < TOGETHER ? (size_t)sprintf(names[i], "%d", first + i) : 0;
      fields[i] = job;
    }
    MUST(periodic_client_submit_many(client, fields, TOGETHER + 1, results, -1) == PERIODIC_ELIMIT);
    for (int i = 0; i <= TOGETHER; i++) MUST(results[i] == (i < TOGETHER ? 0 : PERIODIC_ELIMIT));
  }
}

/* Submits jobs in requests of its own, all under way together. */
static void *submit(void *function) {
  periodic_loop *own;
  periodic_client *client;
  periodic_request *request;
  int ended = 0, destroyed = 0;
  MUST(periodic_loop_new(&own) == 0 && periodic_client_new(own, address, NULL, &client) == 0);
  MUST(periodic_client_ping(client, -1) == 0);
  if (*(char *)function == 'c') {
    submit_together(client, function);
    ended = jobs;
  }
  for (int i = ended; i < jobs; i++) {
    periodic_job_fields job = PERIODIC_JOB_FIELDS_INIT;
    char name[16];
    job.function = function;
    job.function_length = 1;
    job.name = name;
    job.name_length = snprintf(name, sizeof name, "%d", i);
    MUST(periodic_client_start_submit(client, &job, &request, -1) == 0);
    MUST(periodic_request_set_callback(request, told, &ended, NULL) == 0);
    if (i % 16 == 0) MUST(periodic_loop_step(own, -1) >= 0);
    MUST(periodic_loop_wake(loop) == 0 && periodic_loop_fd(loop) == PERIODIC_ETHREAD);
  }
  while (ended < jobs) MUST(periodic_client_ping(client, -1) == 0);
  MUST(periodic_client_start_receive_data(client, function, 1, "none", 4, 0, &request, -1) == 0);
  MUST(periodic_request_set_callback(request, NULL, &destroyed, destroy) == 0 && destroyed == 1);
  MUST(periodic_client_free(client) == 0 && periodic_loop_free(own) == 0);
  return NULL;
}

/* A worker that two threads have in turn. */
typedef struct {
  pthread_mutex_t mutex;
  pthread_cond_t changed;
  periodic_loop *loop;
  periodic_worker *worker;
  periodic_job *kept; /* taken by one thread, ended by the other */
  int turn, done, all;
} Shared;

static void *work(void *user) {
  Shared *shared = user;
  static int next;
  int me;
  pthread_mutex_lock(&shared->mutex);
  me = next++ % 2;
  while (shared->done < shared->all) {
    periodic_job *taken[8];
    int count;
    if (shared->turn != me) {
      pthread_cond_wait(&shared->changed, &shared->mutex);
      continue;
    }
    MUST(periodic_worker_next(shared->worker, taken, 0) == PERIODIC_ETHREAD);
    MUST(periodic_loop_adopt(shared->loop) == 0 && periodic_loop_adopt(shared->loop) == 0);
    if (shared->kept != NULL) MUST(periodic_job_done(shared->kept, NULL, 0) == 0 && ++shared->done > 0);
    shared->kept = NULL;
    count = periodic_worker_next_many(shared->worker, taken, 8, 20);
    MUST(count > 0 || count == PERIODIC_ETIMEDOUT);
    if (count > 0) shared->kept = taken[--count];
    if (count > 0) MUST(periodic_worker_done_many(shared->worker, taken, count) == count);
    if (count > 0) shared->done += count;
    if (shared->kept != NULL && shared->done == shared->all - 1) {
      MUST(periodic_job_done(shared->kept, NULL, 0) == 0);
      shared->done++;
    }
    if (shared->done == shared->all) {
      MUST(periodic_worker_drain(shared->worker, -1) == 0 && periodic_worker_free(shared->worker) == 0);
      MUST(periodic_loop_free(shared->loop) == 0);
      MUST(periodic_loop_wake(loop) == 0);
    }
    shared->turn = !me;
    pthread_cond_broadcast(&shared->changed);
  }
  pthread_mutex_unlock(&shared->mutex);
  return NULL;
}

static void *everybody(void *user) {
  Shared shared = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, NULL, NULL, NULL, 0, 0, CLIENTS * jobs};
  pthread_t clients[CLIENTS], workers[2];
  MUST(periodic_loop_new(&shared.loop) == 0);
  MUST(periodic_worker_new(shared.loop, address, 16, NULL, &shared.worker) == 0);
  for (int i = 0; i < CLIENTS; i++) MUST(periodic_worker_can_do(shared.worker, &"abc"[i], 1, -1) == 0);
  /* So that each of them has to become the owner first. */
  pthread_mutex_lock(&shared.mutex);
  for (int i = 0; i < 2; i++) MUST(pthread_create(&workers[i], NULL, work, &shared) == 0);
  for (int i = 0; i < CLIENTS; i++) MUST(pthread_create(&clients[i], NULL, submit, &"abc"[i]) == 0);
  pthread_mutex_unlock(&shared.mutex);
  for (int i = 0; i < CLIENTS; i++) pthread_join(clients[i], NULL);
  for (int i = 0; i < 2; i++) pthread_join(workers[i], NULL);
  __atomic_store_n((int *)user, 1, __ATOMIC_RELEASE);
  kill(getpid(), SIGUSR1);
  return NULL;
}

int main(int argc, char **argv) {
  periodic_server_options options = PERIODIC_SERVER_OPTIONS_INIT;
  periodic_server *server;
  pthread_t others;
  char store[300];
  int over = 0;
  if (argc < 2) return 2;
  if (argc > 2) jobs = atoi(argv[2]);
  snprintf(store, sizeof store, "file:%s", argv[1]);
  options.store = store;
  options.sync = "off";
  signal(SIGUSR1, nudge);
  MUST(periodic_loop_new(&loop) == 0 && periodic_server_new(loop, &options, &server) == 0);
  MUST(periodic_server_listen(server, address, NULL, 0) > 0);
  MUST(pthread_create(&others, NULL, everybody, &over) == 0);
  while (!__atomic_load_n(&over, __ATOMIC_ACQUIRE)) {
    periodic_cursor *cursor;
    periodic_job_info info = PERIODIC_JOB_INFO_INIT;
    struct pollfd slot = {periodic_loop_fd(loop), POLLIN, 0};
    poll(&slot, 1, periodic_loop_timeout_ms(loop));
    MUST(periodic_loop_step(loop, -1) >= 0);
    MUST(periodic_server_jobs(server, NULL, 0, &cursor) == 0);
    MUST(periodic_cursor_next(cursor, &info, 0) >= 0 && periodic_cursor_free(cursor) == 0);
  }
  pthread_join(others, NULL);
  MUST(periodic_server_stop(server, 5000) == 0 && periodic_server_free(server) == 0);
  MUST(periodic_loop_free(loop) == 0);
  return 0;
}
