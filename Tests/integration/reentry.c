/* What a callback does to the very call that it was made from, and what a clock does that steps back or uses its
 * loop: codes, not crashes, and no wait without an end. What callbacks free is freed_inside.c's.
 *   reentry        exit status 0 if all is as docs/errors.md says */
#include <stdlib.h>
#include <string.h>

#include "program.h"

static periodic_server *server;
static periodic_client *client;
static periodic_worker *worker;
static periodic_job *job;
static periodic_request *request;
static void (*in_log)(void); /* what the next line of the log makes happen */

static void log_line(void *user, int level, const char *line, size_t length) {
  void (*now)(void) = in_log;
  (void)user, (void)level, (void)line, (void)length;
  in_log = NULL;
  if (now != NULL) now();
}

static periodic_job_fields job_of(const char *name) {
  periodic_job_fields fields = PERIODIC_JOB_FIELDS_INIT;
  fields.function = "f";
  fields.function_length = 1;
  fields.name = name;
  fields.name_length = strlen(name);
  return fields;
}

static void set_up(void) {
  periodic_server_options options = PERIODIC_SERVER_OPTIONS_INIT;
  periodic_job_fields fields = job_of("a");
  periodic_time start = {0, 0};
  options.log = log_line;
  MUST(periodic_loop_new(&loop) == 0 && periodic_loop_set_virtual_clock(loop, &start) == 0);
  MUST(periodic_server_new(loop, &options, &server) == 0);
  MUST(periodic_server_listen(server, "inproc:reentry", NULL, 0) > 0);
  MUST(periodic_client_new(loop, "inproc:reentry", NULL, &client) == 0);
  MUST(periodic_worker_new(loop, "inproc:reentry", 2, NULL, &worker) == 0);
  MUST(periodic_worker_can_do(worker, "f", 1, 5000) == 0);
  MUST(periodic_client_submit(client, &fields, 5000) == 0);
  MUST(periodic_worker_next(worker, &job, 5000) == 0);
}

static void tear_down(void) {
  MUST(periodic_worker_free(worker) == 0 && periodic_client_free(client) == 0);
  MUST(periodic_server_free(server) == 0 && periodic_loop_free(loop) == 0);
}

/* Lets it happen in the first turn of the next call: the log of a new server says that it is ready. */
static periodic_server *later(void (*what)(void)) {
  periodic_server_options options = PERIODIC_SERVER_OPTIONS_INIT;
  periodic_server *other;
  options.log = log_line;
  MUST(periodic_server_new(loop, &options, &other) == 0);
  in_log = what;
  return other;
}

static void free_request(void) { MUST(periodic_request_free(request) == 0); }
static void free_job(void) { MUST(periodic_job_free(job) == 0); }
static void end_job(void) { MUST(periodic_job_done(job, NULL, 0) == 0); }
static void take_back(void) { MUST(periodic_worker_cannot_do(worker, "g", 1, 0) == 0); }
static void drain(void) { MUST(periodic_worker_drain(worker, 0) == PERIODIC_EDEADLK); }
static void block(void) {
  MUST(periodic_client_ping(client, 1) == PERIODIC_EDEADLK && periodic_loop_run(loop) == PERIODIC_EDEADLK);
  MUST(periodic_server_stop(server, 1) == PERIODIC_EDEADLK);
  MUST(periodic_job_acquire(job, "l", 1, 1, 1) == PERIODIC_EDEADLK);
}

/* Ends the job and takes the next, whose place in memory may be the same. */
static void take_another(void) {
  MUST(periodic_job_done(job, NULL, 0) == 0 && periodic_worker_next(worker, &job, 0) == 0);
}

