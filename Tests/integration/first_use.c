/* A thread uses the library for the first time. Whenever it allocates memory for that, the process forks, and the
 * child uses the library too, without waiting for what the thread had under way: it is not there.
 *   first_use STORE ADDRESS ADDRESS-OF-THE-CHILD
 * At an address that begins with AWAY the server is on a loop and a thread of its own. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include "program.h"

extern void *__libc_malloc(size_t size);

#define AWAY "inproc:away"

static sem_t allocates, has_forked;
static pthread_mutex_t one = PTHREAD_MUTEX_INITIALIZER; /* a store has a thread of its own */
static int stops, is_over;
static __thread int is_main, is_inside;
static periodic_job_fields fields = PERIODIC_JOB_FIELDS_INIT;

/* For a moment: the fork waits while the library has certain locks. */
static void let_fork(void) {
  struct timespec until;
  is_inside = 1;
  pthread_mutex_lock(&one);
  sem_post(&allocates);
  clock_gettime(CLOCK_REALTIME, &until);
  until.tv_nsec += 100000000;
  until.tv_sec += until.tv_nsec / 1000000000;
  until.tv_nsec %= 1000000000;
  while (sem_timedwait(&has_forked, &until) != 0 && errno == EINTR) {}
  pthread_mutex_unlock(&one);
  is_inside = 0;
}

/* What SQLite allocates, which has locks of its own, is left out. */
static int is_for_the_library(void *caller) {
  Dl_info info;
  return dladdr(caller, &info) != 0 && strstr(info.dli_fname, "libperiodic") != NULL;
}

void *malloc(size_t size) {
  if (stops && !is_main && !is_inside && is_for_the_library(__builtin_return_address(0))) let_fork();
  return __libc_malloc(size);
}

typedef struct {
  const char *store, *address;
  char bound[200];
  periodic_loop *loop;
  periodic_server *server;
  sem_t listens;
} place;

static void serve(place *at) {
  periodic_server_options options = PERIODIC_SERVER_OPTIONS_INIT;
  options.store = at->store;
  MUST(periodic_loop_new(&at->loop) == 0 && periodic_server_new(at->loop, &options, &at->server) == 0);
  MUST(periodic_server_listen(at->server, at->address, at->bound, sizeof at->bound) > 0);
}

static void end(place *at) {
  MUST(periodic_server_stop(at->server, 60000) == 0 && periodic_server_free(at->server) == 0);
  MUST(periodic_loop_free(at->loop) == 0);
}

static void *serve_away(void *argument) {
  place *at = argument;
  serve(at);
  sem_post(&at->listens);
  MUST(periodic_loop_run(at->loop) == 0);
  end(at);
  return NULL;
}

static void pass_a_job(periodic_loop *own, const char *address) {
  periodic_client *client;
  periodic_worker *worker;
  periodic_job *job;
  size_t count;
  MUST(periodic_client_new(own, address, NULL, &client) == 0);
  MUST(periodic_worker_new(own, address, 1, NULL, &worker) == 0);
  MUST(periodic_worker_can_do(worker, TEXT("f"), 60000) == 0 && periodic_client_submit(client, &fields, 60000) == 0);
  MUST(periodic_worker_next(worker, &job, 60000) == 0 && periodic_job_later(job, 0, 0) == 0);
  MUST(periodic_client_submit_many(client, &fields, 1, NULL, 60000) == 0);
  MUST(periodic_worker_next(worker, &job, 60000) == 0 && periodic_job_done(job, NULL, 0) == 0);
  MUST(periodic_client_ping(client, 60000) == 0 && periodic_client_status(client, NULL, 0, &count, 60000) == 0);
  MUST(periodic_client_remove(client, TEXT("f"), TEXT("f"), 60000) == 0);
  MUST(periodic_worker_drain(worker, 60000) == 0);
  MUST(periodic_worker_free(worker) == 0 && periodic_client_free(client) == 0);
}

static void use(const char *store, const char *address) {
  place at = {.store = store, .address = address};
  pthread_t thread;
  periodic_loop *own;
  if (strncmp(address, AWAY, strlen(AWAY)) != 0) {
    serve(&at);
    pass_a_job(at.loop, at.bound);
    end(&at);
    return;
  }
  MUST(sem_init(&at.listens, 0, 0) == 0 && pthread_create(&thread, NULL, serve_away, &at) == 0);
  while (sem_wait(&at.listens) != 0) {}
  MUST(periodic_loop_new(&own) == 0);
  pass_a_job(own, at.bound);
  MUST(periodic_loop_free(own) == 0 && periodic_loop_stop(at.loop) == 0 && pthread_join(thread, NULL) == 0);
}

static void *use_first(void *arguments) {
  const char **given = arguments;
  stops = 1;
  use(given[1], given[2]);
  stops = 0;
  is_over = 1;
  sem_post(&allocates);
  return NULL;
}

int main(int count, const char **arguments) {
  pthread_t thread;
  int forks = 0, status;
  MUST(count == 4);
  is_main = 1;
  fields.function = fields.name = "f";
  fields.function_length = fields.name_length = 1;
  MUST(periodic_loop_new(&loop) == 0 && sem_init(&allocates, 0, 0) == 0 && sem_init(&has_forked, 0, 0) == 0);
  MUST(pthread_create(&thread, NULL, use_first, arguments) == 0);
  while (sem_wait(&allocates) == 0 && !is_over) {
    pid_t child = fork();
    if (child == 0) {
      alarm(10);
      stops = 0;
      MUST(periodic_loop_step(loop, -1) == PERIODIC_EFORK && periodic_loop_free(loop) == 0);
      use("memory:", arguments[3]);
      _exit(0);
    }
    forks++;
    sem_post(&has_forked);
    MUST(child > 0 && waitpid(child, &status, 0) == child && status == 0);
  }
  MUST(pthread_join(thread, NULL) == 0 && forks > 50 && periodic_loop_free(loop) == 0);
  printf("%d forks\n", forks);
  return 0;
}
