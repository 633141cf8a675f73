/* Every request that can be started, and the callbacks that hear of it: exactly once, however it ends. The
 * program drives the loop as a host does, by steps; nothing here blocks but the waits for a request's end.
 *   started ADDRESS */
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "program.h"

static periodic_client *client;
static periodic_worker *worker;
static char address[128];

/* What a callback was told. */
typedef struct {
  int parts, ends, code, destroyed, was_null;
  void (*then)(void);
} Told;

static void tell(void *user, periodic_request *request, int code) {
  Told *told = user;
  MUST(told->ends == 0 && told->destroyed == 0);
  MUST(periodic_client_ping(client, 1) != 0);
  if (code == PERIODIC_MORE) {
    told->parts++;
    MUST(periodic_request_next(request, NULL, NULL, 0) == PERIODIC_MORE);
    MUST(periodic_request_next(request, NULL, NULL, 0) == PERIODIC_EAGAIN);
    return;
  }
  told->ends++;
  told->code = code;
  told->was_null = request == NULL;
  MUST(periodic_request_next(request, NULL, NULL, 0) == (request == NULL ? PERIODIC_EINVAL : code));
  if (told->then != NULL) told->then();
}

static void destroy(void *user) { ((Told *)user)->destroyed++; }

/* One turn, as a host gives it. */
static void turn(void) {
  struct pollfd slot = {periodic_loop_fd(loop), POLLIN, 0};
  poll(&slot, 1, periodic_loop_timeout_ms(loop));
  MUST(periodic_loop_step(loop, -1) >= 0);
}

/* Has a request that was just started end; its answer stays in it. */
static int end_of(periodic_request *request) {
  Told told = {0};
  MUST(periodic_request_next(request, NULL, NULL, 0) == PERIODIC_EAGAIN || told.ends == 0);
  MUST(periodic_request_set_callback(request, tell, &told, destroy) == 0 && told.ends == 0);
  while (told.ends == 0) turn();
  MUST(told.destroyed == 1 && !told.was_null);
  return told.code;
}

static const void *data;
static size_t length;

/* The same, with what it brings in `data` and `length`, and freed. */
static int answer(periodic_request *request) {
  static char kept[4096];
  int code = end_of(request);
  MUST(periodic_request_next(request, &data, &length, 0) == code);
  if (data != NULL) data = memcpy(kept, data, length < sizeof kept ? length : sizeof kept);
  MUST(periodic_request_free(request) == 0 && periodic_request_free(request) == PERIODIC_EINVAL);
  return code;
}

static periodic_job_fields job_of(const char *function, const char *name) {
  periodic_job_fields job = PERIODIC_JOB_FIELDS_INIT;
  job.function = function;
  job.function_length = strlen(function);
  job.name = name;
  job.name_length = strlen(name);
  return job;
}

