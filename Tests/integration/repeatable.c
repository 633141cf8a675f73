/* A year of jobs in virtual time on one loop: everything that happens is printed with its time.
 *   repeatable SEED JOBS [quiet] */
#include <periodic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static periodic_loop *loop;
static uint64_t state;
static int quiet, destroyed;

static uint64_t draw(void *user) {
  uint64_t value = state += 0x9e3779b97f4a7c15;
  (void)user;
  value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9;
  value = (value ^ value >> 27) * 0x94d049bb133111eb;
  return value ^ value >> 31;
}

static void destroy(void *user) { ++*(int *)user; }

static void tell(const char *what, const char *text, size_t length) {
  periodic_time now;
  if (quiet) return;
  periodic_loop_now(loop, &now);
  printf("%lld %s %.*s\n", (long long)now.monotonic_ms, what, (int)length, text);
}

static void log_line(void *user, int level, const char *line, size_t length) {
  (void)user, (void)level;
  tell("log", line, length);
}

static void must(int code, const char *what) {
  char why[200] = "";
  if (code >= 0) return;
  periodic_loop_error(loop, why, sizeof why);
  fprintf(stderr, "%s: %s (%s)\n", what, periodic_errname(code), why);
  exit(1);
}

static periodic_server *start(void) {
  periodic_server_options options = PERIODIC_SERVER_OPTIONS_INIT;
  periodic_server *server;
  options.log = log_line;
  must(periodic_server_new(loop, &options, &server), "server");
  must(periodic_server_listen(server, "inproc:year", NULL, 0), "listen");
  return server;
}

/* All the jobs, at any time of the year that follows. */
static void submit(periodic_client *client, int count) {
  periodic_job_fields *jobs = calloc(count, sizeof *jobs);
  char(*names)[16] = calloc(count, 16);
  periodic_time now;
  periodic_loop_now(loop, &now);
  for (int i = 0; i < count; i++) {
    jobs[i].size = sizeof *jobs;
    jobs[i].function = "f";
    jobs[i].function_length = 1;
    jobs[i].name = names[i];
    jobs[i].name_length = snprintf(names[i], 16, "job %d", i);
    jobs[i].run_at_s = now.wall_ms / 1000 + draw(NULL) % (365 * 86400);
  }
  must(periodic_client_submit_many(client, jobs, count, NULL, -1), "submit");
  tell("submitted", "", 0);
  free(names);
  free(jobs);
}

static void work(periodic_worker *worker, int count) {
  while (count > 0) {
    periodic_job *job;
    size_t length;
    uint64_t chance = draw(NULL) % 16;
    must(periodic_worker_next(worker, &job, -1), "next");
    const char *name = periodic_job_name(job, &length);
    tell(chance == 0 ? "fail" : chance == 1 ? "later" : "done", name, length);
    must(chance == 0   ? periodic_job_fail(job)
         : chance == 1 ? periodic_job_later(job, draw(NULL) % 100000, 1)
                       : periodic_job_done(job, NULL, 0),
         "end");
    count -= chance > 1;
  }
}

int main(int count, char **arguments) {
  periodic_time begin = {0, 1700000000000}, now;
  periodic_server *server;
  periodic_client *client;
  periodic_worker *worker;
  int jobs = count > 2 ? atoi(arguments[2]) : 0;
  if (jobs < 1) return 2;
  quiet = count > 3;
  state = strtoull(arguments[1], NULL, 10);
  must(periodic_loop_new(&loop), "loop");
  must(periodic_loop_set_virtual_clock(loop, &begin), "clock");
  must(periodic_loop_set_random(loop, draw, &destroyed, destroy), "random");
  must(periodic_client_new(loop, "inproc:year", NULL, &client), "client");
  must(periodic_worker_new(loop, "inproc:year", 4, NULL, &worker), "worker");
  must(periodic_worker_can_do(worker, "f", 1, 0), "can do");
  if (periodic_loop_set_virtual_clock(loop, NULL) != PERIODIC_EBUSY) return 3;
  must(periodic_loop_advance(loop, 3600000), "an hour without a server");
  server = start();
  must(periodic_client_ping(client, -1), "ping");
  tell("connected", "", 0);
  submit(client, jobs);
  work(worker, jobs / 2);
  must(periodic_server_stop(server, -1), "stop");
  must(periodic_server_free(server), "free");
  must(periodic_loop_advance(loop, 86400000), "a day without a server");
  server = start();
  submit(client, jobs - jobs / 2);
  work(worker, jobs - jobs / 2);
  must(periodic_worker_drain(worker, -1), "drain");
  periodic_loop_now(loop, &now);
  tell("end", "", 0);
  if (now.wall_ms - now.monotonic_ms != begin.wall_ms) return 3;
  must(periodic_worker_free(worker) | periodic_client_free(client) | periodic_server_free(server), "free");
  must(periodic_loop_free(loop), "free");
  return destroyed == 1 ? 0 : 4;
}
