/* Two servers on one loop, driven by one host (hosts.h): a client has jobs run by the first; its worker has each
 * run by the second, where it is a client itself. Prints what happens, the same under every host.
 *   two_servers PATH   of the second server's socket */
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "hosts.h"

#define CHECK(what) \
  do { \
    if (!(what)) { \
      fprintf(stderr, "line %d: %s\n", __LINE__, #what); \
      exit(1); \
    } \
  } while (0)

static periodic_server *first, *second;
static periodic_client *client, *relay_client;
static periodic_worker *relay, *worker;
static periodic_job *held;        /* in the relay's hands */
static periodic_request *relayed; /* the same job at the second server */
static periodic_request *asked;   /* the client's */
static int put_off;

static periodic_job_fields job_of(const char *function, const char *name, size_t length) {
  periodic_job_fields job = PERIODIC_JOB_FIELDS_INIT;
  job.function = function, job.function_length = 1;
  job.name = name, job.name_length = length;
  return job;
}

/* The relay: a job of the first server becomes a run at the second, whose result is the job's. */
static void pass_on(void) {
  const void *data;
  size_t length;
  int code;
  if (held == NULL && periodic_worker_next(relay, &held, 0) == 0) {
    const char *name = periodic_job_name(held, &length);
    periodic_job_fields job = job_of("g", name, length);
    printf("first: %.*s is asked\n", (int)length, name);
    CHECK(periodic_client_start_run(relay_client, &job, &relayed, 10000) == 0);
  }
  if (relayed == NULL) return;
  code = periodic_request_next(relayed, &data, &length, 0);
  if (code == PERIODIC_EAGAIN) return;
  CHECK(code == 0);
  if (put_off++ == 0) {
    const char *name = periodic_job_name(held, NULL);
    printf("first: %c comes later\n", *name);
    CHECK(periodic_job_later(held, 0, 1) == 0);
  } else {
    CHECK(periodic_job_done(held, data, length) == 0);
  }
  periodic_request_free(relayed);
  relayed = NULL, held = NULL;
}

static void work(void) {
  periodic_job *job;
  while (periodic_worker_next(worker, &job, 0) == 0) {
    char result[8] = "?!";
    size_t length;
    result[0] = *(const char *)periodic_job_name(job, &length);
    printf("second: %c is worked on\n", result[0]);
    CHECK(periodic_job_done(job, result, 2) == 0);
  }
}

static void turn(void *user, int code) {
  CHECK(user == &host && code == 0);
  if (worker == NULL) return;
  work();
  pass_on();
}

static const void *answer;
static size_t answer_length;

/* Runs the host until the client's request has ended; returns its code. */
static int ended(void) {
  int outcome;
  do {
    host_update();
    host_once();
    outcome = periodic_request_next(asked, &answer, &answer_length, 0);
  } while (outcome == PERIODIC_EAGAIN);
  return outcome;
}

static int run(const char *function, const char *name) {
  periodic_job_fields job = job_of(function, name, 1);
  CHECK(periodic_client_start_run(client, &job, &asked, 10000) == 0);
  return ended();
}

static int jobs_of(periodic_server *server) {
  periodic_job_info info = PERIODIC_JOB_INFO_INIT;
  periodic_cursor *cursor;
  int count = 0;
  CHECK(periodic_server_jobs(server, NULL, 0, &cursor) == 0);
  while (periodic_cursor_next(cursor, &info, 0) == 1) count++;
  periodic_cursor_free(cursor);
  return count;
}

static int threads(void) {
  DIR *directory = opendir("/proc/self/task");
  int count = -2; /* without . and .. */
  while (readdir(directory) != NULL) count++;
  closedir(directory);
  return count;
}

int main(int count, char **arguments) {
  char address[200];
  const char *name;
  int codes[3];
  if (count != 2) return 2;
  snprintf(address, sizeof address, "unix://%s", arguments[1]);
  alarm(30);
  host_begin();
  CHECK(periodic_loop_new(&loop) == 0 && host_attach() == 0);
  CHECK(periodic_server_new(loop, NULL, &first) == 0 && periodic_server_new(loop, NULL, &second) == 0);
  codes[0] = periodic_server_listen(first, "inproc:first", NULL, 0);
  codes[1] = periodic_server_listen(second, address, NULL, 0);
  codes[2] = periodic_server_listen(second, "inproc:first", NULL, 0);
  printf("listen: %s, %s, same name %s\n", periodic_errname(codes[0] < 0 ? codes[0] : 0),
         periodic_errname(codes[1] < 0 ? codes[1] : 0), periodic_errname(codes[2]));
  CHECK(periodic_client_new(loop, "inproc:first", NULL, &client) == 0);
  CHECK(periodic_client_new(loop, address, NULL, &relay_client) == 0);
  CHECK(periodic_worker_new(loop, "inproc:first", 1, NULL, &relay) == 0);
  CHECK(periodic_worker_new(loop, address, 1, NULL, &worker) == 0);
  CHECK(periodic_worker_can_do(worker, "g", 1, 5000) == 0 && periodic_worker_can_do(relay, "f", 1, 5000) == 0);

  for (name = "abc"; *name; name++) {
    printf("%c: %s, ", *name, periodic_errname(run("f", name)));
    printf("[%.*s]\n", (int)answer_length, (const char *)answer);
    periodic_request_free(asked);
  }
  printf("nobody: %s\n", periodic_errname(run("n", "d")));
  periodic_request_free(asked);
  CHECK(periodic_client_start_receive_data(client, "f", 1, "d", 1, 60, &asked, 20) == 0);
  printf("silence: %s\n", periodic_errname(ended()));
  periodic_request_free(asked);
  /* What the workers have said last arrives. */
  while (jobs_of(first) > 0 || jobs_of(second) > 0) {
    host_update();
    host_once();
  }
  printf("jobs: %d and %d\n", jobs_of(first), jobs_of(second));
  printf("threads: %d\n", threads());

  host_detach();
  periodic_worker_free(relay), periodic_worker_free(worker);
  periodic_client_free(client), periodic_client_free(relay_client);
  CHECK(periodic_server_free(first) == 0 && periodic_server_free(second) == 0);
  CHECK(periodic_loop_free(loop) == 0);
  host_end();
  return 0;
}