static void each(void) {
  periodic_job_fields job = job_of("f", "n");
  periodic_request *request, *run;
  periodic_job *taken;
  static char list[4096];
  size_t list_length;
  uint32_t value = 7;

  MUST(periodic_client_start_ping(client, &request, 5000) == 0 && answer(request) == 0 && data == NULL);
  job.run_at_s = 4000000000;
  MUST(periodic_client_start_submit(client, &job, &request, 5000) == 0 && answer(request) == 0);
  MUST(periodic_client_start_status(client, &request, 5000) == 0 && answer(request) == 0);
  MUST(length > 8 && memcmp(data, "f,0,1,0,", 8) == 0);
  MUST(periodic_client_start_dump(client, &request, 5000) == 0 && answer(request) == 0);
  MUST(length > 8 && length < sizeof list);
  memcpy(list, data, list_length = length);
  MUST(periodic_client_start_remove(client, TEXT("f"), TEXT("n"), &request, 5000) == 0 && answer(request) == 0);
  MUST(periodic_client_start_dump(client, &request, 5000) == 0 && answer(request) == 0 && length == 8);
  MUST(periodic_client_start_load(client, list, list_length, &request, 5000) == 0 && answer(request) == 0);
  MUST(periodic_client_start_dump(client, &request, 5000) == 0 && answer(request) == 0);
  MUST(length == list_length && memcmp(list, data, length) == 0);
  MUST(periodic_client_start_drop(client, TEXT("f"), &request, 5000) == 0 && answer(request) == 0);
  MUST(periodic_client_start_dump(client, &request, 5000) == 0 && answer(request) == 0 && length == 8);

  MUST(periodic_client_start_set_setting(client, TEXT("lock-timeout"), 99, &request, 5000) == 0);
  MUST(periodic_request_setting(request, &value) == PERIODIC_EAGAIN);
  MUST(end_of(request) == 0 && periodic_request_setting(request, &value) == PERIODIC_EINVAL && value == 7);
  MUST(periodic_request_results(request, NULL, NULL) == PERIODIC_EINVAL);
  MUST(periodic_request_free(request) == 0);
  MUST(periodic_client_start_get_setting(client, TEXT("lock-timeout"), &request, 5000) == 0);
  MUST(end_of(request) == 0 && periodic_request_setting(request, &value) == 0 && value == 99);
  MUST(periodic_request_setting(request, NULL) == 0 && periodic_request_free(request) == 0);

  job.run_at_s = 0;
  MUST(periodic_client_start_run(client, &job, &request, 5000) == 0 && answer(request) == PERIODIC_ENOWORKER);
  MUST(periodic_worker_can_do(worker, TEXT("f"), 0) == 0);
  MUST(periodic_client_start_ping(client, &request, 5000) == 0 && answer(request) == 0);
  MUST(periodic_client_start_run(client, &job, &run, -1) == 0);
  while (periodic_worker_next(worker, &taken, 0) == PERIODIC_ETIMEDOUT) turn();
  MUST(periodic_job_done(taken, TEXT("result")) == 0);
  MUST(answer(run) == 0 && length == 6 && memcmp(data, "result", 6) == 0);
}

/* More than may be under way, so that some wait; one is not a job. */
static void many(void) {
  enum { COUNT = 70000, BAD = 3 };
  periodic_job_fields *jobs = calloc(COUNT, sizeof *jobs), one = job_of("m", "1");
  char(*names)[8] = calloc(COUNT, 8);
  periodic_request *request;
  const int *results = NULL;
  size_t count = 7;
  int good = 0, code;
  for (int i = 0; i < COUNT; i++) {
    snprintf(names[i], 8, "%d", i);
    jobs[i] = job_of("m", names[i]);
    jobs[i].run_at_s = 4000000000;
  }
  jobs[BAD].name_length = 0;
  MUST(periodic_client_start_submit_many(client, jobs, COUNT, &request, -1) == 0);
  free(jobs);
  free(names);
  MUST(periodic_request_results(request, &results, &count) == PERIODIC_EAGAIN && count == 0);
  MUST(end_of(request) == PERIODIC_ELIMIT);
  MUST(periodic_request_results(request, &results, &count) == 0 && count == COUNT);
  for (size_t i = 0; i < count; i++) good += results[i] == 0;
  MUST(good == COUNT - 1 && results[BAD] == PERIODIC_ELIMIT);
  MUST(periodic_request_free(request) == 0);
  MUST(periodic_client_start_submit_many(client, NULL, 0, &request, -1) == 0 && answer(request) == 0);
  MUST(periodic_client_start_submit_many(client, NULL, 1, &request, -1) == PERIODIC_EINVAL);
  one.size = 1;
  MUST(periodic_client_submit_many(client, &one, 1, &code, -1) == PERIODIC_EINVAL && code == PERIODIC_EINVAL);
  MUST(periodic_client_start_drop(client, TEXT("m"), &request, -1) == 0 && answer(request) == 0);
}

