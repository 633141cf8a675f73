/* Nothing waits longer than asked, and a step does no more than it may. The program tells libc's clocks and waits
 * for the whole process: where the loop would sleep, time moves by what it asked for, so that every wait is
 * known to the millisecond and none takes long.
 *   bounded DIRECTORY   exit status 0, and nothing on the standard error, if all is so */
#define _GNU_SOURCE
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>

#include "program.h"

static int64_t time_ms = 1700000000000, slept_ms;

int clock_gettime(clockid_t clock, struct timespec *now) {
  (void)clock;
  now->tv_sec = time_ms / 1000;
  now->tv_nsec = time_ms % 1000 * 1000000;
  return 0;
}

int epoll_pwait(int set, struct epoll_event *events, int most, int timeout, const sigset_t *mask) {
  int count = (int)syscall(SYS_epoll_pwait, set, events, most, 0, mask, 8);
  if (count != 0 || timeout == 0) return count;
  if (timeout < 0) {
    fprintf(stderr, "a wait without an end\n");
    exit(1);
  }
  slept_ms += timeout;
  time_ms += timeout;
  return 0;
}

int epoll_wait(int set, struct epoll_event *events, int most, int timeout) {
  return epoll_pwait(set, events, most, timeout, NULL);
}

/* The call sleeps for exactly so long, and then says this. */
#define SLEEPS(ms, code, call)                          \
  do {                                                  \
    int64_t before = slept_ms;                          \
    int said = (call);                                  \
    if (said != (code) || slept_ms - before != (ms)) {  \
      fprintf(stderr, "line %d: %s: %s after %d ms\n", __LINE__, #call, periodic_errname(said), \
              (int)(slept_ms - before));                \
      exit(1);                                          \
    }                                                   \
  } while (0)

static periodic_job_fields job_of(const char *function, const char *name) {
  periodic_job_fields job = PERIODIC_JOB_FIELDS_INIT;
  job.function = function, job.function_length = strlen(function);
  job.name = name, job.name_length = strlen(name);
  return job;
}

/* A peer that takes connections and never says a word. */
static int mute(const char *path) {
  struct sockaddr_un name = {.sun_family = AF_UNIX};
  int listener = socket(AF_UNIX, SOCK_STREAM, 0);
  snprintf(name.sun_path, sizeof name.sun_path, "%s", path);
  MUST(bind(listener, (struct sockaddr *)&name, sizeof name) == 0 && listen(listener, 8) == 0);
  return listener;
}

/* Every blocking call to a server that does not answer. */
static void requests(const char *address) {
  periodic_job_fields job = job_of("f", "n");
  periodic_client *client;
  periodic_worker *worker;
  periodic_request *request;
  const void *data;
  size_t length;
  uint32_t value;
  char text[8];
  int ms;
  MUST(periodic_client_new(loop, address, NULL, &client) == 0);
  MUST(periodic_worker_new(loop, address, 1, NULL, &worker) == 0);
  for (ms = 1; ms < 400; ms = ms * 7 + 1) {
    SLEEPS(ms, PERIODIC_ETIMEDOUT, periodic_client_ping(client, ms));
    SLEEPS(ms, PERIODIC_ETIMEDOUT, periodic_client_submit(client, &job, ms));
    SLEEPS(ms, PERIODIC_ETIMEDOUT, periodic_client_submit_many(client, &job, 1, NULL, ms));
    SLEEPS(ms, PERIODIC_ETIMEDOUT, periodic_client_run(client, &job, &data, &length, ms));
    SLEEPS(ms, PERIODIC_ETIMEDOUT, periodic_client_status(client, text, sizeof text, &length, ms));
    SLEEPS(ms, PERIODIC_ETIMEDOUT, periodic_client_remove(client, TEXT("f"), TEXT("n"), ms));
    SLEEPS(ms, PERIODIC_ETIMEDOUT, periodic_client_drop(client, TEXT("f"), ms));
    SLEEPS(ms, PERIODIC_ETIMEDOUT, periodic_client_get_setting(client, TEXT("timeout"), &value, ms));
    SLEEPS(ms, PERIODIC_ETIMEDOUT, periodic_client_set_setting(client, TEXT("timeout"), 1, ms));
    SLEEPS(ms, PERIODIC_ETIMEDOUT, periodic_client_dump(client, &data, &length, ms));
    SLEEPS(ms, PERIODIC_ETIMEDOUT, periodic_client_load(client, TEXT("\0\0\0\0\0\0\0\0"), ms));
    SLEEPS(ms, PERIODIC_ETIMEDOUT, periodic_client_shutdown(client, ms));
    SLEEPS(ms, PERIODIC_ETIMEDOUT, periodic_worker_can_do(worker, TEXT("f"), ms));
    SLEEPS(ms, PERIODIC_ETIMEDOUT, periodic_worker_broadcast(worker, TEXT("f"), ms));
    /* Nobody has heard of the function: nothing to wait for. */
    SLEEPS(0, 0, periodic_worker_cannot_do(worker, TEXT("f"), ms));
  }
  /* Both times count: the request's own, and the caller's. */
  MUST(periodic_client_start_run(client, &job, &request, 300) == 0);
  SLEEPS(100, PERIODIC_EAGAIN, periodic_request_next(request, &data, &length, 100));
  SLEEPS(0, PERIODIC_EAGAIN, periodic_request_next(request, &data, &length, 0));
  SLEEPS(200, PERIODIC_ETIMEDOUT, periodic_request_next(request, &data, &length, -1));
  SLEEPS(0, PERIODIC_ETIMEDOUT, periodic_request_next(request, &data, &length, -1));
  MUST(periodic_request_free(request) == 0);
  MUST(periodic_client_free(client) == 0 && periodic_worker_free(worker) == 0);
}

