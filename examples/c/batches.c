/* Many jobs at a time: submitted, taken and ended in batches, on one loop and one thread. */
#include <periodic.h>
#include <stdio.h>
#include <string.h>

enum { JOBS = 1000 };

static int fail(periodic_loop *loop, const char *what, int code) {
  char why[256] = "";
  if (loop) periodic_loop_error(loop, why, sizeof why);
  fprintf(stderr, "%s: %s (%s)\n", what, periodic_strerror(code), why);
  return 1;
}

int main(void) {
  periodic_loop *loop = NULL;
  periodic_server *server = NULL;
  periodic_client *client = NULL;
  periodic_worker *worker = NULL;
  char address[128];
  int code;

  if ((code = periodic_loop_new(&loop)) < 0) return fail(loop, "loop", code);
  if ((code = periodic_server_new(loop, NULL, &server)) < 0) return fail(loop, "server", code);
  code = periodic_server_listen(server, "tcp://127.0.0.1:0", address, sizeof address);
  if (code < 0) return fail(loop, "listen", code);
  if ((code = periodic_client_new(loop, address, NULL, &client)) < 0) return fail(loop, "client", code);
  if ((code = periodic_worker_new(loop, address, 64, NULL, &worker)) < 0) return fail(loop, "worker", code);
  if ((code = periodic_worker_can_do(worker, "square", 6, 5000)) < 0)
    return fail(loop, "can do", code);

  static char names[JOBS][16];
  static periodic_job_fields jobs[JOBS];
  for (int number = 0; number < JOBS; number++) {
    periodic_job_fields job = PERIODIC_JOB_FIELDS_INIT;
    job.function = "square";
    job.function_length = 6;
    job.name = names[number];
    job.name_length = (size_t)snprintf(names[number], sizeof names[number], "%d", number);
    jobs[number] = job;
  }
  code = periodic_client_submit_many(client, jobs, JOBS, NULL, 10000);
  if (code != 0) return fail(loop, "submit", code);

  long sum = 0;
  for (int done = 0; done < JOBS;) {
    periodic_job *taken[64];
    int count = periodic_worker_next_many(worker, taken, 64, 10000);
    if (count < 0) return fail(loop, "next", count);
    for (int index = 0; index < count; index++) {
      size_t length;
      const char *name = periodic_job_name(taken[index], &length);
      int number = 0;
      for (size_t place = 0; place < length; place++) number = number * 10 + (name[place] - '0');
      sum += (long)number * number;
    }
    if ((code = periodic_worker_done_many(worker, taken, (size_t)count)) < 0)
      return fail(loop, "done", code);
    done += count;
  }
  if ((code = periodic_worker_drain(worker, 5000)) < 0) return fail(loop, "drain", code);

  char status[256];
  size_t length;
  code = periodic_client_status(client, status, sizeof status, &length, 5000);
  if (code < 0) return fail(loop, "status", code);
  printf("the squares below %d add up to %ld; status: %s\n", JOBS, sum, status);

  periodic_worker_free(worker);
  periodic_client_free(client);
  if ((code = periodic_server_stop(server, 5000)) < 0) return fail(loop, "stop", code);
  periodic_server_free(server);
  periodic_loop_free(loop);
  return sum == 332833500L && strncmp(status, "square,0,0,0,", 13) == 0 ? 0 : 1;
}