/* Locks, and the end of a worker, without a wait. */
static void for_a_worker(void) {
  periodic_job_fields jobs[2] = {job_of("f", "a"), job_of("f", "b")};
  periodic_job *first, *second, *none;
  periodic_request *request, *other;
  MUST(periodic_client_submit_many(client, jobs, 2, NULL, 5000) == 0);
  MUST(periodic_worker_next(worker, &first, 5000) == 0 && periodic_worker_next(worker, &second, 5000) == 0);
  MUST(periodic_job_start_acquire(first, TEXT("l"), 0, &request, -1) == PERIODIC_EINVAL);
  MUST(periodic_job_start_acquire(first, TEXT("l"), 1, NULL, -1) == PERIODIC_EINVAL);
  MUST(periodic_job_start_acquire(first, TEXT("l"), 1, &request, -1) == 0);
  MUST(periodic_job_start_acquire(second, TEXT("l"), 1, &other, -1) == 0);
  MUST(answer(request) == 0 && answer(other) == PERIODIC_EBUSY);
  MUST(periodic_job_is_held(first) == 1);
  MUST(periodic_job_done(second, NULL, 0) == PERIODIC_EINVAL && periodic_job_free(second) == PERIODIC_EINVAL);
  /* One that is withdrawn leaves the job as it is. */
  MUST(periodic_job_start_acquire(first, TEXT("l"), 1, &request, -1) == 0);
  MUST(periodic_request_free(request) == 0);
  MUST(periodic_worker_start_drain(worker, &request, -1) == 0);
  MUST(periodic_request_next(request, NULL, NULL, 0) == PERIODIC_EAGAIN);
  MUST(periodic_worker_next(worker, &none, 0) == PERIODIC_ECLOSED);
  MUST(periodic_job_done(first, NULL, 0) == 0 && periodic_job_done(first, NULL, 0) == PERIODIC_EINVAL);
  MUST(answer(request) == 0);
  MUST(periodic_client_remove(client, TEXT("f"), TEXT("b"), 5000) == 0);
  MUST(periodic_worker_free(worker) == 0 && periodic_worker_new(loop, address, 4, NULL, &worker) == 0);
  MUST(periodic_worker_can_do(worker, TEXT("f"), 5000) == 0);
}

static Told last;
static periodic_request *held;

static void free_held(void) { MUST(periodic_request_free(held) == 0 && periodic_request_free(held) != 0); }

/* Told in the next turn, not in a free that is called in one. */
static void free_client(void) {
  MUST(periodic_client_free(client) == 0 && periodic_client_free(client) == PERIODIC_EINVAL);
  MUST(last.ends == 0);
}

static void listen_to(Told *told, int timeout_ms) {
  memset(told, 0, sizeof *told);
  MUST(periodic_client_start_receive_data(client, TEXT("f"), TEXT("x"), 0, &held, timeout_ms) == 0);
  MUST(periodic_request_set_callback(held, tell, told, destroy) == 0);
}

/* Each end is told once, and each destructor called. */
static void ends(void) {
  Told told, other = {0};
  periodic_request *request;
  listen_to(&told, 5);
  while (told.ends == 0) turn();
  MUST(told.code == PERIODIC_ETIMEDOUT && told.destroyed == 1);
  MUST(periodic_request_set_callback(held, tell, &other, destroy) == 0 && other.ends == 0);
  turn();
  MUST(other.ends == 1 && other.code == PERIODIC_ETIMEDOUT && other.destroyed == 1 && told.ends == 1);
  free_held();

  /* One that came before is told of by the free at the latest. */
  memset(&other, 0, sizeof other);
  MUST(periodic_client_start_ping(client, &held, -1) == 0 && periodic_request_next(held, NULL, NULL, -1) == 0);
  MUST(periodic_request_set_callback(held, tell, &other, destroy) == 0 && other.ends == 0);
  free_held();
  MUST(other.ends == 1 && other.code == 0 && other.was_null && other.destroyed == 1);

  listen_to(&told, -1);
  MUST(periodic_request_set_callback(held, tell, &other, NULL) == 0 && told.ends == 0 && told.destroyed == 1);
  MUST(periodic_request_set_callback(held, NULL, NULL, NULL) == 0);
  free_held();
  MUST(other.ends == 1 && periodic_request_set_callback(held, tell, &other, destroy) == PERIODIC_EINVAL);

  listen_to(&told, -1);
  free_held();
  MUST(told.ends == 1 && told.code == PERIODIC_ECANCELED && told.was_null && told.destroyed == 1);

  /* Freed by its own callback. */
  listen_to(&told, 5);
  told.then = free_held;
  while (told.ends == 0) turn();
  MUST(told.code == PERIODIC_ETIMEDOUT && told.destroyed == 1 && periodic_request_free(held) == PERIODIC_EINVAL);

  /* The client is freed by the callback of one request while another is under way. */
  listen_to(&last, -1);
  MUST(periodic_client_start_ping(client, &request, -1) == 0);
  memset(&told, 0, sizeof told);
  told.then = free_client;
  MUST(periodic_request_set_callback(request, tell, &told, destroy) == 0);
  while (told.ends == 0) turn();
  MUST(told.code == 0 && told.destroyed == 1 && last.ends == 1 && last.code == PERIODIC_ECANCELED);
  MUST(last.was_null && last.destroyed == 1 && periodic_request_free(request) == PERIODIC_EINVAL);
}