/* The calls that wait for jobs, and for the end. */
static void works(periodic_client *client, periodic_worker *worker) {
  periodic_job_fields job = job_of("f", "n");
  periodic_job *taken, *many[2];
  MUST(periodic_worker_can_do(worker, TEXT("f"), 5000) == 0);
  SLEEPS(250, PERIODIC_ETIMEDOUT, periodic_worker_next(worker, &taken, 250));
  SLEEPS(0, PERIODIC_ETIMEDOUT, periodic_worker_next(worker, &taken, 0));
  SLEEPS(250, PERIODIC_ETIMEDOUT, periodic_worker_next_many(worker, many, 2, 250));
  SLEEPS(0, 0, periodic_client_submit(client, &job, 5000));
  SLEEPS(0, 0, periodic_worker_next(worker, &taken, 5000));
  SLEEPS(250, PERIODIC_ETIMEDOUT, periodic_worker_drain(worker, 250));
  SLEEPS(0, 0, periodic_job_done(taken, NULL, 0));
  SLEEPS(0, 0, periodic_worker_drain(worker, 5000));
  SLEEPS(0, 0, periodic_loop_stop(loop));
  SLEEPS(0, 0, periodic_loop_run(loop));
}

/* A host that waits as periodic_loop_timeout_ms() says is neither late nor kept busy. */
static void hosts_wait(periodic_client *client) {
  periodic_request *request;
  int64_t begin = time_ms;
  int steps = 0, most = 0;
  MUST(periodic_client_start_receive_data(client, TEXT("f"), TEXT("n"), 60, &request, 777) == 0);
  while (periodic_request_next(request, NULL, NULL, 0) == PERIODIC_EAGAIN) {
    int wait_ms = periodic_loop_timeout_ms(loop);
    MUST(wait_ms >= 0 && ++steps < 50);
    if (wait_ms > most) most = wait_ms;
    time_ms += wait_ms;
    SLEEPS(0, 0, periodic_loop_step(loop, -1) < 0);
  }
  MUST(periodic_request_next(request, NULL, NULL, 0) == PERIODIC_ETIMEDOUT);
  MUST(time_ms - begin == 777 && most <= 777);
  MUST(periodic_request_free(request) == 0);
}

/* Forty runs that nobody can do: each is a command for the server and a completion for the client. */
static void steps(periodic_client *client, int most) {
  enum { RUNS = 40 };
  periodic_request *runs[RUNS];
  periodic_job_fields job = job_of("nobody", "n");
  int64_t before = slept_ms;
  int index, handled = 0, count;
  for (index = 0; index < RUNS; index++)
    MUST(periodic_client_start_run(client, &job, &runs[index], 5000) == 0);
  for (index = 0; index < 1000 && handled < 2 * RUNS; index++) {
    count = periodic_loop_step(loop, most);
    MUST(count >= 0 && (most < 0 || count <= most));
    handled += count;
  }
  MUST(handled == 2 * RUNS && slept_ms == before && periodic_loop_step(loop, most) == 0);
  for (index = 0; index < RUNS; index++) {
    MUST(periodic_request_next(runs[index], NULL, NULL, 0) == PERIODIC_ENOWORKER);
    MUST(periodic_request_free(runs[index]) == 0);
  }
}

int main(int count, char **arguments) {
  periodic_server *server;
  periodic_client *client;
  periodic_worker *worker;
  char silent[200], address[220], own[220];
  int listener, index;
  if (count != 2) return 2;
  snprintf(silent, sizeof silent, "%s/mute", arguments[1]);
  snprintf(address, sizeof address, "unix://%s", silent);
  snprintf(own, sizeof own, "unix://%s/s", arguments[1]);
  listener = mute(silent);
  SLEEPS(0, 0, periodic_loop_new(&loop));
  MUST(periodic_server_new(loop, NULL, &server) == 0);
  MUST(periodic_server_listen(server, own, NULL, 0) > 0);
  MUST(periodic_client_new(loop, own, NULL, &client) == 0);
  MUST(periodic_worker_new(loop, own, 1, NULL, &worker) == 0);
  SLEEPS(0, 0, periodic_client_ping(client, 5000));
  for (index = 0; index < 100; index++) SLEEPS(0, 0, periodic_loop_step(loop, -1) < 0);
  steps(client, 1);
  steps(client, 7);
  steps(client, -1);
  works(client, worker);
  hosts_wait(client);
  requests(address);
  MUST(slept_ms > 0);
  MUST(periodic_worker_free(worker) == 0 && periodic_client_free(client) == 0);
  MUST(periodic_server_free(server) == 0 && periodic_loop_free(loop) == 0);
  return close(listener);
}