/* A call that waits for what a callback takes away ends, also without a limit of time. */
static void taken_away(void) {
  periodic_job_fields fields = job_of("b");
  periodic_server *other;
  set_up();
  MUST(periodic_client_start_receive_data(client, "f", 1, "a", 1, 1000, &request, -1) == 0);
  other = later(free_request);
  MUST(periodic_request_next(request, NULL, NULL, -1) == PERIODIC_ECANCELED && in_log == NULL);
  MUST(periodic_server_free(other) == 0);

  other = later(take_back);
  MUST(periodic_worker_can_do(worker, "g", 1, -1) == PERIODIC_ECANCELED && in_log == NULL);
  MUST(periodic_server_free(other) == 0);

  other = later(free_job);
  MUST(periodic_job_acquire(job, "l", 1, 1, -1) == PERIODIC_ECANCELED && in_log == NULL);
  MUST(periodic_server_free(other) == 0);
  tear_down();

  set_up();
  other = later(end_job);
  MUST(periodic_job_acquire(job, "l", 1, 1, -1) == PERIODIC_ECANCELED && in_log == NULL);
  MUST(periodic_server_free(other) == 0);
  tear_down();

  set_up();
  MUST(periodic_client_submit(client, &fields, 5000) == 0 && periodic_loop_step(loop, -1) >= 0);
  other = later(take_another);
  MUST(periodic_job_acquire(job, "l", 1, 1, -1) == PERIODIC_ECANCELED && in_log == NULL);
  MUST(periodic_job_is_held(job) == 1 && periodic_job_done(job, NULL, 0) == 0);
  MUST(periodic_server_free(other) == 0);
  tear_down();
}

/* A call that is refused in a callback has changed nothing. */
static void refused(void) {
  periodic_job_fields fields = job_of("b");
  periodic_server *other;
  periodic_job *next;
  set_up();
  other = later(drain);
  MUST(periodic_client_ping(client, 5000) == 0 && in_log == NULL);
  MUST(periodic_worker_next(worker, &next, 10) == PERIODIC_ETIMEDOUT);
  MUST(periodic_client_submit(client, &fields, 5000) == 0 && periodic_worker_next(worker, &next, 5000) == 0);
  MUST(periodic_server_free(other) == 0);
  other = later(block);
  MUST(periodic_client_ping(client, 5000) == 0 && in_log == NULL);
  /* The log has a line here outside of a turn as well. */
  in_log = block;
  MUST(periodic_server_listen(server, "inproc:reentry too", NULL, 0) > 0 && in_log == NULL);
  MUST(periodic_server_free(other) == 0);
  tear_down();
}

static void stop(void) { MUST(periodic_loop_stop(loop) == 0); }

/* A call that waits goes on when a callback stops the loop, and the next run returns at once. */
static void stopped(void) {
  periodic_server *other;
  set_up();
  other = later(stop);
  MUST(periodic_client_ping(client, 5000) == 0 && in_log == NULL);
  MUST(periodic_loop_run(loop) == 0);
  MUST(periodic_server_free(other) == 0);
  tear_down();
}

/* A job that stands twice among those to be ended is looked at once. */
static void twice(void) {
  periodic_job *jobs[2];
  set_up();
  jobs[0] = jobs[1] = job;
  MUST(periodic_worker_done_many(worker, jobs, 2) == 1);
  MUST(periodic_worker_done_many(worker, jobs, 2) == PERIODIC_EINVAL);
  tear_down();
}

static int destroyed, is_loop_freed;
static void destroy(void *user) {
  destroyed++;
  MUST(user == &destroyed);
  MUST(periodic_loop_set_clock(loop, NULL, NULL, NULL) == (is_loop_freed ? PERIODIC_EINVAL : 0));
}

static void free_loop(void *user) {
  MUST(user == NULL && periodic_loop_free(loop) == 0);
  is_loop_freed = 1;
}

static periodic_time told;
static void tell(void *user, periodic_time *now) {
  (void)user;
  *now = told;
}

/* A destructor may use the loop, also to replace the clock again, or to free it; each is called once. */
static void destructors(void) {
  MUST(periodic_loop_new(&loop) == 0);
  MUST(periodic_loop_set_clock(loop, tell, &destroyed, destroy) == 0 && destroyed == 0);
  MUST(periodic_loop_set_clock(loop, tell, &destroyed, destroy) == 0 && destroyed == 2);
  MUST(periodic_loop_set_clock(loop, tell, &destroyed, destroy) == 0 && destroyed == 2);
  is_loop_freed = 1;
  MUST(periodic_loop_free(loop) == 0 && destroyed == 3);

  MUST(periodic_loop_new(&loop) == 0 && periodic_loop_set_clock(loop, tell, NULL, free_loop) == 0);
  is_loop_freed = 0;
  MUST(periodic_loop_set_clock(loop, tell, &destroyed, destroy) == 0 && is_loop_freed && destroyed == 4);
  MUST(periodic_loop_stop(loop) == PERIODIC_EINVAL);
}