/* A server that is freed before it has stopped. */
static void freed_server(void) {
  periodic_server *server;
  periodic_request *request;
  Told told = {0};
  MUST(periodic_server_new(loop, NULL, &server) == 0);
  MUST(periodic_server_start_stop(server, &request, -1) == 0);
  MUST(periodic_request_set_callback(request, tell, &told, destroy) == 0 && told.ends == 0);
  MUST(periodic_server_free(server) == 0 && periodic_request_free(request) == PERIODIC_EINVAL);
  MUST(told.ends == 1 && told.code == PERIODIC_ECANCELED && told.was_null && told.destroyed == 1);
}

/* Pieces of data are told one by one, and what came before the callback too. */
static void parts(void) {
  periodic_job_fields job = job_of("f", "x");
  periodic_job *taken;
  Told told;
  MUST(periodic_client_submit(client, &job, 5000) == 0);
  MUST(periodic_worker_next(worker, &taken, 5000) == 0);
  listen_to(&told, -1);
  MUST(periodic_client_ping(client, 5000) == 0);
  MUST(periodic_job_data(taken, TEXT("1")) == 0);
  while (told.parts == 0) turn();
  MUST(periodic_request_set_callback(held, NULL, NULL, NULL) == 0 && told.destroyed == 1);
  MUST(periodic_job_data(taken, TEXT("2")) == 0);
  MUST(periodic_client_ping(client, 5000) == 0);
  memset(&told, 0, sizeof told);
  while (periodic_loop_step(loop, -1) > 0) continue;
  MUST(periodic_request_set_callback(held, tell, &told, destroy) == 0 && told.parts == 0);
  turn();
  MUST(told.parts == 1 && told.ends == 0);
  MUST(periodic_job_done(taken, NULL, 0) == 0);
  while (told.ends == 0) turn();
  MUST(told.parts == 1 && told.code == 0 && told.destroyed == 1);
  free_held();
}

int main(int argc, char **argv) {
  periodic_server *server;
  periodic_request *request;
  MUST(periodic_loop_new(&loop) == 0 && periodic_server_new(loop, NULL, &server) == 0);
  MUST(argc == 2 && periodic_server_listen(server, argv[1], address, sizeof address) > 0);
  MUST(periodic_client_new(loop, address, NULL, &client) == 0);
  MUST(periodic_worker_new(loop, address, 4, NULL, &worker) == 0);
  each();
  many();
  parts();
  for_a_worker();
  ends();
  MUST(periodic_client_new(loop, address, NULL, &client) == 0);
  freed_server();
  MUST(periodic_client_start_shutdown(client, &request, 5000) == 0 && answer(request) == 0);
  MUST(periodic_worker_free(worker) == 0 && periodic_client_free(client) == 0);
  MUST(periodic_server_start_stop(server, &request, 5000) == 0 && answer(request) == 0);
  MUST(periodic_server_start_stop(server, &request, 0) == 0 && periodic_server_stop(server, 0) == 0);
  MUST(answer(request) == 0 && periodic_server_start_stop(server, NULL, 0) == PERIODIC_EINVAL);
  MUST(periodic_server_free(server) == 0 && periodic_loop_free(loop) == 0);
  return 0;
}