static int asked;
static void use_all(void) {
  periodic_client *made;
  periodic_request *started;
  periodic_time now;
  asked++;
  MUST(periodic_loop_now(loop, &now) == PERIODIC_EDEADLK && periodic_loop_stop(loop) == PERIODIC_EDEADLK);
  MUST(periodic_loop_set_clock(loop, NULL, NULL, NULL) == PERIODIC_EDEADLK);
  MUST(periodic_client_new(loop, "inproc:reentry", NULL, &made) == PERIODIC_EDEADLK);
  MUST(periodic_client_start_ping(client, &started, -1) == PERIODIC_EDEADLK);
  MUST(job == NULL || periodic_job_done(job, NULL, 0) == PERIODIC_EDEADLK);
  MUST(periodic_job_name(job, NULL) == NULL);
  MUST(periodic_loop_wake(loop) == 0);
}

static void tell_and_use(void *user, periodic_time *now) {
  tell(user, now);
  use_all();
}

static uint64_t draw_and_use(void *user) {
  (void)user;
  use_all();
  return 1;
}

/* In each call, a clock and a source of random numbers may use nothing of their loop. */
static void used_by_its_clock(void) {
  periodic_job_fields fields = job_of("b");
  periodic_client *other;
  periodic_job *next;
  set_up();
  told.monotonic_ms = told.wall_ms = 1000;
  MUST(periodic_loop_set_random(loop, draw_and_use, NULL, NULL) == 0);
  MUST(periodic_client_new(loop, "inproc:reentry", NULL, &other) == 0 && asked > 0);
  MUST(periodic_client_ping(other, 5000) == 0 && periodic_client_free(other) == 0);
  asked = 0;
  MUST(periodic_loop_set_clock(loop, tell_and_use, NULL, NULL) == 0);
  MUST(periodic_client_ping(client, 5000) == 0 && periodic_client_submit(client, &fields, 5000) == 0);
  MUST(periodic_job_acquire(job, "l", 1, 1, 5000) == 1 && periodic_job_release(job, "l", 1) == 0);
  MUST(periodic_worker_next(worker, &next, 5000) == 0 && periodic_job_done(next, NULL, 0) == 0);
  next = job, job = NULL;
  MUST(periodic_job_fail(next) == 0 && periodic_worker_drain(worker, 5000) == 0);
  MUST(asked > 10 && periodic_server_stop(server, 5000) == 0);
  tear_down();
}

/* Monotonic time stands still instead of stepping back, and neither time leaves its range. */
static void clocks(void) {
  static const periodic_time times[] = {{1000, 1000}, {500, -5},         {INT64_MIN, INT64_MIN},
                                        {2000, 0},    {0, INT64_MAX / 2}, {INT64_MAX, INT64_MAX}};
  periodic_job_fields fields = job_of("b");
  periodic_time now, before = {0, 0};
  set_up();
  fields.run_at_s = 1;
  for (size_t each = 0; each < sizeof times / sizeof *times; each++) {
    told = times[each];
    MUST(periodic_loop_set_clock(loop, tell, NULL, NULL) == 0 && periodic_loop_now(loop, &now) == 0);
    MUST(now.monotonic_ms >= before.monotonic_ms && now.wall_ms >= 0);
    MUST(now.monotonic_ms <= (int64_t)1 << 62 && now.wall_ms <= (int64_t)1 << 62);
    MUST(periodic_client_submit(client, &fields, -1) == 0);
    before = now;
  }
  MUST(periodic_loop_set_clock(loop, NULL, NULL, NULL) == 0); /* the system's is behind */
  MUST(periodic_loop_step(loop, -1) >= 0 && periodic_loop_now(loop, &now) == 0);
  MUST(now.monotonic_ms >= before.monotonic_ms);
  tear_down();
}

int main(void) {
  taken_away();
  refused();
  stopped();
  twice();
  destructors();
  used_by_its_clock();
  clocks();
  return 0;
}
